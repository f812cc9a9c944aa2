//! The cookies of the app, as `Set-Cookie` values (RFC 6265bis): bound to the host, secure, hidden from scripts. The
//! server stores only hashes of codes, so a cookie keeps a code in the browser that made it until a page shows it.

use crate::domain::{HandOverCode, HandOverId, InvitationCode, InvitationId, PersonId, RecoveryCode};

pub const SESSION: &str = "__Host-session";
/// The new recovery code, `person.code`, until the person confirms to have noted it.
pub const RECOVERY: &str = "__Host-recovery";
/// The invitation that this browser made: `id.code`.
pub const INVITATION: &str = "__Host-invitation";
/// The ticket of a right invitation code.
pub const TICKET: &str = "__Host-ticket";
/// The digits this browser made: `id.code`.
pub const HAND_OVER: &str = "__Host-hand-over";
/// The ticket of right digits: this browser waits until the person's other device confirms it.
pub const ASKED: &str = "__Host-asked";
/// A random mark of this browser, under which its wrong digits are counted.
pub const BROWSER: &str = "__Host-browser";

/// The handle of a sign-in at a provider.
pub const PROVIDER: &str = "__Host-provider";

/// The token of the browser that asked for a proof by another device.
pub const PROOF: &str = "__Host-proof";

const DAY: u32 = 24 * 60 * 60;

fn set(name: &str, value: &str, seconds: u32) -> String {
    // Lax and not Strict, so that a person who follows a link from a message or notification is signed in.
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

/// Lives for the sign-in at the provider and a sign-up after it.
pub fn provider(handle: &str) -> String {
    set(PROVIDER, handle, 25 * 60)
}

/// Lives as long as the request.
pub fn proof(token: &str) -> String {
    set(PROOF, token, 5 * 60)
}

/// Lives as long as failures are kept.
pub fn browser(mark: u128) -> String {
    set(BROWSER, &format!("{mark:032x}"), DAY)
}

/// Removes a cookie.
pub fn forget(name: &str) -> String {
    set(name, "", 0)
}
