//! Every URL of the app, as a function that pages, redirects and tests use.

use leptos::server_fn::ServerFn;

use crate::domain::{DailyQuestionId, LocalDate, PairId, Section};

pub fn home() -> String {
    "/".to_owned()
}

pub fn start() -> String {
    "/start".to_owned()
}

pub fn sign_in() -> String {
    "/signin".to_owned()
}

/// Leads to a provider, to sign in with an account there.
pub fn sign_in_with(provider: &str) -> String {
    format!("/signin/with/{provider}")
}

/// As `sign_in_with`, to link the account to the signed-in person.
pub fn link_with(provider: &str) -> String {
    format!("/signin/with/{provider}?link=yes")
}

/// The page that a provider leads back to.
pub fn sign_in_with_callback(provider: &str) -> String {
    format!("/signin/with/{provider}/callback")
}

/// The page for an account of a provider that nobody has yet.
pub fn sign_in_with_new(provider: &str) -> String {
    format!("/signin/with/{provider}/new")
}

/// The page where a new device types the digits of a hand-over.
pub fn digits() -> String {
    "/signin/digits".to_owned()
}

/// The page for the digits of a hand-over, with the digits filled in. `code` is grouped for people.
pub fn digits_with(code: &str) -> String {
    format!("/signin/digits/{code}")
}

/// The page where a new device waits for confirmation by its person.
pub fn wait() -> String {
    "/signin/wait".to_owned()
}

/// The page where a person makes digits and confirms new devices.
pub fn hand_over() -> String {
    "/hand-over".to_owned()
}

/// The one-time link that leads out of an in-app browser.
pub fn hand_over_with(token: &str) -> String {
    format!("/hand-over/{token}")
}

pub fn recovery() -> String {
    "/recovery".to_owned()
}

pub fn join() -> String {
    "/join".to_owned()
}

/// The link of an invitation. `code` is grouped for people.
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

/// A page of the settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Us,
    Me,
    Notifications,
    SignIn,
    Help,
}

/// A page of the settings, with the tabs of a pair or without.
pub fn place(pair: Option<PairId>, place: Place) -> String {
    let list = pair.map_or_else(account, settings);
    let word = match place {
        Place::Us => "us",
        Place::Me => "me",
        Place::Notifications => "notifications",
        Place::SignIn => "sign-in",
        Place::Help => "help",
    };
    format!("{list}/{word}")
}

/// The page with the ways into the person's account beside the recovery code.
pub fn ways_in() -> String {
    "/settings/ways-in".to_owned()
}

/// The page `other_device` from a notification: the request may be over by then.
pub fn other_device_asked() -> String {
    format!("{}?asked=yes", other_device())
}

/// The page where one device asks another one of its person to confirm it.
pub fn other_device() -> String {
    "/settings/other-device".to_owned()
}

/// The page where a person asks for the deletion of their account.
pub fn delete_account() -> String {
    "/settings/delete".to_owned()
}

/// The page after that. `until` is the day until which the deletion can be taken back.
pub fn goodbye(until: LocalDate) -> String {
    format!("/goodbye?until={until}")
}

/// The targets of the installed app's shortcuts (`public/manifest.webmanifest`).
pub const SHORTCUT_TODAY: &str = "/today";
pub const SHORTCUT_ARCHIVE: &str = "/archive";

/// The target of the system's share sheet (`public/manifest.webmanifest`).
pub const SHARE: &str = "/share";

pub fn today(pair: PairId) -> String {
    format!("/p/{pair}/today")
}

pub fn invite(pair: PairId) -> String {
    format!("/p/{pair}/invite")
}

/// The page about the return of a seat.
pub fn seat_return(pair: PairId) -> String {
    format!("/p/{pair}/return")
}

pub fn archive(pair: PairId) -> String {
    format!("/p/{pair}/archive")
}

/// A page of the archive, of one section or of all sections. `page` counts from 1.
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

/// The page about the copy that a person keeps.
pub fn keep() -> String {
    "/keep".to_owned()
}

/// The zip with all pairs of the person.
pub const COPY_OF_ALL: &str = "/keep/copy";

/// Takes a copy that the person hands in.
pub const UPLOAD: &str = "/keep/upload";

/// The page about copies after that.
pub fn uploaded() -> String {
    format!("{}?saved=upload#saved", keep())
}

/// The zip with one pair.
pub fn copy_of(pair: PairId) -> String {
    format!("{COPY_OF_ALL}/{pair}")
}

pub fn devices() -> String {
    "/devices".to_owned()
}

/// A settings page after one of its forms was saved, scrolled to the confirmation.
pub fn saved(page: &str, verb: Verb) -> String {
    format!("{page}?saved={}#saved", verb.name())
}

/// The URL of a server function for forms, pages and redirects. Only the type of the function provides a `Verb`
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

/// The URL of a built asset, immutable because the path contains the name of the build.
pub fn asset(build: &str, file: &str) -> String {
    format!("/pkg/{build}/{file}")
}
