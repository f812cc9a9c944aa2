//! What a message to a shell says: the data of an FCM message and the payload of an APNs notification. Both carry what
//! a Web Push carries (`payload`), and never a word of an answer. Rule R100.

use serde_json::{Map, Value, json};

use super::payload::{Envelope, MAX_BODY, MAX_TITLE, cut};
use crate::domain::{Locale, NotificationKind, PairId};

/// The Android channel of kinds that nobody can mute.
const ACCOUNT: &str = "account";

/// The Android notification channel of a kind: the word of its switch.
pub fn channel(kind: NotificationKind) -> &'static str {
    kind.channel().map_or(ACCOUNT, |channel| channel.word())
}

/// The `data` of an FCM message. All values are strings; no key begins with `from`, `gcm` or `google`.
pub fn fcm_data(
    kind: NotificationKind,
    locale: Locale,
    title: &str,
    body: &str,
    envelope: &Envelope<'_>,
) -> Map<String, Value> {
    let fields = [
        ("kind", kind.word().to_owned()),
        ("channel", channel(kind).to_owned()),
        ("title", cut(title, MAX_TITLE).to_owned()),
        ("body", cut(body, MAX_BODY).to_owned()),
        ("navigate", envelope.navigate()),
        ("lang", locale.tag().to_owned()),
        ("tag", envelope.tag.to_owned()),
        ("app_badge", envelope.unread.to_string()),
        ("id", envelope.id.to_owned()),
        ("subscription", envelope.subscription.to_owned()),
        ("receipt", envelope.receipt.to_owned()),
        ("sent_at", envelope.sent_at.0.to_string()),
    ];
    fields.into_iter().map(|(name, value)| (name.to_owned(), Value::String(value))).collect()
}

/// The `data` that takes a shown notification away, because its person read it elsewhere.
pub fn withdrawal(tag: &str, unread: i64) -> Map<String, Value> {
    let fields = [("act", "withdraw".to_owned()), ("tag", tag.to_owned()), ("app_badge", unread.to_string())];
    fields.into_iter().map(|(name, value)| (name.to_owned(), Value::String(value))).collect()
}

/// The `data` of an announcement's message to a topic: what is alike for everybody, without ids, receipt and badge.
pub fn topic_data(locale: Locale, title: &str, body: &str, navigate: &str, tag: &str) -> Map<String, Value> {
    let kind = NotificationKind::Announcement;
    let fields = [
        ("kind", kind.word()),
        ("channel", channel(kind)),
        ("title", cut(title, MAX_TITLE)),
        ("body", cut(body, MAX_BODY)),
        ("navigate", navigate),
        ("lang", locale.tag()),
        ("tag", tag),
    ];
    fields.into_iter().map(|(name, value)| (name.to_owned(), Value::String(value.to_owned()))).collect()
}

/// The payload of an APNs notification. `mutable-content` lets the shell's extension report that it was shown.
pub fn apns_payload(
    kind: NotificationKind,
    pair: Option<PairId>,
    locale: Locale,
    title: &str,
    body: &str,
    envelope: &Envelope<'_>,
) -> Value {
    let mut payload = json!({
        "aps": {
            "alert": { "title": cut(title, MAX_TITLE), "body": cut(body, MAX_BODY) },
            "badge": envelope.unread,
            "sound": "default",
            "mutable-content": 1,
            "interruption-level": interruption_level(kind),
        },
        "navigate": envelope.navigate(),
        "lang": locale.tag(),
        "tag": envelope.tag,
        "id": envelope.id,
        "subscription": envelope.subscription,
        "receipt": envelope.receipt,
        "sent_at": envelope.sent_at.0,
    });
    if let Some(pair) = pair {
        payload["aps"]["thread-id"] = pair.to_string().into();
    }
    payload
}

