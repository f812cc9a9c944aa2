//! Reads what the outbox has claimed, and decides about a delivery that cannot be read.

use crate::{
    domain::Millis,
    server::{
        services::ServiceError,
        state::AppState,
        storage::{
            deliveries::{DeliveryId, Settled, State},
            delivery_context::{self, DeliveryContext, Unreadable},
        },
    },
};

/// A delivery of a kind that only a later release knows is looked at again so late.
const LATER_KIND_WAITS_MS: i64 = Millis::HOUR;

/// What becomes of a delivery after one attempt. The caller overwrites what differs.
pub(super) fn settled(id: DeliveryId, state: State, reason: Option<&'static str>) -> Settled {
    Settled { id, state, send_at: None, status: None, reason, is_attempt: true }
}

/// The contexts of claimed deliveries; of one that cannot be read, what becomes of it.
pub(super) async fn load(
    state: &AppState,
    claimed: &[DeliveryId],
) -> Result<Vec<Result<DeliveryContext, Settled>>, ServiceError> {
    let mut tx = state.database.read().await?;
    let found = delivery_context::load(&mut tx, claimed).await?;
    let contexts = found.into_iter().map(|context| {
        context.map_err(|(id, unreadable)| match unreadable {
            Unreadable::LaterKind { expires_at } => {
                let again = state.clock.now().plus(LATER_KIND_WAITS_MS);
                let left = Settled { is_attempt: false, ..settled(id, State::Pending, Some("later release")) };
                if again < expires_at {
                    Settled { send_at: Some(again), ..left }
                } else {
                    Settled { state: State::Expired, ..left }
                }
            }
            Unreadable::Inconsistent(error) => {
                tracing::error!(notification.id = %id.notification, %error, "a delivery makes no sense");
                settled(id, State::Dead, Some("inconsistent"))
            }
        })
    });
    Ok(contexts.collect())
}
