//! The contract with the scripts in `src/client`: everything of `src/client/contract.ts` that Rust calls, and the types
//! of the exchanged values. `src/tests/contract.rs` compares the two files.

use wasm_bindgen::{JsValue, closure::Closure, prelude::wasm_bindgen};
use web_sys::HtmlTextAreaElement;

/// The result of sending an answer: the server took it, it waits on this device, or it was refused.
#[wasm_bindgen]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SentState {
    Taken = "taken",
    Queued = "queued",
    Refused = "refused",
}

/// The decision about a stored draft: it stays, it is dropped, or it is put aside with a reason.
#[wasm_bindgen]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Keep = "keep",
    Drop = "drop",
    PairClosed = "PairClosed",
    AlreadyOpen = "AlreadyOpen",
    Swapped = "Swapped",
    AnsweredElsewhere = "AnsweredElsewhere",
}

/// The result of the request for a push subscription (`SubscribeOutcome` in `src/worker/messages.ts`).
#[wasm_bindgen]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubscribeOutcome {
    On = "on",
    Failed = "failed",
    Away = "away",
}

#[wasm_bindgen(raw_module = "umbba/client/contract.ts")]
extern "C" {
    /// The question and the wording that a text is written for.
    pub type Place;
    #[wasm_bindgen(constructor)]
    pub fn new(pair: &str, question: &str, version: u32, base: u32) -> Place;

    /// A text that this device holds for a field.
    pub type FoundText;
    #[wasm_bindgen(method, getter)]
    pub fn text(this: &FoundText) -> String;
    #[wasm_bindgen(method, getter, js_name = isQueued)]
    pub fn is_queued(this: &FoundText) -> bool;
    #[wasm_bindgen(method, getter, js_name = isNew)]
    pub fn is_new(this: &FoundText) -> bool;

    /// The result of sending an answer.
    pub type Sent;
    #[wasm_bindgen(method, getter)]
    pub fn state(this: &Sent) -> SentState;
    #[wasm_bindgen(method, getter)]
    pub fn error(this: &Sent) -> Option<String>;

    /// A stored draft.
    pub type Draft;
    #[wasm_bindgen(method, getter)]
    pub fn question(this: &Draft) -> String;
    #[wasm_bindgen(method, getter)]
    pub fn version(this: &Draft) -> u32;
    #[wasm_bindgen(method, getter)]
    pub fn base(this: &Draft) -> Option<u32>;
    #[wasm_bindgen(method, getter)]
    pub fn text(this: &Draft) -> String;

    #[wasm_bindgen(js_name = startTexts)]
    pub fn start_texts(is_current: bool, is_mendable: &Closure<dyn Fn(String) -> bool>);
    /// Resolves to a boolean.
    #[wasm_bindgen(js_name = areTextsSaved)]
    pub async fn are_texts_saved() -> JsValue;
    /// Resolves to a `FoundText`, or to undefined.
    #[wasm_bindgen(js_name = loadText)]
    pub async fn load_text(place: Place, field: HtmlTextAreaElement) -> JsValue;
    /// Resolves to a boolean.
    #[wasm_bindgen(js_name = saveText)]
    pub async fn save_text(place: Place, text: &str) -> JsValue;
    #[wasm_bindgen(js_name = settleTexts)]
    pub async fn settle_texts(pair: &str, is_fetched: bool, judge: &Closure<dyn Fn(Draft) -> Verdict>);
    /// Resolves to a `Sent`.
    #[wasm_bindgen(js_name = submitText)]
    pub async fn submit_text(place: Place, text: &str) -> JsValue;
    #[wasm_bindgen(js_name = onSettled)]
    pub fn on_settled(act: &Closure<dyn Fn()>);

    #[wasm_bindgen(js_name = countLetters)]
    pub fn count_letters(text: &str) -> u32;

    /// Resolves to a `SubscribeOutcome`.
    pub async fn subscribe() -> JsValue;

    #[wasm_bindgen(js_name = startRenewal)]
    pub fn start_renewal();
    #[wasm_bindgen(js_name = askAgain)]
    pub fn ask_again();
}