/// Apple's interruption level: what concerns the account may break through a focus, news lights up no screen.
fn interruption_level(kind: NotificationKind) -> &'static str {
    match kind {
        NotificationKind::RecoveryUsed
        | NotificationKind::RecoveryRenewed
        | NotificationKind::RecoveryAsked
        | NotificationKind::SeatAsked
        | NotificationKind::SeatJoined
        | NotificationKind::SeatRefused
        | NotificationKind::SeatMoved
        | NotificationKind::SeatOpened
        | NotificationKind::WayInAdded
        | NotificationKind::WayInRemoved
        | NotificationKind::WayInUsed
        | NotificationKind::PasskeyCopied
        | NotificationKind::ProofAsked
        | NotificationKind::HandedOver
        | NotificationKind::StaleToken => "time-sensitive",
        NotificationKind::TimeChanged
        | NotificationKind::Joined
        | NotificationKind::Left
        | NotificationKind::Deleting
        | NotificationKind::CameBack
        | NotificationKind::AnswerTakenBack
        | NotificationKind::Paused
        | NotificationKind::Resumed
        | NotificationKind::Announcement
        | NotificationKind::Imported => "passive",
        NotificationKind::Question
        | NotificationKind::Answered
        | NotificationKind::CardOpened
        | NotificationKind::Reminder
        | NotificationKind::StillWaiting
        | NotificationKind::Nudge
        | NotificationKind::Test => "active",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{AnnouncementId, AnnouncementText, Millis},
        server::push::{apns, fcm},
    };

    fn envelope(receipt: &str) -> Envelope<'_> {
        Envelope {
            public_url: "https://a-rather-long-family-name.example.family",
            path: "/p/018f3c1a-7b2d-7abc-8def-0123456789ab/cards/018f3c1a-7b2d-7abc-8def-0123456789ab",
            id: "018f3c1a-7b2d-7abc-8def-0123456789ab",
            subscription: "018f3c1a-7b2d-7abc-8def-0123456789ab",
            receipt,
            tag: "question:018f3c1a-7b2d-7abc-8def-0123456789ab",
            unread: i64::MAX,
            sent_at: Millis(i64::MAX),
        }
    }

    #[test]
    fn the_longest_messages_fit_both_services() {
        let (long, receipt) = ("\u{1F468}\u{200D}\u{1F469}\"\\".repeat(2_000), "f".repeat(32));
        let envelope = envelope(&receipt);
        for kind in NotificationKind::ALL {
            let data = Value::Object(fcm_data(kind, Locale::Ko, &long, &long, &envelope)).to_string();
            assert!(data.len() <= fcm::MAX_MESSAGE, "{} bytes", data.len());
            let payload = apns_payload(kind, Some(PairId(1)), Locale::Ko, &long, &long, &envelope).to_string();
            assert!(payload.len() <= apns::MAX_PAYLOAD, "{} bytes", payload.len());
        }
    }

    #[test]
    fn data_is_strings_under_names_that_google_does_not_reserve() {
        let data = fcm_data(NotificationKind::Question, Locale::Ko, "오늘의 질문", "기억", &envelope("r"));
        for (name, value) in &data {
            assert!(value.is_string(), "{name}");
            assert!(name != "from" && !name.starts_with("gcm") && !name.starts_with("google"), "{name}");
        }
        assert_eq!(data["channel"], "question");
        assert_eq!(withdrawal("t", 3)["app_badge"], "3");
    }

    #[test]
    fn the_longest_announcement_fits_the_message_of_a_topic() {
        let navigate = "https://a-rather-long-family-name.example.family/inbox";
        // The longest that the domain takes: 300 graphemes in 900 bytes, each with a character that JSON escapes.
        let (body, tag) = ("\"\u{301}".repeat(300), AnnouncementId(u128::MAX).slot());
        assert!(AnnouncementText::parse(&body).is_ok());
        let data = topic_data(Locale::Ko, "엄빠도 어렸다 소식", &body, navigate, &tag);
        let message = fcm::FcmMessage {
            target: fcm::FcmTarget::Topic(Locale::Ko.topic()),
            data,
            drawn: None,
            ttl_s: 259_200,
            urgency: NotificationKind::Announcement.urgency(),
        };
        let bytes = message.to_json(false)["message"]["data"].to_string().len();
        assert!(bytes <= fcm::MAX_TOPIC_MESSAGE, "{bytes} bytes");
    }
}
