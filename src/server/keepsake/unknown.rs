//! Fields of a later release in `archive.json`: found when a copy is read, and written again in the next copy.
//!
//! What is found of a value is the text of a JSON object. It has each unknown field as it was written, and for a known
//! field what was found inside it. An array counts as an object whose fields are the places of its items, from 0.
//! Nothing is parsed further than that: the texts are borrowed, so that a copy takes no memory for what is unknown.
//! Rule R183.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    fmt,
};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::copy_error::CopyError;

/// Most fields of one object that has unknown ones.
pub const MAX_FIELDS: usize = 100;
/// How deep an unknown field may be.
const MAX_DEPTH: usize = 32;

const TOO_MUCH: CopyError = CopyError::Unknown;

/// The fields of an object in their order.
pub struct Fields<'a>(pub Vec<(Cow<'a, str>, &'a RawValue)>);

#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Walk;
        impl<'de> Visitor<'de> for Walk {
            type Value = Fields<'de>;

            fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
                to.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some((Name(name), value)) = map.next_entry()? {
                    fields.push((name, value));
                    // The texts that were found in an array of a pair are fields too.
                    if fields.len() > MOST_ITEMS {
                        return Err(serde::de::Error::custom("too many fields"));
                    }
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(Walk)
    }
}

/// Most fields that are held at once: those of an array, each with at least `"1":{"a":1}`, in 256 KiB.
const MOST_ITEMS: usize = 30_000;

impl<'a> Fields<'a> {
    pub fn of(text: &'a str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    pub fn get(&self, name: &str) -> Option<&'a str> {
        self.0.iter().find(|(found, _)| found == name).map(|(_, value)| value.get())
    }
}

/// What `source` has and `known` lacks, in at most `left` bytes, which are taken off. `None`: nothing.
pub fn find(source: &str, known: &str, left: &mut usize) -> Result<Option<String>, CopyError> {
    match (source.as_bytes().first(), known.as_bytes().first()) {
        (Some(b'{'), Some(b'{')) => find_in_object(source, known, left),
        (Some(b'['), Some(b'[')) => {
            let (Some(source), Some(known)) = (items(source), items(known)) else { return Ok(None) };
            let mut found = Found::default();
            for (place, (source, known)) in source.iter().zip(known).enumerate() {
                if let Some(inside) = find(source.get(), known.get(), left)? {
                    found.add(&place.to_string(), &inside, left)?;
                }
            }
            Ok(found.end())
        }
        _ => Ok(None),
    }
}

fn find_in_object(source: &str, known: &str, left: &mut usize) -> Result<Option<String>, CopyError> {
    let (Some(Fields(source)), Some(known)) = (Fields::of(source), Fields::of(known)) else { return Err(TOO_MUCH) };
    if source.len() > MAX_FIELDS {
        return Err(TOO_MUCH);
    }
    let mut found = Found::default();
    let mut names = HashSet::new();
    for (name, value) in &source {
        if !names.insert(name) {
            return Err(CopyError::Wrong("a field twice"));
        }
        match known.get(name) {
            Some(known) => {
                if let Some(inside) = find(value.get(), known, left)? {
                    found.add(name, &inside, left)?;
                }
            }
            None if is_deep(value.get()) => return Err(TOO_MUCH),
            None => found.add(name, value.get(), left)?,
        }
    }
    Ok(found.end())
}

pub fn items(text: &str) -> Option<Vec<&RawValue>> {
    serde_json::from_str(text).ok()
}

/// Whether a JSON text has more levels than other programs can be expected to read.
fn is_deep(text: &str) -> bool {
    let (mut depth, mut is_string, mut is_escaped) = (0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_string => is_escaped = true,
            b'"' => is_string = !is_string,
            b'{' | b'[' if !is_string => depth += 1,
            b'}' | b']' if !is_string => depth -= 1,
            _ => {}
        }
        if depth > MAX_DEPTH {
            return true;
        }
    }
    false
}

/// An object that is being written.
#[derive(Default)]
struct Found(String);

impl Found {
    fn add(&mut self, name: &str, value: &str, left: &mut usize) -> Result<(), CopyError> {
        let before = self.0.len();
        *left = left.checked_sub(value.len()).ok_or(TOO_MUCH)?;
        write_field(&mut self.0, name, value);
        *left = left.checked_sub(self.0.len() - before - value.len()).ok_or(TOO_MUCH)?;
        Ok(())
    }

    fn end(self) -> Option<String> {
        (!self.0.is_empty()).then(|| format!("{{{}}}", self.0.trim_start_matches(',')))
    }
}

