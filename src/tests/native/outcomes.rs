//! What a row of an error table expects of an outcome.

use crate::server::push::PushOutcome;

/// The kind of an outcome, without its cause.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    Accepted,
    Gone,
    Held,
    Later(Option<i64>),
    Rejected,
}

/// The kind of `outcome`, which has the HTTP status `status`.
pub(super) fn next(outcome: PushOutcome, status: u16) -> Next {
    match outcome {
        PushOutcome::Accepted { status: told } if told == status => Next::Accepted,
        PushOutcome::Gone { status: told, since: None } if told == status => Next::Gone,
        PushOutcome::Held { status: told, .. } if told == Some(status) => Next::Held,
        PushOutcome::RetryAfter { status: told, after_ms, .. } if told == Some(status) => Next::Later(after_ms),
        PushOutcome::Rejected { status: told, .. } if told == status => Next::Rejected,
        outcome => panic!("{outcome:?}"),
    }
}
