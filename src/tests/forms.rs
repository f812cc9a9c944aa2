//! Tests that every form names the person and the page it was drawn for: a form drawn for another person does nothing,
//! and a refusal shows the same page with the text that was typed.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    app::{Browser, TestApp},
    architecture::ENDPOINTS,
    authenticator::Authenticator,
    identities::{agreed, finish},
};
use crate::{
    api::ApiError,
    domain::{Locale, Millis, PersonId},
    server::{
        budget::{Bucket, Budget, Spender},
        services::{operator_codes, proofs::FRESH_MS},
        storage::seeds::{CHILDREN, PARENTS},
    },
    text,
};

/// The endpoints of all forms of the app.
const POSTED_BY_FORMS: &str = "add_passkey ask_hand_over ask_other_device change_announcements change_display \
    change_name change_presence change_push_time change_quiet_hours change_relation change_switches check_invitation \
    confirm_hand_over confirm_other_device confirm_recovery delete_account draw_device end_other_sessions end_session \
    enter_hand_over finish_sign_in_with invite join keep_recovery lead_out leave_pair make_hand_over move_on nudge \
    pause_pair prove prove_by_passkey read_inbox refuse_hand_over refuse_other_device refuse_recovery remove_device \
    remove_passkey rename_device rename_passkey renew_recovery restore_answer resume_pair sign_in sign_in_by_passkey \
    sign_out sign_up sign_up_with start_again start_pair submit_answer swap_question take_back_answer take_hand_over \
    test_device unlink_identity withdraw_hand_over withdraw_invitation";
const KAKAO: &str = "Mozilla/5.0 (Linux; Android 14) Chrome/130.0.0.0 Mobile KAKAOTALK 2410910";
/// A text that only its writer may see.
const TYPED: &str = "남몰래 쓴 말";
/// The time after which a person of these tests may write again, in ms.
const PAUSE: i64 = 5 * Millis::SECOND;

struct Form {
    endpoint: String,
    fields: Vec<(String, String)>,
    /// The names of the fields that take typed text.
    typed: Vec<String>,
}

impl Form {
    fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Returns a form body with typed text in every text field.
    fn filled(&self) -> Vec<u8> {
        let filled = self
            .fields
            .iter()
            .map(|(name, value)| (name.as_str(), if self.typed.contains(name) { TYPED } else { value.as_str() }));
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(filled).finish().into_bytes()
    }
}

fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    tag.split_once(&format!(" {name}=\"")).and_then(|(_, rest)| rest.split('"').next())
}

fn forms_of(html: &str) -> Vec<Form> {
    let read = |text: &str| {
        let (head, rest) = text.split_once('>').expect("a form's head");
        let inside = rest.split("</form>").next().unwrap_or_default();
        let endpoint = attribute(head, "action")
            .and_then(|action| action.strip_prefix("/api/"))
            .expect("a form of ours")
            .to_owned();
        let mut form = Form { endpoint, fields: Vec::new(), typed: Vec::new() };
        for tag in inside.split('<').map(|tag| tag.split('>').next().unwrap_or_default()) {
            let Some(name) = attribute(tag, "name").filter(|_| tag.starts_with("input") || tag.starts_with("textarea"))
            else {
                continue;
            };
            let kind = if tag.starts_with("textarea") { "text" } else { attribute(tag, "type").unwrap_or("text") };
            if matches!(kind, "radio" | "checkbox") && !tag.contains(" checked") {
                continue;
            }
            if kind == "text" {
                form.typed.push(name.to_owned());
            }
            form.fields.push((name.to_owned(), attribute(tag, "value").unwrap_or_default().replace("&amp;", "&")));
        }
        form
    };
    html.split("<form").skip(1).map(read).collect()
}

/// Returns the person that a page was drawn for; empty for nobody.
fn drawn_for(html: &str) -> String {
    attribute(html.split("<head").next().unwrap_or_default(), "data-person").unwrap_or_default().to_owned()
}

async fn read(browser: &Browser, path: &str, agent: &str) -> String {
    browser.get_as(path, agent).await.text().await.expect("a page")
}

/// A walk through the app's pages that checks each form.
struct Walk<'a> {
    app: &'a TestApp,
    /// The person who signs in next on the same browser.
    next: Browser,
    found: BTreeSet<String>,
}

