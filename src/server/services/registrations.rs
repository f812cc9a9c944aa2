//! Adding a device: the push subscription of a browser, or the registration of a shell with FCM or APNs.
//! Rules R101–R103.

use super::{
    DeviceName, ServiceError,
    devices::{remove_in, tell_device},
    topics,
};
use crate::{
    domain::{ApnsEnvironment, Cancelled, Millis, Person, Provider, SessionId, SubscriptionId},
    server::{
        push::{AddressError, DeviceAddress, Endpoint, KeyError, ReceiverKeys},
        state::AppState,
        storage::{
            deliveries::{self, CancelFor},
            device_locks, persons, sessions,
            subscriptions::{self, NewAddress, Subscription},
            waiting,
        },
    },
};

/// Most devices of one person. One more replaces the one silent for longest.
pub const MOST: usize = 10;
/// Every page renews the address of its device. A browser's renewal is stored once an hour at most.
const RENEWED_EVERY_MS: i64 = Millis::HOUR;
/// The same for a shell. A provider says since when a registration has ended, and a later renewal keeps the device.
const SHELL_RENEWED_EVERY_MS: i64 = Millis::MINUTE;

/// What a browser sends when it subscribes (Push API §8.2, `PushSubscriptionJSON`).
#[derive(Debug)]
pub struct Offered<'a> {
    pub endpoint: &'a str,
    pub p256dh: &'a str,
    pub auth: &'a str,
    /// The application server key of the subscription.
    pub key: &'a str,
}

/// What a shell sends at each of its starts.
pub struct Registered<'a> {
    /// `fcm` or `apns`.
    pub provider: &'a str,
    pub address: &'a str,
    /// FCM: `fid` or `token`. APNs: empty.
    pub kind: &'a str,
    /// APNs: `production`, `sandbox`, or empty when the shell does not know. FCM: empty.
    pub environment: &'a str,
}

/// Stores a browser's subscription: a new one, a renewal, or one that now belongs to another person.
pub async fn subscribe(
    state: &AppState,
    person: &Person,
    session: SessionId,
    device: &DeviceName,
    offered: Offered<'_>,
) -> Result<(), ServiceError> {
    let endpoint = Endpoint::parse(offered.endpoint, state.push.hosts())?;
    let keys = ReceiverKeys::parse(offered.p256dh, offered.auth)?;
    let key_id = state.push.key_id(offered.key).ok_or(ServiceError::PushKeys(KeyError::Length))?;
    let address = NewAddress {
        provider: Provider::WebPush,
        endpoint: endpoint.as_str().to_owned(),
        origin: endpoint.origin(),
        environment: ApnsEnvironment::default(),
        p256dh: keys.p256dh_text(),
        auth: keys.auth_text(),
        key_id,
    };
    keep(state, person, session, device, address).await
}

/// Stores a shell's registration. Its address alone proves that the device is the caller's, because only the shell and
/// its provider know it.
pub async fn register(
    state: &AppState,
    person: &Person,
    session: SessionId,
    device: &DeviceName,
    registered: Registered<'_>,
) -> Result<(), ServiceError> {
    let Registered { provider, address, kind, environment } = registered;
    let native = state.push.native();
    let (address, origin, environment) = match Provider::from_stored(provider) {
        Provider::Fcm => {
            let fcm = native.fcm.as_ref().ok_or(ServiceError::ProviderDisabled)?;
            let address = DeviceAddress::fcm(fcm.project(), kind, address)?;
            (address, fcm.origin(), ApnsEnvironment::default())
        }
        Provider::Apns => {
            let apns = native.apns.as_ref().ok_or(ServiceError::ProviderDisabled)?;
            let address = DeviceAddress::apns(apns.topic(), address)?;
            let environment = match environment {
                "" | "production" => ApnsEnvironment::Production,
                "sandbox" => ApnsEnvironment::Sandbox,
                _ => return Err(AddressError::Environment.into()),
            };
            (address, apns.host(environment).to_owned(), environment)
        }
        Provider::WebPush | Provider::Later => return Err(AddressError::Provider.into()),
    };
    let address = NewAddress {
        provider: address.provider(),
        endpoint: address.to_stored(),
        origin,
        environment,
        p256dh: String::new(),
        auth: String::new(),
        key_id: String::new(),
    };
    keep(state, person, session, device, address).await
}

/// How often storing an address is tried again that another person's request stored at the same moment.
const TRIES: usize = 4;

