//! The loop that makes the calls to FCM about topics: it subscribes devices, and sends the messages of announcements.
//! As in the outbox, a call is claimed with a lease, made without a transaction, and settled.
//! Rules R152, R153.

use std::hash::{DefaultHasher, Hash, Hasher};

use futures::{StreamExt, stream};

use super::{
    judge::{HELD_WAITS_MS, back_off},
    recovered::{bring_forward, spread},
    work,
};
use crate::{
    domain::{AnnouncementId, FcmAct, Locale, Millis, NotificationKind, Role, SubscriptionId},
    paths,
    server::{
        push::{
            DeviceAddress, PushOutcome,
            fcm::{Fcm, FcmMessage, FcmTarget},
            native_payload,
        },
        services::ServiceError,
        state::AppState,
        storage::{
            announcements::{self, Announcement},
            fcm_calls::{self, Call},
            topics,
        },
    },
    text::pushes,
};

/// Calls claimed at once. All are made at the same time, so that the batch ends within its lease.
const BATCH: i64 = 100;
const LEASE_MS: i64 = Millis::MINUTE;

/// What follows a call.
enum Next {
    /// It is over. A subscription that was accepted is recorded.
    End {
        is_accepted: bool,
    },
    At(Millis),
}

/// Makes all calls that are due. Returns how many were settled.
pub async fn pass(state: &AppState) -> Result<usize, ServiceError> {
    let mut settled = 0;
    loop {
        let now = state.clock.now();
        // Most looks find nothing, so they only read.
        let mut tx = state.database.read().await?;
        if fcm_calls::next_send(&mut tx).await?.is_none_or(|at| at > now) {
            return Ok(settled);
        }
        drop(tx);
        let mut tx = state.database.begin().await?;
        let now = state.now_in(&mut tx).await?;
        let lease_until = now.plus(LEASE_MS);
        let claimed = fcm_calls::claim(&mut tx, now, lease_until, BATCH).await?;
        tx.commit().await?;
        let made: Vec<(Call, Next)> = stream::iter(claimed)
            .map(async |call| {
                let next = make(state, &call).await;
                (call, next)
            })
            .buffer_unordered(BATCH as usize)
            .collect()
            .await;
        settle(state, &made, lease_until).await?;
        settled += made.len();
    }
}

async fn settle(state: &AppState, made: &[(Call, Next)], lease_until: Millis) -> Result<(), ServiceError> {
    let now = state.clock.now();
    let mut tx = state.database.begin().await?;
    fcm_calls::lock(&mut tx, &made.iter().map(|(call, _)| call).collect::<Vec<_>>()).await?;
    for (call, next) in made {
        match next {
            Next::End { is_accepted } => {
                let is_ours = fcm_calls::end(&mut tx, call, lease_until).await?;
                if is_ours && *is_accepted && call.act() == Some(FcmAct::Subscribe) {
                    topics::subscribed(&mut tx, &call.address, &call.topic, now).await?;
                }
            }
            Next::At(send_at) => fcm_calls::postpone(&mut tx, call, lease_until, *send_at).await?,
        }
    }
    Ok(tx.commit().await?)
}

/// Makes one call and decides what follows.
async fn make(state: &AppState, call: &Call) -> Next {
    let now = state.clock.now();
    if call.expires_at <= now {
        tracing::warn!(topic = call.topic, attempts = call.attempts - 1, "a call to FCM expired before it was made");
        return Next::End { is_accepted: false };
    }
    let origin = origin(state, call);
    let moment = state.clock.moment();
    if let Some(until) = state.push.breaker().blocked_until(&origin, device(call), moment) {
        return Next::At(spread(state, now.plus(until.since(moment))));
    }
    let outcome = match &state.push.native().fcm {
        Some(fcm) => send(state, fcm, call, now).await,
        None => Ok(PushOutcome::Held { status: None, cause: "FCM_SERVICE_ACCOUNT is not set" }),
    };
    match outcome {
        Ok(outcome) => judge(state, call, &origin, outcome).await,
        Err(reason) => {
            tracing::error!(topic = call.topic, reason, "a call to FCM could not be made");
            Next::End { is_accepted: false }
        }
    }
}

/// What failures are counted by. Subscriptions have quotas and permissions of their own: their refusals must not hold
/// up what is sent to devices.
fn origin(state: &AppState, call: &Call) -> String {
    let project = state.push.native().fcm.as_ref().map(Fcm::origin).unwrap_or_default();
    if call.act() == Some(FcmAct::TopicSend) { project } else { format!("{project} topics") }
}

/// The breaker counts the devices that met failures; a call stands for one.
fn device(call: &Call) -> SubscriptionId {
    let mut hasher = DefaultHasher::new();
    call.key.hash(&mut hasher);
    SubscriptionId(hasher.finish().into())
}

