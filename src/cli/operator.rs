//! The commands for the operator: push keys, sessions, recovery codes, the state of deliveries, and a seeded database.

use std::path::Path;

use clap::Subcommand;

use super::{
    delete::{Deletion, PersonDeletion},
    failure::Failure,
    folder,
    same_keys::{self, OtherKeys},
    state::{open, site_for_jobs, state_of},
};
use crate::{
    cookies,
    domain::{PairId, PersonId},
    server::{
        clock::Clock,
        config::Settings,
        jobs::bulletins,
        push::VapidKeys,
        random::Random,
        secrets::Secrets,
        services::{ServiceError, accounts, operator_codes, recovery, sessions},
        storage::{
            Opening,
            deliveries::{self, State},
            seeds,
        },
    },
};

#[derive(Subcommand)]
pub(super) enum SessionsAct {
    /// End all sessions of one person, or of everybody.
    #[command(group = clap::ArgGroup::new("whose").required(true))]
    End {
        /// The person's id, as the log names it.
        #[arg(long, group = "whose", value_name = "ID")]
        person: Option<PersonId>,
        #[arg(long, group = "whose")]
        all: bool,
    },
}

#[derive(Subcommand)]
pub(super) enum PersonAct {
    /// Make and print a new recovery code for a person. It works after 48 hours, in which the person is told and can
    /// refuse it on any device; then the codes they had open nothing any more.
    Recover {
        /// The person's id, as the log names it.
        id: PersonId,
        /// Let it work at once. The reason is logged.
        #[arg(long, requires = "reason")]
        now: bool,
        /// Why it works at once, without names.
        #[arg(long, requires = "now")]
        reason: Option<String>,
    },
    /// Delete accounts on request, after seven days in which the person can take it back.
    Delete(PersonDeletion),
}

#[derive(Subcommand)]
pub(super) enum PairAct {
    /// Close pairs and delete all words of both members at once. Both keep their accounts.
    Delete(Deletion<PairId>),
}

#[derive(Subcommand)]
pub(super) enum KeysAct {
    /// Add a new key for browsers that subscribe from now on; earlier ones keep theirs. Restart the app afterwards.
    Rotate,
    /// Go on with the keys of this data folder after the earlier ones were lost: the database refuses other keys than
    /// those it was used with.
    Adopt,
    /// Print the key file, for your backup. Keep it secret: losing it loses every device.
    Export,
}

pub(super) async fn keys(settings: &Settings, act: Option<KeysAct>) -> Result<(), Failure> {
    folder::make(&settings.data_dir)?;
    let now = Clock::System.now().0;
    let found = VapidKeys::load(&settings.data_dir)?;
    let keys = match (act, found) {
        (Some(KeysAct::Export), Some(keys)) => {
            println!("{}", keys.export());
            return Ok(());
        }
        (Some(KeysAct::Export), None) => {
            return Err(Failure("there are no push keys yet: make them with `umbba keys`".into()));
        }
        (Some(KeysAct::Adopt), _) => {
            let keys = VapidKeys::load_or_make(&settings.data_dir, now)?;
            let secrets = Secrets::load(&settings.data_dir, &Random::system())?;
            let database = open(settings, Opening::Migrate).await?;
            same_keys::check(&database, &secrets, &keys, OtherKeys::Adopt).await?;
            keys
        }
        (None, _) => VapidKeys::load_or_make(&settings.data_dir, now)?,
        (Some(KeysAct::Rotate), _) => VapidKeys::make(&settings.data_dir, now)?,
    };
    for (at, (id, public, created_at)) in keys.list().enumerate() {
        println!("{id} {public} {created_at}{}", if at == 0 { " current" } else { "" });
    }
    Ok(())
}

/// Ends all sessions of one person, or of everybody. Running nodes end the open streams of these sessions at once on
/// PostgreSQL, and at their next look at all open lines on SQLite.
pub(super) async fn end_sessions(settings: &Settings, person: Option<PersonId>) -> Result<(), Failure> {
    let state = state_of(settings, Opening::AsIs, site_for_jobs(settings)?).await?;
    let ended = sessions::end_by_operator(&state, person).await.map_err(|error| nobody(error, person))?;
    bulletins::post_last(&state).await;
    println!("{ended} sessions ended");
    Ok(())
}

/// Makes a new recovery code for one person and prints it. With a `reason` it works at once.
pub(super) async fn recover(settings: &Settings, person: PersonId, reason: Option<&str>) -> Result<(), Failure> {
    let state = state_of(settings, Opening::AsIs, site_for_jobs(settings)?).await?;
    let missing = |error| nobody(error, Some(person));
    if let Some(reason) = reason {
        let code = recovery::renew_by_operator(&state, person).await.map_err(missing)?;
        tracing::warn!(person.id = %person, reason, "a recovery code of the operator works at once");
        println!("{}", code.grouped());
    } else {
        let (code, works_from) = operator_codes::make(&state, person).await.map_err(missing)?;
        println!(
            "{} works from {} (epoch ms) on, unless the person refuses it; later if the service is away meanwhile",
            code.grouped(),
            works_from.0
        );
    }
    bulletins::post_last(&state).await;
    Ok(())
}

fn nobody(error: ServiceError, person: Option<PersonId>) -> Failure {
    match (error, person) {
        (ServiceError::NotFound, Some(person)) => Failure(format!("there is no person {person}")),
        (error, _) => error.into(),
    }
}

pub(super) async fn list_deliveries(settings: &Settings, state: &str, limit: i64) -> Result<(), Failure> {
    let state = State::from_word(state).ok_or_else(|| {
        let words = State::ALL.map(State::word).join(", ");
        Failure(format!("there is no state {state}; the states are {words}"))
    })?;
    let database = open(settings, Opening::AsIs).await?;
    let mut tx = database.read().await?;
    for found in deliveries::find_in(&mut tx, state, limit).await? {
        println!(
            "{} {} {} {} attempts={} status={} reason={} origin={} created={}",
            found.notification_id,
            found.subscription_id,
            found.kind,
            found.state,
            found.attempts,
            found.status.map_or_else(|| "-".to_owned(), |status| status.to_string()),
            found.reason.as_deref().unwrap_or("-"),
            found.origin.as_deref().unwrap_or("-"),
            found.created_at,
        );
    }
    Ok(())
}

pub(super) async fn seed(settings: &Settings, pairs: usize, sessions: &Path) -> Result<(), Failure> {
    if settings.is_production() {
        return Err(Failure("seed fills a database with invented people: set APP_ENV=development or test".into()));
    }
    let state = state_of(settings, Opening::Migrate, site_for_jobs(settings)?).await?;
    let seeding = seeds::Seeding {
        questions: state.catalogue.questions(),
        random: &state.random,
        now: state.clock.now(),
        consent_version: accounts::CONSENT_VERSION,
        minute: None,
    };
    let members = seeds::fill(&state.database, seeding, pairs).await?;
    seeds::write_sessions(sessions, &members, cookies::sent_session)
        .map_err(|error| Failure(format!("cannot write {}: {error}", sessions.display())))?;
    println!("{pairs} pairs, their sessions are in {}", sessions.display());
    Ok(())
}
