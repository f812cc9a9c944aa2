//! Inviting and joining.
//!
//! A GET never looks a code up, because preview robots fetch links. A right code gives the browser a ticket for a
//! quarter of an hour, and joining uses the ticket.
//! Rules R12, R63–R66, R176.

use super::{
    Caller, ServiceError,
    accounts::{self, SignUp, SignedUp},
    attempts::{Attempt, Done, Step},
    guard::{self, Codes, Trier},
    pairs::{hold, lock_pairs, refuse_too_many, tell_both},
    reader::Reader,
    seat_returns,
    tell::Facts,
};
use crate::{
    domain::{
        DailyQuestionError, EventKind, INVITATION_LIFE_MS, InvitationCode, InvitationId, Member, Millis,
        NotificationKind, Pair, PairId, PairPhase, Person, PersonName, Relation, Role,
    },
    server::{
        calendar::Zone,
        state::AppState,
        storage::{
            StorageError, Tx, daily_questions,
            invitations::{self, Invitation},
            pairs, persons, schedule, seats,
        },
    },
};

/// Lifetime of a ticket.
pub const TICKET_LIFE_MS: i64 = 15 * Millis::MINUTE;

/// Makes an invitation to the empty seat. Earlier ones end. `relation` and `name` of the invited may be empty. Returns
/// `None` when the same post made an invitation before and it has ended.
pub async fn invite(
    state: &AppState,
    attempt: Attempt,
    person: &Person,
    id: PairId,
    choice: &str,
    word: &str,
    name: &str,
) -> Result<Option<(InvitationId, InvitationCode)>, ServiceError> {
    let now = state.clock.now();
    let attempt = attempt.about(person.id, &[&id.to_string(), choice, word, name]);
    let mut tx = state.database.begin().await?;
    if let Some(made) = attempt.lookup(&mut tx, state).await?.and_then(|done| done.target) {
        let running =
            invitations::lookup_running(&mut tx, id, now).await?.filter(|running| running.id.to_string() == made);
        return Ok(running.map(|running| (running.id, attempt.invitation_code(state, &made))));
    }
    let (pair, role) = hold(&mut tx, person, id).await?;
    refuse_taken(&pair)?;
    let relation = if choice.is_empty() { None } else { Some(Relation::parse(role.other(), choice, word)?) };
    let name = if name.trim().is_empty() { String::new() } else { PersonName::parse(name)?.as_str().to_owned() };
    invitations::end_all(&mut tx, id, now).await?;
    let made = InvitationId(state.random.id(now));
    let code = attempt.invitation_code(state, &made.to_string());
    let invitation = Invitation {
        id: made,
        pair_id: id,
        returns: None,
        relation,
        name,
        created_at: now,
        expires_at: now.plus(INVITATION_LIFE_MS),
        ended_at: None,
    };
    invitations::insert(&mut tx, &invitation, &state.secrets.invitation_hash(&code)).await?;
    tell_both(&mut tx, state, &pair, EventKind::InvitationChanged, now).await?;
    attempt.done(&mut tx, state, &Done::by(person.id, made)).await?;
    tx.commit().await?;
    Ok(Some((made, code)))
}

