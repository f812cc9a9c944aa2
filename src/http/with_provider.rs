//! `GET /signin/with/{provider}`: leads to a provider of accounts. It is a link and not a form, because the policy of
//! our pages (`form-action 'self'`) stops a form whose answer leads to another site. It changes nothing: the browser
//! gets a random handle, and the handle alone signs nobody in.

use axum::{
    Extension,
    extract::{Path, RawQuery, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};

use super::pages;
use crate::{
    api::ApiError,
    cookies, paths,
    request::Visitor,
    server::{
        services::{ServiceError, proofs, provider_sign_ins},
        state::AppState,
    },
    text,
};

pub async fn begin(
    State(state): State<AppState>,
    Path(provider): Path<String>,
    RawQuery(query): RawQuery,
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
) -> Response {
    let mut link = None;
    if query.as_deref() == Some("link=yes") {
        let Some(found) = &visitor.session else {
            return Redirect::to(&paths::sign_in()).into_response();
        };
        // Only our own page begins to link (Fetch Metadata §2.4): another site must not link its account.
        let is_from_elsewhere = headers.get("sec-fetch-site").is_some_and(|site| site != "same-origin");
        if is_from_elsewhere || !proofs::is_fresh(found.session.proved_at, state.clock.now()) {
            return Redirect::to(&paths::ways_in()).into_response();
        }
        link = Some(found.session.id);
    }
    let begun = match visitor.refuse_insecure() {
        Ok(()) => provider_sign_ins::begin(&state, &provider, link).await,
        Err(error) => Err(error),
    };
    match begun {
        Ok(begun) => {
            let mut response = Redirect::to(&begun.address).into_response();
            if let Ok(cookie) = HeaderValue::from_str(&cookies::provider(&begun.handle)) {
                response.headers_mut().append(header::SET_COOKIE, cookie);
            }
            response
        }
        Err(error) => refuse(error, &visitor),
    }
}

fn refuse(error: ServiceError, visitor: &Visitor) -> Response {
    let error = ApiError::from(error);
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let sentence = error.page_sentence(text::page_words(visitor.locale));
    pages::refused(status, visitor.locale, sentence).into_response()
}
