//! Starting, changing and closing a pair.
//! Rules R5, R50–R56, R62, R67.

use super::{
    ServiceError,
    attempts::{Attempt, Done, Step},
    ended_returns, openings, reader,
    tell::Facts,
};
use crate::{
    domain::{
        Cancelled, DailyQuestionError, EventKind, LocalDate, Member, Millis, NotificationKind, Pair, PairId, PairPhase,
        Person, PersonId, PushTime, Relation, Role, ZoneName,
    },
    server::{
        calendar::Zone,
        state::AppState,
        storage::{
            Tx, answers, daily_questions,
            deliveries::{self, CancelFor},
            failures, invitations, pairs, persons, schedule, seats,
        },
    },
};

/// The input of `start`.
#[derive(Debug)]
pub struct Start {
    pub role: Role,
    pub relation: Relation,
    pub push_time: PushTime,
    pub zone: ZoneName,
}

/// Starts a pair with one seat taken. Its first question can be answered at once.
pub async fn start(state: &AppState, attempt: Attempt, person: &Person, start: Start) -> Result<PairId, ServiceError> {
    let start = Start { zone: Zone::named(&start.zone, state.clock.now())?, ..start };
    // A second start with another role or relation is another pair.
    let attempt = attempt.about(person.id, &[start.role.word(), start.relation.choice(), start.relation.free_word()]);
    let mut tx = state.database.begin().await?;
    if let Some(pair) = started(&mut tx, state, &attempt).await? {
        return Ok(pair);
    }
    refuse_too_many(&mut tx, person.id).await?;
    persons::lock(&mut tx, [person.id]).await?;
    let pair = start_in(&mut tx, state, person, start).await?;
    tell_both(&mut tx, state, &pair, EventKind::InvitationChanged, state.clock.now()).await?;
    attempt.done(&mut tx, state, &Done::by(person.id, pair.id)).await?;
    tx.commit().await?;
    Ok(pair.id)
}

/// Most running pairs of one person: enough for a large family, and a limit on disk space (R62).
pub const MOST_PAIRS: i64 = 20;

/// Serialises joining and starting by one person until the end of the transaction.
pub async fn lock_pairs(tx: &mut Tx, person: PersonId) -> Result<(), ServiceError> {
    Ok(failures::hold(tx, &format!("pairs:{person}")).await?)
}

pub async fn refuse_too_many(tx: &mut Tx, person: PersonId) -> Result<(), ServiceError> {
    lock_pairs(tx, person).await?;
    if seats::count_running(tx, person).await? < MOST_PAIRS { Ok(()) } else { Err(ServiceError::TooManyPairs) }
}

/// The pair that the same post started before.
async fn started(tx: &mut Tx, state: &AppState, attempt: &Attempt) -> Result<Option<PairId>, ServiceError> {
    Ok(attempt.lookup(tx, state).await?.and_then(|done| done.target).and_then(|id| id.parse().ok()))
}

async fn start_in(tx: &mut Tx, state: &AppState, person: &Person, start: Start) -> Result<Pair, ServiceError> {
    let now = state.clock.now();
    let member = Member { person_id: person.id, role: start.role, relation: start.relation, name: person.name.clone() };
    let (parent, child) = match start.role {
        Role::Parent => (Some(member), None),
        Role::Child => (None, Some(member)),
    };
    let pair = Pair {
        id: PairId(state.random.id(now)),
        push_time: start.push_time,
        zone: start.zone,
        next_due_at: None,
        created_at: now,
        closed_at: None,
        paused_until: None,
        inviter_id: person.id,
        parent,
        child,
        returning: None,
    };
    pairs::insert(tx, &pair, now).await?;
    openings::open_first(tx, state, pair.id, now).await?;
    Ok(pair)
}

/// Locks a pair of the person and its members until the end of the transaction, and returns it with the person's seat.
pub async fn hold(tx: &mut Tx, person: &Person, id: PairId) -> Result<(Pair, Role), ServiceError> {
    pairs::lock(tx, id).await?;
    let (pair, role) = lookup(tx, person, id).await?;
    persons::lock(tx, pair.everybody()).await?;
    Ok((pair, role))
}