async fn keep(
    state: &AppState,
    person: &Person,
    session: SessionId,
    device: &DeviceName,
    address: NewAddress,
) -> Result<(), ServiceError> {
    // Every page renews its address. Most renewals change nothing, so they only read.
    let mut tx = state.database.read().await?;
    let known = subscriptions::lookup_by_endpoint(&mut tx, &address.endpoint).await?;
    let earlier = subscriptions::find_of_session(&mut tx, session).await?;
    drop(tx);
    let is_alone = earlier.iter().all(|earlier| earlier.endpoint == address.endpoint);
    if is_alone && known.is_some_and(|known| is_fresh(&known, person, session, &address, state.clock.now())) {
        return Ok(());
    }
    for _ in 0..TRIES {
        if try_to_keep(state, person, session, device, &address).await? {
            return Ok(());
        }
    }
    Err(ServiceError::Broken("an address changes hands all the time"))
}

fn has_same_keys(known: &Subscription, address: &NewAddress) -> bool {
    known.p256dh == address.p256dh && known.auth == address.auth
}

fn is_same(known: &Subscription, person: &Person, session: SessionId, address: &NewAddress) -> bool {
    known.person == person.id && known.session == session && known.key_id == address.key_id
}

/// Whether a renewal is not worth storing.
fn is_fresh(known: &Subscription, person: &Person, session: SessionId, address: &NewAddress, now: Millis) -> bool {
    let renewed_every = if known.provider == Provider::WebPush { RENEWED_EVERY_MS } else { SHELL_RENEWED_EVERY_MS };
    is_same(known, person, session, address)
        && has_same_keys(known, address)
        && now.since(known.renewed_at) < renewed_every
}

/// Returns false when another person's request got the address at the same moment: then everything is read again.
async fn try_to_keep(
    state: &AppState,
    person: &Person,
    session: SessionId,
    device: &DeviceName,
    address: &NewAddress,
) -> Result<bool, ServiceError> {
    let now = state.clock.now();
    let mut tx = state.database.begin().await?;
    let owner = subscriptions::lookup_by_endpoint(&mut tx, &address.endpoint).await?.map(|known| known.person);
    let involved = || owner.into_iter().chain([person.id]);
    persons::lock(&mut tx, involved()).await?;
    device_locks::lock_of(&mut tx, involved()).await?;
    if !sessions::exists(&mut tx, session).await? {
        return Err(ServiceError::SignedOut);
    }
    let known = subscriptions::lookup_by_endpoint(&mut tx, &address.endpoint).await?;
    if known.as_ref().is_some_and(|known| involved().all(|involved| involved != known.person)) {
        return Ok(false);
    }
    // A device has one address at a time.
    let mut earlier = subscriptions::find_of_session(&mut tx, session).await?;
    earlier.retain(|earlier| earlier.endpoint != address.endpoint);
    let (id, is_known) = match known {
        Some(known) => {
            if known.person != person.id && !has_same_keys(&known, address) {
                return Err(ServiceError::SubscriptionTaken);
            }
            if known.person != person.id {
                // Another person signed in on this device: the first person's deliveries must not reach them.
                deliveries::cancel(&mut tx, CancelFor::Subscription(known.id), Cancelled::SignedOut, now).await?;
                tell_device(&mut tx, state, known.person, now).await?;
            }
            if earlier.is_empty() && is_fresh(&known, person, session, address, now) {
                return Ok(true);
            }
            let is_same = is_same(&known, person, session, address);
            let name = if known.person == person.id { known.name.clone() } else { device.0.clone() };
            let mut changed = known;
            (changed.person, changed.session, changed.renewed_at) = (person.id, session, now);
            (changed.p256dh, changed.auth) = (address.p256dh.clone(), address.auth.clone());
            (changed.key_id, changed.name) = (address.key_id.clone(), name);
            subscriptions::update(&mut tx, &changed).await?;
            (changed.id, is_same)
        }
        None => {
            let mut mine = subscriptions::find_of(&mut tx, person.id).await?;
            mine.retain(|mine| earlier.iter().all(|earlier| earlier.id != mine.id));
            // A device keeps the name its person gave it.
            let name = earlier
                .iter()
                .find(|earlier| earlier.person == person.id)
                .map_or_else(|| device.0.clone(), |earlier| earlier.name.clone());
            let id = SubscriptionId(state.random.id(now));
            let new = Subscription::new(id, (person.id, session), address.clone(), name, now);
            if !subscriptions::insert(&mut tx, &new).await? {
                return Ok(false);
            }
            for silent in mine.iter().skip(MOST - 1) {
                remove_in(&mut tx, silent, now).await?;
            }
            (new.id, false)
        }
    };
    let is_news = !is_known || !earlier.is_empty();
    for earlier in earlier {
        // Only the address changed, so deliveries that wait follow to the new one.
        if earlier.person == person.id {
            waiting::follow(&mut tx, earlier.id, id, now).await?;
        }
        remove_in(&mut tx, &earlier, now).await?;
    }
    topics::follow(&mut tx, state, person.id, now).await?;
    if is_news {
        tell_device(&mut tx, state, person.id, now).await?;
    }
    tx.commit().await?;
    Ok(true)
}
