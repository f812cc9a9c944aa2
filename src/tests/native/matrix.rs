//! The delivery matrix: every kind of notification, to a person with one device per provider, in every state that a
//! notification can be in when its time comes.

use std::{collections::BTreeSet, io::Cursor};

use reqwest::StatusCode;

use super::{
    NativeProviders,
    account::{hand_over, show_retired_token},
    fake_apple::apns_error,
    h2_server::Reply,
    three_devices::{Heard, ThreeDevices, alike, heard, providers},
};
use crate::{
    domain::{AnnouncementText, EventKind, Millis, NotificationKind, PairId, RETURN_WAITS_MS},
    paths,
    reads::{self, DevicesView},
    server::{
        jobs::announcing,
        keepsake::reading,
        services::{announcements, imports, operator_codes},
        storage::seeds::{CHILDREN, PARENTS},
    },
    tests::{
        app::{Browser, TestApp},
        authenticator::Authenticator,
        imports::bytes_of,
        push_service::{Answer, PushService},
        seat_returns::{invite_back, join_new},
    },
};

/// A child with three devices, and a mother with none.
pub struct Family {
    pub app: TestApp,
    pub service: PushService,
    pub native: NativeProviders,
    pub child: ThreeDevices,
    pub mother: Browser,
    pub pair: PairId,
}

impl Family {
    async fn start() -> Self {
        let (app, service, native) = TestApp::start_with_native().await;
        let (child, mother) = (app.person(CHILDREN[0].0).await, app.person(PARENTS[0].0).await);
        let pair = child.start_pair("child").await;
        let child = ThreeDevices::of(&app, &service, &child, "minji").await;
        Self { app, service, native, child, mother, pair }
    }

    /// The mother has joined, and the child has heard of it.
    pub async fn together() -> Self {
        let family = Self::start().await;
        family.mother.join(&family.child.web.invite(family.pair).await, "mother").await;
        alike(&family.sent().await);
        family
    }

    /// Sends what may be sent now. Returns what the child's devices got of it.
    pub async fn sent(&self) -> Vec<Heard> {
        self.app.deliver().await;
        let sent = heard(&self.service, &self.native);
        assert_eq!(self.native.violations(), Vec::<String>::new());
        sent
    }

    /// Each of the child's devices gets one notification now, and nothing more later.
    async fn told(&self) -> Heard {
        let told = alike(&self.sent().await);
        self.app.advance(10 * Millis::MINUTE);
        assert_eq!(self.sent().await, [], "once");
        told
    }

    /// Posts with the pair's id, a second later.
    pub async fn act(&self, browser: &Browser, verb: &str, fields: &[(&str, &str)]) {
        self.app.advance(Millis::SECOND);
        let pair = self.pair.to_string();
        let fields = [fields, &[("pair", pair.as_str())]].concat();
        assert_eq!(browser.post(verb, &fields).await.status(), StatusCode::OK, "{verb}");
    }

    pub async fn answer(&self, browser: &Browser) {
        assert_eq!(browser.answer(self.pair, "마당의 감나무").await.status(), StatusCode::OK);
    }

    pub async fn nudge(&self) {
        let (question, _) = self.mother.question(self.pair).await;
        let nudge = self.mother.post("nudge", &[("daily_question", &question.to_string())]).await;
        assert_eq!(nudge.status(), StatusCode::OK);
    }

    /// The mother takes the answer of her newest card back.
    async fn take_back(&self) {
        self.app.advance(Millis::SECOND);
        let archive = self.mother.page(&paths::archive(self.pair)).await;
        let card = archive.split("/cards/").nth(1).and_then(|rest| rest.get(..36)).expect("a card");
        let done = self.mother.post("take_back_answer", &[("daily_question", card)]).await;
        assert_eq!(done.status(), StatusCode::OK);
    }

    /// Lives on to the pair's next due minute and over its delay.
    pub async fn next_due(&self) {
        self.app.tick_at(21, 0).await;
        self.app.advance(Millis::MINUTE);
    }

    /// Turns these channels of the child off, and all others on.
    async fn mute(&self, channels: &[&str]) {
        let on: Vec<(&str, &str)> = ["question", "answer", "reminder", "nudge", "news"]
            .into_iter()
            .filter(|channel| !channels.contains(channel))
            .map(|channel| (channel, "yes"))
            .collect();
        self.act(&self.child.web, "change_switches", &on).await;
    }