/// A pair of the person, with the person's seat. A pair of others is not found.
pub async fn lookup(tx: &mut Tx, person: &Person, id: PairId) -> Result<(Pair, Role), ServiceError> {
    let Some(pair) = pairs::lookup_for(tx, person.id, id).await? else {
        return Err(reader::outsider(tx, person.id, id).await?);
    };
    let role = pair.role_of(person.id).ok_or(ServiceError::NotFound)?;
    Ok((pair, role))
}

fn refuse_closed(pair: &Pair) -> Result<(), ServiceError> {
    match pair.phase() {
        PairPhase::Closed => Err(DailyQuestionError::PairClosed.into()),
        PairPhase::Alone | PairPhase::Together => Ok(()),
    }
}

/// Changes push time and zone, and computes the next due minute in the same transaction.
pub async fn change_push_time(
    state: &AppState,
    person: &Person,
    id: PairId,
    push_time: PushTime,
    zone_name: ZoneName,
) -> Result<(), ServiceError> {
    let now = state.clock.now();
    let mut tx = state.database.begin().await?;
    let (mut pair, role) = hold(&mut tx, person, id).await?;
    let zone_name = Zone::chosen(zone_name, &pair.zone, now)?;
    let zone = Zone::stored(&zone_name);
    refuse_closed(&pair)?;
    if pair.push_time == push_time && pair.zone == zone_name {
        return Ok(());
    }
    pair.change_push_time(push_time, zone_name);
    if pair.phase() == PairPhase::Together {
        pair.set_next_due(zone.next_push(now, push_time));
    }
    pairs::update_schedule(&mut tx, &pair).await?;
    schedule::reset_unanswered(&mut tx, id, role).await?;
    let mut facts = Facts::default();
    facts.both(&pair, EventKind::PushTimeChanged);
    if pair.phase() == PairPhase::Together {
        facts.news(&pair, role.other(), NotificationKind::TimeChanged, push_time.to_string(), now);
    }
    facts.write(&mut tx, state, now).await?;
    tx.commit().await?;
    Ok(())
}

/// Changes the person's relation, which affects wordings only.
pub async fn change_relation(
    state: &AppState,
    person: &Person,
    id: PairId,
    choice: &str,
    word: &str,
) -> Result<(), ServiceError> {
    let mut tx = state.database.begin().await?;
    let (pair, role) = hold(&mut tx, person, id).await?;
    refuse_closed(&pair)?;
    let relation = Relation::parse(role, choice, word)?;
    if !pairs::update_relation(&mut tx, id, role, &relation).await? {
        return Ok(());
    }
    tell_both(&mut tx, state, &pair, EventKind::RelationChanged, state.clock.now()).await?;
    tx.commit().await?;
    Ok(())
}

/// Pauses opening, reminding and shelving until `until`, a local date of the pair.
pub async fn pause(state: &AppState, person: &Person, id: PairId, until: LocalDate) -> Result<(), ServiceError> {
    let now = state.clock.now();
    let mut tx = state.database.begin().await?;
    let (mut pair, role) = hold(&mut tx, person, id).await?;
    refuse_closed(&pair)?;
    let today = Zone::stored(&pair.zone).date(now);
    if !pair.pause(today, until)? {
        return Ok(());
    }
    pairs::update_schedule(&mut tx, &pair).await?;
    let mut facts = Facts::default();
    facts.both(&pair, EventKind::PairPaused);
    facts.news(&pair, role.other(), NotificationKind::Paused, until.to_string(), now);
    facts.write(&mut tx, state, now).await?;
    tx.commit().await?;
    Ok(())
}