/// Withdraws the running invitation.
pub async fn withdraw(state: &AppState, person: &Person, id: PairId) -> Result<(), ServiceError> {
    let now = state.clock.now();
    let mut tx = state.database.begin().await?;
    let (pair, _) = hold(&mut tx, person, id).await?;
    refuse_taken(&pair)?;
    if invitations::end_all(&mut tx, id, now).await? > 0 {
        tell_both(&mut tx, state, &pair, EventKind::InvitationChanged, now).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// The running invitation of a pair, for its inviter's page.
pub async fn lookup_running(
    state: &AppState,
    reader: &Reader,
    id: PairId,
) -> Result<(Pair, Role, Option<Invitation>), ServiceError> {
    let mut tx = state.database.read().await?;
    let (pair, role) = reader.seat(&mut tx, id).await?;
    let invitation = invitations::lookup_running(&mut tx, id, state.clock.now()).await?;
    Ok((pair, role, invitation))
}

fn refuse_taken(pair: &Pair) -> Result<(), ServiceError> {
    match pair.phase() {
        PairPhase::Alone => Ok(()),
        PairPhase::Together => Err(ServiceError::SeatTaken),
        PairPhase::Closed => Err(DailyQuestionError::PairClosed.into()),
    }
}

/// Checks the code in a typed or pasted text and returns a ticket. Wrong, used and expired codes get the same answer
/// and count as failures; a text without a code does not count.
pub async fn check(state: &AppState, typed: &str, trier: Trier) -> Result<String, ServiceError> {
    let code = InvitationCode::parse(typed).map_err(|_| ServiceError::CodeMissing)?;
    let now = state.clock.now();
    let mut tx = state.database.begin().await?;
    let invitation = invitations::lookup_by_code(&mut tx, &state.secrets.invitation_hash(&code)).await?;
    let invitation = invitation.filter(|invitation| invitation.is_open(now));
    let inviter = match &invitation {
        Some(invitation) => {
            let pair = pairs::lookup(&mut tx, invitation.pair_id).await?;
            pair.and_then(|pair| Some(inviter_of(invitation, &pair).ok()?.person_id))
        }
        None => None,
    };
    let tx = guard::check(tx, state, Codes::Invitation, trier, inviter).await?;
    let Some(invitation) = invitation else {
        guard::fail(tx, state, Codes::Invitation, trier).await?;
        return Err(ServiceError::CodeWrong);
    };
    Ok(state.secrets.ticket(invitation.id, now.plus(TICKET_LIFE_MS), state.random.number()))
}

/// What the holder of a ticket sees before joining.
#[derive(Debug)]
pub struct Welcome {
    pub inviter: Member,
    /// The seat that is free.
    pub role: Role,
    pub relation: Option<Relation>,
    pub name: String,
    /// The member who has the seat, when it is given back: the joiner waits for 48 hours.
    pub returns: Option<Member>,
}

/// Reads a ticket. `CodeWrong` when the ticket or its invitation has ended.
pub async fn welcome(state: &AppState, ticket: &str) -> Result<Welcome, ServiceError> {
    let mut tx = state.database.read().await?;
    let (invitation, pair) = open_ticket(&mut tx, state, ticket).await?;
    let inviter = inviter_of(&invitation, &pair)?.clone();
    let returns = invitation.returns.and_then(|seat| pair.seat(seat)).cloned();
    Ok(Welcome { role: inviter.role.other(), inviter, relation: invitation.relation, name: invitation.name, returns })
}

async fn open_ticket(tx: &mut Tx, state: &AppState, ticket: &str) -> Result<(Invitation, Pair), ServiceError> {
    let now = state.clock.now();
    let id = state.secrets.read_ticket(ticket, now).ok_or(ServiceError::CodeWrong)?;
    let invitation = invitations::lookup(tx, id)
        .await?
        .filter(|invitation| invitation.is_open(now))
        .ok_or(ServiceError::CodeWrong)?;
    let pair = pairs::lookup(tx, invitation.pair_id).await?.ok_or(ServiceError::CodeWrong)?;
    Ok((invitation, pair))
}

/// Who made the invitation: of a return invitation the member across from the seat.
fn inviter_of<'a>(invitation: &Invitation, pair: &'a Pair) -> Result<&'a Member, ServiceError> {
    if let Some(seat) = invitation.returns {
        let is_open = pair.phase() == PairPhase::Together && pair.returning.is_none();
        return pair.seat(seat.other()).filter(|_| is_open).ok_or(ServiceError::CodeWrong);
    }
    [&pair.parent, &pair.child]
        .into_iter()
        .flatten()
        .find(|member| member.person_id == pair.inviter_id)
        .ok_or(ServiceError::CodeWrong)
}

/// Who joins.
pub enum Joiner {
    Known(Box<Person>),
    New(SignUp),
}

/// The outcome of joining. A new person also gets a session and a recovery code.
pub struct Joined {
    pub pair: PairId,
    pub new: Option<SignedUp>,
}

