//! What a server function may ask of the request it serves: the visitor, the state, and redirects.

use std::{net::IpAddr, sync::Arc};

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
            reader::{Home, Reader},
        },
        state::AppState,
        storage::sessions::Found,
    },
};

/// Who sent the request, as the session layer found them (`http::session`).
#[derive(Debug, Clone)]
pub struct Visitor {
    pub session: Option<Found>,
    pub locale: Locale,
    pub client: IpAddr,
    pub user_agent: String,
    pub device: DeviceName,
    /// Whether this browser would return a `Secure` cookie.
    pub is_secure: bool,
    /// The new recovery code, from its cookie.
    pub recovery: Option<(PersonId, RecoveryCode)>,
    pub invitation: Option<(InvitationId, InvitationCode)>,
    pub ticket: Option<String>,
    pub hand_over: Option<(HandOverId, HandOverCode)>,
    /// The ticket of right digits.
    pub asked: Option<String>,
    /// The handle of a sign-in at a provider.
    pub provider: Option<String>,
    /// The token of the browser that asked for a proof by another device.
    pub proof: Option<String>,
    /// The mark under which this browser's wrong digits are counted.
    pub browser: Option<u128>,
}

impl Visitor {
    pub fn trier(&self) -> Trier {
        Trier { client: self.client, session: self.session.as_ref().map(|found| found.session.id), browser: None }
    }

    /// The calling browser, for use cases that sign in.
    pub fn caller(&self) -> Caller {
        Caller {
            device: self.device.clone(),
            client: self.client,
            here: self.session.as_ref().map(|found| (found.person.id, found.session.id)),
        }
    }

    /// The signed-in person, if any.
    pub fn person(&self) -> Option<PersonId> {
        self.session.as_ref().map(|found| found.person.id)
    }

    /// Parses the fields of a sign-up form.
    pub fn sign_up(&self, name: &str, consent: &str, zone: &str) -> Result<SignUp, ServiceError> {
        Ok(SignUp {
            name: PersonName::parse(name)?,
            has_consented: consent == "yes",
            // Pages of an earlier release send an empty zone when no script has filled it in.
            zone: if zone.is_empty() { ZoneName::default() } else { ZoneName::parse(zone)? },
            locale: self.locale,
        })
    }

    /// Refuses plain http from another device: the browser would drop our cookies, so no sign-in could succeed.
    pub fn refuse_insecure(&self) -> Result<(), ServiceError> {
        if self.is_secure { Ok(()) } else { Err(ServiceError::Insecure) }
    }

    /// The recovery code in the cookie, if it belongs to `of`. Another person may have signed in since it was made.
    pub fn recovery_code(&self, of: PersonId) -> Option<RecoveryCode> {
        self.recovery.as_ref().filter(|(person, _)| *person == of).map(|(_, code)| code.clone())
    }

    /// The digits of the hand-over `running`, if this browser made them.
    pub fn hand_over_code(&self, running: HandOverId) -> Option<HandOverCode> {
        self.hand_over.as_ref().filter(|(id, _)| *id == running).map(|(_, code)| code.clone())
    }

    /// The code of the invitation `running`, if this browser made it.
    pub fn invitation_code(&self, running: InvitationId) -> Option<InvitationCode> {
        self.invitation.as_ref().filter(|(id, _)| *id == running).map(|(_, code)| code.clone())
    }
}

/// The cookies that a browser forgets when its person signs out of it.
pub const FORGOTTEN_COOKIES: [&str; 8] = [
    cookies::SESSION,
    cookies::RECOVERY,
    cookies::INVITATION,
    cookies::TICKET,
    cookies::HAND_OVER,
    cookies::ASKED,
    cookies::PROVIDER,
    cookies::PROOF,
];

/// A request of a signed-in person.
pub struct Request {
    pub state: AppState,
    pub person: Person,
    pub session: SessionId,
    pub visitor: Visitor,
    /// What the page's frame has read of the person; `None` in a server function.
    pub home: Option<Arc<Home>>,
}

/// A request with or without a session.
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
    let home = use_context::<Arc<Home>>();
    Ok(Request { state, person: found.person, session: found.session.id, visitor, home })
}

/// The request being served, signed in or not.
pub fn anybody() -> Result<AnyRequest, ServiceError> {
    let state = use_context::<AppState>().ok_or(ServiceError::Broken("no state in context"))?;
    let parts = use_context::<Parts>().ok_or(ServiceError::Broken("no request in context"))?;
    let visitor = parts.extensions.get::<Visitor>().cloned().ok_or(ServiceError::Broken("no visitor in request"))?;
    Ok(AnyRequest { state, visitor })
}

impl Request {
    /// The person as the reads of a page know them.
    pub fn reader(&self) -> Reader {
        Reader { person: self.person.clone(), home: self.home.clone() }
    }

    /// The attempt at a one-time step, with the key from the form.
    pub fn attempt(&self, step: Step, field: &str) -> Attempt {
        Attempt::new(&self.state, step, field)
    }

    /// Redirects after a write. It sets a header and does not return: keep it last.
    pub fn redirect(&self, path: String) {
        redirect(&path);
    }

    /// Redirects to the settings page named by `back`, or to the person's settings.
    pub fn redirect_back(&self, back: &str, verb: Verb) {
        let is_ours = (back.starts_with("/p/") || back.starts_with("/settings/"))
            && back.len() < 100
            && back.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-'));
        redirect(&paths::saved(if is_ours { back } else { "/settings" }, verb));
    }
}

impl AnyRequest {
    /// Like `Visitor::trier`, and also counted by browser. A browser without a mark gets one.
    pub fn marked_trier(&self) -> Trier {
        let browser = self.visitor.browser.unwrap_or_else(|| u128::from_be_bytes(self.state.random.bytes()));
        set_cookie(&cookies::browser(browser));
        Trier { browser: Some(browser), ..self.visitor.trier() }
    }

    /// The attempt at a one-time step, with the key from the form.
    pub fn attempt(&self, step: Step, field: &str) -> Attempt {
        Attempt::new(&self.state, step, field)
    }

    /// Redirects after a write. It sets a header and does not return: keep it last.
    pub fn redirect(&self, path: String) {
        redirect(&path);
    }

    /// Redirects after a repeated post of a step that was done before: home with a session, else to sign-in.
    pub fn redirect_done(&self) {
        redirect(&if self.visitor.person().is_some() { paths::home() } else { paths::sign_in() });
    }
}

fn redirect(path: &str) {
    // `paths` makes every path from ids and fixed words, so it is ASCII.
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

/// Makes the browser delete what scripts stored: pages, drafts, the service worker with its push subscription (W3C
/// Clear Site Data §3.1). "cache" is left out: it is slow, pages are `no-store`, and files are the same for all
/// persons.
pub fn forget_device() {
    if let Some(response) = use_context::<ResponseOptions>() {
        response.insert_header(HeaderName::from_static("clear-site-data"), HeaderValue::from_static("\"storage\""));
    }
}
