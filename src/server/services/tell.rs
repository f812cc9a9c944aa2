//! A fact becomes feed rows, in the transaction that made it: one row for everybody whose pages it changes,
//! the actor's other devices included.

use super::ServiceError;
use crate::{
    domain::{DailyQuestion, EventKind, Millis, Pair, PersonId, Role, Saved},
    server::storage::{Tx, events, pairs},
};

/// Something about the pair that both members' pages show.
pub async fn both(tx: &mut Tx, pair: &Pair, kind: EventKind, now: Millis) -> Result<(), ServiceError> {
    Ok(events::append(tx, &pair.persons(), kind, Some(pair.id), None, now).await?)
}

/// Something about a question that both members' pages show.
pub async fn both_of(tx: &mut Tx, pair: &Pair, kind: EventKind, question: &DailyQuestion, now: Millis) -> Result<(), ServiceError> {
    Ok(events::append(tx, &pair.persons(), kind, Some(pair.id), Some(question.id), now).await?)
}

/// An answer was given. The other hears that it was, and of edits nothing at all.
pub async fn answered(tx: &mut Tx, pair: &Pair, question: &DailyQuestion, role: Role, saved: Saved, now: Millis) -> Result<(), ServiceError> {
    let (kind, persons) = match saved {
        Saved::Unchanged => return Ok(()),
        Saved::First => (EventKind::AnswerSubmitted, pair.persons()),
        Saved::Opened => (EventKind::CardOpened, pair.persons()),
        Saved::Revised => (EventKind::AnswerRevised, pair.seat(role).map(|member| member.person_id).into_iter().collect()),
    };
    Ok(events::append(tx, &persons, kind, Some(pair.id), Some(question.id), now).await?)
}

/// Something about one seat's view of a question, told to that seat alone.
pub async fn seat_of(tx: &mut Tx, pair: &Pair, role: Role, kind: EventKind, question: &DailyQuestion, now: Millis) -> Result<(), ServiceError> {
    let persons: Vec<PersonId> = pair.seat(role).map(|member| member.person_id).into_iter().collect();
    Ok(events::append(tx, &persons, kind, Some(pair.id), Some(question.id), now).await?)
}

/// Something about a person's own account: all their devices hear of it.
pub async fn myself(tx: &mut Tx, person: PersonId, kind: EventKind, now: Millis) -> Result<(), ServiceError> {
    Ok(events::append(tx, &[person], kind, None, None, now).await?)
}

/// A person's name changed: everybody they share a pair with sees it.
pub async fn name_changed(tx: &mut Tx, person: PersonId, now: Millis) -> Result<(), ServiceError> {
    let mut persons = vec![person];
    for pair in pairs::find_of(tx, person).await? {
        persons.extend(pair.persons());
    }
    Ok(events::append(tx, &persons, EventKind::NameChanged, None, None, now).await?)
}
