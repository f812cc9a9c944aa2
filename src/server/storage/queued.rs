//! Statements that go to SQLite together with the next one.
//!
//! Each call goes to the thread of the connection and back. A statement whose answer nobody needs waits here for the
//! next call of its transaction, and both go in one text.

use std::fmt::Write;

use sqlx::{Error, error::BoxDynError, sqlite::SqliteArguments};

/// Most statements that wait. A text is kept for each sequence of them that occurs, and a use case may write in a loop.
const MOST: usize = 8;

/// The statements that wait, in order, and the values of their placeholders.
#[derive(Default)]
pub(super) struct Queued {
    statements: Vec<Part>,
    arguments: SqliteArguments,
}

/// A statement, and how many values come before its own.
#[derive(Clone, Copy)]
pub(super) struct Part {
    pub statement: &'static str,
    pub before: usize,
}

impl Queued {
    pub(super) fn is_empty(&self) -> bool {
        self.statements.is_empty()
    }

    pub(super) fn is_full(&self) -> bool {
        self.statements.len() >= MOST
    }

    /// Adds a statement. `bind` adds the values of its placeholders.
    pub(super) fn add(
        &mut self,
        statement: &'static str,
        bind: impl FnOnce(&mut SqliteArguments) -> Result<(), BoxDynError>,
    ) -> Result<(), Error> {
        let before = self.count();
        self.statements.push(Part { statement, before });
        bind(&mut self.arguments).map_err(Error::Encode)
    }

    /// Takes all statements, with `last` behind them, and their values. Those of `last` come behind these.
    pub(super) fn take_with(&mut self, last: &'static str) -> (Vec<Part>, SqliteArguments) {
        let before = self.count();
        let Self { mut statements, arguments } = std::mem::take(self);
        statements.push(Part { statement: last, before });
        (statements, arguments)
    }

    fn count(&self) -> usize {
        sqlx::Arguments::len(&self.arguments)
    }
}

impl Part {
    /// Writes the statement with the numbers of its placeholders counted on from the values before it.
    pub(super) fn write_to(self, text: &mut String) {
        let mut parts = self.statement.split('$');
        text.push_str(parts.next().unwrap_or_default());
        for part in parts {
            let digits = part.bytes().take_while(u8::is_ascii_digit).count();
            let (number, rest) = part.split_at(digits);
            match number.parse::<usize>() {
                Ok(number) => {
                    // Writing to a string does not fail.
                    let _ = write!(text, "${}{rest}", number + self.before);
                }
                Err(_) => {
                    text.push('$');
                    text.push_str(part);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_count_on_and_other_dollars_stay() {
        let mut text = String::new();
        Part { statement: "SELECT $1, $12->>'$.a', '$' WHERE x = $2", before: 3 }.write_to(&mut text);
        assert_eq!(text, "SELECT $4, $15->>'$.a', '$' WHERE x = $5");
    }
}
