//! Cookie ⇄ session: finds out once per request who is asking, and writes a fresh token after a rotation.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::client;
use crate::{
    api::ApiError,
    domain::{HandOverCode, HandOverId, InvitationCode, InvitationId, PersonId, RecoveryCode},
    server::{cookies, request::Visitor, services::sessions, state::AppState},
};

/// Puts the `Visitor` into the request.
pub async fn recognise(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let client = client::address(&parts, &state.site);
    let recognised = match cookie(&parts.headers, cookies::SESSION) {
        Some(token) => sessions::recognise(&state, token, client).await,
        None => Ok(None),
    };
    let recognised = match recognised {
        Ok(recognised) => recognised,
        // Without the database nobody can be told from anybody: say "later", do not sign people out.
        Err(error) => {
            let status = StatusCode::from_u16(ApiError::from(error).status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            return super::pages::unavailable(status, client::locale(&parts.headers)).into_response();
        }
    };
    let (session, new_token) = recognised.map_or((None, None), |recognised| (Some(recognised.found), recognised.new_token));
    let user_agent = client::user_agent(&parts.headers);
    let visitor = Visitor {
        locale: session.as_ref().map_or_else(|| client::locale(&parts.headers), |found| found.person.locale),
        session,
        client,
        device: client::device(&user_agent),
        user_agent,
        is_secure: client::is_secure(&parts, &state.site),
        recovery: cookie(&parts.headers, cookies::RECOVERY).and_then(recovery),
        invitation: cookie(&parts.headers, cookies::INVITATION).and_then(invitation),
        ticket: cookie(&parts.headers, cookies::TICKET).map(str::to_owned),
        hand_over: cookie(&parts.headers, cookies::HAND_OVER).and_then(hand_over),
        asked: cookie(&parts.headers, cookies::ASKED).map(str::to_owned),
        browser: cookie(&parts.headers, cookies::BROWSER).and_then(|mark| u128::from_str_radix(mark, 16).ok()),
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

fn begins_session(response: &Response) -> bool {
    let mut set = response.headers().get_all(header::SET_COOKIE).iter();
    set.any(|value| value.as_bytes().strip_prefix(cookies::SESSION.as_bytes()).is_some_and(|rest| rest.starts_with(b"=")))
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

/// The value of a cookie (RFC 6265 §4.2.1).
fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}
