//! The loop that sends deliveries. It claims them with a lease, commits, sends without a transaction, and settles them.
//!
//! A push may be sent more than once, but shows once: rows are unique, `Topic` and `tag` replace, and before each
//! sending `handled` checks that the notification is still true.
//!
//! Rule R108.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use futures::{StreamExt, stream};
use tokio::{
    sync::{Notify, Semaphore},
    task::JoinHandle,
};

use super::{claimed::load, handled::handle, recovered::bring_forward, work};
use crate::{
    domain::{Cancelled, Millis},
    server::{
        services::ServiceError,
        state::AppState,
        storage::{
            Tx,
            deliveries::{self, CancelFor, DeliveryId, Settled, State},
            device_locks, subscriptions,
        },
    },
};

/// Deliveries claimed at once. All of them are sent at the same time, so that the batch ends within its lease.
const BATCH: i64 = 250;
/// Deliveries under way at once.
const AT_ONCE: usize = 1_500;
const LEASE_MS: i64 = Millis::MINUTE;
/// Outcomes written in one transaction.
const SETTLED_AT_ONCE: usize = 250;
/// Wait of a delivery whose device registered anew while it was sent.
const RENEWED_WAITS_MS: i64 = 5 * Millis::SECOND;
/// Openings of a full minute go first, but sending waits no longer than this.
const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// Sends all due deliveries and waits for their outcomes. Returns how many were handled.
pub async fn pass(state: &AppState) -> Result<usize, ServiceError> {
    let mut handled = 0;
    for batch in begin_all(state, &Arc::new(Semaphore::new(AT_ONCE)), &Arc::default()).await? {
        handled += batch.await.unwrap_or(0);
    }
    Ok(handled)
}

/// Claims all due deliveries and begins to send them. `room` has a permit for each delivery that may be under way at
/// once. Notifies `ended` at the end of each batch.
async fn begin_all(
    state: &AppState,
    room: &Arc<Semaphore>,
    ended: &Arc<Notify>,
) -> Result<Vec<JoinHandle<usize>>, ServiceError> {
    let mut begun = Vec::new();
    let mut patience = std::pin::pin!(tokio::time::sleep(LONGEST_WAIT));
    loop {
        tokio::select! {
            () = state.database.notifier().openings_ended() => {}
            () = &mut patience => {}
        }
        let mut held = room.clone().acquire_many_owned(BATCH as u32).await.map_err(|_| ServiceError::Broken("room"))?;
        let (claimed, lease_until) = claim(state).await?;
        let is_all = (claimed.len() as i64) < BATCH;
        drop(held.split(BATCH as usize - claimed.len()));
        if !claimed.is_empty() {
            let (state, ended) = (state.clone(), ended.clone());
            begun.push(state.lifecycle.clone().spawn_job(async move {
                let handled = send_all(&state, claimed, lease_until).await;
                drop(held);
                ended.notify_one();
                handled
            }));
        }
        if is_all {
            return Ok(begun);
        }
    }
}

async fn claim(state: &AppState) -> Result<(Vec<DeliveryId>, Millis), ServiceError> {
    // Most looks find nothing, so they only read.
    let mut tx = state.database.read().await?;
    let now = state.clock.now();
    if deliveries::next_send(&mut tx).await?.is_none_or(|at| at > now) {
        return Ok((Vec::new(), now));
    }
    drop(tx);
    let mut tx = state.database.begin().await?;
    let now = state.now_in(&mut tx).await?;
    let lease_until = now.plus(LEASE_MS);
    let claimed = deliveries::claim(&mut tx, now, lease_until, BATCH).await?;
    tx.commit().await?;
    Ok((claimed, lease_until))
}

