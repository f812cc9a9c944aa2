//! Tests of `umbba announce`: what it says before it writes anything, and what it refuses.

use super::{Data, folder, refused, umbba, wait_for};

fn seeded(name: &str) -> Data {
    let data = folder(name);
    let sessions = data.join("sessions.txt").display().to_string();
    assert!(umbba(&data, "development", &["seed", "--pairs", "2", "--sessions", &sessions]).status.success());
    data
}

/// How many announcements and notifications of announcements there are.
fn written(data: &Data) -> [String; 2] {
    ["announcements", "notifications WHERE kind = 'announcement'"]
        .map(|rows| wait_for(data.database.read_sql(&format!("SELECT CAST(COUNT(*) AS TEXT) FROM {rows}"))).concat())
}

fn announce(data: &Data, more: &[&str]) -> std::process::Output {
    umbba(data, "development", &[&["announce"], more].concat())
}

#[test]
fn it_first_says_whom_it_would_reach_and_writes_nothing() {
    let data = seeded("announce");
    let texts = ["--ko", "내일 잠시 쉬어 가요.", "--en", "We pause tomorrow."];
    let said = announce(&data, &texts);
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.contains("4 people") && said.contains("0 by web_push") && said.contains("--yes"), "{said}");
    assert_eq!(written(&data), ["0", "0"]);
    let said = announce(&data, &[&texts[..], &["--yes"]].concat());
    assert!(said.status.success());
    assert!(String::from_utf8_lossy(&said.stdout).contains("4 people are told"));
    assert_eq!(written(&data), ["1", "4"]);
}

#[test]
fn the_yearly_reminder_brings_its_own_words() {
    let data = seeded("announce-keep");
    assert!(announce(&data, &["--keep-a-copy", "--yes"]).status.success());
    assert_eq!(written(&data), ["1", "4"]);
    let texts = wait_for(data.database.read_sql("SELECT ko || en FROM announcements")).concat();
    assert!(texts.contains("파일로 간직") && texts.contains("Keep a copy"), "{texts}");
    let both = announce(&data, &["--keep-a-copy", "--ko", "소식", "--yes"]);
    assert!(!both.status.success() && String::from_utf8_lossy(&both.stderr).contains("cannot be used with"));
    assert_eq!(written(&data), ["1", "4"]);
}

#[test]
fn a_topic_without_fcm_is_refused() {
    let data = seeded("announce-topic");
    let texts = ["--ko", "소식", "--en", "News", "--topic"];
    for more in [&[][..], &["--yes"][..]] {
        let sentence = refused(&announce(&data, &[&texts[..], more].concat()));
        assert!(sentence.contains("FCM_SERVICE_ACCOUNT"), "{sentence}");
    }
    assert_eq!(written(&data), ["0", "0"]);
}

#[test]
fn a_text_that_is_missing_too_long_or_unreadable_is_refused() {
    let data = seeded("announce-texts");
    let long = "가".repeat(301);
    for (texts, why) in [
        (&["--ko", "소식"][..], "--en"),
        (&["--en", "News"][..], "--ko"),
        (&["--ko", "", "--en", "News"][..], "--ko: it is empty"),
        (&["--ko", long.as_str(), "--en", "News"][..], "--ko: it has 301 characters"),
        (&["--ko", "소식", "--en", "a\u{202E}b"][..], "--en: it has a control or direction character"),
    ] {
        let sentence = refused(&announce(&data, &[texts, &["--yes"]].concat()));
        assert!(sentence.contains(why), "{texts:?}: {sentence}");
    }
    assert_eq!(written(&data), ["0", "0"]);
}
