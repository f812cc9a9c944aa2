//! One-time steps: a step is done once, however often its form is posted.
//!
//! An answer may be lost on the way, and a button may be tapped twice. A second post is recognised by a random key that
//! came with its page, and gets the answer of the first. Secrets in that answer are MACs of the key and of what the
//! step made, so that none of them is in the database.
//! Rule R85.

use super::{Caller, NewSession, ServiceError};
use crate::{
    domain::{InvitationCode, Millis, PersonId, RecoveryCode, SessionId},
    server::{
        secrets::{is_token, new_token, token_hash},
        state::AppState,
        storage::{Tx, attempts, sessions},
    },
};

pub use attempts::Done;

impl Done {
    /// The step opened a session.
    pub fn session(opened: &NewSession) -> Self {
        Self { person: opened.person.id, session: Some(opened.session), target: None }
    }

    /// A person who was signed in made or joined something.
    pub fn by(person: PersonId, target: impl ToString) -> Self {
        Self { person, session: None, target: Some(target.to_string()) }
    }
}

/// How long a second post is recognised.
pub const ATTEMPT_LIFE_MS: i64 = 15 * Millis::MINUTE;

/// The one-time steps. The word is stored and is part of every MAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    SignUp,
    SignIn,
    Join,
    EnterHandOver,
    TakeHandOver,
    AskHandOver,
    StartPair,
    StartAgain,
    Invite,
    RenewRecovery,
    AddPasskey,
    UsePasskey,
    UseIdentity,
    SignUpWith,
}

impl Step {
    fn word(self) -> &'static str {
        match self {
            Self::SignUp => "sign_up",
            Self::SignIn => "sign_in",
            Self::Join => "join",
            Self::EnterHandOver => "enter_hand_over",
            Self::TakeHandOver => "take_hand_over",
            Self::AskHandOver => "ask_hand_over",
            Self::StartPair => "start_pair",
            Self::StartAgain => "start_again",
            Self::Invite => "invite",
            Self::RenewRecovery => "renew_recovery",
            Self::AddPasskey => "add_passkey",
            Self::UsePasskey => "use_passkey",
            Self::UseIdentity => "use_identity",
            Self::SignUpWith => "sign_up_with",
        }
    }
}

/// One post of a step.
pub struct Attempt {
    step: Step,
    /// The text that identifies the post.
    key: String,
}

impl Attempt {
    /// Identifies the post by the key of its form. A post without a key (an older release, a script) is never
    /// recognised.
    pub fn new(state: &AppState, step: Step, field: &str) -> Self {
        let key = if is_token(field) { field.to_owned() } else { new_token(&state.random) };
        Self { step, key }
    }

    /// Identifies the post by a secret that is good for one browser's step: a ticket, or the token of a link.
    pub fn by_secret(step: Step, secret: &str) -> Self {
        Self { step, key: secret.to_owned() }
    }

    /// Adds the person and the subject: the same page can be posted for another subject as well.
    pub fn about(mut self, person: PersonId, what: &[&str]) -> Self {
        self.key = format!("{}\0{person}\0{}", self.key, what.join("\0"));
        self
    }

    /// Adds what was typed.
    pub fn with(mut self, typed: &str) -> Self {
        self.key = format!("{}\0{typed}", self.key);
        self
    }

    fn hash(&self, state: &AppState) -> String {
        state.secrets.attempt("hash", self.step.word(), &self.key, "")
    }

    /// The token of a session that this step opens.
    pub fn session_token(&self, state: &AppState, session: SessionId) -> String {
        state.secrets.attempt("session", self.step.word(), &self.key, &session.to_string())
    }

    /// The ticket that this step gives.
    pub fn ticket(&self, state: &AppState) -> String {
        state.secrets.attempt("ticket", self.step.word(), &self.key, "")
    }

    /// The recovery code that this step makes; `made` is another each time.
    pub fn recovery_code(&self, state: &AppState, made: &str) -> RecoveryCode {
        RecoveryCode::from_random(bytes_of(&state.secrets.attempt("recovery", self.step.word(), &self.key, made)))
    }

    pub fn invitation_code(&self, state: &AppState, made: &str) -> InvitationCode {
        InvitationCode::from_random(bytes_of(&state.secrets.attempt("invitation", self.step.word(), &self.key, made)))
    }

    /// Returns the outcome of an earlier post of the same step. It needs a writing transaction: of two posts at once
    /// one does the step, and the other finds it done.
    pub async fn lookup(&self, tx: &mut Tx, state: &AppState) -> Result<Option<Done>, ServiceError> {
        Ok(attempts::lookup(tx, &self.hash(state), state.clock.now().plus(-ATTEMPT_LIFE_MS)).await?)
    }

    /// Records the outcome in the transaction of the step.
    pub async fn done(&self, tx: &mut Tx, state: &AppState, done: &Done) -> Result<(), ServiceError> {
        Ok(attempts::insert(tx, &self.hash(state), self.step.word(), done, state.clock.now()).await?)
    }

    /// Returns the session that the first post opened. Allowed for the browser that has it already, and, while no
    /// request has shown the session's token, for a browser that nobody is signed in on: then the answer with the
    /// cookie was lost. Afterwards a copied key opens nothing.
    pub async fn opened_again(
        &self,
        tx: &mut Tx,
        state: &AppState,
        done: &Done,
        caller: &Caller,
    ) -> Result<Option<NewSession>, ServiceError> {
        let Some(session) = done.session else { return Ok(None) };
        let now = state.clock.now();
        let token = self.session_token(state, session);
        let found = sessions::lookup(tx, &token_hash(&token), now.plus(-ATTEMPT_LIFE_MS), now).await?;
        // The first of two posts may have ended the session that this browser came with.
        let here = match caller.here {
            Some((_, here)) => sessions::exists(tx, here).await?.then_some(here),
            None => None,
        };
        let may = |found: &sessions::Found| here.map_or(!found.is_shown, |here| here == session);
        Ok(found.filter(|found| found.session.id == session && may(found)).map(|found| NewSession {
            person: found.person,
            session,
            token,
        }))
    }
}

/// The first bytes of a MAC, in hex.
fn bytes_of<const N: usize>(mac: &str) -> [u8; N] {
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(mac.as_bytes().chunks(2)) {
        *byte = std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok()).unwrap_or_default();
    }
    bytes
}
