//! Tests of jumps of the system clock, small or by years, and their correction: every endpoint and every job keeps
//! working before and after the correction, also for people who have just written.

use std::collections::BTreeSet;

use reqwest::StatusCode;

use crate::{
    api::ApiError,
    domain::{Millis, PairId},
    reads::{self, DevicesView, HandOverView, WaysInView},
    server::{
        budget::Budget,
        jobs::{future_rows, housekeeping},
        storage::seeds::{CHILDREN, PARENTS},
    },
    tests::{
        app::{Browser, TestApp, TestPair},
        architecture::ENDPOINTS,
        authenticator::Authenticator,
        native::three_devices::ThreeDevices,
    },
};

use super::{Providers, with_devices};

const YEARS: i64 = 10 * 365 * Millis::DAY;

/// Makes a pair on its third day. Today's question is open, and the child has just used up its write limit.
async fn just_written() -> (TestApp, Providers, TestPair) {
    let (app, service, native) = TestApp::start_with_native_and_budget(Budget::default()).await;
    // Google and Apple know the time whatever our clock shows, and refuse credentials of another.
    native.know_the_time(&app.state.clock);
    let providers = Providers { service, native };
    let pair = app.pair().await;
    with_devices(&app, &providers, &pair).await;
    pair.answer_both("첫 기억").await;
    app.tick_at(21, 0).await;
    app.tick_at(21, 0).await;
    app.advance(Millis::HOUR);
    app.deliver().await;
    assert_eq!(pair.child.answer(pair.id, "오늘의 글").await.status(), StatusCode::OK);
    let mut written = 0;
    while pair.child.post("change_name", &[("name", if written % 2 == 0 { "서연" } else { "지우" })]).await.status()
        == StatusCode::OK
    {
        written += 1;
    }
    assert!(written > 40, "{written}");
    providers.take();
    (app, providers, pair)
}

/// The called endpoints, and every response that a wrong clock must not cause.
#[derive(Default)]
struct Called {
    verbs: BTreeSet<String>,
    scandals: Vec<String>,
}

impl Called {
    /// Posts and records the statuses 401, 429 and 5xx as failures. Other refusals are allowed.
    async fn call(&mut self, who: &Browser, verb: &str, fields: &[(&str, &str)]) {
        let status = who.post(verb, fields).await.status().as_u16();
        self.verbs.insert(verb.to_owned());
        if matches!(status, 401 | 429 | 500..) {
            self.scandals.push(format!("{verb} {fields:?}: {status}"));
        }
    }

    /// Records a page's read that failed with 401, 429 or 5xx.
    fn read<T>(&mut self, name: &str, found: &Result<T, ApiError>) {
        if let Some(error) = found.as_ref().err().filter(|error| matches!(error.status(), 401 | 429 | 500..)) {
            self.scandals.push(format!("{name}: {error:?}"));
        }
    }

    /// Records a page's read that failed with any error.
    fn has_read<T>(&mut self, name: &str, found: &Result<T, ApiError>) {
        if let Err(error) = found {
            self.scandals.push(format!("{name}: {error:?}"));
        }
    }

    /// Posts and records every status except 200 as a failure.
    async fn done(&mut self, who: &Browser, verb: &str, fields: &[(&str, &str)]) {
        let response = who.post(verb, fields).await;
        self.verbs.insert(verb.to_owned());
        if response.status() != StatusCode::OK {
            self.scandals.push(format!(
                "{verb} {fields:?}: {} {}",
                response.status(),
                response.text().await.unwrap_or_default()
            ));
        }
    }
}