impl Walk<'_> {
    async fn look(&mut self, browser: &Browser, path: &str) {
        self.look_as(browser, path, "Mozilla/5.0").await;
    }

    async fn look_as(&mut self, browser: &Browser, path: &str, agent: &str) {
        let html = read(browser, path, agent).await;
        let forms = forms_of(&html);
        assert!(!forms.is_empty(), "{path} has a form");
        for form in forms {
            let says = format!("{} at {path}", form.endpoint);
            assert_eq!(form.field("whose"), Some(drawn_for(&html).as_str()), "{says}");
            assert_eq!(form.field("from"), Some(path), "{says}");
            self.is_refused_for_the_next(&form, &says).await;
            self.comes_back(browser, &form, &html, agent, &says).await;
            self.found.insert(form.endpoint);
        }
    }

    /// Checks that a form does nothing after another person has signed in while its page stayed open.
    async fn is_refused_for_the_next(&self, form: &Form, says: &str) {
        let next = drawn_for(&self.next.page("/").await);
        let before = self.app.stored().await;
        for accept in ["text/html", "application/json"] {
            let path = format!("/api/{}", form.endpoint);
            let answer = self.next.send_to(&path, form.filled(), accept, &[]).await;
            assert_eq!(answer.status().as_u16(), 401, "{says}");
            assert_eq!(answer.headers()["x-whose"], next.as_str(), "{says}");
            let body = answer.text().await.expect("a body");
            assert!(!body.contains(TYPED), "{says}: words of somebody else");
            let expected = if accept == "text/html" { CHILDREN[3].0 } else { "\"SignedOut\"" };
            assert!(body.contains(expected), "{says}: the page of who is here");
        }
        assert!(self.app.stored().await == before, "{says}: nothing is done");
    }

    /// Checks that a refusal shows the same page with a sentence and the typed text, with and without a Referer header.
    async fn comes_back(&self, browser: &Browser, form: &Form, html: &str, agent: &str, says: &str) {
        let person = drawn_for(html).parse::<PersonId>().ok();
        let is_free = crate::http::not_by_hand().contains(&form.endpoint.as_str());
        // These requests would succeed, or are not tried again with the same code.
        if (person.is_some() && is_free) || matches!(&*form.endpoint, "enter_hand_over" | "finish_sign_in_with") {
            return;
        }
        let origin = format!("{}/", self.app.url);
        for referer in [None, Some(origin.as_str())] {
            self.app.advance(PAUSE);
            if let Some(person) = person {
                let state = &self.app.state;
                assert!(state.budget.take(Bucket::Write, Spender::Person(person), state.clock.moment()), "{says}");
            }
            let mut headers = vec![("user-agent", agent)];
            headers.extend(referer.map(|referer| ("referer", referer)));
            let path = format!("/api/{}", form.endpoint);
            let answer = browser.send_to(&path, form.filled(), "text/html", &headers).await;
            assert_eq!(answer.status().as_u16(), if person.is_some() { 429 } else { 422 }, "{says}");
            let body = answer.text().await.expect("a page");
            let again = forms_of(&body).into_iter().find(|again| again.endpoint == form.endpoint).expect(says);
            assert_eq!(again.field("from"), form.field("from"), "{says}: and once more");
            assert!(body.contains("field-error"), "{says}: a sentence");
            if person.is_some() {
                assert!(body.contains(text::words(Locale::Ko).err_too_much), "{says}: a sentence");
            }
            assert!(form.typed.is_empty() || body.contains(TYPED), "{says}: what was typed is there");
        }
        self.app.advance(PAUSE);
    }

    async fn done(&self, browser: &Browser, endpoint: &str, fields: &[(&str, &str)]) {
        self.app.advance(PAUSE);
        assert_eq!(browser.post(endpoint, fields).await.status().as_u16(), 200, "{endpoint}");
        self.app.advance(PAUSE);
    }
}

