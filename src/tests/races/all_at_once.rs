//! Everything that people and jobs do, in random order and at the same time, on the same few persons and pairs. A
//! refusal is an answer; an accident is not.

use std::sync::Arc;

use futures::future::BoxFuture;

use super::world::{Family, Someone, TRIER, World, at_once, stranger};
use crate::{
    domain::{AnnouncementText, Channel, Locale, Millis, Muted, PersonName, QuietHours, TextSize, ZoneName},
    server::{
        jobs::{future_rows, housekeeping, scheduler, zones},
        services::{
            ServiceError, accounts, announcements, attempts::Step, devices, hand_overs, inbox, nudges, pairs, presence,
            questions, recovery, sessions,
        },
        storage::{
            daily_questions,
            deliveries::{self, DeliveryId, Settled, State},
            receipts::Receipt,
        },
    },
    tests::{
        app::rounds,
        storage::{databases::TestDatabase, on_both_databases},
    },
};

on_both_databases! {
    whatever_happens_at_once_nothing_is_an_accident,
}

type Done = Result<(), ServiceError>;

/// Workers at the same time.
const WORKERS: u64 = 8;

async fn whatever_happens_at_once_nothing_is_an_accident(db: TestDatabase) {
    let world = Arc::new(World::of(&db));
    let (one, two, three) = (world.someone("민지").await, world.someone("순자").await, world.someone("서연").await);
    let families = [world.family(&one, &two).await, world.family(&three, &two).await, world.family(&one, &three).await];
    let work = |_| {
        let (world, families) = (world.clone(), families.clone());
        async move {
            for _ in 0..5 * rounds() {
                let number = world.state.random.number();
                let family = families[number as usize / 64 % families.len()].clone();
                let who = if number.is_multiple_of(2) { family.parent.clone() } else { family.child.clone() };
                let (what, doing) = choose(world.clone(), family, who, number / 1_024);
                let done = doing.await;
                assert!(!matches!(done, Err(ServiceError::Storage(_) | ServiceError::Broken(_))), "{what}: {done:?}");
            }
        }
    };
    at_once((0..WORKERS).map(work).collect()).await;
    world.had_no_deadlock().await;
}

/// One of the acts, with its name.
fn choose(world: Arc<World>, family: Family, who: Someone, number: u64) -> (&'static str, BoxFuture<'static, Done>) {
    let n = number / 32;
    match number % 24 {
        0..4 => ("an answer", Box::pin(answer(world, family, who, n))),
        4 => ("a name", Box::pin(rename(world, who, n))),
        5 => ("a display", Box::pin(display(world, who, n))),
        6 => ("a sign-in", Box::pin(sign_in(world, family, who))),
        7..9 => ("a subscription", Box::pin(subscribe(world, who, n))),
        9 => ("a removal", Box::pin(remove(world, who))),
        10 => ("a read inbox", Box::pin(async move { inbox::mark_read(&world.state, &who.person, 1_000_000).await })),
        11 => ("a renewal", Box::pin(renew(world, who))),
        12 => ("a hand-over", Box::pin(hand_over(world, who))),
        13 => ("switches", Box::pin(switches(world, family, who, n))),
        14 => ("a pause", Box::pin(pause(world, family, who))),
        15 => ("a nudge", Box::pin(nudge(world, family, who))),
        16 => ("a tick", Box::pin(tick(world))),
        17 => ("a sweep", Box::pin(sweep(world))),
        18 => ("a batch", Box::pin(send(world, n))),
        19 => ("a test push", Box::pin(test(world, who))),
        20 => ("a sign-out", Box::pin(sign_out(world, who))),
        21 => ("an announcement", Box::pin(announce(world))),
        22 => ("a receipt", Box::pin(report(world, n))),
        _ => (
            "a live page",
            Box::pin(async move {
                inbox::seen_live(&world.state, &who.person, who.session, i64::try_from(n % 64).unwrap_or(0)).await
            }),
        ),
    }
}

async fn current(world: &World, family: &Family) -> Result<Family, ServiceError> {
    let mut tx = world.state.database.read().await?;
    let question = daily_questions::lookup_current(&mut tx, family.id).await?;
    Ok(Family { question: question.map_or(family.question, |question| question.id), ..family.clone() })
}

async fn answer(world: Arc<World>, family: Family, who: Someone, n: u64) -> Done {
    let family = current(&world, &family).await?;
    if n.is_multiple_of(8) {
        questions::swap(&world.state, &who.person, family.question, 1).await?;
    }
    world.answer(&family, &who, &format!("답 {n}")).await
}

async fn rename(world: Arc<World>, who: Someone, n: u64) -> Done {
    accounts::change_name(&world.state, &who.person, PersonName::parse(&format!("이름{}", n % 9))?).await
}

async fn display(world: Arc<World>, who: Someone, n: u64) -> Done {
    let zone = ZoneName::parse(if n.is_multiple_of(2) { "Europe/Berlin" } else { "Asia/Seoul" })?;
    accounts::change_display(&world.state, &who.person, Locale::En, TextSize::Larger, zone).await
}