/// Calls every read of a person's pages.
async fn every_read(pair: &TestPair, called: &mut Called) {
    let (child, id) = (&pair.child, pair.id);
    called.has_read("ways_in", &child.read(reads::ways_in()).await);
    called.has_read("devices", &child.read(reads::devices()).await);
    called.has_read("hand_over", &child.read(reads::hand_over()).await);
    called.has_read("inbox", &child.read(reads::inbox()).await);
    called.has_read("quiet_settings", &child.read(reads::quiet_settings()).await);
    called.has_read("recovery_code", &child.read(reads::recovery_code()).await);
    called.has_read("zones", &child.read(reads::zones()).await);
    called.read("pair_settings", &child.read(reads::pair_settings(id)).await);
    called.read("pair_switches", &child.read(reads::pair_switches(id)).await);
    called.read("invitation", &child.read(reads::invitation(id)).await);
    called.has_read("archive", &child.read(reads::archive(id, None, 1)).await);
    called.read("season", &child.read(reads::season(id, 1)).await);
}

/// Makes two new persons at this time, with a pair of their own.
async fn newcomers(app: &TestApp, at: u8, called: &mut Called) -> TestPair {
    let (child, parent) = (app.visitor(), app.visitor());
    for (browser, name, host) in [(&child, CHILDREN[1].0, 2 * at), (&parent, PARENTS[1].0, 2 * at + 1)] {
        *browser.address.lock().expect("an address") = format!("198.51.100.{host}");
        called.done(browser, "sign_up", &[("name", name), ("consent", "yes"), ("zone", "Asia/Seoul")]).await;
    }
    let id = child.start_pair("child").await;
    let pair = id.to_string();
    called.verbs.insert("start_pair".into());
    child.invite(id).await;
    called.done(&child, "withdraw_invitation", &[("pair", &pair)]).await;
    called.read("invitation", &child.read(reads::invitation(id)).await);
    let code = child.invite(id).await;
    called.verbs.insert("invite".into());
    called.read("in_app_browser", &parent.read(reads::in_app_browser(format!("/join/{code}"))).await);
    called.done(&parent, "check_invitation", &[("code", &code)]).await;
    called.has_read("welcome", &parent.read(reads::welcome()).await);
    called.done(&parent, "join", &[("relation", "mother")]).await;
    TestPair { id, parent, child }
}