    /// Reasons and states of the deliveries that ended otherwise than accepted, with their number.
    async fn ended(&self) -> Vec<String> {
        let sql = "SELECT state || ' ' || COALESCE(reason, '') || ' ' || COUNT(*) FROM deliveries
                   WHERE state <> 'accepted' GROUP BY state, reason ORDER BY state, reason";
        self.app.read_sql(sql).await
    }

    /// Forgets the deliveries so far.
    pub async fn forget(&self) {
        self.app.run_sql("DELETE FROM deliveries").await;
    }
}

/// The child adds a passkey, signs in with it, shows its counter going back, and removes it.
async fn passkeys(family: &Family) -> Vec<Heard> {
    let child = &family.child.web;
    let mut heard = Vec::new();
    assert_eq!(child.post("prove", &[("code", &child.recovery_code())]).await.status(), StatusCode::OK);
    let mut passkey = Authenticator::add(child).await;
    heard.push(family.told().await);
    assert_eq!(passkey.sign_in(&family.app.visitor()).await, Ok(()));
    heard.push(family.told().await);
    passkey.count = 0;
    assert_eq!(passkey.prove(child).await, Ok(()));
    heard.push(family.told().await);
    assert_eq!(passkey.prove(child).await, Ok(()));
    let id = child.read(reads::other_ways()).await.expect("the ways in").passkeys[0].id.to_string();
    assert_eq!(child.post("remove_passkey", &[("passkey", &id)]).await.status(), StatusCode::OK);
    heard.push(family.told().await);
    heard
}

/// In another pair the seat of the other member is given back, first refused and then moved; then the child's own seat
/// moves. Returns what the child was told.
async fn seats_moved(family: &Family) -> Vec<Heard> {
    let (app, child) = (&family.app, &family.child.web);
    let father = app.person(PARENTS[1].0).await;
    let pair = app.pair_of(child.clone(), father).await;
    // That he joined may be one counted notification too many today.
    family.sent().await;
    let id = pair.id.to_string();
    let mut told = Vec::new();
    join_new(app, &invite_back(child, pair.id).await).await;
    told.push(family.told().await);
    assert_eq!(pair.parent.post("end_return", &[("pair", &id)]).await.status(), StatusCode::OK);
    told.push(family.told().await);
    let father = join_new(app, &invite_back(child, pair.id).await).await;
    family.told().await;
    app.wait(RETURN_WAITS_MS).await;
    told.push(family.told().await);
    join_new(app, &invite_back(&father, pair.id).await).await;
    told.push(family.told().await);
    app.wait(RETURN_WAITS_MS).await;
    told.push(family.told().await);
    told
}

/// The operator imports a copy from elsewhere for the child.
async fn imported(family: &Family) -> Heard {
    let elsewhere = TestApp::start_with(98).await;
    let pair = elsewhere.pair().await;
    let copy = Cursor::new(bytes_of(&pair.child, &paths::copy_of(pair.id)).await);
    let person = family.app.read_sql("SELECT person_id FROM push_subscriptions LIMIT 1").await[0].parse();
    family.app.tick_at(12, 0).await;
    family.sent().await;
    let copy = reading::read(copy).expect("a copy");
    imports::import(&family.app.state, person.expect("an id"), None, &copy).await.expect("imported");
    family.told().await
}