/// Signs in on the browser of the other, or on a new one.
async fn sign_in(world: Arc<World>, family: Family, who: Someone) -> Done {
    let attempt = world.attempt(Step::SignIn);
    let caller = if who.person == family.parent.person { family.child.caller() } else { stranger() };
    recovery::sign_in(&world.state, &attempt, who.code.as_str(), TRIER, &caller).await.map(drop)
}

/// On a new browser.
async fn subscribe(world: Arc<World>, who: Someone, n: u64) -> Done {
    let attempt = world.attempt(Step::SignIn);
    let opened = recovery::sign_in(&world.state, &attempt, who.code.as_str(), TRIER, &stranger()).await?;
    let session = opened.ok_or(ServiceError::SignedOut)?.session;
    world.subscribe(&Someone { session, ..who }, &format!("device-{}", n % 6)).await
}

async fn remove(world: Arc<World>, who: Someone) -> Done {
    devices::remove_own(&world.state, &who.person, who.session).await?;
    let quiet = QuietHours::new(60, 120).ok();
    inbox::change_quiet_hours(&world.state, &who.person, quiet, true).await
}

async fn renew(world: Arc<World>, who: Someone) -> Done {
    let attempt = world.attempt(Step::RenewRecovery);
    recovery::renew(&world.state, &attempt, &who.person, who.session, "", TRIER).await.map(drop)
}

async fn hand_over(world: Arc<World>, who: Someone) -> Done {
    hand_overs::lead_out(&world.state, &who.person, who.session).await?;
    let (id, code) = hand_overs::make(&world.state, &who.person, who.session).await?;
    let ask = world.attempt(Step::AskHandOver);
    let ticket = hand_overs::ask(&world.state, ask, code.as_str(), TRIER, &stranger()).await?;
    hand_overs::decide(&world.state, &who.person, id, true).await?;
    hand_overs::enter(&world.state, &ticket, &stranger()).await.map(drop)
}

async fn switches(world: Arc<World>, family: Family, who: Someone, n: u64) -> Done {
    let is_on = n.is_multiple_of(2);
    let muted = Muted::new(if is_on { vec![Channel::Nudge] } else { Vec::new() });
    inbox::change_switches(&world.state, &who.person, family.id, &muted, is_on).await?;
    inbox::mute(&world.state, &who.person, &muted).await?;
    presence::change(&world.state, &who.person, family.id, is_on).await
}

async fn pause(world: Arc<World>, family: Family, who: Someone) -> Done {
    let until = "2026-11-30".parse().map_err(|_| ServiceError::Date)?;
    pairs::pause(&world.state, &who.person, family.id, until).await?;
    pairs::resume(&world.state, &who.person, family.id).await
}

async fn nudge(world: Arc<World>, family: Family, who: Someone) -> Done {
    let family = current(&world, &family).await?;
    nudges::nudge(&world.state, &who.person, family.question).await.map(drop)
}

async fn tick(world: Arc<World>) -> Done {
    world.state.clock.advance(6 * Millis::HOUR);
    scheduler::tick(&world.state).await.map(drop)
}

async fn sweep(world: Arc<World>) -> Done {
    housekeeping::sweep(&world.state).await?;
    future_rows::bring_back(&world.state).await?;
    zones::look(&world.state).await.map(drop)
}

/// What the outbox does with a batch, without the sending.
async fn send(world: Arc<World>, n: u64) -> Done {
    let now = world.state.clock.now();
    let lease_until = now.plus(Millis::MINUTE);
    let mut tx = world.state.database.begin().await?;
    let claimed = deliveries::claim(&mut tx, now, lease_until, 20).await?;
    tx.commit().await?;
    let state = if n.is_multiple_of(3) { State::Dead } else { State::Accepted };
    let settled: Vec<Settled> = claimed.into_iter().map(|id| super::deadlocks::outcome(id, state)).collect();
    let mut tx = world.state.database.begin().await?;
    deliveries::settle(&mut tx, &settled, lease_until, now).await?;
    Ok(tx.commit().await?)
}

async fn test(world: Arc<World>, who: Someone) -> Done {
    for device in devices::find(&world.state, &who.reader()).await?.subscriptions {
        devices::test(&world.state, &who.person, device.id).await?;
    }
    Ok(())
}

async fn sign_out(world: Arc<World>, who: Someone) -> Done {
    sessions::end_by_operator(&world.state, Some(who.person.id)).await.map(drop)
}

async fn announce(world: Arc<World>) -> Done {
    let text = |text: &str| AnnouncementText::parse(text).map_err(|_| ServiceError::NotFound);
    let id = announcements::begin(&world.state, text("소식")?, text("news")?, false).await?;
    announcements::carry_on(&world.state, id).await.map(drop)
}

/// Devices report what they showed.
async fn report(world: Arc<World>, n: u64) -> Done {
    let mut tx = world.state.database.read().await?;
    let listed = deliveries::find_in(&mut tx, State::Accepted, 5).await?;
    drop(tx);
    for row in listed {
        let (Ok(notification), Ok(subscription)) = (row.notification_id.parse(), row.subscription_id.parse()) else {
            continue;
        };
        let receipt = world.state.secrets.receipt(notification, subscription);
        let what = if n.is_multiple_of(2) { Receipt::Shown } else { Receipt::Clicked };
        devices::report(&world.state, DeliveryId { notification, subscription }, &receipt, what).await?;
    }
    Ok(())
}