async fn send_all(state: &AppState, claimed: Vec<DeliveryId>, lease_until: Millis) -> usize {
    let contexts = match load(state, &claimed).await {
        Ok(contexts) => contexts,
        Err(error) => {
            // The lease expires and the deliveries are claimed again.
            tracing::error!(%error, count = claimed.len(), "claimed deliveries could not be read");
            return 0;
        }
    };
    let sending = stream::iter(contexts.into_iter().map(|context| handle(state, context, lease_until)))
        .buffer_unordered(BATCH as usize);
    let mut outcomes = std::pin::pin!(sending.ready_chunks(SETTLED_AT_ONCE));
    let mut handled = 0;
    while let Some(outcomes) = outcomes.next().await {
        let (settled, recovered): (Vec<Settled>, Vec<Option<String>>) = outcomes.into_iter().unzip();
        match settle(state, &settled, lease_until).await {
            Ok(()) => handled += settled.len(),
            Err(error) => tracing::error!(%error, count = settled.len(), "outcomes of deliveries could not be written"),
        }
        for origin in recovered.into_iter().flatten().collect::<BTreeSet<_>>() {
            if let Err(error) = bring_forward(state, &origin).await {
                tracing::error!(%error, origin, "deliveries to a service that answers again were not moved");
            }
        }
    }
    handled
}

async fn settle(state: &AppState, settled: &[Settled], lease_until: Millis) -> Result<(), ServiceError> {
    let now = state.clock.now();
    let mut tx = state.database.begin().await?;
    device_locks::lock(&mut tx, settled.iter().map(|settled| settled.id.subscription)).await?;
    let settled = keep_renewed(&mut tx, settled, now).await?;
    deliveries::settle(&mut tx, &settled, lease_until, now).await?;
    for gone in settled.iter().filter(|settled| settled.state == State::Gone) {
        deliveries::cancel(&mut tx, CancelFor::Subscription(gone.id.subscription), Cancelled::SignedOut, now).await?;
        subscriptions::delete(&mut tx, gone.id.subscription).await?;
    }
    for settled in &settled {
        if let (Some(environment), Some(apns)) = (settled.learned, &state.push.native().apns) {
            subscriptions::learn(&mut tx, settled.id.subscription, environment, apns.host(environment)).await?;
        }
    }
    tx.commit().await?;
    Ok(())
}

/// Tries a delivery again whose device registered anew after the provider found its registration ended. A registration
/// that a wrong clock dated ahead counts as an old one, because it would outlive every such answer.
async fn keep_renewed(tx: &mut Tx, settled: &[Settled], now: Millis) -> Result<Vec<Settled>, ServiceError> {
    let mut kept = settled.to_vec();
    for gone in kept.iter_mut().filter(|settled| settled.state == State::Gone) {
        let renewed_at = subscriptions::lookup_renewed(tx, gone.id.subscription).await?;
        if renewed_at.zip(gone.gone_since).is_some_and(|(renewed_at, since)| since < renewed_at && renewed_at <= now) {
            *gone = Settled { state: State::Retry, send_at: Some(now.plus(RENEWED_WAITS_MS)), ..gone.clone() };
        }
    }
    Ok(kept)
}

/// Sends until the process ends. The clock wakes it, a commit that wrote a delivery, and the end of a batch. It does
/// not wait for a batch: while a push service is silent, the devices of the others get their pushes.
pub async fn run(state: AppState) {
    let (room, ended) = (Arc::new(Semaphore::new(AT_ONCE)), Arc::new(Notify::new()));
    let look = |state: AppState| {
        let (room, ended) = (room.clone(), ended.clone());
        async move {
            begin_all(&state, &room, &ended).await?;
            let mut tx = state.database.read().await?;
            Ok(deliveries::next_send(&mut tx).await?)
        }
    };
    let woken = |state: AppState| {
        let ended = ended.clone();
        async move {
            tokio::select! {
                () = state.database.notifier().outbox_woken() => {}
                () = ended.notified() => {}
            }
        }
    };
    work(state, "outbox", "the outbox could not be looked through", look, woken).await;
}
