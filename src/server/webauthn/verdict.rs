//! What the verification of a passkey comes to.

/// Why a passkey is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("clientDataJSON is no object of WebAuthn")]
    ClientData,
    #[error("the ceremony is of another type")]
    Type,
    #[error("another challenge")]
    Challenge,
    #[error("another origin")]
    Origin,
    #[error("made in a frame of another site")]
    CrossOrigin,
    #[error("authenticatorData is too short or has bytes left over")]
    AuthenticatorData,
    #[error("another RP ID")]
    RpId,
    #[error("no user was present")]
    NoPresence,
    #[error("no user was verified")]
    NoVerification,
    #[error("backed up and not eligible for it, or not as eligible as it was made")]
    Backup,
    #[error("another credential id")]
    CredentialId,
    #[error("a key that is no ES256, RS256 or EdDSA key")]
    Key,
    #[error("another key signed")]
    Signature,
}

/// What the authenticator says of the passkey.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Signatures so far; 0 where the authenticator counts none.
    pub sign_count: u32,
    /// The passkey may be on several devices (flag BE).
    pub is_synced: bool,
    /// It is now (flag BS).
    pub is_backed_up: bool,
}
