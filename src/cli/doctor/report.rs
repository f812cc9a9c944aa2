//! The lines that the command prints.

use std::fmt::Display;

/// Prints a line for each thing that was looked at.
#[derive(Default)]
pub struct Report {
    pub wrong: usize,
}

impl Report {
    pub fn good(&mut self, what: &str, found: impl Display) {
        println!("ok     {what}: {found}");
    }

    /// Something the operator should know, but need not change.
    pub fn note(&mut self, what: &str, found: impl Display) {
        println!("note   {what}: {found}");
    }

    /// Something to change. The sentence says how.
    pub fn wrong(&mut self, what: &str, sentence: impl Display) {
        println!("WRONG  {what}: {sentence}");
        self.wrong += 1;
    }

    pub fn judge<E: Display>(&mut self, what: &str, judged: Result<impl Display, E>) {
        match judged {
            Ok(found) => self.good(what, found),
            Err(sentence) => self.wrong(what, sentence),
        }
    }
}
