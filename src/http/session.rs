//! The session layer: finds the session of a request by its cookie, once, and sets a new token after a rotation. Caches
//! may not store an answer that sets a cookie.

use std::{net::IpAddr, sync::Arc};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::{client, routes};
use crate::{
    api::ApiError,
    cookies,
    domain::{HandOverCode, HandOverId, InvitationCode, InvitationId, PersonId, RecoveryCode},
    request::Visitor,
    server::{
        secrets,
        services::{
            ServiceError,
            reader::Home,
            sessions::{self, Recognised},
        },
        state::AppState,
        storage::Database,
    },
};

/// Most tokens of one request that are looked up.
const MAX_TOKENS: usize = 4;

/// What the session layer has read for a page.
#[derive(Clone)]
pub struct PageReads {
    /// Its transaction goes on for the rest of the page.
    pub database: Database,
    /// The home of the signed-in person.
    pub home: Option<Arc<Home>>,
}

/// Adds the `Visitor` to the request.
pub async fn recognise(State(state): State<Arc<AppState>>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let state = if matches!(parts.method, Method::GET | Method::HEAD) && routes::is_page(parts.uri.path()) {
        let database = state.database.for_page(routes::is_plain(parts.uri.path()));
        Arc::new(AppState { database, ..AppState::clone(&state) })
    } else {
        state
    };
    let client = client::address(&parts, &state.site);
    let recognised = match session(&state, &parts.headers, client).await {
        Ok(recognised) => recognised,
        // Without the database sessions cannot be checked. Answer 503 and keep the cookie: nobody is signed out.
        Err(error) => {
            let status =
                StatusCode::from_u16(ApiError::from(error).status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            return super::pages::unavailable(status, client::locale(&parts.headers)).into_response();
        }
    };
    let (session, new_token, home) = recognised
        .map_or((None, None, None), |recognised| (Some(recognised.found), recognised.new_token, recognised.home));
    if state.database.is_for_page() {
        parts.extensions.insert(PageReads { database: state.database.clone(), home });
    }
    let user_agent = client::user_agent(&parts.headers);
    let visitor = Visitor {
        locale: session.as_ref().map_or_else(|| client::locale(&parts.headers), |found| found.person.locale),
        session,
        client,
        device: client::device(&user_agent),
        user_agent,
        is_secure: client::is_secure(&parts, &state.site),
        recovery: values(&parts.headers, cookies::RECOVERY).find_map(recovery),
        invitation: values(&parts.headers, cookies::INVITATION).find_map(invitation),
        ticket: best(&parts.headers, cookies::TICKET, |ticket| {
            state.secrets.read_ticket(ticket, state.clock.now()).is_some()
        }),
        hand_over: values(&parts.headers, cookies::HAND_OVER).find_map(hand_over),
        asked: best(&parts.headers, cookies::ASKED, secrets::is_token),
        provider: best(&parts.headers, cookies::PROVIDER, secrets::is_token),
        proof: best(&parts.headers, cookies::PROOF, secrets::is_token),
        browser: values(&parts.headers, cookies::BROWSER).find_map(|mark| u128::from_str_radix(mark, 16).ok()),
    };
    parts.extensions.insert(visitor);
    let mut response = next.run(Request::from_parts(parts, body)).await;
    // A request that signed in has set a new session already; the rotated token must not replace it.
    if let Some(token) = new_token
        && !begins_session(&response)
        && let Ok(value) = HeaderValue::from_str(&cookies::session(&token))
    {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response
}

/// Forbids caches to store an answer that sets a cookie, whatever its route allows. A cache would give the session to
/// another person (RFC 9111 §3, §7.3).
pub async fn forbid_storing(mut response: Response) -> Response {
    let headers = response.headers_mut();
    let is_unstored = headers
        .get_all(header::CACHE_CONTROL)
        .iter()
        .any(|value| value.as_bytes().windows(8).any(|word| word == b"no-store"));
    if headers.contains_key(header::SET_COOKIE) && !is_unstored {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

/// The session of the first valid token. A browser may send two cookies with the same name (one of them partitioned),
/// and the first may have expired.
pub(super) async fn session(
    state: &AppState,
    headers: &HeaderMap,
    client: IpAddr,
) -> Result<Option<Recognised>, ServiceError> {
    let mut tried = Vec::new();
    for token in values(headers, cookies::SESSION) {
        if tried.len() == MAX_TOKENS || tried.contains(&token) {
            continue;
        }
        if let Some(recognised) = sessions::recognise(state, token, client).await? {
            return Ok(Some(recognised));
        }
        tried.push(token);
    }
    Ok(None)
}

fn begins_session(response: &Response) -> bool {
    let mut set = response.headers().get_all(header::SET_COOKIE).iter();
    set.any(|value| {
        value.as_bytes().strip_prefix(cookies::SESSION.as_bytes()).is_some_and(|rest| rest.starts_with(b"="))
    })
}

fn recovery(value: &str) -> Option<(PersonId, RecoveryCode)> {
    let (person, code) = value.split_once('.')?;
    Some((person.parse().ok()?, RecoveryCode::parse(code).ok()?))
}

fn invitation(value: &str) -> Option<(InvitationId, InvitationCode)> {
    let (id, code) = value.split_once('.')?;
    Some((id.parse().ok()?, InvitationCode::parse(code).ok()?))
}

fn hand_over(value: &str) -> Option<(HandOverId, HandOverCode)> {
    let (id, code) = value.split_once('.')?;
    Some((id.parse().ok()?, HandOverCode::parse(code).ok()?))
}

/// The values of one of our cookies, in the order of the header (RFC 6265 §4.2.1). The header is read as bytes, because
/// other software on this host may have set cookies in any encoding.
fn values<'a>(headers: &'a HeaderMap, name: &'static str) -> impl Iterator<Item = &'a str> {
    let pairs = headers.get_all(header::COOKIE).iter().flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
    pairs.filter_map(move |pair| {
        let value = pair.trim_ascii().strip_prefix(name.as_bytes())?.strip_prefix(b"=")?;
        std::str::from_utf8(value).ok()
    })
}

/// The first value for which `is_good` holds, else the first value.
fn best(headers: &HeaderMap, name: &'static str, is_good: impl Fn(&str) -> bool) -> Option<String> {
    let good = values(headers, name).find(|value| is_good(value));
    good.or_else(|| values(headers, name).next()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    #[tokio::test]
    async fn a_cookie_implies_no_store_whatever_the_route_says() {
        for (cookie, kept, expected) in [
            (true, Some("public, max-age=31536000, immutable"), Some("no-store")),
            (true, Some("no-cache, no-store, private"), Some("no-cache, no-store, private")),
            (true, None, Some("no-store")),
            (false, Some("public, max-age=604800"), Some("public, max-age=604800")),
            (false, None, None),
        ] {
            let mut response = Response::builder();
            if cookie {
                response = response.header(header::SET_COOKIE, "a=b");
            }
            if let Some(kept) = kept {
                response = response.header(header::CACHE_CONTROL, kept);
            }
            let response = forbid_storing(response.body(Body::empty()).expect("an answer")).await;
            let kept = response.headers().get(header::CACHE_CONTROL).map(|value| value.to_str().expect("text"));
            assert_eq!(kept, expected);
        }
    }
}
