//! Polls of the feed: long poll is the transport behind a proxy that buffers, and a poll finds out why a stream failed.

use js_sys::{Array, JSON, Object};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, RequestInit};

use super::{line::Line, stream::End};
use crate::browser::page::{self, get, now_ms};

/// Aborts the request when the future that waits for it is dropped.
struct Aborting(AbortController);

impl Drop for Aborting {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Polls while long poll is the transport, and at least once. Fails with the HTTP status, or with 0 if no response
/// came. Dropping the future aborts the request.
pub(super) async fn read(line: &'static Line) -> Result<End, u16> {
    let aborting = Aborting(AbortController::new().map_err(|_| 0_u16)?);
    let headers = Object::new();
    page::set(&headers, "accept", &"application/json".into());
    let options = RequestInit::new();
    options.set_headers(&headers);
    options.set_signal(Some(&aborting.0.signal()));
    loop {
        let is_transport = now_ms() < line.poll_until.get();
        let response =
            page::fetch(&line.url(if is_transport { "wait=25&" } else { "" }), &options).await.ok_or(0_u16)?;
        if !response.ok() {
            return Err(response.status());
        }
        let body = JsFuture::from(response.json().map_err(|_| 0_u16)?).await.map_err(|_| 0_u16)?;
        line.works(false);
        if is_transport {
            line.set_lost(false);
            line.say_transport();
        }
        let text = String::from(JSON::stringify(&body).map_err(|_| 0_u16)?);
        // Each kind of message reads its own field of the response.
        line.heard("hello", &text);
        let is_true = |name| get(&body, name).is_some_and(|value| value.is_truthy());
        if is_true("reset") {
            line.heard("reset", &text);
        }
        for event in Array::from(&get(&body, "events").unwrap_or_default()).iter() {
            line.heard("told", &String::from(JSON::stringify(&event).map_err(|_| 0_u16)?));
        }
        if is_true("replaced") {
            return Ok(End::Replaced);
        }
        if now_ms() >= line.poll_until.get() {
            return Ok(End::Buffered);
        }
    }
}
