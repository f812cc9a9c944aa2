//! Makes the message of a delivery, with the words that are true now: encrypted, signed and handed to the push service.
//! Rules R31, R46, R100.

use crate::{
    domain::{Millis, NotificationKind, PairPhase, Status},
    server::{
        calendar::Zone,
        push::{
            PushMessage, PushOutcome,
            payload::{self, Envelope, Notice, NoticePair},
        },
        services::ServiceError,
        state::AppState,
        storage::{
            daily_questions,
            delivery_context::{DeliveryContext, Target},
            pairs,
        },
    },
    text,
};

/// Sends a delivery. The error says, for the operator, why the message could not be made.
pub async fn send(
    state: &AppState,
    context: &DeliveryContext,
    target: &Target,
    now: Millis,
) -> Result<PushOutcome, &'static str> {
    let waiting = if context.kind == NotificationKind::Reminder {
        waiting(state, context).await.unwrap_or_default()
    } else {
        Vec::new()
    };
    let notice = Notice {
        kind: context.kind,
        locale: context.locale,
        pair: context.pair.as_ref().map(|pair| NoticePair {
            id: pair.id,
            role: pair.role,
            other: pair.other.as_ref().map(|(relation, name)| (relation, name.as_str())),
        }),
        wordings: context.question.as_ref().map(|question| &question.wordings),
        detail: &context.detail,
        waiting: &waiting,
    };
    let (title, body) = if context.hides_details {
        let (title, body) = payload::discreet(context.locale);
        (title.to_owned(), body.to_owned())
    } else {
        payload::say(&notice)
    };
    let card = context.question.as_ref().filter(|question| question.is_complete).and(context.daily_question);
    let path = payload::path(context.kind, context.pair.as_ref().map(|pair| pair.id), card);
    let (notification, subscription) = (context.id.notification.to_string(), context.id.subscription.to_string());
    let receipt = state.secrets.receipt(context.id.notification, context.id.subscription);
    let slot = replaces(context);
    let tag = state.secrets.push_topic(context.id.subscription, &slot);
    let envelope = Envelope {
        public_url: state.site.public_url.as_str(),
        path: &path,
        id: &notification,
        subscription: &subscription,
        receipt: &receipt,
        tag: &tag,
        unread: context.unread,
        sent_at: now,
    };
    let payload = payload::payload(context.locale, &title, &body, &envelope);
    let body = state.push.encrypt(&target.p256dh, &target.auth, &payload)?;
    let authorization = state.push.authorization(&target.origin, &target.key_id, now.0).ok_or("key gone")?;
    let ttl_s = u32::try_from(context.expires_at.since(now) / Millis::SECOND).unwrap_or(u32::MAX);
    let urgency = context.kind.urgency();
    let message =
        PushMessage { endpoint: &target.endpoint, body, authorization: &authorization, ttl_s, urgency, topic: &tag };
    Ok(state.push.sender().send(message).await)
}

/// The name under which a newer push replaces an older one, at the push service and on the lock screen.
fn replaces(context: &DeliveryContext) -> String {
    match (context.kind, &context.pair) {
        (NotificationKind::Question | NotificationKind::Reminder | NotificationKind::Nudge, Some(pair)) => {
            format!("question:{}", pair.id)
        }
        (NotificationKind::TimeChanged | NotificationKind::Paused | NotificationKind::Resumed, Some(pair)) => {
            format!("schedule:{}", pair.id)
        }
        _ => context.slot.clone(),
    }
}

/// The members whose open question waits for this person, as the person calls them.
async fn waiting(state: &AppState, context: &DeliveryContext) -> Result<Vec<String>, ServiceError> {
    let words = text::words(context.locale);
    let now = state.clock.now();
    let mut tx = state.database.read().await?;
    let mut called = Vec::new();
    for pair in pairs::find_of(&mut tx, context.person).await? {
        let is_resting = pair.pause_at(Zone::stored(&pair.zone).date(now)).is_some();
        let Some(role) = pair.role_of(context.person).filter(|_| pair.phase() == PairPhase::Together && !is_resting)
        else {
            continue;
        };
        let current = daily_questions::lookup_current(&mut tx, pair.id).await?;
        let waits = current.is_some_and(|question| question.status() == Status::Open && !question.has_answered(role));
        if let (Some(other), true) = (pair.seat(role.other()), waits) {
            called.push(text::call(words, other.role, &other.relation, other.name.as_str()));
        }
    }
    Ok(called)
}
