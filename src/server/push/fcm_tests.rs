//! FCM's error table row by row, and the body of a message.

use serde_json::json;

use super::*;

fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    pairs.iter().map(|(name, value)| (name.parse().expect("a name"), HeaderValue::from_static(value))).collect()
}

/// `google.rpc.Status` with FCM's own code.
fn fcm_error(status: &str, code: &str) -> Vec<u8> {
    let kind = "type.googleapis.com/google.firebase.fcm.v1.FcmError";
    json!({ "error": { "status": status, "message": "x", "details": [{ "@type": kind, "errorCode": code }] } })
        .to_string()
        .into_bytes()
}

#[derive(Debug, PartialEq, Eq)]
enum Next {
    Accepted,
    Gone,
    Held,
    Later(Option<i64>),
    Rejected,
}

fn next(status: u16, pairs: &[(&'static str, &'static str)], body: &[u8]) -> Next {
    match answered(status, &headers(pairs), body) {
        PushOutcome::Accepted { .. } => Next::Accepted,
        PushOutcome::Gone { .. } => Next::Gone,
        PushOutcome::Held { .. } => Next::Held,
        PushOutcome::RetryAfter { after_ms, .. } => Next::Later(after_ms),
        PushOutcome::Rejected { .. } => Next::Rejected,
        outcome => panic!("{outcome:?}"),
    }
}

#[test]
fn every_row_of_the_error_table_leads_to_its_outcome() {
    let about_token = json!({ "error": { "status": "INVALID_ARGUMENT", "message": "bad", "details": [
        { "@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [{ "field": "message.token" }] },
        { "@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": "INVALID_ARGUMENT" },
    ] } })
    .to_string();
    let old_wording =
        json!({ "error": { "message": "The registration token is not a valid FCM registration token" } }).to_string();
    let no_project = json!({ "error": { "status": "NOT_FOUND", "message": "Requested entity was not found." } });
    let rows = [
        (200, vec![], br#"{"name":"projects/p/messages/1"}"#.to_vec(), Next::Accepted),
        (404, vec![], fcm_error("NOT_FOUND", "UNREGISTERED"), Next::Gone),
        (404, vec![], no_project.to_string().into_bytes(), Next::Held),
        (404, vec![], b"<html>no such path</html>".to_vec(), Next::Held),
        (400, vec![], about_token.into_bytes(), Next::Gone),
        (400, vec![], old_wording.into_bytes(), Next::Gone),
        (400, vec![], fcm_error("INVALID_ARGUMENT", "INVALID_ARGUMENT"), Next::Rejected),
        (403, vec![], fcm_error("PERMISSION_DENIED", "SENDER_ID_MISMATCH"), Next::Rejected),
        (403, vec![], json!({ "error": { "status": "PERMISSION_DENIED" } }).to_string().into_bytes(), Next::Held),
        (401, vec![], fcm_error("UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR"), Next::Held),
        (401, vec![], fcm_error("UNAUTHENTICATED", "APNS_AUTH_ERROR"), Next::Held),
        (401, vec![], json!({ "error": { "status": "UNAUTHENTICATED" } }).to_string().into_bytes(), Next::Held),
        (429, vec![], fcm_error("RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED"), Next::Later(Some(60_000))),
        (429, vec![("retry-after", "5")], fcm_error("RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED"), Next::Later(Some(60_000))),
        (429, vec![("retry-after", "90")], vec![], Next::Later(Some(90_000))),
        (500, vec![], fcm_error("INTERNAL", "INTERNAL"), Next::Later(None)),
        (502, vec![], b"<html><title>502 Bad Gateway</title></html>".to_vec(), Next::Later(None)),
        (503, vec![("retry-after", "30")], fcm_error("UNAVAILABLE", "UNAVAILABLE"), Next::Later(Some(30_000))),
        (
            503,
            vec![("date", "Sat, 28 Nov 2026 12:00:00 GMT"), ("retry-after", "Sat, 28 Nov 2026 12:02:00 GMT")],
            vec![],
            Next::Later(Some(120_000)),
        ),
        (302, vec![], vec![], Next::Rejected),
        (413, vec![], vec![], Next::Rejected),
    ];
    for (status, pairs, body, expected) in rows {
        assert_eq!(next(status, &pairs, &body), expected, "{status} {}", String::from_utf8_lossy(&body));
    }
}

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
