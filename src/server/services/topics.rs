//! Keeps each FCM device subscribed to the topic of its person's language, as far as the person wants announcements.
//! Rule R152.

use super::ServiceError;
use crate::{
    domain::{FcmAct, Locale, Millis, PersonId, SessionId, SubscriptionId},
    server::{
        push::DeviceAddress,
        state::AppState,
        storage::{
            Tx, device_locks,
            fcm_calls::{self, NewCall},
            topics::{self, TopicDevice},
        },
    },
};

/// How long a subscription is tried. The next start of the shell asks for it again.
const LIFE_MS: i64 = 3 * Millis::DAY;

/// Compares the topics of a person's devices with what the person wants now, and queues what differs.
pub(super) async fn follow(tx: &mut Tx, state: &AppState, person: PersonId, now: Millis) -> Result<(), ServiceError> {
    let Some(fcm) = &state.push.native().fcm else { return Ok(()) };
    let devices = topics::find_of(tx, person).await?;
    device_locks::lock(tx, devices.iter().map(|device| device.id)).await?;
    let mut all_calls = Vec::new();
    for device in devices {
        // A device of another Firebase project cannot be subscribed in this one.
        let wanted = device.wanted().filter(|_| {
            matches!(DeviceAddress::from_stored(&device.address),
                Some(DeviceAddress::Fcm { project, .. }) if project == fcm.project())
        });
        let mut calls = left(&device, wanted, now);
        if let Some(topic) = wanted.filter(|topic| device.topic != *topic) {
            calls.push(call(FcmAct::Subscribe, &device, topic, now));
        }
        if !device.topic.is_empty() && wanted != Some(device.topic.as_str()) {
            topics::leave(tx, &device, now).await?;
        }
        all_calls.append(&mut calls);
    }
    Ok(fcm_calls::insert(tx, &all_calls, now).await?)
}

/// Unsubscribes devices that are removed.
pub async fn end(tx: &mut Tx, devices: &[TopicDevice], now: Millis) -> Result<(), ServiceError> {
    let calls: Vec<NewCall> = devices.iter().flat_map(|device| left(device, None, now)).collect();
    Ok(fcm_calls::insert(tx, &calls, now).await?)
}

/// The device with this id as its topic depends on it; none for devices of other providers.
pub async fn find(tx: &mut Tx, id: SubscriptionId) -> Result<Vec<TopicDevice>, ServiceError> {
    Ok(topics::lookup(tx, id).await?.into_iter().collect())
}

/// Unsubscribes a device that is about to be removed.
pub(super) async fn end_device(tx: &mut Tx, id: SubscriptionId, now: Millis) -> Result<(), ServiceError> {
    let device = find(tx, id).await?;
    end(tx, &device, now).await
}

/// Unsubscribes the devices of a session that is about to end.
pub(super) async fn end_session(tx: &mut Tx, session: SessionId, now: Millis) -> Result<(), ServiceError> {
    let devices = topics::find_of_session(tx, session).await?;
    end(tx, &devices, now).await
}

/// Unsubscribes the devices of sessions that were last used before `before`, which housekeeping is about to delete.
pub async fn end_idle(state: &AppState, before: Millis, now: Millis) -> Result<(), ServiceError> {
    let mut tx = state.database.read().await?;
    let devices = topics::find_idle(&mut tx, before).await?;
    drop(tx);
    if devices.is_empty() {
        return Ok(());
    }
    let mut tx = state.database.begin().await?;
    device_locks::lock(&mut tx, devices.iter().map(|device| device.id)).await?;
    end(&mut tx, &devices, now).await?;
    Ok(tx.commit().await?)
}

/// The calls that end what the device is, or is about to be, subscribed to beside `wanted`.
fn left(device: &TopicDevice, wanted: Option<&str>, now: Millis) -> Vec<NewCall> {
    let topics = Locale::ALL.map(Locale::topic).into_iter();
    let is_left = |topic: &&str| (device.topic == *topic || device.awaited == *topic) && wanted != Some(*topic);
    topics.filter(is_left).map(|topic| call(FcmAct::Unsubscribe, device, topic, now)).collect()
}

fn call(act: FcmAct, device: &TopicDevice, topic: &str, now: Millis) -> NewCall {
    NewCall {
        act,
        address: device.address.clone(),
        topic: topic.to_owned(),
        announcement: None,
        expires_at: now.plus(LIFE_MS),
    }
}
