//! What a wrong clock, and a token endpoint that hangs, leave behind in the senders.

use futures::future::join_all;
use serde_json::{Map, Value, json};

use super::{
    NativeProviders,
    fake_apple::{apns_error, gone},
    fake_google::fcm_error,
    h2_server::Reply,
    matrix::Family,
};
use crate::{
    domain::{ApnsEnvironment, Millis, Urgency},
    reads,
    server::{
        clock::Clock,
        push::{
            Native, PushOutcome,
            apns::ApnsMessage,
            fcm::{FcmMessage, FcmTarget},
        },
    },
    tests::{app::NOON, push_service::Answer},
};

const DEVICE: &str = "00fc13adff785122b4ad28809a3420982341241421348097878e577c991de8f0";
const YEARS: i64 = 10 * 365 * Millis::DAY;
const TAKEN: PushOutcome = PushOutcome::Accepted { status: 200 };

async fn start() -> (Clock, NativeProviders, Native) {
    let clock = Clock::manual(NOON);
    let providers = NativeProviders::start(&clock).await;
    let native = providers.native();
    (clock, providers, native)
}

async fn by_fcm(native: &Native, now: Millis) -> PushOutcome {
    let data: Map<String, Value> = [("id".to_owned(), json!("n1"))].into_iter().collect();
    let message = FcmMessage { target: FcmTarget::Fid("f1"), data, drawn: None, ttl_s: 3_600, urgency: Urgency::High };
    native.fcm.as_ref().expect("FCM").send(&message, false, now.0).await
}

async fn by_apns(native: &Native, now: Millis, renewed_at: Millis) -> PushOutcome {
    let message = ApnsMessage {
        token: DEVICE,
        environment: ApnsEnvironment::Production,
        payload: &json!({ "aps": { "alert": { "title": "오늘의 질문", "body": "가장 오래된 기억" } } }),
        collapse_id: "question-1",
        id: "018f3c1a-7b2d-7abc-8def-0123456789ab",
        expires_at_s: now.0 / Millis::SECOND + 3_600,
        urgency: Urgency::High,
        renewed_at,
    };
    native.apns.as_ref().expect("APNs").send(&message, now.0).await.outcome
}

#[tokio::test]
async fn a_refusal_under_a_wrong_clock_pauses_nothing_under_the_right_one() {
    for jump in [YEARS, -YEARS, Millis::DAY, -Millis::DAY] {
        let (clock, providers, native) = start().await;
        providers.know_the_time(&clock);
        clock.jump(jump);
        let refused = by_fcm(&native, clock.now()).await;
        assert!(matches!(refused, PushOutcome::Held { status: Some(400), .. }), "{jump}: {refused:?}");
        let refused = by_apns(&native, clock.now(), NOON).await;
        assert!(matches!(refused, PushOutcome::Held { status: Some(403), .. }), "{jump}: {refused:?}");
        clock.jump(-jump);
        assert_eq!(by_fcm(&native, clock.now()).await, TAKEN, "{jump}");
        assert_eq!(by_apns(&native, clock.now(), NOON).await, TAKEN, "{jump}");
    }
}

#[tokio::test]
async fn too_many_tokens_under_a_wrong_clock_pause_nothing_under_the_right_one() {
    for jump in [YEARS, -YEARS, Millis::DAY, -Millis::DAY] {
        let (clock, providers, native) = start().await;
        clock.jump(jump);
        providers.apple.answer_next(apns_error(429, "TooManyProviderTokenUpdates"));
        for _ in 0..2 {
            let paused = by_apns(&native, clock.now(), NOON).await;
            assert!(matches!(paused, PushOutcome::RetryAfter { after_ms: Some(1_200_000), .. }), "{jump}: {paused:?}");
        }
        clock.jump(-jump);
        assert_eq!(by_apns(&native, clock.now(), NOON).await, TAKEN, "{jump}");
    }
}

#[tokio::test]
async fn an_access_token_of_a_wrong_year_is_given_up_when_google_refuses_it() {
    let (clock, providers, native) = start().await;
    clock.jump(YEARS);
    assert_eq!(by_fcm(&native, clock.now()).await, TAKEN);
    clock.jump(-YEARS);
    providers.google.revoke_tokens();
    assert_eq!(by_fcm(&native, clock.now()).await, TAKEN);
    assert_eq!(providers.google.exchanges(), 2);
}

#[tokio::test]
async fn a_registration_of_a_wrong_year_ends_when_apple_says_so() {
    let (clock, providers, native) = start().await;
    providers.apple.answer_next(gone(NOON.0 - 1));
    let ended = by_apns(&native, clock.now(), NOON.plus(YEARS)).await;
    assert_eq!(ended, PushOutcome::Gone { status: 410, since: Some(NOON.plus(-1)) });
}

#[tokio::test]
async fn devices_that_registered_in_a_wrong_year_end_when_their_providers_say_so() {
    let family = Family::together().await;
    family.app.state.clock.jump(YEARS);
    family.child.register(&family.service, "minji").await;
    family.app.state.clock.jump(-YEARS);
    family.app.advance(Millis::MINUTE);
    family.service.answer_next(Answer::Status(410));
    family.native.google.answer_next(fcm_error(404, "NOT_FOUND", "UNREGISTERED"));
    family.native.apple.answer_next(gone(family.app.state.clock.now().0));
    family.answer(&family.mother).await;
    assert_eq!(family.sent().await, []);
    let devices = family.child.web.read(reads::devices()).await.expect("the devices").devices;
    assert!(devices.is_empty(), "{devices:?}");
}

#[tokio::test]
async fn many_sends_wait_once_for_a_token_endpoint_that_hangs() {
    let (clock, providers, native) = start().await;
    providers.google.answer_next_exchange(Reply::Hang);
    for outcome in join_all((0..20).map(|_| by_fcm(&native, clock.now()))).await {
        assert_eq!(outcome, PushOutcome::RetryAfter { status: None, after_ms: None, cause: "access token" });
    }
    assert_eq!(providers.google.exchanges(), 1);
    assert_eq!(by_fcm(&native, clock.now()).await, TAKEN, "the next send asks again");
}