async fn send(state: &AppState, fcm: &Fcm, call: &Call, now: Millis) -> Result<PushOutcome, &'static str> {
    match call.act() {
        Some(FcmAct::TopicSend) => send_message(state, fcm, call, now).await,
        Some(act) => {
            let Some(DeviceAddress::Fcm { project, registration }) = DeviceAddress::from_stored(&call.address) else {
                return Err("address");
            };
            if project != fcm.project() {
                return Err("the device registered with another Firebase project");
            }
            let registration = registration.as_str();
            Ok(match act {
                FcmAct::Subscribe => fcm.subscribe(registration, &call.topic, now.0).await,
                _ => fcm.unsubscribe(registration, &call.topic, now.0).await,
            })
        }
        None => Ok(PushOutcome::Held { status: None, cause: "the call is of a later release" }),
    }
}

async fn send_message(state: &AppState, fcm: &Fcm, call: &Call, now: Millis) -> Result<PushOutcome, &'static str> {
    let id = call.announcement().ok_or("no announcement")?;
    let announcement = match lookup(state, id).await {
        Ok(found) => found.ok_or("no announcement")?,
        Err(error) => {
            tracing::error!(%error, announcement.id = %id, "an announcement could not be read");
            return Ok(PushOutcome::RetryAfter { status: None, after_ms: None, cause: "database" });
        }
    };
    let locale = Locale::ALL.into_iter().find(|locale| locale.topic() == call.topic).ok_or("topic")?;
    let navigate = format!("{}{}", state.site.public_url.as_str(), paths::inbox());
    let title = pushes::sentence(locale, NotificationKind::Announcement).title.to(Role::Child);
    let message = FcmMessage {
        target: FcmTarget::Topic(&call.topic),
        data: native_payload::topic_data(locale, title, announcement.text(locale), &navigate, &id.slot()),
        drawn: None,
        ttl_s: u32::try_from(call.expires_at.since(now) / Millis::SECOND).unwrap_or(u32::MAX),
        urgency: NotificationKind::Announcement.urgency(),
    };
    Ok(fcm.send(&message, false, now.0).await)
}

async fn lookup(state: &AppState, id: AnnouncementId) -> Result<Option<Announcement>, ServiceError> {
    let mut tx = state.database.read().await?;
    Ok(announcements::lookup(&mut tx, id).await?)
}

/// What follows an outcome, as `judge::judge` decides it for deliveries.
async fn judge(state: &AppState, call: &Call, origin: &str, outcome: PushOutcome) -> Next {
    let now = state.clock.now();
    match outcome {
        PushOutcome::Accepted { .. } => {
            state.push.forget_refusal(origin);
            let has_recovered = state.push.breaker().accepted(origin);
            if has_recovered && let Err(error) = bring_forward(state, origin).await {
                tracing::error!(%error, origin, "deliveries to a service that answers again were not moved");
            }
            if let Some(id) = call.announcement() {
                tracing::info!(announcement.id = %id, topic = call.topic, "a topic message was accepted");
            }
            Next::End { is_accepted: true }
        }
        // The registration has ended, and with it all of its subscriptions.
        PushOutcome::Gone { .. } => Next::End { is_accepted: false },
        PushOutcome::RetryAfter { after_ms, .. } => {
            state.push.breaker().failed(origin, device(call), after_ms, state.clock.moment());
            again(call, now.plus(back_off(state, call.attempts, after_ms)))
        }
        PushOutcome::Held { status, cause } => {
            if state.push.note_refusal(origin, cause) {
                tracing::error!(
                    origin,
                    status,
                    cause,
                    "FCM refuses our credentials for a topic; its calls wait: run `umbba push check`"
                );
            }
            again(call, now.plus(HELD_WAITS_MS))
        }
        PushOutcome::Rejected { status, cause } => {
            tracing::error!(topic = call.topic, status, cause, "FCM refused a call about a topic");
            Next::End { is_accepted: false }
        }
        PushOutcome::Refused(error) => {
            tracing::error!(topic = call.topic, %error, "a call to FCM was not made");
            Next::End { is_accepted: false }
        }
    }
}

/// A call that would wait beyond its expiry ends.
fn again(call: &Call, at: Millis) -> Next {
    if at < call.expires_at {
        return Next::At(at);
    }
    tracing::warn!(topic = call.topic, attempts = call.attempts, "a call to FCM expired");
    Next::End { is_accepted: false }
}

async fn pass_and_look(state: AppState) -> Result<Option<Millis>, ServiceError> {
    pass(&state).await?;
    let mut tx = state.database.read().await?;
    Ok(fcm_calls::next_send(&mut tx).await?)
}

/// Makes calls until the process ends. The clock wakes it, and a commit that wrote a call.
pub async fn run(state: AppState) {
    let woken = |state: AppState| async move { state.database.notifier().calls_woken().await };
    work(state, "fcm_calls", "the calls to FCM could not be looked through", pass_and_look, woken).await;
}
