//! Poll and long poll: the feed as one JSON answer, `{"build", "seq", "reset", "replaced", "more", "events"}`.
//! The next request continues with `after=seq`.

use axum::{
    Json,
    response::{IntoResponse, Response},
};

use super::error::FeedError;
use crate::server::live::{Batch, End};

pub fn answer(batch: Result<Batch, End>) -> Result<Response, FeedError> {
    match batch {
        Ok(batch) => Ok(Json(batch).into_response()),
        Err(End::SignedOut) => Err(FeedError::SignedOut),
        // An error makes the client wait before it asks again. No event is lost.
        Err(End::Shutdown | End::Unavailable | End::Replaced) => Err(FeedError::Unavailable),
    }
}
