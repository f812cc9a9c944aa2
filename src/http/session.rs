//! Cookie ⇄ session: finds out once per request who is asking, and writes a fresh token after a rotation. An answer
//! with a cookie is stored nowhere on its way.

use std::net::IpAddr;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::client;
use crate::{
    api::ApiError,
    cookies,
    domain::{HandOverCode, HandOverId, InvitationCode, InvitationId, PersonId, RecoveryCode},
    request::Visitor,
    server::{
        secrets,
        services::{
            ServiceError,
            sessions::{self, Recognised},
        },
        state::AppState,
    },
};

/// So many different tokens of one request are looked up.
const TOKENS: usize = 4;

/// Puts the `Visitor` into the request.
pub async fn recognise(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let client = client::address(&parts, &state.site);
    let recognised = match session(&state, &parts.headers, client).await {
        Ok(recognised) => recognised,
        // Without the database nobody can be told from anybody: say "later", do not sign people out.
        Err(error) => {
            let status =
                StatusCode::from_u16(ApiError::from(error).status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            return super::pages::unavailable(status, client::locale(&parts.headers)).into_response();
        }
    };
    let (session, new_token) =
        recognised.map_or((None, None), |recognised| (Some(recognised.found), recognised.new_token));
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
        browser: values(&parts.headers, cookies::BROWSER).find_map(|mark| u128::from_str_radix(mark, 16).ok()),
    };
    parts.extensions.insert(visitor);
    let mut response = next.run(Request::from_parts(parts, body)).await;
    // Whoever came in as somebody else with this very request stays that.
    if let Some(token) = new_token
        && !begins_session(&response)
        && let Ok(value) = HeaderValue::from_str(&cookies::session(&token))
    {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response
}

/// An answer that sets a cookie is for one browser alone, whatever its route says: a cache on the way that stored it
/// would hand the session to a stranger (RFC 9111 §3, §7.3).
pub async fn unstored(mut response: Response) -> Response {
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

/// The session that one of the tokens opens. A browser may send two cookies of one name (one of them partitioned), and
/// the first may be the one that is over.
async fn session(state: &AppState, headers: &HeaderMap, client: IpAddr) -> Result<Option<Recognised>, ServiceError> {
    let mut tried = Vec::new();
    for token in values(headers, cookies::SESSION) {
        if tried.len() == TOKENS || tried.contains(&token) {
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

/// The values of a cookie of ours, in the order they came (RFC 6265 §4.2.1). The header is read as bytes: other
/// software on this host may have set cookies in any encoding, and they say nothing of ours.
fn values<'a>(headers: &'a HeaderMap, name: &'static str) -> impl Iterator<Item = &'a str> {
    let pairs = headers.get_all(header::COOKIE).iter().flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
    pairs.filter_map(move |pair| {
        let value = pair.trim_ascii().strip_prefix(name.as_bytes())?.strip_prefix(b"=")?;
        std::str::from_utf8(value).ok()
    })
}

/// The first value that is good, else the first.
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
            let response = unstored(response.body(Body::empty()).expect("an answer")).await;
            let kept = response.headers().get(header::CACHE_CONTROL).map(|value| value.to_str().expect("text"));
            assert_eq!(kept, expected);
        }
    }
}