async fn every_verb(app: &TestApp, providers: &Providers, pair: &TestPair, at: u8) -> (Called, TestPair) {
    let mut called = Called::default();
    let fresh = newcomers(app, at, &mut called).await;
    let (child, parent, id) = (&pair.child, &pair.parent, pair.id.to_string());
    every_read(pair, &mut called).await;
    called.done(child, "push_key", &[]).await;
    called.call(child, "today", &[("pair", &id)]).await;
    let question = parent.today(pair.id).await.question.expect("a question");
    let (daily, version) = (question.id.to_string(), question.version.to_string());
    called.read("card", &child.read(reads::card(pair.id, question.id)).await);
    for verb in ["nudge", "move_on"] {
        called.call(child, verb, &[("daily_question", &daily)]).await;
    }
    called.call(child, "swap_question", &[("daily_question", &daily), ("version", &version)]).await;
    called
        .call(parent, "submit_answer", &[("daily_question", &daily), ("version", &version), ("body", "그때의 글")])
        .await;
    let until = parent.today(pair.id).await.today.plus_days(3).to_string();
    called.done(parent, "pause_pair", &[("pair", &id), ("until", &until)]).await;
    called.done(parent, "resume_pair", &[("pair", &id)]).await;
    called.done(parent, "change_push_time", &[("pair", &id), ("push_time", "20:00"), ("zone", "Asia/Seoul")]).await;
    called.done(parent, "change_push_time", &[("pair", &id), ("push_time", "21:00"), ("zone", "Asia/Seoul")]).await;
    called.done(parent, "change_relation", &[("pair", &id), ("relation", "mother")]).await;
    called.done(parent, "change_name", &[("name", PARENTS[0].0)]).await;
    called.done(parent, "change_display", &[("locale", "ko"), ("text_size", "larger"), ("zone", "Asia/Seoul")]).await;
    called
        .done(parent, "change_quiet_hours", &[("quiet", "yes"), ("quiet_from", "22:30"), ("quiet_to", "07:30")])
        .await;
    let all = [
        ("question", "yes"),
        ("answer", "yes"),
        ("reminder", "yes"),
        ("nudge", "yes"),
        ("news", "yes"),
        ("pair", id.as_str()),
    ];
    called.done(parent, "change_switches", &all).await;
    called.done(parent, "change_announcements", &[("announcements", "yes")]).await;
    called.done(parent, "change_presence", &[("pair", &id), ("shows_presence", "yes")]).await;
    called.call(parent, "presence", &[("pair", &id), ("what", "here")]).await;
    called.done(parent, "keep_recovery", &[]).await;
    called.call(parent, "read_inbox", &[("seq", "1")]).await;
    called.call(parent, "seen_live", &[("seq", "1")]).await;
    let devices: DevicesView = child.read(reads::devices()).await.expect("the devices");
    let device = devices.devices.first().expect("a device").id.to_string();
    called.done(child, "test_device", &[("device", &device)]).await;
    called.done(child, "rename_device", &[("device", &device), ("name", "내 전화")]).await;
    // The first device is a browser, and the address is none, so that both only answer.
    called.call(child, "draw_device", &[("device", &device), ("by_system", "true")]).await;
    called.call(child, "register_device", &[("provider", "fcm"), ("kind", "fid"), ("address", "x")]).await;
    let receipt = [
        ("notification", "00000000000000000000000000000001"),
        ("subscription", device.as_str()),
        ("receipt", "no"),
        ("what", "shown"),
    ];
    called.call(child, "receipt", &receipt).await;
    hand_over(app, &fresh.child, &mut called).await;
    signing(app, &fresh, &mut called, at).await;
    // Only new persons may do this, because it removes a device.
    fresh.child.subscribe(&providers.service, &format!("fresh-{at}")).await;
    called.verbs.insert("subscribe".into());
    let devices: DevicesView = fresh.child.read(reads::devices()).await.expect("the devices");
    called.call(&fresh.child, "remove_device", &[("device", &devices.devices[0].id.to_string())]).await;
    called.done(&fresh.child, "unsubscribe", &[]).await;
    called.call(&fresh.child, "start_again", &[("pair", &fresh.id.to_string()), ("confirmed", "no")]).await;
    called.call(&fresh.child, "leave_pair", &[("pair", &fresh.id.to_string()), ("confirmed", "no")]).await;
    let (question, _) = fresh.child.question(fresh.id).await;
    for verb in ["take_back_answer", "restore_answer"] {
        called.call(&fresh.child, verb, &[("daily_question", &question.to_string())]).await;
    }
    let fresh_id = fresh.id.to_string();
    called.done(&fresh.child, "invite_back", &[("pair", &fresh_id)]).await;
    called.done(&fresh.parent, "end_return", &[("pair", &fresh_id)]).await;
    called.done(&fresh.child, "refuse_recovery", &[]).await;
    passkeys(app, &fresh.child, &mut called).await;
    called.call(&fresh.child, "prove", &[("code", "")]).await;
    called.has_read("other_device", &fresh.child.read(reads::other_device()).await);
    called.call(&fresh.child, "ask_other_device", &[]).await;
    for verb in ["confirm_other_device", "refuse_other_device"] {
        called.call(&fresh.child, verb, &[("proof", "018f3c1a-7b2d-7abc-8def-0123456789ab")]).await;
    }
    for verb in ["finish_sign_in_with", "sign_up_with", "unlink_identity"] {
        called.call(&fresh.child, verb, &[("identity", "018f3c1a-7b2d-7abc-8def-0123456789ab")]).await;
    }
    called.call(&fresh.child, "delete_account", &[("confirmed", "no")]).await;
    (called, fresh)
}

async fn passkeys(app: &TestApp, person: &Browser, called: &mut Called) {
    let mut passkey = Authenticator::add(person).await;
    assert_eq!(passkey.prove(person).await, Ok(()));
    assert_eq!(passkey.sign_in(&app.visitor()).await, Ok(()));
    for verb in ["begin_passkey", "add_passkey", "begin_passkey_proof", "prove_by_passkey"] {
        called.verbs.insert(verb.into());
    }
    called.verbs.extend(["begin_passkey_sign_in", "sign_in_by_passkey"].map(str::to_owned));
    let held = person.read(reads::other_ways()).await;
    called.has_read("other_ways", &held);
    let id = held.expect("the ways in").passkeys[0].id.to_string();
    called.done(person, "rename_passkey", &[("passkey", &id), ("name", "내 전화기")]).await;
    called.done(person, "remove_passkey", &[("passkey", &id)]).await;
}

