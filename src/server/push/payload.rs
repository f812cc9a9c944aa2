//! What a push says (Declarative Web Push: WebKit's explainer and W3C Push API §"Declarative push message"). Browsers
//! that do not show it themselves give it to the service worker, which reads the same fields. A payload never contains
//! a word of an answer. Rule R100.

use serde_json::json;

use crate::{
    domain::{LocalDate, Locale, Millis, NotificationKind, PairId, PushTime, Relation, Role, Wordings},
    paths::{self, Place},
    text::{self, pushes},
};

/// The value of `web_push` that marks a declarative message.
const MARK: u32 = 8_030;
/// The longest title and body, in bytes.
pub(super) const MAX_TITLE: usize = 200;
pub(super) const MAX_BODY: usize = 900;

/// A notification as far as its words depend on it.
#[derive(Debug, Clone)]
pub struct Notice<'a> {
    pub kind: NotificationKind,
    pub locale: Locale,
    pub pair: Option<NoticePair<'a>>,
    pub wordings: Option<&'a Wordings>,
    /// The date, time of day, device or announcement that the kind's text inserts, or the number of the pairs of an
    /// import of several; empty for other kinds.
    pub detail: &'a str,
    /// The members whose questions wait, as the person calls them, when one reminder covers several pairs.
    pub waiting: &'a [String],
}

#[derive(Debug, Clone)]
pub struct NoticePair<'a> {
    pub id: PairId,
    pub role: Role,
    pub other: Option<(&'a Relation, &'a str)>,
}

/// Title and body in the person's language and register.
pub fn say(notice: &Notice<'_>) -> (String, String) {
    let words = text::words(notice.locale);
    let role = notice.pair.as_ref().map_or(Role::Child, |pair| pair.role);
    let other = notice
        .pair
        .as_ref()
        .and_then(|pair| pair.other.map(|(relation, name)| text::call(words, pair.role.other(), relation, name)));
    let other = match notice.kind {
        // The copy held several pairs, or one that nobody had joined.
        NotificationKind::Imported => {
            other.filter(|_| notice.detail.is_empty()).unwrap_or_else(|| pushes::family(notice.locale).to_owned())
        }
        _ => other.unwrap_or_else(|| words.pair_waiting.to_owned()),
    };
    let topic = notice.wordings.map(|wordings| wordings.of(notice.locale).topic.as_str()).unwrap_or_default();
    let time = PushTime::parse(notice.detail).map(|time| text::time(notice.locale, time)).unwrap_or_default();
    let date = notice.detail.parse::<LocalDate>().map(|date| text::date(notice.locale, date)).unwrap_or_default();
    let others = if notice.waiting.is_empty() { other.clone() } else { notice.waiting.join(", ") };
    let device = text::device(notice.locale, notice.detail);
    let values = [
        ("other", other.as_str()),
        ("others", &others),
        ("topic", topic),
        ("time", &time),
        ("date", &date),
        ("device", &device),
        ("text", notice.detail),
    ];
    let sentence = pushes::sentence(notice.locale, notice.kind);
    (text::fill(sentence.title.to(role), &values), text::fill(sentence.body.to(role), &values))
}

/// The path that a click on the notification opens.
pub fn path(kind: NotificationKind, pair: Option<PairId>, card: Option<crate::domain::DailyQuestionId>) -> String {
    match (kind, pair) {
        (NotificationKind::CardOpened | NotificationKind::AnswerTakenBack, Some(pair)) => {
            card.map_or_else(|| paths::today(pair), |card| paths::card(pair, card))
        }
        (
            NotificationKind::RecoveryUsed
            | NotificationKind::RecoveryRenewed
            | NotificationKind::RecoveryAsked
            | NotificationKind::WayInAdded
            | NotificationKind::WayInRemoved
            | NotificationKind::WayInUsed
            | NotificationKind::PasskeyCopied
            | NotificationKind::HandedOver
            | NotificationKind::StaleToken,
            _,
        ) => paths::place(None, Place::SignIn),
        (NotificationKind::ProofAsked, _) => paths::other_device_asked(),
        (NotificationKind::Test, _) => paths::devices(),
        (NotificationKind::Imported, Some(pair)) => paths::archive(pair),
        (_, Some(pair)) => paths::today(pair),
        (_, None) => paths::inbox(),
    }
}

/// The fields of a push besides its text.
#[derive(Debug, Clone)]
pub struct Envelope<'a> {
    /// Absolute, because the browser may open it without the service worker.
    pub public_url: &'a str,
    pub path: &'a str,
    pub id: &'a str,
    pub subscription: &'a str,
    /// Authorises the device to report about this notification, and nothing else.
    pub receipt: &'a str,
    pub tag: &'a str,
    pub unread: i64,
    pub sent_at: Millis,
}

impl Envelope<'_> {
    /// The absolute URL that a click opens.
    pub fn navigate(&self) -> String {
        format!("{}{}", self.public_url, self.path)
    }
}

/// Returns the payload in UTF-8. Title and body are cut, so that the payload always fits one record.
pub fn payload(locale: Locale, title: &str, body: &str, envelope: &Envelope<'_>) -> Vec<u8> {
    let value = json!({
        "web_push": MARK,
        "notification": {
            "title": cut(title, MAX_TITLE),
            "body": cut(body, MAX_BODY),
            "navigate": envelope.navigate(),
            "lang": locale.tag(),
            "tag": envelope.tag,
            // WebKit reads this string; the W3C draft reads the number below.
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

/// Returns at most `most` bytes of the text, ending at a character boundary.
pub(super) fn cut(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    &text[..end]
}

/// The title and body for a person who hides details on the lock screen.
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
                    let pair = Some(NoticePair { id: PairId(1), role, other: Some(other) });
                    let notice = Notice { kind, locale, pair, wordings: Some(&wordings), detail, waiting: &[] };
                    let (title, body) = say(&notice);
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
            let pair = Some(NoticePair { id: PairId(1), role, other: Some(other) });
            say(&Notice {
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
