//! Announcements by FCM topic: which devices are subscribed to which topic, and who gets its message.

use reqwest::StatusCode;
use serde_json::Value;

use super::{
    NativeProviders,
    announcements::{FID, KO, entries, mute, text},
    fake_google::{self, fcm_error},
    h2_server::Reply,
};
use crate::{
    domain::{AnnouncementId, Locale, Millis},
    reads::{self, DevicesView},
    server::{
        jobs::{announcing, fcm_calls, housekeeping},
        services::{ServiceError, announcements},
        storage::{
            seeds::{CHILDREN, PARENTS},
            sweeps::{self, Swept},
        },
    },
    tests::app::{Browser, TestApp},
};

const TOKEN: &str = "dGhpcw:APA91bHun4MxP5egoKMwt2KZFBaFUH-1RYqx_0123456789abcdefghijklmnopqrstuvwxyz";

/// A person who reads Korean, with an Android shell.
async fn android() -> (TestApp, NativeProviders, Browser) {
    let (app, _, native) = TestApp::start_with_native().await;
    let person = app.person(PARENTS[0].0).await;
    assert_eq!(person.register("fcm", "fid", FID, "").await.status(), StatusCode::OK);
    (app, native, person)
}

async fn call(app: &TestApp) -> usize {
    fcm_calls::pass(&app.state).await.expect("a pass")
}

/// The topics that Google has the device in, and the one that we believe it is in.
async fn topics(app: &TestApp, native: &NativeProviders) -> (Vec<&'static str>, Vec<String>) {
    let at_google = Locale::ALL.map(Locale::topic).into_iter().filter(|topic| {
        let subscribers = native.google.subscribers(topic);
        assert!(subscribers.iter().all(|one| one == FID), "{subscribers:?}");
        !subscribers.is_empty()
    });
    (at_google.collect(), app.read_sql("SELECT topic FROM push_subscriptions").await)
}

async fn speak(person: &Browser, locale: &str) {
    let display = [("locale", locale), ("text_size", "normal"), ("zone", "Asia/Seoul")];
    assert_eq!(person.post("change_display", &display).await.status(), StatusCode::OK);
}

async fn announce(app: &TestApp) -> AnnouncementId {
    let id = announcements::begin(&app.state, text(KO), text("News"), true).await.expect("an announcement");
    announcing::pass(&app.state).await.expect("everybody is told");
    id
}

/// The messages to topics and to devices since the last call.
fn taken(native: &NativeProviders) -> (Vec<fake_google::Accepted>, Vec<fake_google::Accepted>) {
    native.google.take().into_iter().partition(|one| one.target.0 == "topic")
}

