//! The return of a seat to a member who lost every device and the recovery code. The other member invites for that
//! seat, a new person joins and waits for 48 hours, in which every session of the seat's person can refuse it. Then
//! housekeeping moves the seat. The account of the person before stays as it is, with all its other pairs.
//! Rules R176–R180.

use super::{
    ServiceError,
    attempts::{Attempt, Done},
    ended_returns::end_in,
    guard,
    pairs::{hold, lock_pairs, tell_both},
    reader::{self, Reader},
    tell::{Facts, Notice, RETURN_LIFE_MS},
};
use crate::{
    domain::{
        DailyQuestionError, EventKind, INVITATION_LIFE_MS, InvitationCode, InvitationId, Millis, NotificationKind,
        Pair, PairId, PairPhase, Person, RETURN_WAITS_MS, Role, SeatReturn, Wait,
    },
    server::{
        security::SecurityEvent,
        state::AppState,
        storage::{
            Tx,
            invitations::{self, Invitation},
            pairs, persons, seat_returns,
        },
    },
};

/// A seat whose time comes while no sweep runs for longer than this does not move.
const LATEST_MS: i64 = 3 * Millis::HOUR;

/// Makes an invitation that gives the other member's seat back. Earlier ones end. Returns `None` when the same post
/// made an invitation before and it has ended.
pub async fn invite(
    state: &AppState,
    attempt: Attempt,
    person: &Person,
    id: PairId,
) -> Result<Option<(InvitationId, InvitationCode)>, ServiceError> {
    let now = state.clock.now();
    let attempt = attempt.about(person.id, &[&id.to_string(), "return"]);
    let mut tx = state.database.begin().await?;
    if let Some(made) = attempt.lookup(&mut tx, state).await?.and_then(|done| done.target) {
        let running =
            invitations::lookup_running(&mut tx, id, now).await?.filter(|running| running.id.to_string() == made);
        return Ok(running.map(|running| (running.id, attempt.invitation_code(state, &made))));
    }
    let (pair, role) = hold(&mut tx, person, id).await?;
    match pair.phase() {
        PairPhase::Together => {}
        PairPhase::Alone => return Err(DailyQuestionError::Alone.into()),
        PairPhase::Closed => return Err(DailyQuestionError::PairClosed.into()),
    }
    if pair.returning.is_some() {
        return Err(ServiceError::ReturnWaits);
    }
    invitations::end_all(&mut tx, id, now).await?;
    let made = InvitationId(state.random.id(now));
    let code = attempt.invitation_code(state, &made.to_string());
    let invitation = Invitation {
        id: made,
        pair_id: id,
        returns: Some(role.other()),
        relation: None,
        name: String::new(),
        created_at: now,
        expires_at: now.plus(INVITATION_LIFE_MS),
        ended_at: None,
    };
    invitations::insert(&mut tx, &invitation, &state.secrets.invitation_hash(&code)).await?;
    tell_both(&mut tx, state, &pair, EventKind::InvitationChanged, now).await?;
    attempt.done(&mut tx, state, &Done::by(person.id, made)).await?;
    tx.commit().await?;
    guard::note(state, SecurityEvent::ReturnInvited { person: person.id });
    Ok(Some((made, code)))
}

/// Lets a person who joined with a return invitation wait for the seat `role`, and tells its person and the giver.
/// Everybody is locked.
pub(super) async fn begin_waiting(
    tx: &mut Tx,
    pair: &Pair,
    role: Role,
    person: &Person,
    facts: &mut Facts,
    now: Millis,
) -> Result<(), ServiceError> {
    let wait = Wait::new(now, RETURN_WAITS_MS);
    let returning = SeatReturn { role, person_id: person.id, name: person.name.clone(), wait };
    seat_returns::insert(tx, pair.id, &returning, now).await?;
    tell_waiting(pair, &returning, facts, now);
    Ok(())
}

/// Tells all three that the 48 hours begin.
fn tell_waiting(pair: &Pair, returning: &SeatReturn, facts: &mut Facts, now: Millis) {
    let role = returning.role;
    facts.both(pair, EventKind::InvitationChanged);
    facts.myself(returning.person_id, EventKind::SettingsChanged);
    for (role, kind) in [(role, NotificationKind::SeatAsked), (role.other(), NotificationKind::SeatJoined)] {
        if let Some(member) = pair.seat(role) {
            let slot = format!("{}:{}:{}", kind.word(), pair.id, now.0);
            facts.notice(Notice::of_pair(member, kind, pair, slot, now.plus(RETURN_LIFE_MS)));
        }
    }
}

/// What a return looks like to somebody who may end it.
pub struct Waiting {
    pub pair: Pair,
    /// The seat of the reader; `None` for the person who waits.
    pub role: Option<Role>,
    pub returning: Option<SeatReturn>,
}

/// The return that waits in a pair, for its members and for the person who waits.
pub async fn lookup(state: &AppState, reader: &Reader, id: PairId) -> Result<Waiting, ServiceError> {
    let mut tx = state.database.read().await?;
    match reader.seat(&mut tx, id).await {
        Ok((pair, role)) => Ok(Waiting { returning: pair.returning.clone(), role: Some(role), pair }),
        Err(ServiceError::SeatWaits) => {
            let pair = pairs::lookup(&mut tx, id).await?.ok_or(ServiceError::NotFound)?;
            Ok(Waiting { returning: pair.returning.clone(), role: None, pair })
        }
        Err(error) => Err(error),
    }
}

