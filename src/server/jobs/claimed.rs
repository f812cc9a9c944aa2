//! Reads claimed deliveries, and decides what becomes of one that cannot be read.

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

/// Time until a delivery of a later release's kind is looked at again.
const LATER_KIND_WAITS_MS: i64 = Millis::HOUR;

/// The outcome of one attempt. The caller overwrites what differs.
pub(super) fn settled(id: DeliveryId, state: State, reason: Option<&'static str>) -> Settled {
    Settled { id, state, send_at: None, status: None, reason, is_attempt: true, gone_since: None, learned: None }
}

/// The contexts of claimed deliveries, or the outcome of one that cannot be read.
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
