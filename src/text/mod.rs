//! Every sentence of the app in both languages. `ko` declares the names and has the Korean texts, `en` has the English
//! ones; a sentence is written in these two files only. `particles` chooses the Korean particle after an inserted name.
//! Pages and pushes contain no sentence of their own.

pub mod cities;
mod en;
mod ko;
mod particles;
pub mod prose;
pub mod pushes;
mod sentences;

use std::borrow::Cow;

pub use ko::{PageWords, Words};

use crate::domain::{LocalDate, Locale, PushTime, Relation, Role, Section, TextSize};

/// The sentences of a language that both the server and the islands use.
pub fn words(locale: Locale) -> &'static Words {
    match locale {
        Locale::Ko => &ko::KO,
        Locale::En => &en::EN,
    }
}

/// The sentences of a language, including the ones that only server-rendered pages use.
pub fn page_words(locale: Locale) -> &'static PageWords {
    match locale {
        Locale::Ko => &ko::KO_PAGES,
        Locale::En => &en::EN_PAGES,
    }
}

/// Fills `{key}` and, with a particle that fits the value, `{key:이/가}`. Unknown placeholders stay as written.
pub fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(template.len() + 16);
    let mut rest = template;
    while let Some((before, inside, after)) = next_placeholder(rest) {
        filled.push_str(before);
        let (key, particle) = inside.split_once(':').map_or((inside, None), |(key, particle)| (key, Some(particle)));
        match values.iter().find(|(name, _)| *name == key) {
            Some((_, value)) => {
                filled.push_str(value);
                if let Some(choice) = particle {
                    filled.push_str(particles::pick(value, choice));
                }
            }
            None => {
                filled.push('{');
                filled.push_str(inside);
                filled.push('}');
            }
        }
        rest = after;
    }
    filled.push_str(rest);
    filled
}

fn next_placeholder(text: &str) -> Option<(&str, &str, &str)> {
    let open = text.find('{')?;
    let close = open + text[open..].find('}')?;
    Some((&text[..open], &text[open + 1..close], &text[close + 1..]))
}

/// The first placeholder that is not one of `known`, or a brace that belongs to no placeholder.
pub fn unknown_placeholder(template: &str, known: &[&str]) -> Option<String> {
    const CHOICES: [&str; 7] = ["이/가", "은/는", "을/를", "와/과", "이랑/랑", "아/야", "으로/로"];
    let mut rest = template;
    while let Some((_, inside, after)) = next_placeholder(rest) {
        let (key, particle) = inside.split_once(':').map_or((inside, None), |(key, particle)| (key, Some(particle)));
        if !known.contains(&key) || particle.is_some_and(|choice| !CHOICES.contains(&choice)) {
            return Some(format!("{{{inside}}}"));
        }
        rest = after;
    }
    rest.contains(['{', '}']).then(|| "a lonely brace".to_owned())
}

/// The word for a relation.
pub fn relation<'a>(words: &'a Words, relation: &'a Relation) -> &'a str {
    match relation {
        Relation::Mother => words.relation_mother,
        Relation::Father => words.relation_father,
        Relation::Grandmother => words.relation_grandmother,
        Relation::Grandfather => words.relation_grandfather,
        Relation::Daughter => words.relation_daughter,
        Relation::Son => words.relation_son,
        Relation::Other(word) if word.is_empty() => words.relation_other,
        Relation::Other(word) => word,
    }
}

/// The label of one choice in a form that asks for the relation.
pub fn relation_choice(words: &Words, choice: &str) -> &'static str {
    match choice {
        "mother" => words.relation_mother,
        "father" => words.relation_father,
        "grandmother" => words.relation_grandmother,
        "grandfather" => words.relation_grandfather,
        "daughter" => words.relation_daughter,
        "son" => words.relation_son,
        _ => words.relation_other,
    }
}

/// The form of address for the other member: the relation word for a parent, the name for a child.
pub fn call(words: &Words, role: Role, other: &Relation, name: &str) -> String {
    let has_no_word = matches!(other, Relation::Other(word) if word.is_empty());
    let called = match role {
        Role::Parent if !has_no_word => relation(words, other),
        Role::Parent | Role::Child => name,
    };
    // A person whose account was deleted with their words has no name.
    if called.is_empty() { relation(words, other).to_owned() } else { called.to_owned() }
}