#[tokio::test]
async fn every_kind_reaches_each_of_three_devices_once_in_the_same_words() {
    let family = Family::start().await;
    let (child, mother) = (&family.child.web, &family.mother);
    let mut kinds = BTreeSet::new();
    let mut note = |told: Heard| kinds.insert(told.kind.expect("FCM names the kind"));

    family.app.advance(Millis::SECOND);
    for told in passkeys(&family).await {
        note(told);
    }
    assert_eq!(family.app.visitor().post("sign_in", &[("code", &child.recovery_code())]).await.status(), 200);
    note(family.told().await);
    assert_eq!(child.post("renew_recovery", &[]).await.status(), StatusCode::OK);
    note(family.told().await);
    hand_over(&family.app, &family.child.web).await;
    note(family.told().await);
    let person = family.app.read_sql("SELECT person_id FROM push_subscriptions LIMIT 1").await[0].parse();
    operator_codes::make(&family.app.state, person.expect("an id")).await.expect("a code");
    note(family.told().await);
    mother.join(&child.invite(family.pair).await, "mother").await;
    note(family.told().await);

    // The first question: answered, nudged, opened by the child, which tells the mother alone.
    family.answer(mother).await;
    note(family.told().await);
    family.nudge().await;
    let nudge = family.told().await;
    note(nudge.clone());
    family.answer(child).await;
    assert_eq!(family.sent().await, []);
    family.act(mother, "change_push_time", &[("push_time", "20:00"), ("zone", "Asia/Seoul")]).await;
    note(family.told().await);
    family.act(mother, "change_push_time", &[("push_time", "21:00"), ("zone", "Asia/Seoul")]).await;
    family.told().await;
    // Four counted notifications were sent today: the rest lies in the inbox alone.
    family.act(mother, "pause_pair", &[("until", "2026-11-30")]).await;
    family.act(mother, "resume_pair", &[]).await;
    assert_eq!(family.sent().await, []);

    family.next_due().await;
    assert_eq!(family.sent().await, [], "the first question opened today");
    family.app.advance(12 * Millis::HOUR);
    family.act(mother, "pause_pair", &[("until", "2026-11-30")]).await;
    let paused = family.told().await;
    family.act(mother, "resume_pair", &[]).await;
    let resumed = family.told().await;
    assert_eq!(paused.tag, resumed.tag, "the end of a pause replaces its beginning");
    note(paused);
    note(resumed);

    family.next_due().await;
    let question = family.told().await;
    assert_eq!(question.tag, nudge.tag, "a question replaces what was said about the one before");
    note(question);
    family.answer(child).await;
    family.answer(mother).await;
    note(family.told().await);

    // The child answers the third question and waits; the fourth waits for the child.
    family.next_due().await;
    family.told().await;
    family.answer(child).await;
    family.next_due().await;
    note(family.told().await);
    family.answer(mother).await;
    family.told().await;
    family.next_due().await;
    family.told().await;
    family.next_due().await;
    note(family.told().await);

    show_retired_token(&family.app, &family.child.web).await;
    note(family.told().await);
    assert_eq!(child.post("ask_other_device", &[]).await.status(), StatusCode::OK);
    note(family.told().await);
    let text = |text| AnnouncementText::parse(text).expect("a text");
    announcements::begin(&family.app.state, text("쉬어 가요."), text("We pause."), false)
        .await
        .expect("an announcement");
    announcing::pass(&family.app.state).await.expect("everybody is told");
    note(family.told().await);
    family.take_back().await;
    note(family.told().await);
    let code = mother.recovery_code();
    let words = format!("words[pair-{}]", family.pair);
    family.act(mother, "delete_account", &[(&*words, "leave"), ("code", &*code), ("confirmed", "yes")]).await;
    note(family.told().await);
    // The mother comes back on the same browser.
    assert_eq!(mother.post("sign_in", &[("code", &code)]).await.status(), StatusCode::OK);
    note(family.told().await);
    family.act(mother, "leave_pair", &[("confirmed", "yes")]).await;
    note(family.told().await);

    let devices: DevicesView = child.read(reads::devices()).await.expect("the devices");
    for device in devices.devices {
        assert_eq!(child.post("test_device", &[("device", &device.id.to_string())]).await.status(), StatusCode::OK);
        let sent = family.sent().await;
        assert_eq!(sent.len(), 1, "a test is for that device alone: {sent:#?}");
        if let Some(kind) = sent[0].kind.clone() {
            kinds.insert(kind);
        }
    }
    kinds.extend(seats_moved(&family).await.into_iter().filter_map(|told| told.kind));
    kinds.extend(imported(&family).await.kind);
    let all: BTreeSet<String> = NotificationKind::ALL.iter().map(|kind| kind.word().to_owned()).collect();
    assert_eq!(kinds, all);
}

