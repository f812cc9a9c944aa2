//! What a server function may ask of the request it serves: who, with what state, and where to go next.

use std::net::IpAddr;

use axum::http::{HeaderName, HeaderValue, header, request::Parts};
use leptos::prelude::use_context;
use leptos_axum::ResponseOptions;

use crate::{
    cookies,
    domain::{
        HandOverCode, HandOverId, InvitationCode, InvitationId, Locale, Person, PersonId, PersonName, RecoveryCode,
        SessionId, ZoneName,
    },
    paths::{self, Verb},
    server::{
        services::{
            Caller, DeviceName, ServiceError,
            accounts::SignUp,
            attempts::{Attempt, Step},
            guard::Trier,
        },
        state::AppState,
        storage::sessions::Found,
    },
};

/// Whoever sent the request, as `http::session` found them.
#[derive(Debug, Clone)]
pub struct Visitor {
    pub session: Option<Found>,
    pub locale: Locale,
    pub client: IpAddr,
    pub user_agent: String,
    pub device: DeviceName,
    /// Whether a Secure cookie would reach us again from where this browser is.
    pub is_secure: bool,
    /// Codes that wait in the browser for the page that shows them.
    pub recovery: Option<(PersonId, RecoveryCode)>,
    pub invitation: Option<(InvitationId, InvitationCode)>,
    pub ticket: Option<String>,
    pub hand_over: Option<(HandOverId, HandOverCode)>,
    /// The ticket of digits that were right.
    pub asked: Option<String>,
    /// By what its wrong digits are counted.
    pub browser: Option<u128>,
}

impl Visitor {
    pub fn trier(&self) -> Trier {
        Trier { client: self.client, session: self.session.as_ref().map(|found| found.session.id), browser: None }
    }

    /// The browser this comes from, as use cases that sign in are told.
    pub fn caller(&self) -> Caller {
        Caller {
            device: self.device.clone(),
            client: self.client,
            here: self.session.as_ref().map(|found| (found.person.id, found.session.id)),
        }
    }

    /// Whoever is signed in here.
    pub fn person(&self) -> Option<PersonId> {
        self.session.as_ref().map(|found| found.person.id)
    }

    /// A sign-up form's fields as domain values.
    pub fn sign_up(&self, name: &str, consent: &str, zone: &str) -> Result<SignUp, ServiceError> {
        Ok(SignUp {
            name: PersonName::parse(name)?,
            has_consented: consent == "yes",
            // Without a script no zone is sent but the form's own; an empty one is of an earlier page.
            zone: if zone.is_empty() { ZoneName::default() } else { ZoneName::parse(zone)? },
            locale: self.locale,
        })
    }

    /// On http from another device the browser would drop our cookies: better said than looped.
    pub fn refuse_insecure(&self) -> Result<(), ServiceError> {
        if self.is_secure { Ok(()) } else { Err(ServiceError::Insecure) }
    }

    /// The recovery code just made for this person; somebody else may have signed in here since.
    pub fn recovery_code(&self, of: PersonId) -> Option<RecoveryCode> {
        self.recovery.as_ref().filter(|(person, _)| *person == of).map(|(_, code)| code.clone())
    }

    /// The running digits, if this browser made them.
    pub fn hand_over_code(&self, running: HandOverId) -> Option<HandOverCode> {
        self.hand_over.as_ref().filter(|(id, _)| *id == running).map(|(_, code)| code.clone())
    }

    /// The code of the running invitation, if this browser made it.
    pub fn invitation_code(&self, running: InvitationId) -> Option<InvitationCode> {
        self.invitation.as_ref().filter(|(id, _)| *id == running).map(|(_, code)| code.clone())
    }
}

/// A request of a signed-in person.
pub struct Request {
    pub state: AppState,
    pub person: Person,
    pub session: SessionId,
    pub visitor: Visitor,
}

/// A request of anybody.
pub struct AnyRequest {
    pub state: AppState,
    pub visitor: Visitor,
}

/// The request being served; `SignedOut` without a session.
pub async fn current() -> Result<Request, ServiceError> {
    let AnyRequest { state, visitor } = anybody()?;
    let Some(found) = visitor.session.clone() else {
        return Err(ServiceError::SignedOut);
    };
    Ok(Request { state, person: found.person, session: found.session.id, visitor })
}

/// The request being served, signed in or not.
pub fn anybody() -> Result<AnyRequest, ServiceError> {
    let state = use_context::<AppState>().ok_or(ServiceError::Broken("no state in context"))?;
    let parts = use_context::<Parts>().ok_or(ServiceError::Broken("no request in context"))?;
    let visitor = parts.extensions.get::<Visitor>().cloned().ok_or(ServiceError::Broken("no visitor in request"))?;
    Ok(AnyRequest { state, visitor })
}

impl Request {
    /// The one-time step this is, by the key that came with the form.
    pub fn attempt(&self, step: Step, field: &str) -> Attempt {
        Attempt::new(&self.state, step, field)
    }

    /// Sends the browser on after a write. Sets a header, does not return: keep it last.
    pub fn redirect(&self, path: String) {
        redirect(&path);
    }

    /// Sends the browser back to the settings page it came from, or to the person's own.
    pub fn redirect_back(&self, back: &str, verb: Verb) {
        let is_ours = back.starts_with("/p/")
            && back.len() < 100
            && back.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-'));
        redirect(&paths::saved(if is_ours { back } else { "/settings" }, verb));
    }
}

impl AnyRequest {
    /// As `Visitor::trier`, counted by browser too. One without a mark gets it now.
    pub fn marked_trier(&self) -> Trier {
        let browser = self.visitor.browser.unwrap_or_else(|| u128::from_be_bytes(self.state.random.bytes()));
        set_cookie(&cookies::browser(browser));
        Trier { browser: Some(browser), ..self.visitor.trier() }
    }

    /// As `Request::attempt`.
    pub fn attempt(&self, step: Step, field: &str) -> Attempt {
        Attempt::new(&self.state, step, field)
    }

    /// As `Request::redirect`.
    pub fn redirect(&self, path: String) {
        redirect(&path);
    }

    /// The way on after a post that was done before, by a browser which has to show who it is.
    pub fn redirect_done(&self) {
        redirect(&if self.visitor.person().is_some() { paths::home() } else { paths::sign_in() });
    }
}

fn redirect(path: &str) {
    // Paths are made by `paths` from ids and plain words, so they are ASCII.
    if path.is_ascii() {
        leptos_axum::redirect(path);
    }
}

/// Adds a `Set-Cookie` to the answer.
pub fn set_cookie(cookie: &str) {
    if let (Some(response), Ok(value)) = (use_context::<ResponseOptions>(), HeaderValue::from_str(cookie)) {
        response.append_header(header::SET_COOKIE, value);
    }
}

/// Asks the browser to forget what scripts stored in it: kept pages, drafts, the service worker with its push
/// subscription (W3C Clear Site Data §3.1). Not "cache": pages are `no-store` and files the same for everybody, and it
/// is slow.
pub fn forget_device() {
    if let Some(response) = use_context::<ResponseOptions>() {
        response.insert_header(HeaderName::from_static("clear-site-data"), HeaderValue::from_static("\"storage\""));
    }
}
