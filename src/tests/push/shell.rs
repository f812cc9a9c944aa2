//! Tests of the pages inside a native shell (`docs/SHELL.md`).

use reqwest::StatusCode;

use super::subscribed;
use crate::{
    reads,
    tests::app::{Browser, TestApp},
};

const ANDROID: &str = "Mozilla/5.0 (Linux; Android 15; SM-S931N Build/AP3A.240905.015.A2; wv) AppleWebKit/537.36 \
    (KHTML, like Gecko) Version/4.0 Chrome/142.0.7444.102 Mobile Safari/537.36 UmbbaShell/1";
const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
    Mobile/15E148 UmbbaShell/1";
/// A WebView of another app.
const OTHER: &str = "Mozilla/5.0 (Linux; Android 15; SM-S931N; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 \
    Chrome/142.0.7444.102 Mobile Safari/537.36";

async fn shown(browser: &Browser, path: &str, agent: &str) -> String {
    browser.get_as(path, agent).await.text().await.expect("a page")
}

#[tokio::test]
async fn a_shell_is_offered_neither_web_push_nor_an_installation_nor_a_way_out() {
    let (_app, _service, pair) = subscribed().await;
    pair.answer_both("골목에서 고무줄을 했지.").await;
    for path in ["/devices".to_owned(), format!("/p/{}/today", pair.id)] {
        let browser = shown(&pair.child, &path, OTHER).await;
        assert!(browser.contains("data-push=") && browser.contains("data-install="), "{path} in a browser");
        assert!(!browser.contains("아직 이 앱으로 알림이") && !browser.contains("이 앱이 알림을 받아요"), "{path}");
        for agent in [ANDROID, IPHONE] {
            let shell = shown(&pair.child, &path, agent).await;
            for offer in ["data-push=", "data-install=", "기본 브라우저로 열기", "홈 화면에 두"] {
                assert!(!shell.contains(offer), "{path} in a shell has {offer}");
            }
        }
    }
}

#[tokio::test]
async fn the_devices_page_says_whether_the_shell_gets_the_notifications_and_what_to_do() {
    let (app, _service, _native) = TestApp::start_with_native().await;
    let child = app.person("민지").await;
    assert_eq!(child.register("fcm", "fid", "cIb2kYxTQ0-7sLw_9aZxQe", "").await.status(), StatusCode::OK);
    let registered = shown(&child, "/devices", ANDROID).await;
    assert!(registered.contains("이 앱이 알림을 받아요"));
    assert!(!registered.contains("아직 이 앱으로 알림이 오지 않아요"));

    let new = app.person("서연").await;
    let android = shown(&new, "/devices", ANDROID).await;
    assert!(android.contains("아직 이 앱으로 알림이 오지 않아요") && android.contains("닫았다가 다시 열어요"));
    assert!(!android.contains("이 앱이 알림을 받아요"));
    assert!(android.contains("앱 알림에서") && !android.contains("알림 허용"));
    let iphone = shown(&new, "/devices", IPHONE).await;
    assert!(iphone.contains("알림 허용") && !iphone.contains("앱 알림에서"));
}

#[tokio::test]
async fn where_the_provider_is_disabled_the_shell_says_so_and_names_no_switch_of_the_phone() {
    let app = TestApp::start().await;
    let person = app.person("서연").await;
    for agent in [ANDROID, IPHONE] {
        let page = shown(&person, "/devices", agent).await;
        assert!(page.contains("여기서는 아직 이 앱으로 알림을 보낼 수 없어요"), "{agent}");
        assert!(!page.contains("앱 알림에서") && !page.contains("알림 허용"), "{agent}");
    }
}

#[tokio::test]
async fn a_device_at_fcm_has_a_switch_for_the_system_that_a_form_turns_on_and_off() {
    let (app, service, _native) = TestApp::start_with_native().await;
    let child = app.person("민지").await;
    assert_eq!(child.subscribe(&service, "tablet").await.status(), StatusCode::OK);
    assert!(!child.page("/devices").await.contains("by_system"), "a browser has no such choice");
    assert_eq!(child.register("fcm", "fid", "cIb2kYxTQ0-7sLw_9aZxQe", "").await.status(), StatusCode::OK);
    let devices = async || child.read::<reads::DevicesView>(reads::devices()).await.expect("devices").devices;
    let id = devices().await[0].id.to_string();
    let is_checked = async || {
        let page = child.page("/devices").await;
        let (_, field) = page.split_once("name=\"by_system\"").expect("the switch");
        field.split('>').next().is_some_and(|rest| rest.contains("checked"))
    };
    assert!(!is_checked().await);

    // A checkbox that is not ticked is not in the form that a browser posts.
    for (fields, is_on) in
        [(vec![("device", id.as_str()), ("by_system", "true")], true), (vec![("device", &id)], false)]
    {
        let answer = child.submit("draw_device", &fields).await;
        assert!(answer.url().path() == "/devices" || answer.status() == StatusCode::SEE_OTHER, "{}", answer.status());
        assert_eq!(is_checked().await, is_on);
        assert_eq!(devices().await[0].is_drawn_by_system, Some(is_on));
    }
}
