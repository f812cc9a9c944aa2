//! `index.html` of a copy: every card as plain HTML, readable without a script and from a disk. The policy in its head
//! allows only files beside it: no inline script or style, and no network.

use super::archive::{CardEntry, Moment, call};
use crate::{
    domain::{Locale, Pair, Role, SEASON_LENGTH},
    text::{self, PageWords},
};

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; base-uri 'none'; form-action 'none'";

/// Who reads the page, and in which language.
pub struct Style {
    pub locale: Locale,
    pub words: &'static PageWords,
}

impl Style {
    pub fn of(locale: Locale) -> Self {
        Self { locale, words: text::page_words(locale) }
    }
}

/// Text as HTML.
fn html(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            letter => safe.push(letter),
        }
    }
    safe
}

/// Everything up to the first pair. `search.js` fills the empty form.
pub fn beginning(style: &Style) -> String {
    let Style { locale, words } = style;
    format!(
        "<!DOCTYPE html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{}</title>\n<link rel=\"stylesheet\" href=\"style.css\">\n</head>\n<body>\n<main>\n\
         <h1>{}</h1>\n<p class=\"lead\">{}</p>\n\
         <div id=\"search\" hidden data-label=\"{}\" data-found=\"{}\" data-none=\"{}\"></div>\n",
        locale.tag(),
        html(words.keep_copy_title),
        html(words.keep_copy_title),
        html(words.keep_copy_lead),
        html(words.keep_search_label),
        html(words.keep_search_found),
        html(words.keep_search_none),
    )
}

/// The heading of a pair.
pub fn pair(style: &Style, pair: &Pair, role: Role, cards: i64) -> String {
    let Style { locale, words } = style;
    let other = match pair.seat(role.other()) {
        Some(_) => text::fill(words.pair_with, &[("other", &call(words, pair, role.other()))]),
        None => words.pair_waiting.to_owned(),
    };
    let since = super::archive::ZoneOf::new(pair).date(pair.created_at);
    let facts =
        text::fill(words.keep_copy_facts, &[("date", &text::full_date(*locale, since)), ("count", &cards.to_string())]);
    format!("<section class=\"pair\" id=\"pair-{}\">\n<h2>{}</h2>\n<p>{}</p>\n", pair.id, html(&other), html(&facts))
}

/// The end of a pair, after the questions that only the reader answered.
pub fn pair_end(style: &Style, pair: &Pair, role: Role, unopened: &[CardEntry]) -> String {
    let mut page = String::new();
    if !unopened.is_empty() {
        page.push_str(&format!("<h3>{}</h3>\n", html(style.words.keep_unopened)));
        unopened.iter().for_each(|entry| page.push_str(&card(style, pair, role, entry)));
    }
    page + "</section>\n"
}

/// A card, with the heading of the season that it begins.
pub fn card(style: &Style, pair: &Pair, role: Role, entry: &CardEntry) -> String {
    let Style { locale, words } = style;
    let mut page = String::new();
    if let (Some(card), Some(season)) = (entry.card, entry.season)
        && (card - 1) % i64::from(SEASON_LENGTH) == 0
    {
        let title = text::fill(words.season_short, &[("number", &season.to_string())]);
        page.push_str(&format!("<h3 class=\"season\">{}</h3>\n", html(&title)));
    }
    let topic = &entry.wordings.of(*locale).topic;
    let mut facts = vec![text::question_number(*locale, entry.number), text::section(words, entry.section).to_owned()];
    facts.extend(entry.date.map(|date| text::full_date(*locale, date)));
    page.push_str(&format!(
        "<article id=\"card-{}\">\n<h4>{}</h4>\n<p class=\"facts\">{}</p>\n",
        entry.id,
        html(topic),
        html(&facts.join(" · ")),
    ));
    for seat in [Role::Parent, Role::Child] {
        let Some(answer) = entry.answer_of(seat) else { continue };
        let title = match seat == role {
            true => words.leaf_of_me.to_owned(),
            false => text::fill(words.leaf_of_other, &[("other", &call(words, pair, seat))]),
        };
        let text = match (answer.taken_back, seat == role) {
            (false, _) => answer.text.as_str(),
            (true, true) => words.answer_taken_back_by_me,
            (true, false) => words.answer_taken_back,
        };
        page.push_str(&leaf(style, &title, entry.asked_of(seat).unwrap_or_default(), (text, &answer.last)));
    }
    if !entry.your_revisions.is_empty() {
        page.push_str(&format!("<details>\n<summary>{}</summary>\n", html(words.earlier_revisions)));
        for revision in &entry.your_revisions {
            let when = moment(*locale, &revision.at);
            page.push_str(&format!("<p class=\"facts\">{when}</p>\n<p class=\"text\">{}</p>\n", html(&revision.text)));
        }
        page.push_str("</details>\n");
    }
    page + "</article>\n"
}

fn leaf(style: &Style, title: &str, asked: &str, (text, at): (&str, &Moment)) -> String {
    format!(
        "<section class=\"leaf\">\n<h5>{}</h5>\n<p class=\"asked\">{}</p>\n<p class=\"text\">{}</p>\n\
         <p class=\"facts\">{}</p>\n</section>\n",
        html(title),
        html(asked),
        html(text),
        moment(style.locale, at),
    )
}

fn moment(locale: Locale, at: &Moment) -> String {
    let (date, time) = at.local.split_once('T').unwrap_or((&at.local, ""));
    let shown = date.parse().map_or_else(|_| date.to_owned(), |date| text::full_date(locale, date));
    format!("<time datetime=\"{}\">{} {}</time>", html(&at.local), html(&shown), html(time))
}

pub fn end() -> &'static str {
    "</main>\n<script src=\"data/archive.js\"></script>\n<script src=\"search.js\"></script>\n</body>\n</html>\n"
}