async fn hand_over(app: &TestApp, person: &Browser, called: &mut Called) {
    let digits = async |called: &mut Called| {
        called.done(person, "make_hand_over", &[]).await;
        let cookies = person.cookies.lock().expect("cookies");
        cookies["__Host-hand-over"].split_once('.').expect("id.code").1.to_owned()
    };
    digits(called).await;
    called.done(person, "withdraw_hand_over", &[]).await;
    for is_let_in in [false, true] {
        let code = digits(called).await;
        let device = app.visitor();
        called.done(&device, "ask_hand_over", &[("code", &code)]).await;
        let Ok(HandOverView::Asked { id, .. }) = person.read(reads::hand_over()).await else { panic!("nobody asks") };
        let id = id.to_string();
        called
            .done(person, if is_let_in { "confirm_hand_over" } else { "refuse_hand_over" }, &[("hand_over", &id)])
            .await;
        called.call(&device, "asked_hand_over", &[]).await;
        if is_let_in {
            called.done(&device, "enter_hand_over", &[]).await;
        }
    }
    let response = person.post("lead_out", &[]).await;
    called.verbs.insert("lead_out".into());
    let token = response.headers()["location"].to_str().expect("a path").trim_start_matches("/hand-over/").to_owned();
    called.done(&app.visitor(), "take_hand_over", &[("token", &token)]).await;
}

async fn signing(app: &TestApp, fresh: &TestPair, called: &mut Called, at: u8) {
    let elsewhere = app.visitor();
    *elsewhere.address.lock().expect("an address") = format!("192.0.2.{at}");
    called.done(&elsewhere, "sign_in", &[("code", &fresh.parent.recovery_code())]).await;
    called.done(&fresh.parent, "renew_recovery", &[]).await;
    let account: WaysInView = fresh.parent.read(reads::ways_in()).await.expect("the ways in");
    for session in account.sessions.iter().filter(|session| !session.is_this) {
        called.call(&fresh.parent, "end_session", &[("session", &session.id.to_string())]).await;
    }
    called.call(&fresh.parent, "confirm_recovery", &[]).await;
    called.call(&fresh.parent, "end_other_sessions", &[]).await;
    let leaving = app.visitor();
    called.done(&leaving, "sign_in", &[("code", &fresh.parent.recovery_code())]).await;
    called.done(&leaving, "sign_out", &[]).await;
}

async fn every_job(app: &TestApp) {
    app.tick().await;
    app.deliver().await;
    housekeeping::sweep(&app.state).await.expect("a sweep");
    future_rows::bring_back(&app.state).await.expect("a look");
}

async fn number_of(browser: &Browser, pair: PairId) -> u32 {
    browser.today(pair).await.question.expect("a question").number
}

/// Checks that both answer the current question, and that the next question opens a day later and is told on all their
/// devices.
async fn lives_on(app: &TestApp, providers: &Providers, pair: &TestPair, jump: i64) {
    let both_answer = async || {
        for browser in [&pair.child, &pair.parent] {
            let status = browser.answer(pair.id, "그 뒤의 글").await.status();
            assert!(matches!(status.as_u16(), 200 | 409), "{jump}: {status}");
        }
    };
    both_answer().await;
    let before = number_of(&pair.child, pair.id).await;
    providers.take();
    let mut days = 0;
    while number_of(&pair.child, pair.id).await == before {
        assert!(days < 2, "{jump}: no question for {days} days");
        app.tick_at(21, 0).await;
        days += 1;
    }
    app.advance(Millis::MINUTE);
    app.deliver().await;
    assert_eq!(providers.take_asked(), 2, "{jump}: both are told");
    both_answer().await;
    app.tick_at(21, 0).await;
    assert_eq!(number_of(&pair.child, pair.id).await, before + 2, "{jump}: and on the day after");
}