/// The name of a provider that has a ready entry (`server::oidc::Kind`).
pub fn provider(locale: Locale, kind: &str) -> &'static str {
    let words = page_words(locale);
    match kind {
        "kakao" => words.provider_kakao,
        "apple" => words.provider_apple,
        _ => words.provider_google,
    }
}

pub fn section(words: &Words, section: Section) -> &'static str {
    match section {
        Section::Childhood => words.section_childhood,
        Section::School => words.section_school,
        Section::Youth => words.section_youth,
        Section::WorkAndLove => words.section_work_and_love,
        Section::SinceWeMet => words.section_since_we_met,
        Section::NowAndAhead => words.section_now_and_ahead,
        Section::Other => words.section_other,
    }
}

pub fn text_size(words: &Words, size: TextSize) -> &'static str {
    match size {
        TextSize::Normal => words.text_size_normal,
        TextSize::Large => words.text_size_large,
        TextSize::Larger => words.text_size_larger,
    }
}

/// The name of a device in the person's language: `iPhone · Safari` is stored, `아이폰 · Safari` is shown in Korean.
pub fn device(locale: Locale, stored: &str) -> String {
    const KOREAN: [(&str, &str); 7] = [
        ("iPhone", "아이폰"),
        ("iPad", "아이패드"),
        ("Android", "안드로이드"),
        ("Windows", "윈도우"),
        ("Mac", "맥"),
        ("Chromebook", "크롬북"),
        ("Linux", "리눅스"),
    ];
    if matches!(stored, "" | "?") {
        return page_words(locale).device_unknown.to_owned();
    }
    let (system, browser) =
        stored.split_once(" · ").map_or((stored, None), |(system, browser)| (system, Some(browser)));
    let system =
        KOREAN.iter().find(|(name, _)| locale == Locale::Ko && *name == system).map_or(system, |(_, said)| said);
    browser.map_or_else(|| system.to_owned(), |browser| format!("{system} · {browser}"))
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// A date without its year: `11월 22일`, `22 November`.
pub fn date(locale: Locale, date: LocalDate) -> String {
    match locale {
        Locale::Ko => format!("{}월 {}일", date.month(), date.day()),
        Locale::En => format!("{} {}", date.day(), MONTHS[usize::from(date.month().clamp(1, 12) - 1)]),
    }
}

/// A date with its year: `2026년 11월 22일`, `22 November 2026`.
pub fn full_date(locale: Locale, day: LocalDate) -> String {
    match locale {
        Locale::Ko => format!("{}년 {}", day.year(), date(locale, day)),
        Locale::En => format!("{} {}", date(locale, day), day.year()),
    }
}

/// A time of day in its long form: `밤 9시`, `오전 7시 30분`, `9:00 pm`.
pub fn time(locale: Locale, time: PushTime) -> String {
    let (hour, minute) = (time.hour(), time.minute_of_hour());
    let twelve = if hour.is_multiple_of(12) { 12 } else { hour % 12 };
    match locale {
        Locale::Ko => {
            let part = match hour {
                0..=5 => "새벽",
                6..=11 => "오전",
                12..=17 => "오후",
                18..=20 => "저녁",
                _ => "밤",
            };
            if minute == 0 { format!("{part} {twelve}시") } else { format!("{part} {twelve}시 {minute}분") }
        }
        Locale::En => format!("{twelve}:{minute:02} {}", if hour < 12 { "am" } else { "pm" }),
    }
}

/// The number of a question as its title: `열두 번째 질문`, `Question 12`.
pub fn question_number(locale: Locale, number: u32) -> String {
    match locale {
        Locale::Ko => format!("{} 번째 질문", ordinal(number)),
        Locale::En => format!("Question {number}"),
    }
}

/// The native Korean numeral for counting: 한, 두 … 아흔아홉. Numbers from 100 are written in digits.
fn ordinal(number: u32) -> Cow<'static, str> {
    const ONES: [&str; 10] = ["", "한", "두", "세", "네", "다섯", "여섯", "일곱", "여덟", "아홉"];
    const TENS: [&str; 10] = ["", "열", "스물", "서른", "마흔", "쉰", "예순", "일흔", "여든", "아흔"];
    match number {
        0 | 100.. => Cow::Owned(number.to_string()),
        1 => Cow::Borrowed("첫"),
        20 => Cow::Borrowed("스무"),
        _ => {
            let (tens, ones) = ((number / 10) as usize, (number % 10) as usize);
            Cow::Owned(format!("{}{}", TENS[tens], ONES[ones]))
        }
    }
}

#[cfg(test)]
#[path = "text_tests.rs"]
mod tests;
