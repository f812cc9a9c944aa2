//! Checks of the catalogue: what a program can check of the questions. The rest needs a reader.

mod choice;
mod likeness;
mod meaning;
mod own_files;
mod texts;

use std::{fs, path::PathBuf};

use super::*;
use crate::domain::{Locale, Role};

fn catalogue() -> Catalogue {
    Catalogue::from_files(&EMBEDDED.map(|(name, text)| (name.to_owned(), text.to_owned())))
        .expect("our own files are in order")
}

/// A wording with what it is: for a sentence about what is wrong with it.
struct CatalogueText {
    key: String,
    section: Section,
    language: &'static str,
    seat: &'static str,
    text: String,
}

impl CatalogueText {
    /// The text without its placeholders.
    fn bare(&self) -> String {
        let mut bare = String::new();
        for (at, part) in self.text.split('{').enumerate() {
            bare.push_str(if at == 0 { part } else { part.split_once('}').map_or("", |(_, after)| after) });
        }
        bare
    }

    fn names_the_other(&self) -> bool {
        self.text.contains("{other")
    }
}

/// Every wording and topic, the free question's too.
fn all_texts() -> Vec<CatalogueText> {
    let catalogue = catalogue();
    let mut texts = Vec::new();
    for question in catalogue.questions().iter().chain([catalogue.free()]) {
        for (language, wording) in [("ko", &question.wordings.ko), ("en", &question.wordings.en)] {
            for (seat, text) in [("topic", &wording.topic), ("parent", &wording.parent), ("child", &wording.child)] {
                texts.push(CatalogueText {
                    key: question.key.0.clone(),
                    section: question.section,
                    language,
                    seat,
                    text: text.clone(),
                });
            }
        }
    }
    texts
}

fn wordings(language: &str) -> Vec<CatalogueText> {
    all_texts()
        .into_iter()
        .filter(|item| item.seat != "topic" && (item.language == language || language.is_empty()))
        .collect()
}

/// Fails with every text that `what_is_wrong` says something about.
fn each(texts: &[CatalogueText], what_is_wrong: impl Fn(&CatalogueText) -> Option<String>) {
    let broken: Vec<String> = texts
        .iter()
        .filter_map(|item| {
            what_is_wrong(item)
                .map(|wrong| format!("{} {} {}: {wrong}: {}", item.key, item.language, item.seat, item.text))
        })
        .collect();
    assert!(broken.is_empty(), "{} broken:\n{}", broken.len(), broken.join("\n"));
}
