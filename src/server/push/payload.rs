//! What a push says (Declarative Web Push: WebKit's explainer and W3C Push API §"Declarative push message"). Browsers
//! that do not read it themselves hand it to the service worker, which reads the same fields. Never a word of an
//! answer. Rule R100.

use serde_json::json;

use crate::{
    domain::{LocalDate, Locale, Millis, NotificationKind, PairId, PushTime, Relation, Role, Wordings},
    paths,
    text::{self, pushes},
};

/// The notification format's own mark (RFC 8030's number).
const MARK: u32 = 8_030;

/// What is told, as far as its words go.
#[derive(Debug, Clone)]
pub struct Told<'a> {
    pub kind: NotificationKind,
    pub locale: Locale,
    pub pair: Option<ToldPair<'a>>,
    pub wordings: Option<&'a Wordings>,
    /// A date, a time of day: what the kind's text asks for.
    pub detail: &'a str,
    /// All whose question waits, as the person calls them, when a reminder speaks for several pairs.
    pub waiting: &'a [String],
}

#[derive(Debug, Clone)]
pub struct ToldPair<'a> {
    pub id: PairId,
    pub role: Role,
    pub other: Option<(&'a Relation, &'a str)>,
}

/// Title and body in the person's language and register.
pub fn say(told: &Told<'_>) -> (String, String) {
    let words = text::words(told.locale);
    let role = told.pair.as_ref().map_or(Role::Child, |pair| pair.role);
    let other = told
        .pair
        .as_ref()
        .and_then(|pair| pair.other.map(|(relation, name)| text::call(words, pair.role.other(), relation, name)));
    let other = other.unwrap_or_else(|| words.pair_waiting.to_owned());
    let topic = told.wordings.map(|wordings| wordings.of(told.locale).topic.as_str()).unwrap_or_default();
    let time = PushTime::parse(told.detail).map(|time| text::time(told.locale, time)).unwrap_or_default();
    let date = told.detail.parse::<LocalDate>().map(|date| text::date(told.locale, date)).unwrap_or_default();
    let others = if told.waiting.is_empty() { other.clone() } else { told.waiting.join(", ") };
    let device = text::device(told.locale, told.detail);
    let values = [
        ("other", other.as_str()),
        ("others", &others),
        ("topic", topic),
        ("time", &time),
        ("date", &date),
        ("device", &device),
    ];
    let sentence = pushes::sentence(told.locale, told.kind);
    (text::fill(sentence.title.to(role), &values), text::fill(sentence.body.to(role), &values))
}

/// Where a notification leads: a path of ours.
pub fn path(kind: NotificationKind, pair: Option<PairId>, card: Option<crate::domain::DailyQuestionId>) -> String {
    match (kind, pair) {
        (NotificationKind::CardOpened, Some(pair)) => {
            card.map_or_else(|| paths::today(pair), |card| paths::card(pair, card))
        }
        (
            NotificationKind::RecoveryUsed
            | NotificationKind::RecoveryRenewed
            | NotificationKind::HandedOver
            | NotificationKind::StaleToken,
            _,
        ) => paths::account(),
        (NotificationKind::Test, _) => paths::devices(),
        (_, Some(pair)) => paths::today(pair),
        (_, None) => paths::inbox(),
    }
}

/// Everything else a push carries.
#[derive(Debug, Clone)]
pub struct Envelope<'a> {
    /// Absolute: the browser may open it by itself.
    pub public_url: &'a str,
    pub path: &'a str,
    pub id: &'a str,
    pub subscription: &'a str,
    /// Lets the device report what it did with this notification, and nothing else.
    pub receipt: &'a str,
    pub tag: &'a str,
    pub unread: i64,
    pub sent_at: Millis,
}

