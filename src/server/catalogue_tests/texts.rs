//! Every wording and topic of our own questions: keys, tags, lengths, placeholders, marks.

use super::*;

#[test]
fn there_are_at_least_240_questions_and_30_in_each_section() {
    let catalogue = catalogue();
    assert!(catalogue.questions().len() >= 240, "{}", catalogue.questions().len());
    for section in Section::ALL {
        let count = catalogue.questions().iter().filter(|question| question.section == section).count();
        assert!(count >= 30, "{}: {count}", section.word());
    }
    assert_eq!(
        EMBEDDED.map(|(name, _)| name.trim_end_matches(".toml")),
        Section::ALL.map(Section::word),
        "a file for each section, in its order"
    );
}

#[test]
fn keys_are_plain_and_told_once_and_begin_with_their_section() {
    let mut seen = BTreeSet::new();
    for question in catalogue().questions() {
        let key = &question.key.0;
        assert!(seen.insert(key.clone()), "{key} twice");
        assert!(
            key.len() <= 64 && key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
            "{key}"
        );
        let prefix = match question.section {
            Section::Childhood => "childhood-",
            Section::School => "school-",
            Section::Youth => "youth-",
            Section::WorkAndLove => "work-",
            Section::SinceWeMet => "met-",
            Section::NowAndAhead => "ahead-",
            Section::Other => panic!("{key} is in no section of this release"),
        };
        assert!(key.starts_with(prefix), "{key} is no key of {}", question.section.word());
    }
}

#[test]
fn the_first_question_is_the_oldest_memory_and_the_free_one_is_not_in_the_rotation() {
    let catalogue = catalogue();
    assert_eq!(catalogue.first().key.0, FIRST_QUESTION_KEY);
    assert_eq!(catalogue.free().key.0, FREE_QUESTION_KEY);
    assert!(catalogue.questions().iter().all(|question| question.key != catalogue.free().key));
    assert!(catalogue.free().wordings.ko.parent.starts_with("무엇이든 물어보세요"));
}

#[test]
fn every_question_has_tags_of_plain_words() {
    for question in catalogue().questions() {
        let is_plain = |tag: &String| !tag.is_empty() && tag.bytes().all(|b| b.is_ascii_lowercase());
        assert!(
            !question.tags.is_empty() && question.tags.iter().all(is_plain),
            "{}: {:?}",
            question.key.0,
            question.tags
        );
        assert_eq!(
            question.tags.iter().collect::<BTreeSet<_>>().len(),
            question.tags.len(),
            "{}: a tag twice",
            question.key.0
        );
    }
}

#[test]
fn every_text_is_there_in_both_languages_without_blanks_to_spare() {
    each(&all_texts(), |item| {
        let is_tidy = !item.text.is_empty() && item.text.trim() == item.text && !item.text.contains("  ");
        (!is_tidy).then(|| "empty, or with blanks to spare".to_owned())
    });
}

#[test]
fn topics_fit_on_a_line_and_no_section_says_one_twice() {
    let topics: Vec<CatalogueText> = all_texts().into_iter().filter(|item| item.seat == "topic").collect();
    each(&topics, |item| {
        let length = graphemes(&item.text);
        (!(1..=TOPIC_GRAPHEMES).contains(&length)).then(|| format!("{length} letters"))
    });
    each(&topics, |item| {
        item.text.contains(['{', '}', '?', '.']).then(|| "a topic is a word or two, no sentence".to_owned())
    });
    let mut seen = HashMap::new();
    for item in topics.iter().filter(|item| item.key != FREE_QUESTION_KEY) {
        let earlier = seen.insert((item.section.word(), item.language, item.text.to_lowercase()), item.key.clone());
        assert_eq!(earlier, None, "{}: the topic {} again", item.key, item.text);
    }
}

#[test]
fn no_wording_is_told_twice() {
    let mut seen = HashMap::new();
    for item in wordings("").iter().filter(|item| item.key != FREE_QUESTION_KEY) {
        let earlier = seen.insert(item.text.to_lowercase(), format!("{} {}", item.key, item.seat));
        assert_eq!(earlier, None, "{} {}: {}", item.key, item.seat, item.text);
    }
}

#[test]
fn the_only_placeholder_is_the_other_with_a_particle_we_know() {
    each(&all_texts(), |item| text::unknown_placeholder(&item.text, &["other"]));
    each(&wordings("en"), |item| item.text.contains("{other:").then(|| "English has no particles".to_owned()));
    each(&wordings("ko"), |item| {
        // What stands behind a bare {other} must fit any name: 에게, 의, 한테, 덕분에 … and a space do, 이 and 가 do not.
        let mut behind = item.text.split("{other}").skip(1).map(|rest| rest.chars().next().unwrap_or(' '));
        behind
            .find(|c| "이가은는을를과와랑로야아".contains(*c))
            .map(|c| format!("{{other}} followed by {c}: write the particle as {{other:…}}"))
    });
}

/// Filled in with a name of each ending, no sentence shows a brace or a bare choice of particles.
#[test]
fn every_wording_reads_well_with_any_name() {
    for item in wordings("") {
        for name in ["엄마", "민준", "미슬", "Sam"] {
            let filled = text::fill(&item.text, &[("other", name)]);
            assert!(!filled.contains(['{', '}', '/']), "{}: {filled}", item.key);
        }
    }
}

#[test]
fn every_wording_ends_as_a_question_or_a_sentence() {
    each(&wordings(""), |item| (!item.text.ends_with(['?', '.'])).then(|| "ends with neither ? nor .".to_owned()));
    each(&wordings("ko"), |item| {
        // 해요체, in all its sentences.
        let mut sentences =
            item.text.split_inclusive(['?', '.']).map(str::trim).filter(|sentence| !sentence.is_empty());
        let rough = sentences.find(|sentence| {
            let stem = sentence.trim_end_matches(['?', '.']);
            !(stem.ends_with('요') || is_list(stem))
        });
        rough.map(|sentence| format!("not 해요체: {sentence}"))
    });
}

/// A list before or after the question, without a verb: "고무줄, 구슬치기, 딱지치기."
fn is_list(sentence: &str) -> bool {
    sentence.contains(',') && !sentence.ends_with('다')
}

#[test]
fn korean_is_hangul_with_plain_marks_and_english_is_plain_ascii() {
    let is_mark = |c: char| matches!(c, ' ' | '.' | ',' | '?' | '!' | '\'' | '-' | ':') || c.is_ascii_digit();
    each(&all_texts(), |item| {
        let bare = item.bare();
        let strange = bare.chars().find(|c| {
            let is_letter = if item.language == "ko" { ('가'..='힣').contains(c) } else { c.is_ascii_alphabetic() };
            !is_letter && !is_mark(*c)
        });
        strange.map(|c| format!("holds {c:?}"))
    });
}
