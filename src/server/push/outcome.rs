//! What a provider's answer means for a delivery.

use crate::domain::Millis;

use super::endpoint::EndpointError;

/// What the outbox does next. Causes are for the log; no variant contains an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PushOutcome {
    /// The service accepted the push. Whether the device gets it is not known.
    Accepted { status: u16 },
    /// The registration has ended. `since` is the time at which the provider last found it ended; `None`: now.
    Gone { status: u16, since: Option<Millis> },
    /// The provider refuses our own credentials or settings. The device and the delivery stay.
    Held { status: Option<u16>, cause: &'static str },
    /// Try again later. `after_ms` is the time that the service asked for, at most a day.
    RetryAfter { status: Option<u16>, after_ms: Option<i64>, cause: &'static str },
    /// Sending the same again would not help.
    Rejected { status: u16, cause: &'static str },
    /// Our own check refused the endpoint. No connection was made.
    Refused(GuardError),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GuardError {
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    #[error("the endpoint's host has an address that is not public")]
    NotPublic,
    #[error("the message has a header that HTTP cannot carry")]
    Header,
}
