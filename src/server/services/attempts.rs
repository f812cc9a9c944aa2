//! One-time steps are done once, however often they are posted: an answer may be lost on the way, and a button be
//! tapped twice. The second post is known by a random key that came with its page, and is given the first one's answer.
//! Secrets of that answer are MACs of the key and of what the step made, so that none of them lies in the database.
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
    /// A session was opened.
    pub fn session(opened: &NewSession) -> Self {
        Self { person: opened.person.id, session: Some(opened.session), target: None }
    }

    /// Somebody who was here already made or joined something.
    pub fn by(person: PersonId, target: impl ToString) -> Self {
        Self { person, session: None, target: Some(target.to_string()) }
    }
}

/// For how long a second post is known.
pub const ATTEMPT_LIFE_MS: i64 = 15 * Millis::MINUTE;

/// The steps. The word is stored and part of every MAC.
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
        }
    }
}

/// One sending of a step.
pub struct Attempt {
    step: Step,
    /// Everything the post is known by.
    key: String,
}

impl Attempt {
    /// By the key that a form brought along. A page without one (an older release, a script) is not known again.
    pub fn new(state: &AppState, step: Step, field: &str) -> Self {
        let key = if is_token(field) { field.to_owned() } else { new_token(&state.random) };
        Self { step, key }
    }

    /// By something that is secret and good for one browser's step already: a ticket, the token of a link.
    pub fn by_secret(step: Step, secret: &str) -> Self {
        Self { step, key: secret.to_owned() }
    }

    /// By whose it is and what it is about: the same page can be posted for something else as well.
    pub fn about(mut self, person: PersonId, what: &[&str]) -> Self {
        self.key = format!("{}\0{person}\0{}", self.key, what.join("\0"));
        self
    }

    /// By what was typed as well.
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

    /// What the same post came to before. In a writing transaction: of two at once one does the step, the other finds
    /// it.
    pub async fn lookup(&self, tx: &mut Tx, state: &AppState) -> Result<Option<Done>, ServiceError> {
        Ok(attempts::lookup(tx, &self.hash(state), state.clock.now().plus(-ATTEMPT_LIFE_MS)).await?)
    }

    /// Writes down, in the step's own transaction, what it came to.
    pub async fn done(&self, tx: &mut Tx, state: &AppState, done: &Done) -> Result<(), ServiceError> {
        Ok(attempts::insert(tx, &self.hash(state), self.step.word(), done, state.clock.now()).await?)
    }

    /// The session that the first post opened, once more. Only for the browser that has it already, or for one that
    /// nobody is signed in on while nobody has shown that session: then the answer that brought it was lost. Afterwards
    /// a copied key opens nothing.
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
        // Of two posts at once the first may have ended the session that this browser came with.
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

/// The first bytes of a MAC in hex.
fn bytes_of<const N: usize>(mac: &str) -> [u8; N] {
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(mac.as_bytes().chunks(2)) {
        *byte = std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok()).unwrap_or_default();
    }
    bytes
}