/// Jumps the clock, runs everything, jumps back, and runs everything again.
async fn there_and_back(jump: i64) {
    let (app, providers, pair) = just_written().await;
    app.state.clock.jump(jump);
    app.advance(6 * Millis::MINUTE);

    every_job(&app).await;
    let (called, fresh) = every_verb(&app, &providers, &pair, 1).await;
    assert!(called.scandals.is_empty(), "{jump}: {:#?}", called.scandals);
    let missed: Vec<_> = ENDPOINTS.split_whitespace().filter(|endpoint| !called.verbs.contains(*endpoint)).collect();
    assert!(missed.is_empty(), "not called: {missed:?}");
    // The persons who sign up under the wrong time have phones too.
    let phones =
        [ThreeDevices::signed_in(&app, &fresh.child).await, ThreeDevices::signed_in(&app, &fresh.parent).await];
    every_job(&app).await;

    app.state.clock.jump(-jump);
    app.advance(6 * Millis::MINUTE);
    every_job(&app).await;
    for browser in [&pair.child, &pair.parent, &fresh.child, &fresh.parent] {
        for page in ["/settings", "/inbox", "/devices", "/recovery"] {
            assert_eq!(browser.get(page).await.status(), StatusCode::OK, "{jump}: {page}");
        }
    }
    let (called, _) = every_verb(&app, &providers, &pair, 2).await;
    assert!(called.scandals.is_empty(), "{jump}, back: {:#?}", called.scandals);
    lives_on(&app, &providers, &pair, jump).await;
    for (devices, name) in phones.iter().zip(["fresh-child", "fresh-parent"]) {
        devices.register(&providers.service, name).await;
    }
    lives_on(&app, &providers, &fresh, jump).await;
}

#[tokio::test]
async fn a_clock_that_is_ten_minutes_wrong_for_a_while_stops_nobody() {
    there_and_back(10 * Millis::MINUTE).await;
    there_and_back(-10 * Millis::MINUTE).await;
}

#[tokio::test]
async fn a_clock_that_is_a_day_wrong_for_a_while_stops_nobody() {
    there_and_back(Millis::DAY).await;
    there_and_back(-Millis::DAY).await;
}

#[tokio::test]
async fn a_clock_that_is_sixty_days_wrong_for_a_while_stops_nobody() {
    there_and_back(60 * Millis::DAY).await;
    there_and_back(-60 * Millis::DAY).await;
}

#[tokio::test]
async fn a_clock_that_is_ten_years_wrong_for_a_while_stops_nobody() {
    there_and_back(YEARS).await;
    there_and_back(-YEARS).await;
}

#[tokio::test]
async fn who_failed_under_a_wrong_clock_is_not_refused_by_the_right_one() {
    for jump in [10 * Millis::MINUTE, Millis::DAY, 60 * Millis::DAY, YEARS] {
        let app = TestApp::start().await;
        let person = app.person(CHILDREN[0].0).await;
        app.state.clock.jump(jump);
        let elsewhere = app.visitor();
        *elsewhere.address.lock().expect("an address") = "192.0.2.77".into();
        for _ in 0..10 {
            assert_eq!(elsewhere.refused("check_invitation", &[("code", "AAAAA-AAAAA")]).await.1, ApiError::CodeWrong);
        }
        assert_eq!(elsewhere.refused("check_invitation", &[("code", "AAAAA-AAAAA")]).await.1, ApiError::TooManyTries);

        app.state.clock.jump(-jump);
        app.advance(Millis::HOUR + 10 * Millis::MINUTE);
        future_rows::bring_back(&app.state).await.expect("a look");

        let code = person.invite(person.start_pair("child").await).await;
        assert_eq!(elsewhere.post("check_invitation", &[("code", &code)]).await.status(), StatusCode::OK, "{jump}");
    }
}
