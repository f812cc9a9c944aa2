//! Every URL as a function: pages, redirects and tests use the same.

use leptos::server_fn::ServerFn;

use crate::domain::{DailyQuestionId, PairId, Section};

pub fn home() -> String {
    "/".to_owned()
}

pub fn start() -> String {
    "/start".to_owned()
}

pub fn sign_in() -> String {
    "/signin".to_owned()
}

/// Where a new device types the digits of a hand-over.
pub fn digits() -> String {
    "/signin/digits".to_owned()
}

/// The same with the digits filled in; `code` as grouped for people.
pub fn digits_with(code: &str) -> String {
    format!("/signin/digits/{code}")
}

/// Where it waits for its person.
pub fn wait() -> String {
    "/signin/wait".to_owned()
}

/// Where digits are made and new devices confirmed.
pub fn hand_over() -> String {
    "/hand-over".to_owned()
}

/// The one-time link out of an app's own browser.
pub fn hand_over_with(token: &str) -> String {
    format!("/hand-over/{token}")
}

pub fn recovery() -> String {
    "/recovery".to_owned()
}

pub fn join() -> String {
    "/join".to_owned()
}

/// The link of an invitation; `code` as grouped for people.
pub fn join_with(code: &str) -> String {
    format!("/join/{code}")
}

pub fn join_confirm() -> String {
    "/join/confirm".to_owned()
}

pub fn terms() -> String {
    "/terms".to_owned()
}

pub fn privacy() -> String {
    "/privacy".to_owned()
}

pub fn account() -> String {
    "/settings".to_owned()
}

/// Where the installed app's shortcuts lead (`public/manifest.webmanifest`).
pub const SHORTCUT_TODAY: &str = "/today";
pub const SHORTCUT_ARCHIVE: &str = "/archive";

/// Where the system's share sheet leads.
pub const SHARE: &str = "/share";

pub fn today(pair: PairId) -> String {
    format!("/p/{pair}/today")
}

pub fn invite(pair: PairId) -> String {
    format!("/p/{pair}/invite")
}

pub fn archive(pair: PairId) -> String {
    format!("/p/{pair}/archive")
}

/// A page of the archive, of one section or all; `page` counts from 1.
pub fn archive_page(pair: PairId, section: Option<Section>, page: i64) -> String {
    let mut query = Vec::new();
    if let Some(section) = section {
        query.push(format!("section={}", section.word()));
    }
    if page > 1 {
        query.push(format!("page={page}"));
    }
    if query.is_empty() { archive(pair) } else { format!("{}?{}", archive(pair), query.join("&")) }
}

pub fn card(pair: PairId, daily_question: DailyQuestionId) -> String {
    format!("/p/{pair}/cards/{daily_question}")
}

pub fn season(pair: PairId, number: i64) -> String {
    format!("/p/{pair}/seasons/{number}")
}

pub fn settings(pair: PairId) -> String {
    format!("/p/{pair}/settings")
}

pub fn inbox() -> String {
    "/inbox".to_owned()
}

pub fn devices() -> String {
    "/devices".to_owned()
}

/// A settings page after one of its forms was saved, at the place where the page says so.
pub fn saved(page: &str, verb: Verb) -> String {
    format!("{page}?saved={}#saved", verb.name())
}

/// A server function, as forms, pages and redirects name it. Only the type of the function gives one
/// (`ChangeName::VERB`), so that a mistyped name does not compile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verb(&'static str);

impl Verb {
    pub fn url(self) -> &'static str {
        self.0
    }

    /// The last part of the URL.
    pub fn name(self) -> &'static str {
        self.0.trim_start_matches("/api/")
    }
}

pub trait HasVerb {
    const VERB: Verb;
}

impl<F: ServerFn> HasVerb for F {
    const VERB: Verb = Verb(F::PATH);
}

/// A built asset: the build's name in the path makes it immutable.
pub fn asset(build: &str, file: &str) -> String {
    format!("/pkg/{build}/{file}")
}
