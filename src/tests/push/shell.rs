//! Tests of the pages inside a native shell (`docs/SHELL.md`).

use super::subscribed;
use crate::tests::app::Browser;

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
        assert!(!browser.contains("이 앱에는 아직 알림이") && !browser.contains("이 앱이 알림을 받아요"), "{path}");
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
    let (app, _service, pair) = subscribed().await;
    let registered = shown(&pair.child, "/devices", ANDROID).await;
    assert!(registered.contains("이 앱이 알림을 받아요"));
    assert!(!registered.contains("이 앱에는 아직 알림이 오지 않아요"));

    let new = app.person("서연").await;
    let android = shown(&new, "/devices", ANDROID).await;
    assert!(android.contains("이 앱에는 아직 알림이 오지 않아요") && android.contains("닫았다가 다시 열어요"));
    assert!(!android.contains("이 앱이 알림을 받아요"));
    assert!(android.contains("앱 알림에서") && !android.contains("알림 허용"));
    let iphone = shown(&new, "/devices", IPHONE).await;
    assert!(iphone.contains("알림 허용") && !iphone.contains("앱 알림에서"));
}