/// The payload as the browser reads it, in bytes of UTF-8. Title and body are cut, so that it always fits one record.
pub fn payload(locale: Locale, title: &str, body: &str, envelope: &Envelope<'_>) -> Vec<u8> {
    let navigate = format!("{}{}", envelope.public_url, envelope.path);
    let value = json!({
        "web_push": MARK,
        "notification": {
            "title": cut(title, 200),
            "body": cut(body, 900),
            "navigate": navigate,
            "lang": locale.tag(),
            "tag": envelope.tag,
            // WebKit reads a text here, the W3C draft a number below.
            "app_badge": envelope.unread.to_string(),
        },
        "app_badge": envelope.unread,
        "id": envelope.id,
        "subscription": envelope.subscription,
        "receipt": envelope.receipt,
        "sent_at": envelope.sent_at.0,
    });
    value.to_string().into_bytes()
}

/// At most `most` bytes, whole characters.
fn cut(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    &text[..end]
}

/// What stands on a lock screen that hides what it is about.
pub fn discreet(locale: Locale) -> (&'static str, &'static str) {
    (text::page_words(locale).brand, pushes::discreet(locale))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::push::web_push::MAX_PLAINTEXT;

    fn wordings() -> Wordings {
        let of = |topic: &str| json!({ "topic": topic, "parent": "p", "child": "c" });
        serde_json::from_value(json!({ "ko": of("가장 오래된 기억"), "en": of("Oldest memory") })).expect("wordings")
    }

    #[test]
    fn every_kind_has_a_title_and_a_body_in_both_languages_and_registers() {
        let relation = Relation::Mother;
        for locale in [Locale::Ko, Locale::En] {
            for kind in NotificationKind::ALL {
                for role in [Role::Parent, Role::Child] {
                    let detail = if kind == NotificationKind::Paused { "2026-12-01" } else { "21:30" };
                    let other =
                        if role == Role::Child { (&relation, "순자") } else { (&Relation::Daughter, "민지") };
                    let wordings = wordings();
                    let pair = Some(ToldPair { id: PairId(1), role, other: Some(other) });
                    let told = Told { kind, locale, pair, wordings: Some(&wordings), detail, waiting: &[] };
                    let (title, body) = say(&told);
                    for text in [&title, &body] {
                        assert!(!text.is_empty() && !text.contains(['{', '}']), "{kind:?} {locale:?} {role:?}: {text}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_default_push_names_topic_and_pair_with_the_right_particle() {
        let wordings = wordings();
        let say_to = |role, other: (&Relation, &str)| {
            let pair = Some(ToldPair { id: PairId(1), role, other: Some(other) });
            say(&Told {
                kind: NotificationKind::Question,
                locale: Locale::Ko,
                pair,
                wordings: Some(&wordings),
                detail: "",
                waiting: &[],
            })
            .1
        };
        assert_eq!(say_to(Role::Child, (&Relation::Mother, "순자")), "엄마와의 오늘 질문: 가장 오래된 기억");
        assert_eq!(say_to(Role::Parent, (&Relation::Son, "민준")), "민준과의 오늘 질문: 가장 오래된 기억");
    }

    #[test]
    fn the_longest_payload_fits_one_record() {
        let long = "\u{1F468}\u{200D}\u{1F469}\"\\".repeat(2_000);
        let envelope = Envelope {
            public_url: "https://a-rather-long-family-name.example.family",
            path: "/p/018f3c1a-7b2d-7abc-8def-0123456789ab/cards/018f3c1a-7b2d-7abc-8def-0123456789ab",
            id: "018f3c1a-7b2d-7abc-8def-0123456789ab",
            subscription: "018f3c1a-7b2d-7abc-8def-0123456789ab",
            receipt: &"f".repeat(32),
            tag: "question:018f3c1a-7b2d-7abc-8def-0123456789ab",
            unread: i64::MAX,
            sent_at: Millis(i64::MAX),
        };
        let bytes = payload(Locale::Ko, &long, &long, &envelope);
        assert!(bytes.len() <= MAX_PLAINTEXT, "{} bytes", bytes.len());
        let value: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
        assert_eq!(value["web_push"], 8_030);
        assert!(value["notification"]["navigate"].as_str().is_some_and(|url| url.starts_with("https://")));
    }
}
