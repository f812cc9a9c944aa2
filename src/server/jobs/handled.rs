//! One claimed delivery: whether it is still true and may be sent now, the sending, and the outcome.
//!
//! Rules R95, R97, R98.

use super::{
    claimed::settled,
    judge::judge,
    message::{self, Sent},
    recovered::spread,
};
use crate::{
    domain::{Cancelled, Millis, Pair, Standing, still_holds},
    server::{
        calendar::Zone,
        counters,
        services::tell,
        state::AppState,
        storage::{
            deliveries::{DeliveryId, Settled, State},
            delivery_context::{DeliveryContext, Target},
            waiting,
        },
    },
};

/// The outcome of a delivery, and the origin of its push service if that had failed before and answers again.
pub(super) async fn handle(
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