#[tokio::test]
async fn every_form_acts_for_whom_it_was_drawn_and_comes_back_to_its_page() {
    let (app, push, issuer) = TestApp::start_with_issuer_and_budget(Budget::of(1)).await;
    let next = app.person(CHILDREN[3].0).await;
    let mut walk = Walk { app: &app, next, found: BTreeSet::new() };
    let (visitor, child, parent) = (app.visitor(), app.person(CHILDREN[0].0).await, app.person(PARENTS[0].0).await);
    for page in [
        "/start",
        "/signin",
        "/signin/digits",
        "/signin/digits/1234-5678",
        "/join",
        "/join/ABCDE-FGHJK",
        "/hand-over/0a1b",
    ] {
        walk.look(&visitor, page).await;
    }
    let places = ["me", "notifications", "sign-in", "delete"].map(|place| format!("/settings/{place}"));
    for page in ["/recovery", "/start", "/hand-over"].into_iter().chain(places.iter().map(String::as_str)) {
        walk.look(&child, page).await;
    }
    walk.look_as(&child, "/settings/sign-in", KAKAO).await;
    let recovery = child.recovery_code();
    walk.done(&child, "keep_recovery", &[]).await;
    walk.look(&child, "/recovery").await;

    let id = child.start_pair("child").await;
    let (pair, at) = (id.to_string(), |page: &str| format!("/p/{id}/{page}"));
    walk.look(&child, &at("invite")).await;
    app.advance(PAUSE);
    let code = child.invite(id).await;
    walk.look(&child, &at("invite")).await;
    assert_eq!(visitor.post("check_invitation", &[("code", &code)]).await.status().as_u16(), 200);
    walk.look(&visitor, "/join/confirm").await;
    app.advance(PAUSE);
    assert_eq!(parent.post("check_invitation", &[("code", &code)]).await.status().as_u16(), 200);
    walk.look(&parent, "/join/confirm").await;
    walk.done(&parent, "join", &[("relation", "mother")]).await;

    for page in ["today", "settings/us", "settings/notifications"] {
        walk.look(&child, &at(page)).await;
    }
    let tomorrow = crate::domain::LocalDate::new(2026, 11, 24).expect("a date").to_string();
    walk.done(&child, "pause_pair", &[("pair", &pair), ("until", &tomorrow)]).await;
    walk.look(&child, &at("settings/us")).await;
    walk.done(&child, "resume_pair", &[("pair", &pair)]).await;
    app.advance(PAUSE);
    child.answer(id, "놀이터 그네요.").await;
    walk.look(&parent, "/inbox").await;
    walk.look(&child, &at("today")).await; // a nudge
    app.tick_at(21, 0).await;
    app.tick_at(21, 0).await;
    walk.look(&child, &at("today")).await; // moving on
    let (card, _) = child.question(id).await;
    parent.answer(id, "마당 감나무 밑이지.").await;
    let card = card.to_string();
    walk.look(&child, &at(&format!("cards/{card}"))).await;
    walk.done(&child, "take_back_answer", &[("daily_question", &card)]).await;
    walk.look(&child, &at(&format!("cards/{card}"))).await;
    app.tick_at(21, 0).await;
    walk.look(&child, &at("today")).await; // a swap

    child.subscribe(&push, "phone").await;
    walk.look(&child, "/devices").await;
    app.run_sql("UPDATE push_subscriptions SET provider = 'fcm'").await;
    walk.look(&child, "/devices").await; // a device that lets the system draw
    let tablet = app.visitor();
    assert_eq!(tablet.post("sign_in", &[("code", &recovery)]).await.status().as_u16(), 200);
    walk.look(&child, "/settings/sign-in").await; // a session to end
    walk.done(&tablet, "renew_recovery", &[]).await;
    walk.look(&child, "/settings/sign-in").await; // another session's new code
    let person = drawn_for(&child.page("/").await).parse().expect("an id");
    operator_codes::make(&app.state, person).await.expect("a code");
    walk.look(&child, "/settings/sign-in").await;
    walk.done(&child, "make_hand_over", &[]).await;
    walk.look(&child, "/hand-over").await;
    let digits =
        child.cookies.lock().expect("cookies")["__Host-hand-over"].split_once('.').expect("id.code").1.to_owned();
    let phone = app.visitor();
    assert_eq!(phone.post("ask_hand_over", &[("code", &digits)]).await.status().as_u16(), 200);
    walk.look(&child, "/hand-over").await;
    let asked = forms_of(&child.page("/hand-over").await)
        .iter()
        .find_map(|form| form.field("hand_over").map(str::to_owned))
        .expect("who asks");
    walk.done(&child, "confirm_hand_over", &[("hand_over", &asked)]).await;
    walk.look(&phone, "/signin/wait").await;
    app.advance(FRESH_MS);
    walk.look(&child, "/settings/ways-in").await; // a proof is asked for
    walk.look(&child, "/settings/other-device").await;
    walk.done(&tablet, "prove", &[("code", &recovery)]).await;
    walk.done(&child, "ask_other_device", &[]).await;
    walk.look(&tablet, "/settings/other-device").await; // the numbers to choose from
    walk.done(&child, "prove", &[("code", &recovery)]).await;
    app.advance(PAUSE);
    Authenticator::add(&child).await;
    walk.look(&child, "/settings/ways-in").await; // a passkey
    let back = agreed(&child, &issuer, "/signin/with/club?link=yes").await;
    app.advance(PAUSE);
    finish(&child, &back).await.expect("linked");
    app.advance(PAUSE);
    walk.look(&child, "/settings/ways-in").await; // a linked account
    app.advance(FRESH_MS);
    walk.look(&child, "/settings/ways-in").await; // a passkey as the proof
    walk.look(&visitor, "/signin/with/club/callback?code=1&state=2").await;
    issuer.behave(|provider| provider.subject = "another".to_owned());
    let back = agreed(&visitor, &issuer, "/signin/with/club").await;
    finish(&visitor, &back).await.expect("somebody new");
    walk.look(&visitor, "/signin/with/club/new").await;

    let found = walk.found.iter().map(String::as_str).collect::<Vec<_>>();
    assert_eq!(found, POSTED_BY_FORMS.split_whitespace().collect::<Vec<_>>(), "the walk meets every form of the app");
}

