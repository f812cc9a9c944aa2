//! Poll and long poll: the feed as one JSON answer, `{"build", "seq", "reset", "replaced", "more", "events"}`.
//! The next question is asked with `after=seq`.

use axum::{
    Json,
    response::{IntoResponse, Response},
};

use super::refusal::Refusal;
use crate::server::live::{Batch, End};

pub fn answer(batch: Result<Batch, End>) -> Result<Response, Refusal> {
    match batch {
        Ok(batch) => Ok(Json(batch).into_response()),
        Err(End::SignedOut) => Err(Refusal::SignedOut),
        // Nothing is lost by asking again; with a refusal the asker waits before it does.
        Err(End::Shutdown | End::Unavailable | End::Replaced) => Err(Refusal::Unavailable),
    }
}
