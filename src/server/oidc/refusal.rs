//! Why a sign-in with a provider did not work, and why an ID token is refused.

/// Why a token is refused. No variant contains anything of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("it is not a signed token")]
    Malformed,
    #[error("its algorithm is not RS256 or ES256")]
    Algorithm,
    #[error("its key is not among the provider's")]
    KeyUnknown,
    #[error("its signature is wrong")]
    Signature,
    #[error("it is of another issuer")]
    Issuer,
    #[error("it is for another client")]
    Audience,
    #[error("it has expired, or one of the clocks is wrong")]
    Expired,
    #[error("it is from another time, or one of the clocks is wrong")]
    IssuedAt,
    #[error("it is of another sign-in")]
    Nonce,
    #[error("it names no subject")]
    Subject,
}

/// Why a sign-in with a provider did not work. No variant contains a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    #[error("the provider cannot be used: {0}")]
    Unavailable(&'static str),
    /// The code was used before, has expired or is another's.
    #[error("the provider refuses the code")]
    Code,
    #[error("the provider refuses client_id or client_secret")]
    Client,
    #[error("the ID token is refused: {0}")]
    Token(#[from] Refusal),
    /// The provider is content, and the account may not be linked.
    #[error("the account belongs to another person")]
    Taken,
}
