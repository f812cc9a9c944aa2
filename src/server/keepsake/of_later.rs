//! What an `archive.json` of a later release has that this release does not know.
//! Rule R183.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json, value::RawValue};

use super::{
    archive::{CardEntry, PairHead},
    copy_error::CopyError,
    unknown::{self, Fields, MAX_FIELDS},
};

/// Bytes of unknown fields that a pair keeps, beside those of the whole document.
const MAX_OF_PAIR: usize = 256 * 1024;
/// Bytes of unknown fields of the document.
pub const MAX_OF_DOCUMENT: usize = 64 * 1024;
/// How many they are at most, beside the four known ones.
pub const MAX_OF_DOCUMENT_FIELDS: usize = MAX_FIELDS - 4;

/// A JSON object of unknown fields; `None`: there are none.
type Unknown = Option<Box<RawValue>>;

/// The unknown fields of a pair without its questions, and those of the document. Each is a JSON object.
#[derive(Default, Serialize, Deserialize)]
pub struct PairFields {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document: Unknown,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pair: Unknown,
}

impl PairFields {
    pub fn is_empty(&self) -> bool {
        self.document.is_none() && self.pair.is_none()
    }

    /// As they are stored.
    pub fn from_stored(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_default()
    }
}

/// The texts of the items of an array in an object.
pub fn items_of<'a>(object: &'a str, name: &str) -> Vec<&'a RawValue> {
    let field = Fields::of(object).and_then(|fields| fields.get(name));
    field.and_then(unknown::items).unwrap_or_default()
}

fn raw(text: Option<String>) -> Unknown {
    RawValue::from_string(text?).ok()
}

/// What is unknown in the document without its pairs.
pub fn of_document(source: &str) -> Result<Unknown, CopyError> {
    let known = json!({ "format": "", "version": 1, "language": "", "pairs": [] }).to_string();
    let mut left = MAX_OF_DOCUMENT;
    Ok(raw(unknown::find(source.trim_start(), &known, &mut left)?))
}

/// What is unknown in a pair, and in each of its questions: the cards and then the unopened ones.
pub fn of_pair(
    source: &str,
    head: &PairHead,
    questions: [&[CardEntry]; 2],
) -> Result<(Unknown, Vec<Option<String>>), CopyError> {
    let mut left = MAX_OF_PAIR;
    let mut known = json!(head);
    known["cards"] = json!([]);
    let of_pair = raw(unknown::find(source, &known.to_string(), &mut left)?);
    let mut of_questions = Vec::new();
    for (name, entries) in ["cards", "unopened"].into_iter().zip(questions) {
        for (source, entry) in items_of(source, name).into_iter().zip(entries) {
            let mut known = json!(entry);
            // Fields that are left out when they say nothing are known too.
            for (of, name) in [("", "card"), ("", "season"), ("/parent", "taken_back"), ("/child", "taken_back")] {
                if let Some(object) = known.pointer_mut(of).and_then(Value::as_object_mut) {
                    object.entry(name).or_insert_with(|| json!(null));
                }
            }
            of_questions.push(unknown::find(source.get(), &known.to_string(), &mut left)?);
        }
    }
    Ok((of_pair, of_questions))
}
