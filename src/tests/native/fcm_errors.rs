//! FCM's error table row by row over the wire: what Google answers and what becomes of the message. Facts: the REST
//! reference of `ErrorCode`, and "Best practices when sending FCM messages at scale".

use std::time::Duration;

use serde_json::json;

use super::{
    fake_google::fcm_error,
    fcm_sends::{NOW, message, start, start_with},
    h2_server::Reply,
    outcomes::{Next, next},
};
use crate::server::push::{PushOutcome, fcm::FcmTarget};

/// An answer that names the time of the next attempt, at noon by its own clock.
fn asked(status: u16, after: &str) -> Reply {
    let date = "Sat, 28 Nov 2026 12:00:00 GMT".to_owned();
    let headers = vec![("date", date), ("retry-after", after.to_owned())];
    Reply::Answer { status, headers, body: String::new() }
}

/// `INVALID_ARGUMENT` that says which field it is about.
fn about(field: &str) -> Reply {
    let details = json!([
        { "@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [{ "field": field }] },
        { "@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": "INVALID_ARGUMENT" },
    ]);
    let error = json!({ "error": { "status": "INVALID_ARGUMENT", "message": "bad", "details": details } });
    Reply::status(400, error.to_string())
}

/// `google.rpc.Status` without FCM's own code.
fn plain(status: u16, code: &str, message: &str) -> Reply {
    Reply::status(status, json!({ "error": { "status": code, "message": message } }).to_string())
}

#[tokio::test]
async fn every_row_of_the_error_table_leads_to_its_outcome() {
    let sentence = "The registration token is not a valid FCM registration token";
    let rows = [
        (200, Reply::status(200, r#"{"name":"projects/p/messages/1"}"#), Next::Accepted),
        (404, fcm_error(404, "NOT_FOUND", "UNREGISTERED"), Next::Gone),
        (404, plain(404, "NOT_FOUND", "Requested entity was not found."), Next::Held),
        (404, Reply::status(404, "<html>no such path</html>"), Next::Held),
        (400, about("message.token"), Next::Gone),
        (400, about("message.fid"), Next::Gone),
        (400, about("message.data"), Next::Rejected),
        (400, plain(400, "INVALID_ARGUMENT", sentence), Next::Gone),
        (400, fcm_error(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT"), Next::Rejected),
        (403, fcm_error(403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH"), Next::Rejected),
        (403, plain(403, "PERMISSION_DENIED", "x"), Next::Held),
        (401, fcm_error(401, "UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR"), Next::Held),
        (401, fcm_error(401, "UNAUTHENTICATED", "APNS_AUTH_ERROR"), Next::Held),
        (401, plain(401, "UNAUTHENTICATED", "x"), Next::Held),
        (429, fcm_error(429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED"), Next::Later(Some(60_000))),
        (429, asked(429, "5"), Next::Later(Some(60_000))),
        (429, asked(429, "90"), Next::Later(Some(90_000))),
        (429, asked(429, "Sat, 28 Nov 2026 12:02:00 GMT"), Next::Later(Some(120_000))),
        (500, fcm_error(500, "INTERNAL", "INTERNAL"), Next::Later(None)),
        (502, Reply::status(502, "<html><title>502 Bad Gateway</title></html>"), Next::Later(None)),
        (503, fcm_error(503, "UNAVAILABLE", "UNAVAILABLE"), Next::Later(None)),
        (503, asked(503, "30"), Next::Later(Some(30_000))),
        (503, asked(503, "Sat, 28 Nov 2026 12:02:00 GMT"), Next::Later(Some(120_000))),
        (503, asked(503, "soon"), Next::Later(None)),
        (408, Reply::status(408, ""), Next::Later(None)),
        (302, Reply::status(302, ""), Next::Rejected),
        (413, Reply::status(413, ""), Next::Rejected),
    ];
    for (status, reply, expected) in rows {
        let (google, server, fcm) = start().await;
        google.answer_always(Some(reply.clone()));
        let outcome = fcm.send(&message(FcmTarget::Token("t1")), false, NOW).await;
        assert_eq!(next(outcome, status), expected, "{reply:?}");
        // Only a refused access token is exchanged anew and the message sent again.
        let is_token_refused =
            outcome == PushOutcome::Held { status: Some(401), cause: "FCM refuses the access token" };
        assert_eq!(server.requests(), if is_token_refused { 4 } else { 2 }, "{reply:?}");
    }
}

#[tokio::test]
async fn a_topic_cannot_be_joined_for_the_same_reasons() {
    let (google, _server, fcm) = start().await;
    for (status, reply, expected) in [
        (404, fcm_error(404, "NOT_FOUND", "UNREGISTERED"), Next::Gone),
        (404, plain(404, "NOT_FOUND", "x"), Next::Held),
        (429, asked(429, "90"), Next::Later(Some(90_000))),
        (503, asked(503, "30"), Next::Later(Some(30_000))),
    ] {
        google.answer_next(reply.clone());
        assert_eq!(next(fcm.subscribe("r1", "news-ko", NOW).await, status), expected, "{reply:?}");
        google.answer_next(reply.clone());
        assert_eq!(next(fcm.unsubscribe("r1", "news-ko", NOW).await, status), expected, "{reply:?}");
    }
    assert!(google.subscribers("news-ko").is_empty());
}

#[tokio::test]
async fn a_refused_stream_is_sent_again_and_one_that_is_always_refused_waits() {
    let (google, server, fcm) = start().await;
    let outcome = async || fcm.send(&message(FcmTarget::Token("t1")), false, NOW).await;
    google.answer_next(Reply::Refuse);
    assert_eq!(outcome().await, PushOutcome::Accepted { status: 200 });
    assert_eq!(google.take().len(), 1);

    google.answer_always(Some(Reply::Refuse));
    let refused = outcome().await;
    assert_eq!(refused, PushOutcome::RetryAfter { status: None, after_ms: None, cause: "connection" });
    assert_eq!(server.connections(), 1, "the connection stays");
}

#[tokio::test]
async fn a_token_endpoint_that_never_answers_delays_the_message() {
    let (google, _server, fcm) = start_with(Duration::from_millis(300)).await;
    google.answer_next_exchange(Reply::Hang);
    let hung = fcm.send(&message(FcmTarget::Token("t1")), false, NOW).await;
    assert_eq!(hung, PushOutcome::RetryAfter { status: None, after_ms: None, cause: "access token" });
    assert_eq!(fcm.send(&message(FcmTarget::Token("t1")), false, NOW).await, PushOutcome::Accepted { status: 200 });
}
