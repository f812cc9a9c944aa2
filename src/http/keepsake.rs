//! The copy that a person keeps, as a download: `GET /keep/copy` for all pairs, `GET /keep/copy/{pair}` for one. The
//! zip is made while it is sent (`services::keepsakes`), so its length is not known at the beginning. A copy that
//! breaks off ends its connection, and the browser shows a failed download.

use axum::{
    Extension,
    body::{Body, Bytes},
    extract::{Path, State},
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures::stream;

use super::{
    pages,
    turns::{Turn, Turns},
};
use crate::{
    api::ApiError,
    domain::PairId,
    request::Visitor,
    server::{
        services::{
            ServiceError,
            keepsakes::{self, Keepsake},
            reader::Reader,
        },
        state::AppState,
    },
    text,
};

/// Copies that are being sent at once in this process. One takes about 300 KB while it is sent.
const AT_ONCE: usize = 32;

/// Copies that are being sent to one person at once, so that nobody takes the turns of all others.
const OF_ONE_PERSON: usize = 2;

static TURNS: Turns = Turns::new(AT_ONCE, OF_ONE_PERSON);

pub async fn of_all(method: Method, state: State<AppState>, visitor: Extension<Visitor>) -> Response {
    answer(&method, state, visitor, Ok(None)).await
}

pub async fn of_pair(
    method: Method,
    state: State<AppState>,
    Path(pair): Path<String>,
    visitor: Extension<Visitor>,
) -> Response {
    answer(&method, state, visitor, pair.parse().map(Some).map_err(|_| ServiceError::NotFound)).await
}

async fn answer(
    method: &Method,
    State(state): State<AppState>,
    Extension(visitor): Extension<Visitor>,
    only: Result<Option<PairId>, ServiceError>,
) -> Response {
    let error = match (&visitor.session, only) {
        (None, _) => ServiceError::SignedOut.into(),
        (Some(_), Err(error)) => error.into(),
        (Some(found), Ok(only)) => match TURNS.take(found.person.id) {
            Err(_) => ApiError::Unavailable,
            Ok(turn) => {
                let reader = Reader { person: found.person.clone(), home: None };
                match keepsakes::begin(&state, &reader, only).await {
                    Ok(copy) => return download(method, copy, turn),
                    Err(error) => error.into(),
                }
            }
        },
    };
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let sentence = error.page_sentence(text::page_words(visitor.locale));
    pages::refused(status, visitor.locale, sentence).into_response()
}

fn download(method: &Method, copy: Keepsake, turn: Turn<'static>) -> Response {
    let name = format!("attachment; filename=\"umbba-{}.zip\"", copy.made_on);
    let body = if method == Method::HEAD { Body::empty() } else { Body::from_stream(pieces(copy, turn)) };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/zip"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    // nginx must not collect the copy on its disk.
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    response
}

type Piece = Result<Bytes, ServiceError>;

fn pieces(copy: Keepsake, turn: Turn<'static>) -> impl futures::Stream<Item = Piece> + Send {
    stream::try_unfold((copy, turn), async |(mut copy, turn)| {
        Ok(copy.next().await?.map(|bytes| (Bytes::from(bytes), (copy, turn))))
    })
}
