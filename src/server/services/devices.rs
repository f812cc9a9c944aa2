//! The person's devices: testing, naming and removing them, and what they report.
//! Rules R97, R101–R103.

use super::{ServiceError, inbox, reader::Reader, tell::Facts, topics};
use crate::{
    domain::{
        Cancelled, EventKind, Millis, NotificationId, NotificationKind, Pair, PairPhase, Person, PersonId, Provider,
        SessionId, SubscriptionId, graphemes, has_forbidden, is_blank, mended,
    },
    server::{
        calendar::Zone,
        state::AppState,
        storage::{
            Tx,
            deliveries::{self, CancelFor, DeliveryId},
            device_locks, entries,
            notifications::{self, NewNotification},
            persons,
            receipts::{self, Receipt, Trail},
            subscriptions::{self, Subscription},
        },
    },
};

/// Lifetime of a test notification.
const TEST_LIFE_MS: i64 = Millis::MINUTE;
const LONGEST_NAME: usize = 20;

/// Removes a subscription, which is locked, and cancels its deliveries.
pub async fn remove_in(tx: &mut Tx, subscription: &Subscription, now: Millis) -> Result<(), ServiceError> {
    deliveries::cancel(tx, CancelFor::Subscription(subscription.id), Cancelled::SignedOut, now).await?;
    topics::end_device(tx, subscription.id, now).await?;
    Ok(subscriptions::delete(tx, subscription.id).await?)
}

pub(super) async fn tell_device(
    tx: &mut Tx,
    state: &AppState,
    person: PersonId,
    now: Millis,
) -> Result<(), ServiceError> {
    let mut facts = Facts::default();
    facts.myself(person, EventKind::DeviceChanged);
    facts.write(tx, state, now).await
}

/// Begins a change to the person's devices, which are locked.
async fn begin(state: &AppState, person: &Person) -> Result<Tx, ServiceError> {
    let mut tx = state.database.begin().await?;
    persons::lock(&mut tx, [person.id]).await?;
    device_locks::lock_of(&mut tx, [person.id]).await?;
    Ok(tx)
}

/// Removes one of the person's devices.
pub async fn remove(state: &AppState, person: &Person, id: SubscriptionId) -> Result<(), ServiceError> {
    let now = state.clock.now();
    let mut tx = begin(state, person).await?;
    let subscription = subscriptions::lookup_for(&mut tx, person.id, id).await?.ok_or(ServiceError::NotFound)?;
    remove_in(&mut tx, &subscription, now).await?;
    tell_device(&mut tx, state, person.id, now).await?;
    tx.commit().await?;
    Ok(())
}

/// Removes the device this request comes from.
pub async fn remove_own(state: &AppState, person: &Person, session: SessionId) -> Result<(), ServiceError> {
    let now = state.clock.now();
    let mut tx = begin(state, person).await?;
    let mine = subscriptions::find_of_session(&mut tx, session).await?;
    if mine.is_empty() {
        return Ok(());
    }
    for subscription in mine {
        remove_in(&mut tx, &subscription, now).await?;
    }
    tell_device(&mut tx, state, person.id, now).await?;
    tx.commit().await?;
    Ok(())
}

/// The name that a person typed for a device or a passkey: 1 to 20 graphemes in one line.
pub(super) fn parse_name(typed: &str) -> Result<String, ServiceError> {
    let name = mended(typed);
    let name = name.trim();
    if is_blank(name)
        || name.len() > 300
        || graphemes(name) > LONGEST_NAME
        || has_forbidden(name)
        || name.contains('\n')
    {
        return Err(ServiceError::DeviceName);
    }
    Ok(name.to_owned())
}

/// Renames a device.
pub async fn rename(state: &AppState, person: &Person, id: SubscriptionId, name: &str) -> Result<(), ServiceError> {
    let name = parse_name(name)?;
    let now = state.clock.now();
    let mut tx = begin(state, person).await?;
    let subscription = subscriptions::lookup_for(&mut tx, person.id, id).await?.ok_or(ServiceError::NotFound)?;
    if !subscriptions::rename(&mut tx, subscription.id, &name).await? {
        return Ok(());
    }
    tell_device(&mut tx, state, person.id, now).await?;
    tx.commit().await?;
    Ok(())
}

