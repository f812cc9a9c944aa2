//! Tests of sentences, dates, times and names.

use std::{fs, path::Path};

use super::*;

#[test]
fn placeholders_are_filled_with_the_fitting_particle() {
    assert_eq!(fill("{other:이/가} 답했어요", &[("other", "엄마")]), "엄마가 답했어요");
    assert_eq!(fill("{other:이/가} 답했어요", &[("other", "민준")]), "민준이 답했어요");
    assert_eq!(fill("{unknown} {", &[("other", "민준")]), "{unknown} {");
}

#[test]
fn a_name_full_of_braces_is_only_a_name() {
    assert_eq!(fill("{other}!", &[("other", "{name}")]), "{name}!");
}

#[test]
fn both_languages_fill_the_same_places() {
    let places = |text: &str| {
        let mut found = Vec::new();
        let mut rest = text;
        while let Some((_, inside, after)) = next_placeholder(rest) {
            found.push(inside.split(':').next().unwrap_or_default().to_owned());
            rest = after;
        }
        found.sort();
        found.dedup();
        found
    };
    let all = |locale| words(locale).all().into_iter().chain(page_words(locale).all());
    for ((name, ko), (_, en)) in all(Locale::Ko).zip(all(Locale::En)) {
        assert_eq!(places(ko), places(en), "{name}");
        assert!(!ko.is_empty() && !en.is_empty(), "{name}");
    }
}

#[test]
fn times_and_numbers_are_said_as_people_say_them() {
    let at = |text: &str| PushTime::parse(text).expect("a time");
    assert_eq!(time(Locale::Ko, at("21:00")), "밤 9시");
    assert_eq!(time(Locale::Ko, at("00:05")), "새벽 12시 5분");
    assert_eq!(time(Locale::En, at("12:30")), "12:30 pm");
    assert_eq!(question_number(Locale::Ko, 12), "열두 번째 질문");
    assert_eq!(question_number(Locale::Ko, 20), "스무 번째 질문");
    assert_eq!(question_number(Locale::Ko, 21), "스물한 번째 질문");
    assert_eq!(question_number(Locale::Ko, 123), "123 번째 질문");
}

#[test]
fn a_device_is_called_as_people_call_it() {
    assert_eq!(device(Locale::Ko, "iPhone · Safari"), "아이폰 · Safari");
    assert_eq!(device(Locale::En, "iPhone · Safari"), "iPhone · Safari");
    assert_eq!(device(Locale::Ko, "거실 태블릿"), "거실 태블릿");
    assert_eq!(device(Locale::Ko, "?"), "이름을 알 수 없는 기기");
}

#[test]
fn a_parent_is_called_by_relation_and_a_child_by_name() {
    let words = words(Locale::Ko);
    assert_eq!(call(words, Role::Parent, &Relation::Mother, "순자"), "엄마");
    assert_eq!(call(words, Role::Child, &Relation::Daughter, "민지"), "민지");
    assert_eq!(call(words, Role::Child, &Relation::Daughter, ""), "딸", "whose account was deleted");
    assert_eq!(call(words, Role::Parent, &Relation::Other(String::new()), ""), "다른 가족");
    assert_eq!(call(words, Role::Parent, &Relation::Other("이모".into()), "순자"), "이모");
}

#[test]
fn every_sentence_is_used() {
    fn read(folder: &Path, code: &mut String) {
        for entry in fs::read_dir(folder).expect("a folder of sources") {
            let path = entry.expect("a file").path();
            let name = path.file_name().and_then(|name| name.to_str()).expect("a name in UTF-8");
            if path.is_dir() && name != "tests" {
                read(&path, code);
            } else if name.ends_with(".rs") && !name.ends_with("_tests.rs") {
                code.push_str(&fs::read_to_string(&path).expect("text"));
            }
        }
    }
    let mut code = String::new();
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut code);
    // A use is a field of `words`, of `page_words(…)` or of another call.
    let is_use = |at: usize, name: &str| {
        let before = code[..at].trim_end();
        let after = code[at + 1 + name.len()..].chars().next().unwrap_or(' ');
        (before.ends_with("words") || before.ends_with(')')) && !after.is_alphanumeric() && after != '_'
    };
    let unused: Vec<_> = words(Locale::Ko)
        .all()
        .into_iter()
        .chain(page_words(Locale::Ko).all())
        .map(|(name, _)| name)
        .filter(|name| !code.match_indices(&format!(".{name}")).any(|(at, _)| is_use(at, name)))
        .collect();
    assert!(unused.is_empty(), "no page says: {unused:?}");
}
