//! The loop that sends deliveries. It claims them with a lease, commits, sends without a transaction, and settles them.
//!
//! A push may be sent more than once, but shows once: rows are unique, `Topic` and `tag` replace, and before each
//! sending the outbox checks that the notification is still true.
//!
//! Rules R95, R97, R98.

use std::{collections::BTreeSet, time::Duration};

use futures::{StreamExt, stream};
use tokio::task::JoinHandle;

use super::{
    claimed::{load, settled},
    judge::judge,
    message::{self, Sent},
    recovered::{bring_forward, spread},
    work,
};
use crate::{
    domain::{Cancelled, Millis, Pair, Standing, still_holds},
    server::{
        calendar::Zone,
        counters,
        services::{ServiceError, tell},
        state::AppState,
        storage::{
            Tx,
            deliveries::{self, CancelFor, DeliveryId, Settled, State},
            delivery_context::{DeliveryContext, Target},
            device_locks, subscriptions, waiting,
        },
    },
};

/// Deliveries claimed at once. All of them are sent at the same time, so that the batch ends within its lease.
const BATCH: i64 = 250;
/// Batches under way at once.
const BATCHES: usize = 6;
const LEASE_MS: i64 = Millis::MINUTE;
/// Outcomes written in one transaction.
const SETTLED_AT_ONCE: usize = 250;
/// Wait of a delivery whose device registered anew while it was sent.
const RENEWED_WAITS_MS: i64 = 5 * Millis::SECOND;
/// Openings of a full minute go first, but sending waits no longer than this.
const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// Sends all due deliveries. Returns how many were handled.
pub async fn pass(state: &AppState) -> Result<usize, ServiceError> {
    let mut handled = 0;
    let mut under_way: Vec<JoinHandle<usize>> = Vec::new();
    let mut patience = std::pin::pin!(tokio::time::sleep(LONGEST_WAIT));
    loop {
        tokio::select! {
            () = state.database.notifier().openings_ended() => {}
            () = &mut patience => {}
        }
        let (claimed, lease_until) = claim(state).await?;
        let is_all = (claimed.len() as i64) < BATCH;
        if !claimed.is_empty() {
            let state = state.clone();
            under_way
                .push(state.lifecycle.clone().spawn_job(async move { send_all(&state, claimed, lease_until).await }));
        }
        let wanted = if is_all { 0 } else { BATCHES - 1 };
        while under_way.len() > wanted {
            handled += under_way.remove(0).await.unwrap_or(0);
        }
        if is_all {
            return Ok(handled);
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

/// The outcome of a delivery, and the origin of its push service if that had failed before and answers again.
async fn handle(
    state: &AppState,
    context: Result<DeliveryContext, Settled>,
    lease_until: Millis,
) -> (Settled, Option<String>) {
    let context = match context {
        Ok(context) => context,
        Err(settled) => return (settled, None),
    };
    // A process that was stopped for longer than its lease sends nothing: another one does.
    let now = state.clock.now();
    if now >= lease_until {
        return (postponed(&context, now, "the lease ended before it was sent"), None);
    }
    let Some(target) = &context.target else {
        return (settled(context.id, State::Cancelled, Some(Cancelled::SignedOut.word())), None);
    };
    let settled = send(state, &context, target).await;
    if settled.status.is_some() || settled.state != State::Accepted {
        counters::attempt(target.provider.word(), settled.state.word());
    }
    let is_accepted = settled.state == State::Accepted && settled.status.is_some();
    // A failure before a restart is known from the row alone.
    if is_accepted {
        state.push.forget_refusal(&target.origin);
    }
    let has_recovered = is_accepted && (state.push.breaker().accepted(&target.origin) || context.attempts > 1);
    (settled, has_recovered.then(|| target.origin.clone()))
}

/// Checks that the notification is still true, and sends it.
async fn send(state: &AppState, context: &DeliveryContext, target: &Target) -> Settled {
    let now = state.clock.now();
    if context.is_withdrawal {
        return withdraw(state, context, target, now).await;
    }
    if context.was_seen {
        return settled(context.id, State::Accepted, Some("shown"));
    }
    if context.expires_at <= now {
        return settled(context.id, State::Expired, None);
    }
    if let Err(reason) = still_holds(context.kind, standing(context, now)) {
        return settled(context.id, State::Cancelled, Some(reason.word()));
    }
    if let Some(until) = quiet_until(context, now) {
        return postponed(context, until, "quiet hours");
    }
    let moment = state.clock.moment();
    if let Some(until) = state.push.breaker().blocked_until(&target.origin, context.id.subscription, moment) {
        return postponed(context, spread(state, now.plus(until.since(moment))), waiting::ORIGIN_PAUSED);
    }
    match message::send(state, context, target, now).await {
        Ok(Sent { outcome, learned }) => Settled { learned, ..judge(state, context, target, outcome, now) },
        Err(reason) => {
            let DeliveryId { notification, subscription } = context.id;
            tracing::error!(
                notification.id = %notification,
                subscription.id = %subscription,
                reason,
                "a push could not be made"
            );
            settled(context.id, State::Dead, Some(reason))
        }
    }
}

/// Takes a notification off a device's screen. Whatever comes of it, the notification itself was accepted.
async fn withdraw(state: &AppState, context: &DeliveryContext, target: &Target, now: Millis) -> Settled {
    let done = settled(context.id, State::Accepted, Some("withdrawn"));
    let moment = state.clock.moment();
    if context.expires_at <= now {
        return done;
    }
    if let Some(until) = state.push.breaker().blocked_until(&target.origin, context.id.subscription, moment) {
        return postponed(context, spread(state, now.plus(until.since(moment))), waiting::ORIGIN_PAUSED);
    }
    let judged = match message::withdraw(state, context, target, now).await {
        Ok(sent) => judge(state, context, target, sent.outcome, now),
        Err(_) => return done,
    };
    match judged.state {
        State::Retry | State::Gone => judged,
        _ => Settled { status: judged.status, ..done },
    }
}

/// Postpones a delivery without an attempt. One that would wait beyond its expiry ends.
fn postponed(context: &DeliveryContext, until: Millis, reason: &'static str) -> Settled {
    if until >= context.expires_at {
        return Settled { is_attempt: false, ..settled(context.id, State::Expired, Some(reason)) };
    }
    Settled { send_at: Some(until), is_attempt: false, ..settled(context.id, State::Pending, Some(reason)) }
}

fn standing(context: &DeliveryContext, now: Millis) -> Standing {
    let question = context.question.as_ref();
    let pair = context.pair.as_ref();
    Standing {
        is_closed: pair.is_some_and(|pair| pair.is_closed),
        is_paused: pair
            .is_some_and(|pair| Pair::running_pause(pair.paused_until, Zone::stored(&pair.zone).date(now)).is_some()),
        is_muted: context
            .kind
            .channel()
            .is_some_and(|channel| context.muted.holds(channel) || pair.is_some_and(|pair| pair.muted.holds(channel))),
        is_open: question.is_some_and(|question| !question.is_shelved && !question.is_complete),
        is_complete: question.is_some_and(|question| question.is_complete),
        has_answered: question.is_some_and(|question| question.has_answered),
        other_has_answered: question.is_some_and(|question| question.other_has_answered),
        is_superseded: context.is_superseded,
    }
}

/// The end of the quiet hours that contain now.
fn quiet_until(context: &DeliveryContext, now: Millis) -> Option<Millis> {
    let pair = context.pair.as_ref();
    let question_in_quiet = pair.and_then(|pair| pair.question_in_quiet);
    let until = tell::after_quiet(
        context.kind,
        context.due_at,
        context.quiet,
        question_in_quiet,
        &context.zone,
        pair.map(|pair| &pair.zone),
        now,
    );
    (until > now).then_some(until)
}

async fn pass_and_look(state: AppState) -> Result<Option<Millis>, ServiceError> {
    pass(&state).await?;
    let mut tx = state.database.read().await?;
    Ok(deliveries::next_send(&mut tx).await?)
}

/// Sends until the process ends. The clock wakes it, and a commit that wrote a delivery.
pub async fn run(state: AppState) {
    let woken = |state: AppState| async move { state.database.notifier().outbox_woken().await };
    work(state, "the outbox could not be looked through", pass_and_look, woken).await;
}
