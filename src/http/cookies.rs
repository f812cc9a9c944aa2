//! The cookies of the app, as `Set-Cookie` values (RFC 6265bis): host-bound, secure, unreadable by scripts.
//! Codes that are hashed at rest wait in the browser that made them, for the page that shows them.

use crate::domain::{HandOverCode, HandOverId, InvitationCode, InvitationId, PersonId, RecoveryCode};

pub const SESSION: &str = "__Host-session";
/// The recovery code just made, `person.code`, until the person says they keep it.
pub const RECOVERY: &str = "__Host-recovery";
/// The invitation this browser made: `id.code`.
pub const INVITATION: &str = "__Host-invitation";
/// The ticket of a right invitation code.
pub const TICKET: &str = "__Host-ticket";
/// The digits this browser made: `id.code`.
pub const HAND_OVER: &str = "__Host-hand-over";
/// The ticket of right digits: this browser waits for its person's other device.
pub const ASKED: &str = "__Host-asked";
/// A mark of this browser, by which its wrong digits are counted.
pub const BROWSER: &str = "__Host-browser";

const DAY: u32 = 24 * 60 * 60;

fn set(name: &str, value: &str, seconds: u32) -> String {
    // Lax, not Strict: a link from a message or a notification must find the person signed in.
    format!("{name}={value}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Lax")
}

pub fn session(token: &str) -> String {
    set(SESSION, token, 400 * DAY)
}

/// The session as a browser sends it back: the value of a `Cookie` header.
pub fn sent_session(token: &str) -> String {
    format!("{SESSION}={token}")
}

pub fn recovery(person: PersonId, code: &RecoveryCode) -> String {
    set(RECOVERY, &format!("{person}.{}", code.as_str()), 60 * 60)
}

pub fn invitation(id: InvitationId, code: &InvitationCode) -> String {
    set(INVITATION, &format!("{id}.{}", code.as_str()), 7 * DAY)
}

pub fn ticket(ticket: &str) -> String {
    set(TICKET, ticket, 15 * 60)
}

pub fn hand_over(id: HandOverId, code: &HandOverCode) -> String {
    set(HAND_OVER, &format!("{id}.{}", code.as_str()), 10 * 60)
}

pub fn asked(ticket: &str) -> String {
    set(ASKED, ticket, 15 * 60)
}

/// As long as failures are kept.
pub fn browser(mark: u128) -> String {
    set(BROWSER, &format!("{mark:032x}"), DAY)
}

/// Takes a cookie back.
pub fn forget(name: &str) -> String {
    set(name, "", 0)
}
