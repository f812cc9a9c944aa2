//! What becomes of a delivery after a provider's answer.
//! Rule R97.

use super::claimed::settled;
use crate::{
    domain::Millis,
    server::{
        push::PushOutcome,
        state::AppState,
        storage::{
            deliveries::{Settled, State},
            delivery_context::{DeliveryContext, Target},
            waiting,
        },
    },
};

const FIRST_BACK_OFF_MS: i64 = 5 * Millis::SECOND;
const LONGEST_BACK_OFF_MS: i64 = 15 * Millis::MINUTE;
/// Wait of a delivery while a provider refuses our credentials.
pub(super) const HELD_WAITS_MS: i64 = 5 * Millis::MINUTE;

/// The wait after a failed attempt, in ms; `after_ms` is the wait that the service asked for.
pub(super) fn back_off(state: &AppState, attempts: i64, after_ms: Option<i64>) -> i64 {
    let most = (FIRST_BACK_OFF_MS << attempts.clamp(1, 10)).min(LONGEST_BACK_OFF_MS);
    // Full jitter, so that a service that recovers does not get all deliveries at once.
    let wait = Millis::SECOND + (state.random.number() % most.unsigned_abs()) as i64;
    wait.max(after_ms.unwrap_or(0))
}

/// What follows an outcome (RFC 8030 §5, MDN's table, the documents of the services). `sent_at` is the time before the
/// message was sent.
pub(super) fn judge(
    state: &AppState,
    context: &DeliveryContext,
    target: &Target,
    outcome: PushOutcome,
    sent_at: Millis,
) -> Settled {
    let now = state.clock.now();
    let ids = (context.id.notification, context.id.subscription);
    match outcome {
        PushOutcome::Accepted { status } => {
            Settled { status: Some(status), ..settled(context.id, State::Accepted, None) }
        }
        PushOutcome::Gone { status, since } => Settled {
            status: Some(status),
            gone_since: Some(since.unwrap_or(sent_at)),
            ..settled(context.id, State::Gone, None)
        },
        PushOutcome::RetryAfter { status, after_ms, cause } => {
            state.push.breaker().failed(&target.origin, context.id.subscription, after_ms, state.clock.moment());
            // The service named this time for this device: nothing brings it forward.
            let cause = if after_ms.is_some() { waiting::ASKED_TO_WAIT } else { cause };
            again(context, now.plus(back_off(state, context.attempts, after_ms)), status, cause)
        }
        PushOutcome::Held { status, cause } => {
            if state.push.note_refusal(&target.origin, cause) {
                tracing::error!(
                    origin = target.origin,
                    provider = target.provider.word(),
                    status,
                    cause,
                    "a provider refuses our credentials; what is due there waits: run `umbba push check`"
                );
            }
            state.push.breaker().failed(&target.origin, context.id.subscription, None, state.clock.moment());
            again(context, now.plus(HELD_WAITS_MS), status, waiting::HELD)
        }
        PushOutcome::Rejected { status, cause } => {
            // The fault is ours or the operator's, so the device keeps its subscription.
            tracing::error!(
                notification.id = %ids.0,
                subscription.id = %ids.1,
                origin = target.origin,
                status,
                cause,
                "a provider refused a message"
            );
            Settled { status: Some(status), ..settled(context.id, State::Dead, Some(cause)) }
        }
        PushOutcome::Refused(error) => {
            tracing::error!(
                notification.id = %ids.0,
                subscription.id = %ids.1,
                %error,
                "a push was not sent: its endpoint is no push service's"
            );
            settled(context.id, State::Dead, Some("endpoint"))
        }
    }
}

/// Tries a delivery again at `send_at`. One that would wait beyond its expiry ends.
fn again(context: &DeliveryContext, send_at: Millis, status: Option<u16>, reason: &'static str) -> Settled {
    if send_at >= context.expires_at {
        return Settled { status, ..settled(context.id, State::Expired, Some(reason)) };
    }
    Settled { status, send_at: Some(send_at), ..settled(context.id, State::Retry, Some(reason)) }
}
