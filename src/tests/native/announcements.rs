//! Announcements of the operator: who gets them, how often, and in which language.

use reqwest::StatusCode;

use super::NativeProviders;
use crate::{
    domain::{AnnouncementId, AnnouncementText, Millis},
    reads::{self, EntryView},
    server::{
        jobs::announcing,
        services::{accounts, announcements},
        storage::seeds::{self, CHILDREN, PARENTS},
    },
    tests::{
        app::{Browser, TestApp},
        push_service::PushService,
    },
};

pub const FID: &str = "cIb2kYxTQ0-7sLw_9aZxQe";
const HEX: &str = "00fc13adff785122b4ad28809a3420982341241421348097878e577c991de8f0";
pub const KO: &str = "내일 새벽 3시에 10분 동안 쉬어 가요.";
const EN: &str = "We pause for ten minutes tomorrow at three.";

/// Three persons without a pair: an Android shell and an iPhone's that read Korean, and a browser that reads English.
struct Readers {
    app: TestApp,
    web: PushService,
    native: NativeProviders,
    android: Browser,
    iphone: Browser,
    browser: Browser,
}

async fn readers() -> Readers {
    let (app, web, native) = TestApp::start_with_native().await;
    let android = app.person(PARENTS[0].0).await;
    let iphone = app.person(CHILDREN[0].0).await;
    let browser = app.person(CHILDREN[1].0).await;
    assert_eq!(android.register("fcm", "fid", FID, "").await.status(), StatusCode::OK);
    assert_eq!(iphone.register("apns", "", HEX, "production").await.status(), StatusCode::OK);
    assert_eq!(browser.subscribe(&web, "browser").await.status(), StatusCode::OK);
    let english = [("locale", "en"), ("text_size", "normal"), ("zone", "Asia/Seoul")];
    assert_eq!(browser.post("change_display", &english).await.status(), StatusCode::OK);
    app.deliver().await;
    Readers { app, web, native, android, iphone, browser }
}

pub fn text(text: &str) -> AnnouncementText {
    AnnouncementText::parse(text).expect("a text")
}

async fn begin(app: &TestApp) -> AnnouncementId {
    announcements::begin(&app.state, text(KO), text(EN), false).await.expect("an announcement")
}

async fn announce(app: &TestApp) -> AnnouncementId {
    let id = begin(app).await;
    announcing::pass(&app.state).await.expect("everybody is told");
    id
}

pub async fn entries(browser: &Browser) -> Vec<EntryView> {
    browser.read(reads::inbox()).await.expect("an inbox").entries
}

pub async fn mute(browser: &Browser, announcements: &str) {
    let fields = [("announcements", announcements)];
    assert_eq!(browser.post("change_announcements", &fields).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn everybody_is_told_once_in_their_language_whatever_the_provider() {
    let Readers { app, web, native, android, iphone, browser } = readers().await;
    let id = announce(&app).await;
    app.deliver().await;

    let told = native.google.take();
    assert_eq!(told.len(), 1);
    let (message, data) = (&told[0].message, &told[0].message["data"]);
    assert_eq!((&data["kind"], &data["channel"]), (&"announcement".into(), &"announcement".into()));
    assert_eq!((&data["title"], &data["body"]), (&"엄빠도 어렸다 소식".into(), &KO.into()));
    assert_eq!(message["android"]["priority"], "NORMAL");
    assert_eq!(data["tag"], id.slot(), "the same as of a topic message");
    let told = native.apple.take();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].payload["aps"]["alert"]["body"], KO);
    assert_eq!(told[0].payload["aps"]["interruption-level"], "passive");
    assert_eq!(told[0].payload["navigate"], format!("{}/inbox", app.url));
    let told = web.take();
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].title.as_str(), told[0].body.as_str()), ("News from 엄빠도 어렸다", EN));
    assert_eq!(told[0].ttl_s, 3 * 24 * 3_600);
    for (reader, body) in [(&android, KO), (&iphone, KO), (&browser, EN)] {
        let entries = entries(reader).await;
        assert_eq!(entries.len(), 1);
        assert_eq!((entries[0].body.as_str(), entries[0].path.as_str()), (body, "/inbox"));
    }

    let page = android.page("/inbox").await;
    let (before, after) = page.split_once("card-link").expect("an entry");
    let tag = [before.rsplit('<').next(), after.split('>').next()].map(|part| part.expect("a part")).concat();
    assert!(page.contains(KO) && !tag.contains("href"), "it is read here and leads nowhere else: {tag}");

    assert_eq!(announcing::pass(&app.state).await.expect("a pass"), 0);
    app.deliver().await;
    assert!(native.google.take().is_empty() && native.apple.take().is_empty() && web.take().is_empty());
    assert_eq!(native.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_command_that_ended_in_the_middle_is_carried_on_and_nobody_is_told_twice() {
    let app = TestApp::start().await;
    let seeding = seeds::Seeding {
        questions: app.state.catalogue.questions(),
        random: &app.state.random,
        now: app.state.clock.now(),
        consent_version: accounts::CONSENT_VERSION,
        minute: None,
    };
    seeds::fill(&app.state.database, seeding, 300).await.expect("six hundred persons");
    let id = begin(&app).await;
    let step = announcements::carry_on(&app.state, id).await.expect("a step");
    assert_eq!((step.told, step.is_finished), (500, false));
    app.advance(Millis::MINUTE);
    let late = app.person(CHILDREN[0].0).await;

    assert_eq!(announcing::pass(&app.state).await.expect("the others"), 100);

    let told = "SELECT COUNT(*) || ' ' || COUNT(DISTINCT person_id) FROM notifications WHERE kind = 'announcement'";
    assert_eq!(app.read_sql(told).await, ["600 600"]);
    assert!(entries(&late).await.is_empty(), "who signs up after it began is not told");
    // Another process may have read the list before this one finished it.
    app.run_sql("UPDATE announcements SET told_up_to = '', finished_at = NULL").await;
    announcing::pass(&app.state).await.expect("once more");
    assert_eq!(app.read_sql(told).await, ["600 600"]);
}

#[tokio::test]
async fn who_has_muted_announcements_finds_them_in_the_inbox_alone() {
    let Readers { app, web, native, android, browser, .. } = readers().await;
    mute(&android, "").await;
    announce(&app).await;
    mute(&browser, "").await;
    app.deliver().await;
    assert!(native.google.take().is_empty(), "muted before");
    assert!(web.take().is_empty(), "muted while it waited");
    assert_eq!(app.read_sql("SELECT reason FROM deliveries WHERE state = 'cancelled'").await, ["muted"]);
    assert_eq!(native.apple.take().len(), 1, "the others are told");
    assert_eq!((entries(&android).await.len(), entries(&browser).await.len()), (1, 1));

    mute(&android, "yes").await;
    announce(&app).await;
    app.deliver().await;
    assert_eq!(native.google.take().len(), 1);
    assert!(web.take().is_empty());
}

#[tokio::test]
async fn an_announcement_waits_for_the_morning_and_leaves_room_for_what_is_counted() {
    let Readers { app, native, .. } = readers().await;
    app.advance(11 * Millis::HOUR);
    announce(&app).await;
    app.deliver().await;
    assert!(native.apple.take().is_empty(), "it is 23:00");
    app.advance(8 * Millis::HOUR + 31 * Millis::MINUTE);
    app.deliver().await;
    assert_eq!(native.apple.take().len(), 1);
    for _ in 0..5 {
        app.advance(Millis::SECOND);
        announce(&app).await;
    }
    app.deliver().await;
    assert_eq!(native.apple.take().len(), 5, "the daily limit is for news of pairs");
}
