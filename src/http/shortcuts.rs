//! The URLs of the installed app's shortcuts, which name no pair. They redirect to the person's only running pair, or
//! to the list of pairs when there are several, none, or no session.

use axum::{
    Extension,
    extract::State,
    response::{IntoResponse, Redirect, Response},
};

use super::pages;
use crate::{
    api::ApiError,
    domain::{PairId, PairPhase},
    paths,
    request::Visitor,
    server::{
        services::reader::{self, Reader},
        state::AppState,
    },
};

pub async fn today(state: State<AppState>, visitor: Extension<Visitor>) -> Response {
    redirect(state, visitor, paths::today).await
}

pub async fn archive(state: State<AppState>, visitor: Extension<Visitor>) -> Response {
    redirect(state, visitor, paths::archive).await
}

async fn redirect(
    State(state): State<AppState>,
    Extension(visitor): Extension<Visitor>,
    to: fn(PairId) -> String,
) -> Response {
    let Some(found) = &visitor.session else {
        return Redirect::to(&paths::home()).into_response();
    };
    let reader = Reader { person: found.person.clone(), home: None };
    match reader::home_of(&state, &reader).await {
        Ok(home) => {
            let running = home
                .pairs
                .iter()
                .filter(|pair| pair.phase() != PairPhase::Closed)
                .map(|pair| pair.id)
                .collect::<Vec<_>>();
            let path = if let [only] = running.as_slice() { to(*only) } else { paths::home() };
            Redirect::to(&path).into_response()
        }
        Err(error) => {
            let status = axum::http::StatusCode::from_u16(ApiError::from(error).status())
                .unwrap_or(axum::http::StatusCode::INTERNAL_SERVER_ERROR);
            pages::unavailable(status, visitor.locale).into_response()
        }
    }
}
