//! The texts of this device: drafts, answers that wait to be sent, and texts that cannot become an answer any more.
//! `client/drafts.ts` and the files that it imports store and send the texts; pages use this module. Rules R120–R125.

use js_sys::JsString;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::HtmlTextAreaElement;

pub use super::client::FoundText;
use super::client::{self, Draft, SentState, Verdict};
use crate::domain::{Answerable, DailyQuestionId, PairId, Stale, mended};

/// The question and the wording that a text is written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub pair: PairId,
    pub question: DailyQuestionId,
    /// The number of the wording.
    pub version: u32,
    /// How many revisions of their own answer the writer has seen.
    pub base: u32,
}

impl Place {
    fn to_script(self) -> client::Place {
        client::Place::new(&self.pair.to_string(), &self.question.to_string(), self.version, self.base)
    }
}

/// The state of a submitted answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    Sending,
    Taken,
    /// The answer is stored on this device until the network is back.
    Queued,
    /// The name of the error.
    Refused(String),
}

/// What a page knows about a pair, to decide which drafts may still become answers.
#[derive(Debug, Clone)]
pub struct PairDrafts {
    pub pair: PairId,
    pub is_closed: bool,
    /// The questions that may be answered, or whose answer may be edited.
    pub places: Vec<Place>,
    /// The answer to today's question that the server has.
    pub own: Option<(DailyQuestionId, String)>,
}

impl PairDrafts {
    /// Decides what becomes of a stored draft. An outdated draft that equals the person's own answer is dropped: a form
    /// that was sent before its script had started leaves such a draft.
    fn judge(&self, draft: &Draft) -> Verdict {
        let question = draft.question();
        let place = self.places.iter().find(|place| place.question.to_string() == question);
        // A question that is not on the page takes no answer any more.
        let (version, revision) = place.map_or((0, 0), |place| (place.version, place.base));
        let answerable = Answerable { is_closed: self.is_closed, is_complete: place.is_none(), version, revision };
        let stale = answerable.check_version(draft.version()).and_then(|()| answerable.check_base(draft.base(), 0));
        let Err(stale) = stale else { return Verdict::Keep };
        let is_own =
            self.own.as_ref().is_some_and(|(id, own)| id.to_string() == question && *own == stored(&draft.text()));
        match stale {
            _ if is_own => Verdict::Drop,
            Stale::PairClosed => Verdict::PairClosed,
            Stale::AlreadyOpen => Verdict::AlreadyOpen,
            Stale::Swapped => Verdict::Swapped,
            Stale::AnsweredElsewhere => Verdict::AnsweredElsewhere,
        }
    }
}

/// The text as the server stores an answer. The browser's own NFC (ECMA-262 §22.1.3.15) keeps the tables of Unicode out
/// of the WebAssembly.
fn stored(text: &str) -> String {
    String::from(JsString::from(mended(text)).normalize("NFC")).trim().to_owned()
}

/// Starts the texts of this device, on every page of a signed-in person. `is_current`: the page is not a stored copy.
/// `is_mendable`: whether the writer can repair, in its field, a text that was refused with the error of this name.
pub fn start(is_current: bool, is_mendable: impl Fn(&str) -> bool + 'static) {
    let is_mendable = Closure::<dyn Fn(String) -> bool>::new(move |error: String| is_mendable(&error));
    client::start_texts(is_current, &is_mendable);
    is_mendable.forget();
}

/// Waits for pending writes. Returns whether every text that was typed is stored on this device.
pub async fn are_saved() -> bool {
    client::are_texts_saved().await.is_truthy()
}

/// The text that this device holds for a field.
pub async fn load(place: Place, field: HtmlTextAreaElement) -> Option<FoundText> {
    let found = client::load_text(place.to_script(), field).await;
    (!found.is_undefined()).then(|| found.unchecked_into())
}

/// Stores a draft, or deletes it when it is empty. Returns whether this device has stored the change.
pub async fn save(place: Place, text: String) -> bool {
    client::save_text(place.to_script(), &text).await.is_truthy()
}

/// Stores an answer and sends it.
pub async fn submit(place: Place, text: String) -> Sent {
    let sent: client::Sent = client::submit_text(place.to_script(), &text).await.unchecked_into();
    match sent.state() {
        SentState::Taken => Sent::Taken,
        SentState::Queued => Sent::Queued,
        _ => Sent::Refused(sent.error().unwrap_or_default()),
    }
}

/// Puts aside the drafts of a pair that cannot become answers any more. `is_fetched`: the view behind `drafts` was
/// requested from the server, so that it is current on a stored copy too.
pub async fn settle(drafts: PairDrafts, is_fetched: bool) {
    let pair = drafts.pair.to_string();
    let judge = Closure::<dyn Fn(Draft) -> Verdict>::new(move |draft: Draft| drafts.judge(&draft));
    client::settle_texts(&pair, is_fetched, &judge).await;
}

/// Calls `act` whenever a text was taken or refused.
pub fn on_settled(act: impl Fn() + 'static) {
    let act = Closure::<dyn Fn()>::new(act);
    client::on_settled(&act);
    act.forget();
}
