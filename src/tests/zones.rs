//! Tests of time zones as browsers report them and as they are stored: no zone is guessed or replaced by UTC, and
//! saving another setting changes no zone.

use reqwest::StatusCode;

use super::app::{Browser, TestApp};
use crate::{
    domain::Millis,
    server::{
        jobs::zones,
        storage::seeds::{CHILDREN, PARENTS},
    },
};

/// Returns the value of the selected option in the select with this id.
fn chosen<'a>(page: &'a str, id: &str) -> &'a str {
    let select = page
        .split(&format!("<select id=\"{id}\""))
        .nth(1)
        .expect("the field")
        .split("</select>")
        .next()
        .expect("its end");
    let option = select.split("<option ").find(|option| option.contains(" selected")).expect("a chosen option");
    option.split("value=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a value")
}

async fn signed_up(app: &TestApp, zone: &str) -> Browser {
    let browser = app.visitor();
    let fields = [("name", CHILDREN[0].0), ("consent", "yes"), ("zone", zone)];
    assert_eq!(browser.post("sign_up", &fields).await.status(), StatusCode::OK, "{zone}");
    browser
}

#[tokio::test]
async fn what_browsers_report_is_stored_and_chosen_in_every_form() {
    let app = TestApp::start().await;
    for zone in [
        "Asia/Calcutta",
        "Asia/Saigon",
        "Asia/Katmandu",
        "Europe/Kiev",
        "America/Indianapolis",
        "Etc/GMT-9",
        "Asia/Seoul",
    ] {
        let browser = signed_up(&app, zone).await;
        assert_eq!(chosen(&browser.page("/start").await, "zone"), zone);
        assert_eq!(chosen(&browser.page("/settings/me").await, "own-zone"), zone);
    }
    let shouted = signed_up(&app, "ASIA/calcutta").await;
    assert_eq!(chosen(&shouted.page("/settings/me").await, "own-zone"), "Asia/Calcutta");
}

#[tokio::test]
async fn a_zone_nobody_knows_is_asked_for_and_the_sign_up_is_not_lost() {
    let app = TestApp::start().await;
    for zone in ["Mars/Olympus", "Etc/Unknown", "두바이"] {
        let browser = app.visitor();
        let refused = browser.submit("sign_up", &[("name", CHILDREN[0].0), ("consent", "yes"), ("zone", zone)]).await;
        assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY, "{zone}");
        let page = refused.text().await.expect("a page");
        assert!(
            page.contains(CHILDREN[0].0)
                && page.contains("사는 곳을 목록에서 골라 주세요")
                && page.contains("name=\"zone_asked\""),
            "{zone}"
        );
        assert_eq!(chosen(&page, "zone"), "", "nothing is guessed");
        assert!(!page.contains("DeviceZone_"), "the device would say the same again");
        assert!(browser.page("/start").await.contains("DeviceZone_"), "otherwise it is the device's");

        // The form is refused again for another reason: the selected zone stays.
        let again = browser
            .submit("sign_up", &[("name", ""), ("consent", "yes"), ("zone", "Asia/Dubai"), ("zone_asked", "yes")])
            .await;
        assert_eq!(chosen(&again.text().await.expect("a page"), "zone"), "Asia/Dubai");
        let fields = [("name", CHILDREN[0].0), ("consent", "yes"), ("zone", "Asia/Dubai"), ("zone_asked", "yes")];
        assert_eq!(browser.submit("sign_up", &fields).await.status(), StatusCode::SEE_OTHER);
        assert_eq!(chosen(&browser.page("/settings/me").await, "own-zone"), "Asia/Dubai");
    }
}

#[tokio::test]
async fn joining_asks_for_the_zone_too() {
    let app = TestApp::start().await;
    let child = signed_up(&app, "Asia/Seoul").await;
    let code = {
        let pair = child.start_pair("child").await;
        child.invite(pair).await
    };
    let parent = app.visitor();
    assert_eq!(parent.post("check_invitation", &[("code", &code)]).await.status(), StatusCode::OK);
    let fields =
        |zone: &'static str| [("name", PARENTS[0].0), ("consent", "yes"), ("relation", "mother"), ("zone", zone)];
    let refused = parent.submit("join", &fields("Mars/Olympus")).await;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(chosen(&refused.text().await.expect("a page"), "zone"), "");
    assert_eq!(parent.submit("join", &fields("America/New_York")).await.status(), StatusCode::SEE_OTHER);
    assert_eq!(chosen(&parent.page("/settings/me").await, "own-zone"), "America/New_York");
}

#[tokio::test]
async fn zones_are_shown_by_their_city_and_their_hour_with_the_person_s_own_first() {
    let app = TestApp::start().await;
    let browser = signed_up(&app, "Asia/Calcutta").await;
    let page = browser.page("/settings/me").await;
    let own = page.find("델리·콜카타 · 지금 오전 8:30").expect("the own zone");
    assert!(own < page.find("서울 · 지금 오후 12:00").expect("another"));
    assert_eq!(page.matches("델리·콜카타").count(), 1);
    assert!(page.len() < 60_000, "{}", page.len());

    assert_eq!(
        browser
            .post("change_display", &[("locale", "en"), ("text_size", "normal"), ("zone", "Asia/Calcutta")])
            .await
            .status(),
        200
    );

    let page = browser.page("/settings/me").await;
    assert!(page.contains("Kolkata · now 8:30 am") && page.contains("Seoul · now 12:00 pm"));
}

#[tokio::test]
async fn a_stored_zone_that_no_database_knows_keeps_its_hour_and_its_name() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    pair.answer_both("첫 기억").await;
    assert_eq!(zones::look(&app.state).await.expect("a look"), []);
    app.run_sql("UPDATE pairs SET zone = 'Asia/Atlantis'; UPDATE persons SET zone = 'Asia/Atlantis'").await;

    let lost = zones::look(&app.state).await.expect("a look");
    assert_eq!(
        lost.iter().map(|name| name.as_str()).collect::<Vec<_>>(),
        ["Asia/Atlantis", "Asia/Atlantis"],
        "of a pair and of a person"
    );
    assert_eq!(chosen(&pair.child.page("/settings/me").await, "own-zone"), "Asia/Atlantis");
    // The form sends what it shows: saving the text size changes nothing else.
    let fields = [("locale", "ko"), ("text_size", "larger"), ("zone", "Asia/Atlantis")];
    assert_eq!(pair.child.post("change_display", &fields).await.status(), StatusCode::OK);
    let id = pair.id.to_string();
    let fields = [("pair", id.as_str()), ("push_time", "21:30"), ("zone", "Asia/Atlantis")];
    assert_eq!(pair.child.post("change_push_time", &fields).await.status(), StatusCode::OK);

    assert_eq!(app.tick_at(21, 30).await, 1, "at the hour of Seoul, which it had");
    assert_eq!(app.tick_at(21, 30).await, 1);
    assert_eq!(pair.child.today(pair.id).await.question.expect("a question").number, 2);
    app.advance(Millis::HOUR);
    assert_eq!(pair.child.get("/inbox").await.status(), StatusCode::OK);
}