/// Ends the return of a seat, and a return invitation that runs. The seat's person refuses it, the giver calls it off,
/// or the person who waits steps back.
pub async fn end(state: &AppState, person: &Person, id: PairId) -> Result<(), ServiceError> {
    let now = state.clock.now();
    let mut tx = state.database.begin().await?;
    pairs::lock(&mut tx, id).await?;
    let pair = pairs::lookup(&mut tx, id).await?.ok_or(ServiceError::NotFound)?;
    if !pair.everybody().contains(&person.id) {
        return Err(reader::outsider(&mut tx, person.id, id).await?);
    }
    persons::lock(&mut tx, pair.everybody()).await?;
    let ended = invitations::end_returns(&mut tx, id, now).await?;
    let mut facts = Facts::default();
    if ended > 0 || pair.returning.is_some() {
        facts.both(&pair, EventKind::InvitationChanged);
        end_in(&mut tx, &pair, &mut facts, now).await?;
        facts.write(&mut tx, state, now).await?;
        tx.commit().await?;
        guard::note(state, SecurityEvent::ReturnEnded { person: person.id });
    }
    Ok(())
}

/// Counts an hour of all returns, and moves the seats whose 48 hours are over. Returns how many.
pub async fn carry_out(state: &AppState, now: Millis) -> Result<usize, ServiceError> {
    let (mut done, mut after) = (0, None);
    loop {
        let mut tx = state.database.read().await?;
        let waiting = seat_returns::find_after(&mut tx, after).await?;
        drop(tx);
        let Some(last) = waiting.last() else { return Ok(done) };
        after = Some(*last);
        for pair in waiting {
            match carry_out_one(state, pair, now).await {
                Ok(is_done) => done += usize::from(is_done),
                // The next sweep tries again; the others are not held up.
                Err(error) => tracing::error!(pair.id = %pair, %error, "a seat cannot be moved"),
            }
        }
    }
}

/// What a sweep at `now` makes of a wait, and whether its 48 hours begin again: the time that all were told came while
/// the server was away, or a clock is or was wrong.
pub fn swept(wait: Wait, now: Millis) -> (Wait, bool) {
    let Wait { until, swept_at } = wait;
    let is_missed = now >= until && now.since(until.min(swept_at)) > LATEST_MS;
    if is_missed || until > seat_returns::latest_due(now) {
        (Wait::new(now, RETURN_WAITS_MS), true)
    } else {
        (wait.swept(now), false)
    }
}

async fn carry_out_one(state: &AppState, id: PairId, now: Millis) -> Result<bool, ServiceError> {
    let mut tx = state.database.read().await?;
    let found = pairs::lookup(&mut tx, id).await?.and_then(|pair| pair.returning);
    drop(tx);
    let Some(found) = found else { return Ok(false) };
    let mut tx = state.database.begin().await?;
    // Starting, joining and the deletion of an account take this key before the pair.
    lock_pairs(&mut tx, found.person_id).await?;
    pairs::lock(&mut tx, id).await?;
    let Some(pair) = pairs::lookup(&mut tx, id).await? else { return Ok(false) };
    // It may have been refused, carried out by another node, or asked for again since it was found.
    let is_found = |waits: &SeatReturn| (waits.person_id, waits.wait) == (found.person_id, found.wait);
    let Some(returning) = pair.returning.clone().filter(is_found) else { return Ok(false) };
    if pair.phase() != PairPhase::Together {
        return Ok(false);
    }
    let (wait, begins_again) = swept(returning.wait, now);
    if begins_again {
        persons::lock(&mut tx, pair.everybody()).await?;
        seat_returns::set_wait(&mut tx, id, wait).await?;
        let mut facts = Facts::default();
        tell_waiting(&pair, &returning, &mut facts, now);
        facts.write(&mut tx, state, now).await?;
        tx.commit().await?;
        return Ok(false);
    }
    if now < wait.until {
        seat_returns::set_wait(&mut tx, id, wait).await?;
        tx.commit().await?;
        return Ok(false);
    }
    let (Some(before), Some(giver)) = (pair.seat(returning.role), pair.seat(returning.role.other())) else {
        return Err(ServiceError::Broken("a seat that moves is empty"));
    };
    persons::lock(&mut tx, pair.everybody()).await?;
    invitations::end_all(&mut tx, id, now).await?;
    seat_returns::move_seat(&mut tx, &pair, before.person_id, &returning, now).await?;
    let mut facts = Facts::default();
    let (event, kind) = (EventKind::PairClosed, NotificationKind::SeatMoved);
    facts.of_former(before.person_id, &pair, event);
    let giver_name = giver.name.as_str().to_owned();
    facts.of_the_account(before.person_id, EventKind::SettingsChanged, kind, giver_name, now);
    let moved = pairs::lookup(&mut tx, id).await?.ok_or(ServiceError::Broken("a pair that is gone"))?;
    facts.both(&moved, EventKind::MemberJoined);
    for role in [Role::Parent, Role::Child] {
        facts.news(&moved, role, NotificationKind::SeatOpened, String::new(), now);
    }
    facts.write(&mut tx, state, now).await?;
    let person = before.person_id;
    tx.commit().await?;
    guard::note(state, SecurityEvent::SeatMoved { person });
    Ok(true)
}