#[tokio::test]
async fn a_subscription_follows_language_muting_and_hidden_details() {
    let (app, native, person) = android().await;
    call(&app).await;
    assert_eq!(topics(&app, &native).await, (vec!["news-ko"], vec!["news-ko".to_owned()]));
    speak(&person, "en").await;
    call(&app).await;
    assert_eq!(topics(&app, &native).await, (vec!["news-en"], vec!["news-en".to_owned()]));
    let none = (vec![], vec![String::new()]);
    let again = (vec!["news-en"], vec!["news-en".to_owned()]);
    mute(&person, "").await;
    call(&app).await;
    assert_eq!(topics(&app, &native).await, none);
    mute(&person, "yes").await;
    call(&app).await;
    assert_eq!(topics(&app, &native).await, again);
    person.post("change_quiet_hours", &[("hides_details", "yes")]).await;
    call(&app).await;
    assert_eq!(topics(&app, &native).await, none, "a topic message would show the text");
    person.post("change_quiet_hours", &[]).await;
    call(&app).await;
    assert_eq!(topics(&app, &native).await, again);
    let devices: DevicesView = person.read(reads::devices()).await.expect("devices");
    let device = devices.devices[0].id.to_string();
    person.post("draw_device", &[("device", &device), ("by_system", "true")]).await;
    call(&app).await;
    assert_eq!(topics(&app, &native).await, none, "a data message is not drawn by the system");
    assert_eq!(call(&app).await, 0, "nothing is left to do");
    assert_eq!(native.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_device_that_ends_is_unsubscribed_and_one_that_changes_hands_follows_its_person() {
    for verb in ["sign_out", "unsubscribe"] {
        let (app, native, person) = android().await;
        call(&app).await;
        assert!(person.post(verb, &[]).await.status().is_success());
        call(&app).await;
        assert_eq!(topics(&app, &native).await, (vec![], vec![]), "{verb}");
    }
    let (app, native, _first) = android().await;
    call(&app).await;
    let second = app.person(CHILDREN[0].0).await;
    speak(&second, "en").await;
    assert_eq!(second.register("fcm", "fid", FID, "").await.status(), StatusCode::OK);
    call(&app).await;
    assert_eq!(topics(&app, &native).await, (vec!["news-en"], vec!["news-en".to_owned()]));
    app.advance(61 * Millis::DAY);
    // Earlier sweeps were of this size, so that the guard against a wrong clock allows this one.
    let mut tx = app.state.database.begin().await.expect("a transaction");
    sweeps::set_record(&mut tx, Swept::Subscriptions, 9, 0).await.expect("a record");
    tx.commit().await.expect("a commit");
    housekeeping::sweep(&app.state).await.expect("a sweep");
    call(&app).await;
    assert_eq!(topics(&app, &native).await, (vec![], vec![]), "silent for sixty days");
}

#[tokio::test]
async fn a_wish_that_changed_before_the_call_leaves_one_call() {
    let (app, native, person) = android().await;
    for announcements in ["", "yes", "", "yes"] {
        mute(&person, announcements).await;
    }
    speak(&person, "en").await;
    speak(&person, "ko").await;
    assert_eq!(
        app.read_sql("SELECT topic || ' ' || act FROM fcm_calls ORDER BY 1").await,
        ["news-en unsubscribe", "news-ko subscribe"]
    );
    call(&app).await;
    assert_eq!(topics(&app, &native).await, (vec!["news-ko"], vec!["news-ko".to_owned()]));
}

#[tokio::test]
async fn subscribed_devices_get_the_topic_s_message_and_the_others_a_delivery() {
    let (app, native, person) = android().await;
    call(&app).await;
    let other = app.person(CHILDREN[0].0).await;
    assert_eq!(other.register("fcm", "token", TOKEN, "").await.status(), StatusCode::OK);
    app.advance(Millis::SECOND);

    let id = announce(&app).await;
    // This subscription is accepted after the announcement began, and may be too late for its message.
    call(&app).await;
    app.deliver().await;

    let (to_topics, to_devices) = taken(&native);
    let mut names: Vec<&str> = to_topics.iter().map(|one| one.target.1.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["news-en", "news-ko"]);
    let to_ko = to_topics.iter().find(|one| one.target.1 == "news-ko").expect("the Korean message");
    let data = to_ko.message["data"].as_object().expect("data");
    let keys: Vec<&str> = data.keys().map(String::as_str).collect();
    assert_eq!(keys, ["body", "channel", "kind", "lang", "navigate", "tag", "title"], "nothing of one person");
    assert_eq!((&data["body"], &data["tag"]), (&Value::from(KO), &Value::from(id.slot())));
    assert_eq!(data["navigate"], format!("{}/inbox", app.url));
    assert!(to_ko.message.get("notification").is_none(), "data alone");
    assert_eq!(to_devices.len(), 1);
    assert_eq!(to_devices[0].target, ("token".to_owned(), TOKEN.to_owned()));
    assert_eq!(to_devices[0].message["data"]["tag"], data["tag"], "a device that gets both shows one");
    assert_eq!((entries(&person).await.len(), entries(&other).await.len()), (1, 1), "everybody has an entry");
    assert_eq!(native.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_topic_message_is_tried_again_and_whoever_left_its_topic_meanwhile_gets_a_delivery() {
    let (app, native, person) = android().await;
    call(&app).await;
    app.advance(Millis::SECOND);
    native.google.answer_always(Some(Reply::status(503, "")));
    announce(&app).await;
    call(&app).await;
    app.deliver().await;
    assert_eq!(taken(&native).0.len(), 0);
    speak(&person, "en").await;
    app.deliver().await;
    native.google.answer_always(None);
    app.advance(20 * Millis::MINUTE);
    app.deliver().await;
    call(&app).await;
    let (to_topics, to_devices) = taken(&native);
    assert_eq!((to_topics.len(), to_devices.len()), (2, 1));
    assert_eq!(to_devices[0].message["data"]["body"], KO, "as it was told to the person");
    app.advance(20 * Millis::MINUTE);
    call(&app).await;
    app.deliver().await;
    assert_eq!(native.google.take().len(), 0, "once");
    assert_eq!(app.read_sql("SELECT call_key FROM fcm_calls").await, Vec::<String>::new());
}

#[tokio::test]
async fn subscriptions_that_google_refuses_hold_up_no_delivery_and_end_after_three_days() {
    let (app, native, person) = android().await;
    for number in 0..9 {
        let more = app.person(CHILDREN[number % CHILDREN.len()].0).await;
        assert_eq!(more.register("fcm", "token", &format!("{TOKEN}{number}"), "").await.status(), StatusCode::OK);
    }
    native.google.answer_always(Some(fcm_error(403, "PERMISSION_DENIED", "PERMISSION_DENIED")));
    assert_eq!(call(&app).await, 10);
    native.google.answer_always(None);
    let devices: DevicesView = person.read(reads::devices()).await.expect("devices");
    let device = devices.devices[0].id.to_string();
    assert_eq!(person.post("test_device", &[("device", &device)]).await.status(), StatusCode::OK);
    app.deliver().await;
    assert_eq!(native.google.take().len(), 1, "the breaker of deliveries is closed");
    assert_eq!(native.google.subscribers("news-ko").len(), 0);
    native.google.answer_always(Some(Reply::status(503, "")));
    app.advance(3 * Millis::DAY);
    call(&app).await;
    assert_eq!(app.read_sql("SELECT call_key FROM fcm_calls").await, Vec::<String>::new());
    native.google.answer_always(None);
    assert_eq!(person.register("fcm", "fid", FID, "").await.status(), StatusCode::OK);
    call(&app).await;
    assert_eq!(native.google.subscribers("news-ko"), [FID], "the next start of the shell asks again");
}

#[tokio::test]
async fn a_registration_that_ended_is_not_called_about_again() {
    let (app, native, _person) = android().await;
    native.google.answer_next(fcm_error(404, "NOT_FOUND", "UNREGISTERED"));
    assert_eq!(call(&app).await, 1);
    assert_eq!(call(&app).await, 0);
    assert_eq!(topics(&app, &native).await, (vec![], vec![String::new()]));
}

#[tokio::test]
async fn a_topic_needs_fcm() {
    let app = TestApp::start().await;
    let begun = announcements::begin(&app.state, text(KO), text("News"), true).await;
    assert!(matches!(begun, Err(ServiceError::ProviderDisabled)));
    assert!(announcements::find_unfinished(&app.state).await.expect("a list").is_empty(), "nothing was written");
}