/// Gives the joiner the empty seat, or lets them wait for one that is given back. Of two at once one joins, and the
/// other gets the answer for a code that has ended. While the ticket lives, the browser that joined gets the same
/// outcome again; `None` when the new person's session is in use by then.
pub async fn join(
    state: &AppState,
    ticket: &str,
    joiner: Joiner,
    choice: &str,
    word: &str,
    caller: &Caller,
) -> Result<Option<Joined>, ServiceError> {
    let now = state.clock.now();
    state.secrets.read_ticket(ticket, now).ok_or(ServiceError::CodeWrong)?;
    let attempt = Attempt::by_secret(Step::Join, ticket);
    let mut tx = state.database.begin().await?;
    if let Some(done) = attempt.lookup(&mut tx, state).await? {
        return joined_again(&mut tx, state, &attempt, &done, caller).await;
    }
    // Keys are locked before rows.
    match &joiner {
        Joiner::Known(person) => lock_pairs(&mut tx, person.id).await?,
        Joiner::New(_) => guard::hold_sign_ups(&mut tx, caller.client).await?,
    }
    let (invitation, found) = open_ticket(&mut tx, state, ticket).await?;
    pairs::lock(&mut tx, found.id).await?;
    let mut pair = pairs::lookup(&mut tx, found.id).await?.ok_or(ServiceError::CodeWrong)?;
    let inviter = inviter_of(&invitation, &pair)?.clone();
    let role = inviter.role.other();
    // A seat that is given back keeps its relation.
    let relation = invitation.returns.is_none().then(|| Relation::parse(role, choice, word)).transpose()?;
    if let Joiner::Known(person) = &joiner {
        if person.id == inviter.person_id {
            return Err(ServiceError::JoiningMyself);
        }
        if seats::share_one(&mut tx, person.id, inviter.person_id).await? {
            return Err(ServiceError::PairExists);
        }
        refuse_too_many(&mut tx, person.id).await?;
    }
    let known = if let Joiner::Known(person) = &joiner { Some(person.id) } else { None };
    persons::lock(&mut tx, pair.everybody().into_iter().chain(known).chain(caller.person())).await?;
    if !invitations::take(&mut tx, invitation.id, now).await? {
        return Err(ServiceError::CodeWrong);
    }
    let mut facts = Facts::default();
    let (person, new) = match joiner {
        Joiner::Known(person) => (*person, None),
        Joiner::New(sign_up) => {
            let made = accounts::sign_up_in(&mut tx, state, &attempt, sign_up, caller, &mut facts).await?;
            (made.opened.person.clone(), Some(made))
        }
    };
    match relation {
        None => seat_returns::begin_waiting(&mut tx, &pair, role, &person, &mut facts, now).await?,
        Some(relation) => {
            let member = Member { person_id: person.id, role, relation, name: person.name.clone() };
            match pairs::seat(&mut tx, pair.id, &member, now).await {
                Err(StorageError::Taken) => return Err(ServiceError::CodeWrong),
                result => result?,
            }
            pair.seat_member(member);
            begin_days(&mut tx, &mut pair, now).await?;
            facts.both(&pair, EventKind::MemberJoined);
            facts.news(&pair, role.other(), NotificationKind::Joined, String::new(), now);
        }
    }
    invitations::end_all(&mut tx, pair.id, now).await?;
    facts.write(&mut tx, state, now).await?;
    let session = new.as_ref().map(|made| made.opened.session);
    attempt.done(&mut tx, state, &Done { session, ..Done::by(person.id, pair.id) }).await?;
    tx.commit().await?;
    tracing::info!(pair.id = %pair.id, "somebody joined a pair");
    Ok(Some(Joined { pair: pair.id, new }))
}

async fn joined_again(
    tx: &mut Tx,
    state: &AppState,
    attempt: &Attempt,
    done: &Done,
    caller: &Caller,
) -> Result<Option<Joined>, ServiceError> {
    let pair = done.target.as_deref().and_then(|id| id.parse().ok()).ok_or(ServiceError::CodeWrong)?;
    if let Some(made) = accounts::signed_up_again(tx, state, attempt, done, caller).await? {
        return Ok(Some(Joined { pair, new: Some(made) }));
    }
    match caller.here {
        Some((here, _)) if here == done.person => Ok(Some(Joined { pair, new: None })),
        // Another person is signed in on this browser by now.
        Some(_) => Err(ServiceError::CodeWrong),
        None => Ok(None),
    }
}

/// Dates the first question to the pair's local date and sets the first due minute.
async fn begin_days(tx: &mut Tx, pair: &mut Pair, now: Millis) -> Result<(), ServiceError> {
    let zone = Zone::stored(&pair.zone);
    let today = zone.date(now);
    let mut question = daily_questions::lookup_first(tx, pair.id)
        .await?
        .ok_or(ServiceError::Broken("a pair without its first question"))?;
    question.begin_days(today);
    daily_questions::save(tx, &question).await?;
    schedule::set_opened(tx, pair.id, today, now).await?;
    pair.set_next_due(zone.next_push(now, pair.push_time));
    pairs::update_schedule(tx, pair).await?;
    Ok(())
}
