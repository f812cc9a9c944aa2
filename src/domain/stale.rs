//! Which texts can still become an answer. The rule is the same in both halves: the server applies it to an answer that
//! arrives, the browser to the drafts on its device when it shows a pair.
//! Rules R21–R23, R27, R122.

/// Why a text cannot become an answer any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stale {
    PairClosed,
    /// Both have answered, and the card is final.
    AlreadyOpen,
    /// The text is for another wording.
    Swapped,
    /// The writer has answered on another device meanwhile.
    AnsweredElsewhere,
}

/// What decides whether a text can become a member's answer to a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answerable {
    pub is_closed: bool,
    pub is_complete: bool,
    /// The number of the wording.
    pub version: u32,
    /// How many revisions the member's answer has; 0 before the first.
    pub revision: u32,
}

impl Answerable {
    /// Refuses a text for the wording `version` if the question takes none for it.
    pub fn check_version(self, version: u32) -> Result<(), Stale> {
        if self.is_closed {
            Err(Stale::PairClosed)
        } else if self.is_complete {
            Err(Stale::AlreadyOpen)
        } else if version != self.version {
            Err(Stale::Swapped)
        } else {
            Ok(())
        }
    }

    /// Refuses a text that was written before the member answered otherwise. `base` is how many revisions its writer
    /// had seen; a text without it is newer than every revision. Up to `unseen` more revisions are the writer's own,
    /// sent without a receipt.
    pub fn check_base(self, base: Option<u32>, unseen: u32) -> Result<(), Stale> {
        let is_seen = |base: u32| (base..=base.saturating_add(unseen)).contains(&self.revision);
        if self.is_complete || base.is_none_or(is_seen) { Ok(()) } else { Err(Stale::AnsweredElsewhere) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN: Answerable = Answerable { is_closed: false, is_complete: false, version: 2, revision: 1 };

    #[test]
    fn a_text_is_for_one_wording_of_a_question_that_is_not_final() {
        assert_eq!(OPEN.check_version(2), Ok(()));
        assert_eq!(OPEN.check_version(1), Err(Stale::Swapped));
        assert_eq!(Answerable { is_complete: true, ..OPEN }.check_version(2), Err(Stale::AlreadyOpen));
        assert_eq!(Answerable { is_complete: true, is_closed: true, ..OPEN }.check_version(1), Err(Stale::PairClosed));
    }

    #[test]
    fn a_text_that_waited_never_goes_over_a_revision_that_its_writer_has_not_seen() {
        assert_eq!(OPEN.check_base(None, 0), Ok(()), "it was written just now");
        assert_eq!(OPEN.check_base(Some(1), 0), Ok(()));
        assert_eq!(OPEN.check_base(Some(0), 0), Err(Stale::AnsweredElsewhere));
        assert_eq!(OPEN.check_base(Some(0), 1), Ok(()), "the revision is the writer's own");
        assert_eq!(OPEN.check_base(Some(2), 0), Err(Stale::AnsweredElsewhere));
        assert_eq!(Answerable { is_complete: true, ..OPEN }.check_base(Some(0), 0), Ok(()), "the card is final anyway");
    }
}
