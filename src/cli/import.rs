//! `umbba import`: a copy that a person kept becomes a closed pair of theirs.

use std::{fs::File, io::BufReader, path::PathBuf};

use super::{
    failure::Failure,
    state::{site_for_jobs, state_of},
};
use crate::{
    domain::PersonId,
    server::{config::Settings, jobs::bulletins, keepsake::reading, services::imports, storage::Opening},
};

#[derive(clap::Args)]
pub(super) struct Import {
    /// The zip from /keep.
    file: PathBuf,
    /// Whose archive it becomes: the person's id, as the log names it. They sign up first.
    #[arg(long, value_name = "ID")]
    person: PersonId,
}

pub(super) async fn run(settings: &Settings, wanted: Import) -> Result<(), Failure> {
    let shown = wanted.file.display();
    let file = File::open(&wanted.file).map_err(|error| Failure(format!("cannot read {shown}: {error}")))?;
    let copy = reading::read(BufReader::new(file)).map_err(|error| Failure(format!("{shown}: {error}")))?;
    let state = state_of(settings, Opening::AsIs, site_for_jobs(settings)?).await?;
    let (pairs, questions) = imports::import(&state, wanted.person, None, &copy).await?;
    bulletins::post_last(&state).await;
    println!("imported pairs: {pairs}, questions: {questions}");
    Ok(())
}