/// Ends a pause before its date.
pub async fn resume(state: &AppState, person: &Person, id: PairId) -> Result<(), ServiceError> {
    let now = state.clock.now();
    let mut tx = state.database.begin().await?;
    let (mut pair, role) = hold(&mut tx, person, id).await?;
    refuse_closed(&pair)?;
    if pair.resume() {
        pairs::update_schedule(&mut tx, &pair).await?;
        let mut facts = Facts::default();
        facts.both(&pair, EventKind::PairResumed);
        facts.news(&pair, role.other(), NotificationKind::Resumed, String::new(), now);
        facts.write(&mut tx, state, now).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Closes the pair for good. Both keep the completed cards and their own answers.
pub async fn leave(state: &AppState, person: &Person, id: PairId) -> Result<(), ServiceError> {
    let now = state.clock.now();
    let mut tx = state.database.begin().await?;
    let (pair, role) = hold(&mut tx, person, id).await?;
    if pair.phase() == PairPhase::Closed {
        return Ok(());
    }
    let mut facts = Facts::default();
    close(&mut tx, &mut facts, &pair, role, now).await?;
    facts.write(&mut tx, state, now).await?;
    tx.commit().await?;
    tracing::info!(pair.id = %id, "a pair was closed");
    Ok(())
}

/// Closes the pair in a transaction. `role` is the seat that leaves; the other is notified.
async fn close(tx: &mut Tx, facts: &mut Facts, pair: &Pair, role: Role, now: Millis) -> Result<(), ServiceError> {
    pairs::close(tx, pair.id, now).await?;
    invitations::end_all(tx, pair.id, now).await?;
    deliveries::cancel(tx, CancelFor::Pair(pair.id), Cancelled::Left, now).await?;
    ended_returns::end_in(tx, pair, facts, now).await?;
    facts.both(pair, EventKind::PairClosed);
    facts.news(pair, role.other(), NotificationKind::Left, String::new(), now);
    Ok(())
}

/// Writes an event for both members, without a notification.
pub async fn tell_both(
    tx: &mut Tx,
    state: &AppState,
    pair: &Pair,
    kind: EventKind,
    now: Millis,
) -> Result<(), ServiceError> {
    let mut facts = Facts::default();
    facts.both(pair, kind);
    facts.write(tx, state, now).await
}

/// Takes a pair back because the wrong person joined: allowed to the inviter until the first card opens. The pair
/// closes, and the inviter's answer moves to a new pair with the same settings.
pub async fn start_again(state: &AppState, person: &Person, id: PairId) -> Result<PairId, ServiceError> {
    let now = state.clock.now();
    // A pair is taken back once, so its id identifies a second post.
    let attempt = Attempt::by_secret(Step::StartAgain, "").about(person.id, &[&id.to_string()]);
    let mut tx = state.database.begin().await?;
    if let Some(fresh) = started(&mut tx, state, &attempt).await? {
        return Ok(fresh);
    }
    let (pair, role) = hold(&mut tx, person, id).await?;
    refuse_closed(&pair)?;
    let Some(own) = pair.seat(role).filter(|_| pair.inviter_id == person.id && pair.phase() == PairPhase::Together)
    else {
        return Err(ServiceError::NotFound);
    };
    if daily_questions::count_complete(&mut tx, id, None).await? > 0 {
        return Err(ServiceError::CardOpen);
    }
    let first = daily_questions::lookup_first(&mut tx, id)
        .await?
        .ok_or(ServiceError::Broken("a pair without its first question"))?;
    // Moving it would unseal it: the other member would be somebody whom the new person chose.
    if first.answer_of(role).is_some_and(|own| own.is_sealed) {
        return Err(DailyQuestionError::Sealed.into());
    }
    let again = Start { role, relation: own.relation.clone(), push_time: pair.push_time, zone: pair.zone.clone() };
    let mut facts = Facts::default();
    close(&mut tx, &mut facts, &pair, role, now).await?;
    let fresh = start_in(&mut tx, state, person, again).await?;
    let question = daily_questions::lookup_first(&mut tx, fresh.id)
        .await?
        .ok_or(ServiceError::Broken("a pair without its first question"))?;
    answers::move_to(&mut tx, first.id, question.id, role).await?;
    facts.both(&fresh, EventKind::InvitationChanged);
    facts.write(&mut tx, state, now).await?;
    attempt.done(&mut tx, state, &Done::by(person.id, fresh.id)).await?;
    tx.commit().await?;
    tracing::info!(pair.id = %id, "a pair was taken back by its inviter");
    Ok(fresh.id)
}