/// Adds `,"name":value`.
pub fn write_field(to: &mut String, name: &str, value: &str) {
    to.push(',');
    // A text always becomes JSON.
    to.push_str(&serde_json::to_string(name).unwrap_or_default());
    to.push(':');
    to.push_str(value);
}

/// A value with what was found of it: the known fields first, which win, and then the unknown.
pub fn with(known: &str, found: &str) -> String {
    let (whole, rest) = parts(known, found);
    match whole.strip_suffix('}') {
        Some("{") => format!("{{{}}}", rest.trim_start_matches(',')),
        Some(open) => format!("{open}{rest}}}"),
        None => whole,
    }
}

/// As `with`, for an object that other fields follow: the object with what was found inside its known fields, and the
/// unknown fields, each after a comma.
pub fn parts(known: &str, found: &str) -> (String, String) {
    let Some(Fields(found)) = Fields::of(found) else { return (known.to_owned(), String::new()) };
    let places: HashMap<&str, &RawValue> = found.iter().map(|(name, value)| (name.as_ref(), *value)).collect();
    let inside = |name: &str, value: &RawValue| match places.get(name) {
        Some(inside) if inside.get().starts_with('{') => with(value.get(), inside.get()),
        _ => value.get().to_owned(),
    };
    if known.starts_with('[') {
        let items = items(known).unwrap_or_default();
        let texts = items.iter().enumerate().map(|(place, item)| inside(&place.to_string(), item));
        return (format!("[{}]", texts.collect::<Vec<_>>().join(",")), String::new());
    }
    let Some(Fields(known)) = Fields::of(known).filter(|_| known.starts_with('{')) else {
        return (known.to_owned(), String::new());
    };
    let (mut whole, mut rest) = (String::new(), String::new());
    known.iter().for_each(|(name, value)| write_field(&mut whole, name, &inside(name, value)));
    for (name, value) in found.iter().filter(|(name, _)| known.iter().all(|(other, _)| other != name)) {
        write_field(&mut rest, name, value.get());
    }
    (format!("{{{}}}", whole.trim_start_matches(',')), rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(source: &str, known: &str) -> Result<Option<String>, CopyError> {
        find(source, known, &mut 1_000)
    }

    #[test]
    fn unknown_fields_come_behind_the_known_ones_at_every_level() {
        let source = r#"{"later": {"x" : [1.50, "\u0041"]}, "a":{"b":1,"c":2},"list":[{"d":1},{"d":2,"e":null}]}"#;
        let known = r#"{"a":{"b":1},"list":[{"d":1},{"d":2}]}"#;
        let unknown = found(source, known).expect("few fields").expect("some");
        assert_eq!(unknown, r#"{"later":{"x" : [1.50, "\u0041"]},"a":{"c":2},"list":{"1":{"e":null}}}"#);
        let again = with(known, &unknown);
        assert_eq!(again, r#"{"a":{"b":1,"c":2},"list":[{"d":1},{"d":2,"e":null}],"later":{"x" : [1.50, "\u0041"]}}"#);
        assert_eq!(found(&again, known).expect("few fields").map(|next| with(known, &next)), Some(again));
        assert_eq!(found(known, known).expect("none"), None);
    }

    #[test]
    fn known_fields_win_and_what_has_no_place_any_more_is_left_out() {
        assert_eq!(with(r#"{"a":null,"b":[1]}"#, r#"{"a":{"c":2},"b":{"7":{"d":1}}}"#), r#"{"a":null,"b":[1]}"#);
        assert_eq!(with(r#"{"a":1}"#, r#"{"a":2}"#), r#"{"a":1}"#);
        assert_eq!(with("{}", r#"{"a":2}"#), r#"{"a":2}"#);
    }

    #[test]
    fn too_many_too_deep_and_too_long_are_refused() {
        let fields =
            |count| format!("{{{}}}", (0..count).map(|at| format!("\"f{at}\":1")).collect::<Vec<_>>().join(","));
        assert!(found(&fields(100), "{}").is_ok());
        assert!(matches!(found(&fields(101), "{}"), Err(CopyError::Unknown)));
        let nested = |depth| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(found(&nested(32), "{}").is_ok());
        assert!(matches!(found(&nested(33), "{}"), Err(CopyError::Unknown)));
        let long = |length| format!("{{\"a\":\"{}\"}}", "x".repeat(length));
        assert!(found(&long(900), "{}").is_ok());
        assert!(matches!(found(&long(1_000), "{}"), Err(CopyError::Unknown)));
        assert!(matches!(found(r#"{"a":1,"a":2}"#, "{}"), Err(CopyError::Wrong("a field twice"))));
        assert!(found(&format!("{{\"a\":\"{}\"}}", "[{".repeat(300)), "{}").is_ok(), "letters are not levels");
    }
}
