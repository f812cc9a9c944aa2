//! APNs' error table row by row over the wire: what Apple answers, what becomes of the notification, and how many
//! requests it costs. Facts: Apple's "Handling notification responses from APNs".

use std::time::Duration;

use super::{
    apns_sends::{start, start_with},
    fake_apple::apns_error,
    h2_server::Reply,
    outcomes::{Next, next},
};
use crate::server::push::PushOutcome;

const MINUTE_MS: i64 = 60 * 1_000;

#[tokio::test]
async fn every_row_of_the_error_table_leads_to_its_outcome() {
    let rows = [
        (200, "", Next::Accepted),
        (410, "Unregistered", Next::Gone),
        (410, "ExpiredToken", Next::Gone),
        (400, "DeviceTokenNotForTopic", Next::Rejected),
        (400, "TopicDisallowed", Next::Rejected),
        (403, "Forbidden", Next::Rejected),
        (400, "BadCollapseId", Next::Rejected),
        (400, "BadExpirationDate", Next::Rejected),
        (400, "BadMessageId", Next::Rejected),
        (400, "BadPriority", Next::Rejected),
        (400, "BadTopic", Next::Rejected),
        (400, "DuplicateHeaders", Next::Rejected),
        (400, "InvalidPushType", Next::Rejected),
        (400, "MissingDeviceToken", Next::Rejected),
        (400, "MissingTopic", Next::Rejected),
        (400, "PayloadEmpty", Next::Rejected),
        (404, "BadPath", Next::Rejected),
        (405, "MethodNotAllowed", Next::Rejected),
        (413, "PayloadTooLarge", Next::Rejected),
        (403, "ExpiredProviderToken", Next::Held),
        (403, "InvalidProviderToken", Next::Held),
        (403, "MissingProviderToken", Next::Held),
        (403, "UnrelatedKeyIdInToken", Next::Held),
        (403, "BadCertificate", Next::Held),
        (403, "BadCertificateEnvironment", Next::Held),
        (403, "BadEnvironmentKeyIdInToken", Next::Held),
        (403, "BadEnvironmentKeyInToken", Next::Held),
        (429, "TooManyProviderTokenUpdates", Next::Later(Some(20 * MINUTE_MS))),
        (429, "TooManyRequests", Next::Later(Some(MINUTE_MS))),
        (400, "IdleTimeout", Next::Later(None)),
        (500, "InternalServerError", Next::Later(None)),
        (503, "ServiceUnavailable", Next::Later(None)),
        (503, "Shutdown", Next::Later(None)),
    ];
    for (status, reason, expected) in rows {
        let apple = start().await;
        let reply = if status == 200 { Reply::status(200, "") } else { apns_error(status, reason) };
        apple.production.answer_always(Some(reply));
        assert_eq!(next(apple.outcome().await, status), expected, "{status} {reason}");
        assert_eq!(apple.server.requests(), 1, "{status} {reason} is not repeated at once");
    }
}

#[tokio::test]
async fn a_bad_device_token_is_tried_once_at_each_service() {
    let apple = start().await;
    for service in [&apple.production, &apple.sandbox] {
        service.answer_always(Some(apns_error(400, "BadDeviceToken")));
    }
    assert_eq!(next(apple.outcome().await, 400), Next::Gone);
    assert_eq!((apple.server.requests(), apple.sandbox_server.requests()), (1, 1));
}

#[tokio::test]
async fn a_time_that_apple_names_is_kept_in_both_forms() {
    let asked = |status, after: &str| {
        let date = "Sat, 28 Nov 2026 12:00:00 GMT".to_owned();
        let headers = vec![("date", date), ("retry-after", after.to_owned())];
        Reply::Answer { status, headers, body: String::new() }
    };
    let rows = [
        (asked(503, "30"), 503, Some(30_000)),
        (asked(503, "Sat, 28 Nov 2026 12:02:00 GMT"), 503, Some(120_000)),
        (asked(503, "Sat, 28 Nov 2026 11:59:00 GMT"), 503, None),
        (asked(429, "5"), 429, Some(MINUTE_MS)),
        (asked(429, "Sat, 28 Nov 2026 12:02:00 GMT"), 429, Some(120_000)),
    ];
    let apple = start().await;
    for (reply, status, expected) in rows {
        apple.production.answer_next(reply.clone());
        assert_eq!(next(apple.outcome().await, status), Next::Later(expected), "{reply:?}");
    }
}

#[tokio::test]
async fn an_answer_that_is_no_json_is_judged_by_its_status() {
    let apple = start().await;
    let html = "<html><title>Bad Gateway</title></html>";
    for (status, expected) in [(502, Next::Later(None)), (403, Next::Held), (400, Next::Rejected), (410, Next::Gone)] {
        apple.production.answer_next(Reply::status(status, html));
        assert_eq!(next(apple.outcome().await, status), expected, "{status}");
    }
}

#[tokio::test]
async fn a_service_that_never_answers_delays_the_notification() {
    let apple = start_with(Duration::from_millis(300)).await;
    apple.production.answer_next(Reply::Hang);
    let hung = PushOutcome::RetryAfter { status: None, after_ms: None, cause: "timeout" };
    assert_eq!(apple.outcome().await, hung);
    assert_eq!(apple.outcome().await, PushOutcome::Accepted { status: 200 });
}
