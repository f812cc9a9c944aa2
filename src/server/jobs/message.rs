//! Makes the message of a delivery, with the words that are true now, and hands it to the provider of its device.
//! Rules R31, R46, R100.

use crate::{
    domain::{ApnsEnvironment, Millis, NotificationKind, PairPhase, Provider, Status, Urgency},
    server::{
        calendar::Zone,
        push::{
            DeviceAddress, PushMessage, PushOutcome, Registration,
            apns::ApnsMessage,
            fcm::{Drawn, Fcm, FcmMessage},
            native_payload,
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

/// A provider's answer, and what it taught about the device besides.
pub struct Sent {
    pub outcome: PushOutcome,
    /// Which of Apple's services knows the device, where it is not the one that was named.
    pub learned: Option<ApnsEnvironment>,
}

impl From<PushOutcome> for Sent {
    fn from(outcome: PushOutcome) -> Self {
        Self { outcome, learned: None }
    }
}

/// What a message says, for every provider.
struct Content<'a> {
    title: &'a str,
    body: &'a str,
    envelope: &'a Envelope<'a>,
    ttl_s: u32,
    now: Millis,
}

/// Makes a device take away a notification that its person has read elsewhere.
pub async fn withdraw(
    state: &AppState,
    context: &DeliveryContext,
    target: &Target,
    now: Millis,
) -> Result<Sent, &'static str> {
    let (fcm, registration) = match fcm_of(state, target)? {
        Ok(found) => found,
        Err(held) => return Ok(held.into()),
    };
    let tag = tag(state, context, target);
    let message = FcmMessage {
        target: registration.target(),
        data: native_payload::withdrawal(&tag, context.unread),
        drawn: None,
        ttl_s: ttl_s(context, now),
        urgency: Urgency::Normal,
    };
    Ok(fcm.send(&message, false, now.0).await.into())
}

/// The sender and the registration of an FCM device, or the outcome that keeps what is due there.
fn fcm_of<'a>(
    state: &'a AppState,
    target: &Target,
) -> Result<Result<(&'a Fcm, Registration), PushOutcome>, &'static str> {
    let Some(DeviceAddress::Fcm { project, registration }) = DeviceAddress::from_stored(&target.endpoint) else {
        return Err("endpoint");
    };
    Ok(match &state.push.native().fcm {
        None => Err(held("FCM_SERVICE_ACCOUNT is not set")),
        Some(fcm) if fcm.project() != project => Err(held("the device registered with another Firebase project")),
        Some(fcm) => Ok((fcm, registration)),
    })
}

fn ttl_s(context: &DeliveryContext, now: Millis) -> u32 {
    u32::try_from(context.expires_at.since(now) / Millis::SECOND).unwrap_or(u32::MAX)
}

/// Sends a delivery. The error says, for the operator, why the message could not be made.
pub async fn send(
    state: &AppState,
    context: &DeliveryContext,
    target: &Target,
    now: Millis,
) -> Result<Sent, &'static str> {
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
    let tag = tag(state, context, target);
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
    let content = Content { title: &title, body: &body, envelope: &envelope, ttl_s: ttl_s(context, now), now };
    match target.provider {
        Provider::WebPush => send_web_push(state, context, target, &content).await.map(Sent::from),
        Provider::Fcm => send_fcm(state, context, target, &content).await.map(Sent::from),
        Provider::Apns => send_apns(state, context, target, &content).await,
        Provider::Later => Ok(held("the device's provider is of a later release").into()),
    }
}

async fn send_web_push(
    state: &AppState,
    context: &DeliveryContext,
    target: &Target,
    content: &Content<'_>,
) -> Result<PushOutcome, &'static str> {
    let payload = payload::payload(context.locale, content.title, content.body, content.envelope);
    let body = state.push.encrypt(&target.p256dh, &target.auth, &payload)?;
    let authorization = state.push.authorization(&target.origin, &target.key_id, content.now.0).ok_or("key gone")?;
    let message = PushMessage {
        endpoint: &target.endpoint,
        body,
        authorization: &authorization,
        ttl_s: content.ttl_s,
        urgency: context.kind.urgency(),
        topic: content.envelope.tag,
    };
    Ok(state.push.sender().send(message).await)
}

async fn send_fcm(
    state: &AppState,
    context: &DeliveryContext,
    target: &Target,
    content: &Content<'_>,
) -> Result<PushOutcome, &'static str> {
    let (fcm, registration) = match fcm_of(state, target)? {
        Ok(found) => found,
        Err(held) => return Ok(held),
    };
    let Content { title, body, envelope, .. } = content;
    let drawn = target.is_drawn_by_system.then(|| Drawn {
        title,
        body,
        tag: envelope.tag,
        channel: native_payload::channel(context.kind),
        unread: envelope.unread,
    });
    let message = FcmMessage {
        target: registration.target(),
        data: native_payload::fcm_data(context.kind, context.locale, title, body, envelope),
        drawn,
        ttl_s: content.ttl_s,
        urgency: context.kind.urgency(),
    };
    Ok(fcm.send(&message, false, content.now.0).await)
}

async fn send_apns(
    state: &AppState,
    context: &DeliveryContext,
    target: &Target,
    content: &Content<'_>,
) -> Result<Sent, &'static str> {
    let Some(DeviceAddress::Apns { topic, token }) = DeviceAddress::from_stored(&target.endpoint) else {
        return Err("endpoint");
    };
    let Some(apns) = &state.push.native().apns else { return Ok(held("APNS_KEY is not set").into()) };
    if apns.topic() != topic {
        return Ok(held("the device registered with another bundle id").into());
    }
    let pair = context.pair.as_ref().map(|pair| pair.id);
    let Content { title, body, envelope, .. } = content;
    let payload = native_payload::apns_payload(context.kind, pair, context.locale, title, body, envelope);
    let message = ApnsMessage {
        token: &token,
        environment: target.environment,
        payload: &payload,
        collapse_id: envelope.tag,
        id: envelope.id,
        expires_at_s: context.expires_at.0 / Millis::SECOND,
        urgency: context.kind.urgency(),
        renewed_at: target.renewed_at,
    };
    let result = apns.send(&message, content.now.0).await;
    Ok(Sent { outcome: result.outcome, learned: result.learned })
}

fn held(cause: &'static str) -> PushOutcome {
    PushOutcome::Held { status: None, cause }
}

/// The tag of a message: what a newer one replaces an older one by, at the push service and on the lock screen.
fn tag(state: &AppState, context: &DeliveryContext, target: &Target) -> String {
    match (context.kind, target.provider) {
        // A device may get the message of its topic too (`fcm_calls`): the same tag makes it show one.
        (NotificationKind::Announcement, Provider::Fcm) => context.slot.clone(),
        _ => state.secrets.push_topic(context.id.subscription, &replaces(context)),
    }
}

/// The name of what a newer push replaces.
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