/// A fact is told to three devices, and is over before they are sent to.
#[tokio::test]
async fn what_is_over_before_it_is_sent_reaches_none_of_three_devices() {
    let family = Family::together().await;
    let child = &family.child.web;
    family.forget().await;
    family.answer(&family.mother).await;
    family.answer(child).await;
    assert_eq!(family.sent().await, []);
    assert_eq!(family.ended().await, ["cancelled answered 3"]);

    family.next_due().await;
    family.next_due().await;
    alike(&family.sent().await);
    family.answer(&family.mother).await;
    alike(&family.sent().await);
    family.forget().await;
    family.nudge().await;
    family.act(child, "pause_pair", &[("until", "2026-11-30")]).await;
    assert_eq!(family.sent().await, []);
    assert_eq!(family.ended().await, ["cancelled paused 3"]);
    family.act(child, "resume_pair", &[]).await;

    family.forget().await;
    family.app.advance(12 * Millis::HOUR);
    for time in ["20:00", "19:00"] {
        family.act(&family.mother, "change_push_time", &[("push_time", time), ("zone", "Asia/Seoul")]).await;
    }
    assert!(alike(&family.sent().await).body.contains("7시"), "the last one alone");
    assert_eq!(family.ended().await, ["cancelled superseded 3"]);

    family.forget().await;
    family.act(&family.mother, "change_push_time", &[("push_time", "21:00"), ("zone", "Asia/Seoul")]).await;
    family.mute(&["news"]).await;
    assert_eq!(family.sent().await, []);
    assert_eq!(family.ended().await, ["cancelled muted 3"]);
    family.act(&family.mother, "change_push_time", &[("push_time", "20:00"), ("zone", "Asia/Seoul")]).await;
    assert_eq!(family.ended().await, ["cancelled muted 3"], "what is muted is not even queued");
    family.mute(&[]).await;

    family.forget().await;
    family.app.advance(Millis::DAY);
    family.nudge().await;
    family.act(child, "leave_pair", &[("confirmed", "yes")]).await;
    assert_eq!(family.sent().await, []);
    assert_eq!(family.ended().await, ["cancelled left 3"]);
}

#[tokio::test]
async fn quiet_hours_and_hidden_details_hold_on_all_three_devices() {
    let family = Family::together().await;
    let quiet = [("quiet", "yes"), ("quiet_from", "11:00"), ("quiet_to", "13:00"), ("hides_details", "yes")];
    assert_eq!(family.child.web.post("change_quiet_hours", &quiet).await.status(), StatusCode::OK);
    family.answer(&family.mother).await;
    assert_eq!(family.sent().await, [], "it is noon");
    family.app.advance(Millis::HOUR);
    let told = family.told().await;
    assert_eq!((told.title.as_str(), told.body.as_str()), ("엄빠도 어렸다", "새 소식이 있어요"));
}

#[tokio::test]
async fn what_one_device_showed_live_or_lost_is_cancelled_for_that_device_alone() {
    let family = Family::together().await;
    let ThreeDevices { web, android, iphone } = &family.child;
    let mut line = android.listen(family.pair).await;
    family.answer(&family.mother).await;
    let event = line.next_event().await;
    assert_eq!(event.kind, EventKind::AnswerSubmitted);
    assert_eq!(providers(&family.sent().await), ["apns", "web_push"], "the open page has five seconds to say so");
    assert_eq!(android.post("seen_live", &[("seq", &event.seq.to_string())]).await.status(), StatusCode::OK);
    drop(line);
    family.app.advance(6 * Millis::SECOND);
    assert_eq!(family.sent().await, []);
    assert_eq!(family.ended().await, ["cancelled seen_live 1"]);

    for (browser, left) in [(iphone, vec!["fcm", "web_push"]), (web, vec!["fcm"]), (android, vec![])] {
        let time = if left.len() == 1 { "20:00" } else { "19:00" };
        family.act(&family.mother, "change_push_time", &[("push_time", time), ("zone", "Asia/Seoul")]).await;
        assert_eq!(browser.post("unsubscribe", &[]).await.status(), StatusCode::OK);
        assert_eq!(providers(&family.sent().await), left, "the others are told once");
    }
}

#[tokio::test]
async fn what_no_provider_takes_ends_with_its_expiry_on_all_three_devices() {
    let family = Family::together().await;
    family.forget().await;
    family.service.answer_always(Some(Answer::Status(503)));
    family.native.google.answer_always(Some(Reply::status(503, "<html>")));
    family.native.apple.answer_always(Some(apns_error(503, "ServiceUnavailable")));
    family.answer(&family.mother).await;
    for _ in 0..50 {
        assert_eq!(family.sent().await, []);
        family.app.advance(Millis::HOUR);
    }
    family.service.answer_always(None);
    family.native.google.answer_always(None);
    family.native.apple.answer_always(None);
    assert_eq!(family.sent().await, []);
    let states = family.app.read_sql("SELECT state || ' ' || COUNT(*) FROM deliveries GROUP BY state").await;
    assert_eq!(states, ["expired 3"]);
}
