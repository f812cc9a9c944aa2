//! Deleting persons and pairs on request.

use clap::{Args, ValueEnum};

use super::{
    failure::Failure,
    state::{site_for_jobs, state_of},
};
use crate::{
    domain::{PairId, PersonId, WordsOnDeletion},
    server::{
        config::Settings,
        jobs::bulletins,
        services::{
            deletion_counts::{self, Counts},
            deletions, pair_deletions,
        },
        storage::Opening,
    },
};

/// The most that one run deletes without `--yes-really`.
const MOST: usize = 3;

/// What both commands take.
#[derive(Args)]
pub(super) struct Deletion<Id: Clone + Send + Sync + std::str::FromStr + 'static>
where
    Id::Err: std::error::Error + Send + Sync,
{
    /// The ids, as the log names them.
    #[arg(required = true)]
    ids: Vec<Id>,
    /// Count what would be deleted, and change nothing.
    #[arg(long)]
    dry_run: bool,
    /// Delete more than three in one run: N is how many ids are given.
    #[arg(long, value_name = "N")]
    yes_really: Option<usize>,
}

#[derive(Args)]
pub(super) struct PersonDeletion {
    #[command(flatten)]
    whom: Deletion<PersonId>,
    /// What becomes of their words on opened cards: leave them to the other, or erase them.
    #[arg(long, value_enum, default_value = "erase")]
    words: Words,
    /// Delete at the next hourly sweep of the running app; nobody can take it back. Otherwise it waits seven days, in
    /// which the person can take it back by signing in with their recovery code.
    #[arg(long)]
    now: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Words {
    Leave,
    Erase,
}

impl From<Words> for WordsOnDeletion {
    fn from(words: Words) -> Self {
        match words {
            Words::Leave => Self::Leave,
            Words::Erase => Self::Erase,
        }
    }
}

impl<Id: Clone + Send + Sync + std::str::FromStr + 'static> Deletion<Id>
where
    Id::Err: std::error::Error + Send + Sync,
{
    fn check(&self) -> Result<(), Failure> {
        let count = self.ids.len();
        match self.yes_really {
            Some(sure) if sure != count => Err(Failure(format!("--yes-really says {sure}, and {count} ids are given"))),
            None if count > MOST && !self.dry_run => Err(Failure(format!(
                "{count} ids are given, and one run deletes {MOST} at most; look at them with --dry-run, then add \
                 --yes-really {count}"
            ))),
            _ => Ok(()),
        }
    }
}

pub(super) async fn persons(settings: &Settings, wanted: PersonDeletion) -> Result<(), Failure> {
    wanted.whom.check()?;
    let state = state_of(settings, Opening::AsIs, site_for_jobs(settings)?).await?;
    // A mistyped id is found before anything is deleted.
    let words = wanted.words.into();
    let counted = deletion_counts::count_of_persons(&state, &wanted.whom.ids, words).await?;
    let counted = counted.map_err(|id| Failure(format!("there is no person {id}")))?;
    for (id, counts) in wanted.whom.ids.into_iter().zip(counted) {
        if wanted.whom.dry_run {
            println!("{id}: would delete {}", said(&counts));
            continue;
        }
        let due = deletions::ask_by_operator(&state, id, words, wanted.now).await?;
        println!("{id}: will delete {} (epoch ms {})", said(&counts), due.0);
    }
    bulletins::post_last(&state).await;
    Ok(())
}

pub(super) async fn pairs(settings: &Settings, wanted: Deletion<PairId>) -> Result<(), Failure> {
    wanted.check()?;
    let state = state_of(settings, Opening::AsIs, site_for_jobs(settings)?).await?;
    let mut counted = Vec::new();
    for id in &wanted.ids {
        let counts = deletion_counts::count_of_pair(&state, *id).await?;
        counted.push((*id, counts.ok_or_else(|| Failure(format!("there is no pair {id}")))?));
    }
    for (id, counts) in counted {
        if wanted.dry_run {
            println!("{id}: would delete {} answers, {} revisions", counts.answers, counts.revisions);
            continue;
        }
        pair_deletions::delete_pair_by_operator(&state, id).await?;
        println!("{id}: deleted {} answers, {} revisions", counts.answers, counts.revisions);
    }
    bulletins::post_last(&state).await;
    Ok(())
}

fn said(counts: &Counts) -> String {
    let Counts { pairs, unread, words, own } = counts;
    format!(
        "{} answers, {} revisions, {} notifications, {} devices, {} sessions, seats in {pairs} pairs ({unread} of them \
         go whole, because nobody else can read them)",
        words.answers, words.revisions, own.notifications, own.devices, own.sessions
    )
}