#[tokio::test]
async fn no_verb_is_done_for_somebody_else() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    let whose = drawn_for(&pair.child.page("/").await);
    let id = pair.id.to_string();
    let before = app.stored().await;
    for endpoint in ENDPOINTS.split_whitespace() {
        let fields = BTreeMap::from([
            ("whose", whose.as_str()),
            ("pair", &id),
            ("name", TYPED),
            ("body", TYPED),
            ("seq", "9"),
            ("what", "here"),
        ]);
        let fields = fields.into_iter().collect::<Vec<_>>();
        assert_eq!(pair.parent.refused(endpoint, &fields).await, (401, ApiError::SignedOut), "{endpoint}");
        assert_eq!(
            app.visitor().refused(endpoint, &fields).await,
            (401, ApiError::SignedOut),
            "{endpoint}, signed out"
        );
        let nobody = [&[("whose", "")], &fields[..5]].concat();
        let of_nobody =
            nobody.iter().filter(|(name, value)| *name != "whose" || value.is_empty()).copied().collect::<Vec<_>>();
        assert_eq!(
            pair.parent.refused(endpoint, &of_nobody).await,
            (401, ApiError::SignedOut),
            "{endpoint}, drawn for nobody"
        );
    }
    assert!(app.stored().await == before, "nothing is done");
}

#[tokio::test]
async fn a_page_that_does_not_say_for_whom_it_was_drawn_still_works() {
    let app = TestApp::start().await;
    let person = app.person(CHILDREN[0].0).await;
    assert_eq!(person.submit("change_name", &[("name", CHILDREN[1].0)]).await.status().as_u16(), 303);
    let whose = drawn_for(&person.page("/").await);
    assert_eq!(
        person.submit("change_name", &[("name", CHILDREN[2].0), ("whose", &whose)]).await.status().as_u16(),
        303
    );
    assert!(person.page("/").await.contains(CHILDREN[2].0));
}

#[tokio::test]
async fn a_person_who_signed_out_is_shown_that_nothing_was_done() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    let whose = drawn_for(&pair.child.page("/").await);
    assert_eq!(pair.child.post("sign_out", &[]).await.status().as_u16(), 200);
    let answer = pair.child.submit("change_name", &[("name", TYPED), ("whose", &whose), ("from", "/settings")]).await;
    assert_eq!(answer.status().as_u16(), 401);
    let page = answer.text().await.expect("a page");
    assert!(
        page.contains(text::page_words(Locale::Ko).somebody_left) && !page.contains(TYPED),
        "the welcome page says so"
    );
}
