//! A person's seat in a pair.
//! Rules R60, R61, R142.

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use super::{PersonId, PersonName, graphemes, has_forbidden, is_blank, mended};

/// The two seats of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Role {
    Parent,
    Child,
}

impl Role {
    /// The other seat.
    pub fn other(self) -> Self {
        match self {
            Self::Parent => Self::Child,
            Self::Child => Self::Parent,
        }
    }

    /// The stored form.
    pub fn word(self) -> &'static str {
        match self {
            Self::Parent => "parent",
            Self::Child => "child",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "parent" => Some(Self::Parent),
            "child" => Some(Self::Child),
            _ => None,
        }
    }
}

/// Why a relation is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RelationError {
    #[error("no such relation, or it belongs to the other seat")]
    Unknown,
    #[error("the word for the relation is missing")]
    WordMissing,
    #[error("the word for the relation is longer than {} graphemes", Relation::MAX_GRAPHEMES)]
    WordTooLong,
    #[error("the word for the relation holds a control or direction character")]
    WordForbidden,
}

/// What a member is to the other, for wording only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Relation {
    Mother,
    Father,
    Grandmother,
    Grandfather,
    Daughter,
    Son,
    /// Another relative, in their own word (at most 10 graphemes; empty only for a relation of a later release).
    Other(String),
}

impl Relation {
    pub const MAX_GRAPHEMES: usize = 10;

    /// Parses a form's choice. `word` counts only with `other`.
    pub fn parse(role: Role, choice: &str, word: &str) -> Result<Self, RelationError> {
        let relation = match choice {
            "mother" => Self::Mother,
            "father" => Self::Father,
            "grandmother" => Self::Grandmother,
            "grandfather" => Self::Grandfather,
            "daughter" => Self::Daughter,
            "son" => Self::Son,
            "other" => {
                let word: String = mended(word).nfc().collect();
                let word = word.trim();
                if is_blank(word) {
                    return Err(RelationError::WordMissing);
                }
                if graphemes(word) > Self::MAX_GRAPHEMES {
                    return Err(RelationError::WordTooLong);
                }
                if has_forbidden(word) || word.contains(['\n', '\t']) || word.len() > 300 {
                    return Err(RelationError::WordForbidden);
                }
                Self::Other(word.to_owned())
            }
            _ => return Err(RelationError::Unknown),
        };
        let fits = match &relation {
            Self::Mother | Self::Father | Self::Grandmother | Self::Grandfather => role == Role::Parent,
            Self::Daughter | Self::Son => role == Role::Child,
            Self::Other(_) => true,
        };
        if fits { Ok(relation) } else { Err(RelationError::Unknown) }
    }

    /// Reads a stored relation. A relation of a later release becomes `Other` with the stored word, which may be empty:
    /// then the member is called by name.
    pub fn from_stored(role: Role, choice: &str, word: &str) -> Self {
        Self::parse(role, choice, word).unwrap_or_else(|_| Self::Other(word.to_owned()))
    }

    /// The choices offered to a seat, in the order shown; `other` comes last.
    pub fn choices(role: Role) -> &'static [&'static str] {
        match role {
            Role::Parent => &["mother", "father", "grandmother", "grandfather", "other"],
            Role::Child => &["daughter", "son", "other"],
        }
    }

    /// The stored form of the choice; the free word is stored beside it.
    pub fn choice(&self) -> &'static str {
        match self {
            Self::Mother => "mother",
            Self::Father => "father",
            Self::Grandmother => "grandmother",
            Self::Grandfather => "grandfather",
            Self::Daughter => "daughter",
            Self::Son => "son",
            Self::Other(_) => "other",
        }
    }

    /// The free word of `Other`, else nothing.
    pub fn free_word(&self) -> &str {
        match self {
            Self::Other(word) => word,
            _ => "",
        }
    }
}

/// A taken seat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    pub person_id: PersonId,
    pub role: Role,
    pub relation: Relation,
    pub name: PersonName,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relation_belongs_to_its_seat() {
        assert_eq!(Relation::parse(Role::Parent, "mother", ""), Ok(Relation::Mother));
        assert_eq!(Relation::parse(Role::Child, "mother", ""), Err(RelationError::Unknown));
        assert_eq!(Relation::parse(Role::Parent, "queen", ""), Err(RelationError::Unknown));
    }

    #[test]
    fn another_relative_brings_a_word_of_ten_at_most() {
        assert_eq!(Relation::parse(Role::Parent, "other", " 이모 "), Ok(Relation::Other("이모".into())));
        assert_eq!(Relation::parse(Role::Child, "other", ""), Err(RelationError::WordMissing));
        assert_eq!(Relation::parse(Role::Child, "other", "열한글자나되는긴낱말이다"), Err(RelationError::WordTooLong));
        assert_eq!(Relation::parse(Role::Child, "other", "조\u{202E}카"), Err(RelationError::WordForbidden));
    }
}
