//! What somebody wrote stays on this device until the server has it, whatever happens to page and network: drafts,
//! answers that wait to be sent, and texts that cannot become an answer any more. The store, the sending and what it
//! shows on any page are `client/drafts.ts` and what that imports; here is what the today page asks of it.
//! Rules R120–R125.

use js_sys::Array;
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use super::page::listen;
use crate::domain::{DailyQuestionId, PairId};

#[wasm_bindgen(raw_module = "umbba/client/drafts.ts")]
extern "C" {
    fn start_texts();
    async fn are_texts_kept() -> JsValue;
    async fn load_text(pair: &str, question: &str, version: u32) -> JsValue;
    async fn save_text(pair: &str, question: &str, version: u32, base: u32, text: &str) -> JsValue;
    async fn settle_texts(pair: &str, is_closed: bool, answerable: &str, answered: Option<String>, own: Option<String>);
}

#[wasm_bindgen(raw_module = "umbba/client/outbox.ts")]
extern "C" {
    async fn submit_text(pair: &str, question: &str, version: u32, base: u32, text: &str) -> JsValue;
}

/// What a text is written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub pair: PairId,
    pub question: DailyQuestionId,
    /// The wording it answers.
    pub version: u32,
    /// How many revisions of my own answer its writer has seen.
    pub base: u32,
}

/// What became of an answer: on its way, taken, kept here until the network is back, or refused (the code, as JSON).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    Going,
    Taken,
    Waiting,
    Refused(String),
}

/// On every page of somebody signed in: sends what waits.
pub fn start() {
    start_texts();
}

/// Whether everything that was typed lies on this device, as soon as what is being written is written.
pub async fn are_kept() -> bool {
    are_texts_kept().await.is_truthy()
}

/// The text that waits here for this wording: whether it was sent already and waits for the network, and whether it is
/// new (shared from another app) and must be kept yet.
pub async fn load(place: Place) -> Option<(String, bool, bool)> {
    let found = Array::from(&load_text(&place.pair.to_string(), &place.question.to_string(), place.version).await);
    Some((found.get(0).as_string()?, found.get(1).is_truthy(), found.get(2).is_truthy()))
}

/// Keeps a draft; an empty one is forgotten. True when it lies on this device.
pub async fn save(place: Place, text: String) -> bool {
    save_text(&place.pair.to_string(), &place.question.to_string(), place.version, place.base, &text).await.is_truthy()
}

pub async fn submit(place: Place, text: String) -> Sent {
    let answer =
        submit_text(&place.pair.to_string(), &place.question.to_string(), place.version, place.base, &text).await;
    match answer.as_string().unwrap_or_default().as_str() {
        "" => Sent::Taken,
        "waiting" => Sent::Waiting,
        refusal => Sent::Refused(refusal.to_owned()),
    }
}

/// Says what of a pair may still be answered; drafts for anything else are put aside, with the reason, where they are
/// seen. One that is my own answer already, word for word, is not: a form that went before its script woke leaves such
/// a draft.
pub async fn settle(pair: PairId, is_closed: bool, answerable: Vec<Place>, own: Option<(DailyQuestionId, String)>) {
    let list = answerable
        .iter()
        .map(|place| format!("{}:{}:{}", place.question, place.version, place.base))
        .collect::<Vec<_>>()
        .join(",");
    let (answered, own) = own.map(|(question, text)| (question.to_string(), text)).unzip();
    settle_texts(&pair.to_string(), is_closed, &list, answered, own).await;
}

/// Whenever something that waited was sent or refused.
pub fn on_sent(act: impl Fn() + 'static) {
    if let Some(window) = web_sys::window() {
        listen(&window, "umbba:sent", act);
    }
}
