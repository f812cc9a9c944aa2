//! The body of a message. The error table is tried in `tests/native/fcm_errors.rs`.

use serde_json::json;

use super::*;

#[test]
fn a_message_names_one_target_and_only_strings() {
    let data: Map<String, Value> = [("title", "오늘의 질문"), ("app_badge", "2")]
        .map(|(key, value)| (key.to_owned(), value.into()))
        .into_iter()
        .collect();
    let mut message =
        FcmMessage { target: FcmTarget::Fid("f1"), data, drawn: None, ttl_s: u32::MAX, urgency: Urgency::High };
    let body = message.to_json(true);
    assert_eq!(
        body,
        json!({ "validate_only": true, "message": {
            "fid": "f1",
            "data": { "title": "오늘의 질문", "app_badge": "2" },
            "android": { "priority": "HIGH", "ttl": "2419200s" },
        } })
    );
    message.target = FcmTarget::Topic("news-ko");
    message.urgency = Urgency::Normal;
    message.drawn = Some(Drawn { title: "t", body: "b", tag: "g", channel: "news", unread: 2 });
    let body = message.to_json(false);
    assert_eq!(body["message"]["topic"], "news-ko");
    assert_eq!(body["message"]["fid"], Value::Null);
    assert_eq!(body["message"]["android"]["priority"], "NORMAL");
    assert_eq!(body["message"]["notification"], json!({ "title": "t", "body": "b" }));
    assert_eq!(body["message"]["android"]["notification"]["channel_id"], "news");
}