/// Sets whether the system draws the notifications of one of the person's FCM devices. Then they appear on phones that
/// hold the app's background work back, and the app can neither report nor replace them.
pub async fn draw(state: &AppState, person: &Person, id: SubscriptionId, by_system: bool) -> Result<(), ServiceError> {
    let now = state.clock.now();
    let mut tx = begin(state, person).await?;
    let device = subscriptions::lookup_for(&mut tx, person.id, id).await?;
    let device = device.filter(|device| device.provider == Provider::Fcm).ok_or(ServiceError::NotFound)?;
    if !subscriptions::draw(&mut tx, device.id, by_system).await? {
        return Ok(());
    }
    topics::follow(&mut tx, state, person.id, now).await?;
    tell_device(&mut tx, state, person.id, now).await?;
    tx.commit().await?;
    Ok(())
}

/// Sends a test to one of the person's devices. The page shows what becomes of it.
pub async fn test(state: &AppState, person: &Person, id: SubscriptionId) -> Result<(), ServiceError> {
    let now = state.clock.now();
    let mut tx = begin(state, person).await?;
    let subscription = subscriptions::lookup_for(&mut tx, person.id, id).await?.ok_or(ServiceError::NotFound)?;
    let new = NewNotification {
        id: NotificationId(state.random.id(now)),
        person: person.id,
        slot: format!("test:{}:{}", subscription.id, state.random.number()),
        kind: NotificationKind::Test,
        pair: None,
        daily_question: None,
        detail: String::new(),
        seq: 0,
        is_pushed: true,
        at: now,
        expires_at: now.plus(TEST_LIFE_MS),
        due_at: None,
    };
    let delivery = DeliveryId { notification: new.id, subscription: subscription.id };
    notifications::insert(&mut tx, std::slice::from_ref(&new), &[(delivery, now)], now).await?;
    // A test is read from the start: it is not shown in the inbox.
    entries::read_one(&mut tx, person.id, new.id, now).await?;
    tell_device(&mut tx, state, person.id, now).await?;
    tx.commit().await?;
    Ok(())
}

/// Stores a device's report that it showed or opened a notification. The receipt in the push authorises this report and
/// nothing else.
pub async fn report(state: &AppState, id: DeliveryId, receipt: &str, what: Receipt) -> Result<(), ServiceError> {
    if !state.secrets.is_receipt(receipt, id.notification, id.subscription) {
        return Err(ServiceError::NotFound);
    }
    let now = state.clock.now();
    let mut tx = state.database.begin().await?;
    if let Some(person) = receipts::report(&mut tx, id, what, now).await? {
        if what == Receipt::Clicked {
            inbox::mark_opened(&mut tx, state, person, id.notification).await?;
        }
        tell_device(&mut tx, state, person, now).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Whether a question's push reached the other. It names neither times nor devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    Delivered,
    /// The other has no push subscription.
    SwitchedOff,
    NotYet,
}

/// What the devices page shows.
pub struct Devices {
    pub subscriptions: Vec<Subscription>,
    /// The deliveries of the last day's questions and tests, newest first.
    pub questions: Vec<Trail>,
    pub tests: Vec<Trail>,
    pub others: Vec<(Pair, Reached)>,
}

pub async fn find(state: &AppState, reader: &Reader) -> Result<Devices, ServiceError> {
    let person = &reader.person;
    let now = state.clock.now();
    let mut tx = state.database.read().await?;
    let subscriptions = subscriptions::find_of(&mut tx, person.id).await?;
    let since = now.plus(-Millis::DAY);
    let kinds = [NotificationKind::Question, NotificationKind::Test];
    let (trails, reached) = receipts::find_arrivals(&mut tx, person.id, kinds, since).await?;
    let (questions, tests) = trails.into_iter().partition(|trail| trail.kind == NotificationKind::Question.word());
    let home = reader.home(&mut tx).await?;
    let together = home.pairs.iter().filter(|pair| pair.phase() == PairPhase::Together);
    let others = together.filter_map(|pair| Some((pair.clone(), Reached::of(*reached.get(&pair.id)?)))).collect();
    Ok(Devices { subscriptions, questions, tests, others })
}

impl Reached {
    fn of((is_accepted, has_browser): (bool, bool)) -> Self {
        match (is_accepted, has_browser) {
            (true, _) => Self::Delivered,
            (false, false) => Self::SwitchedOff,
            (false, true) => Self::NotYet,
        }
    }
}

/// The zone in which the person reads times.
pub fn zone_of(person: &Person) -> Zone {
    Zone::stored(&person.zone)
}
