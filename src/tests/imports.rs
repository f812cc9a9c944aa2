//! Tests of importing a copy: the law that the next copy is the same, and what is refused.

use std::io::{Cursor, Write};

use reqwest::StatusCode;
use zip::{ZipWriter, write::SimpleFileOptions};

use super::app::{Browser, TestApp, TestPair, rounds};
use crate::{
    domain::{PairId, PersonId},
    paths,
    server::{
        keepsake::reading::{self, CopyError},
        random::Random,
        services::imports::{self, ImportError},
        storage::seeds::{CHILDREN, PARENTS},
    },
};

pub(super) async fn bytes_of(browser: &Browser, path: &str) -> Vec<u8> {
    let response = browser.get(path).await;
    assert_eq!(response.status(), 200, "{path}");
    response.bytes().await.expect("a copy").to_vec()
}

pub(super) async fn id_of(app: &TestApp, name: &str) -> PersonId {
    let found = app.read_sql(&format!("SELECT id FROM persons WHERE name = '{name}'")).await;
    found[0].parse().expect("an id")
}

/// The path with the id that the first imported pair has here in place of its id in the copy.
pub(super) async fn here(app: &TestApp, path: &str) -> String {
    let found = app.read_sql("SELECT copied_from || ' ' || id FROM pairs WHERE copied_from IS NOT NULL").await;
    let ids = found.iter().filter_map(|ids| ids.split_once(' '));
    ids.fold(path.to_owned(), |path, (origin, id)| path.replace(origin, id))
}

/// Imports a copy for a new person of another installation. Returns their browser.
async fn imported(copy: &[u8]) -> (TestApp, Browser) {
    let app = TestApp::start_with(99).await;
    let browser = app.person(CHILDREN[3].0).await;
    let read = reading::read(Cursor::new(copy)).expect("a copy");
    imports::import(&app.state, id_of(&app, CHILDREN[3].0).await, None, &read).await.expect("imported");
    (app, browser)
}

/// A pair with a history of random steps.
async fn history(app: &TestApp, pair: &TestPair, random: &Random) {
    let texts = ["짧게", "두 줄이에요.\n<둘째> & \"줄\"", "이모지 🌙 그리고 {other}", "\u{feff}앞뒤에 무언가 \u{200d}"];
    for _ in 0..14 {
        let text = texts[random.number() as usize % texts.len()];
        match random.number() % 6 {
            0 | 1 => drop(pair.parent.answer(pair.id, text).await),
            2 | 3 => drop(pair.child.answer(pair.id, text).await),
            _ => drop(app.tick_at(21, 0).await),
        }
    }
}

#[tokio::test]
async fn a_copy_of_an_imported_copy_is_the_same_bytes() {
    // Each round starts two whole apps.
    for seed in 0..u64::from(rounds().div_ceil(5)) {
        let random = Random::seeded(seed);
        let app = TestApp::start_with(seed).await;
        let pair = app.pair().await;
        let second = pair.child.start_pair("child").await;
        history(&app, &pair, &random).await;
        pair.child.answer(second, "혼자 쓴 답").await;
        if seed.is_multiple_of(2) {
            pair.parent.post("leave_pair", &[("pair", &pair.id.to_string()), ("confirmed", "yes")]).await;
        }
        for (member, path) in [(&pair.child, paths::COPY_OF_ALL.to_owned()), (&pair.parent, paths::copy_of(pair.id))] {
            let copy = bytes_of(member, &path).await;
            let (other, importer) = imported(&copy).await;
            let again = bytes_of(&importer, &here(&other, &path).await).await;
            assert!(copy == again, "seed {seed}: {path}");
        }
    }
}

#[tokio::test]
async fn an_imported_pair_is_closed_and_its_other_member_has_no_way_in() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    pair.answer_both("함께 연 글").await;

    let (other, importer) = imported(&bytes_of(&pair.child, &paths::copy_of(pair.id)).await).await;

    let page = importer.page(&here(&other, &paths::archive(pair.id)).await).await;
    assert!(page.contains("/cards/"), "the card is in the archive");
    assert!(importer.page(&here(&other, &paths::today(pair.id)).await).await.contains("마친 짝이에요"));
    assert_eq!(other.tick_at(21, 0).await, 0, "no question opens");
    let ways = "SELECT p.id FROM persons p WHERE p.recovery_hash IS NULL AND NOT EXISTS
        (SELECT 1 FROM sessions s WHERE s.person_id = p.id)";
    assert_eq!(other.read_sql(ways).await.len(), 1);
}

#[tokio::test]
async fn what_the_person_has_already_is_not_imported_and_nothing_is_changed() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    pair.answer_both("함께 연 글").await;
    let copy = bytes_of(&pair.child, &paths::copy_of(pair.id)).await;
    let read = reading::read(Cursor::new(&copy)).expect("a copy");
    let before = app.stored().await;

    for name in [CHILDREN[0].0, PARENTS[0].0] {
        let member = id_of(&app, name).await;
        assert!(matches!(imports::import(&app.state, member, None, &read).await, Err(ImportError::Here)), "{name}");
    }
    let nobody = imports::import(&app.state, PersonId(7), None, &read).await;
    assert!(matches!(nobody, Err(ImportError::Nobody(PersonId(7)))));

    assert!(app.stored().await == before, "nothing has changed");
}

/// A zip with these entries.
pub(super) fn zip_of(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        zip.start_file(*name, SimpleFileOptions::default()).expect("an entry");
        zip.write_all(bytes).expect("its bytes");
    }
    zip.finish().expect("a zip").into_inner()
}

/// The text of a copy's `archive.json`.
pub(super) fn json_of(copy: &[u8]) -> String {
    let mut archive = zip::ZipArchive::new(Cursor::new(copy)).expect("a zip");
    let mut json = String::new();
    std::io::Read::read_to_string(&mut archive.by_name("archive.json").expect("it"), &mut json).expect("text");
    json
}

fn refusal(zip: &[u8]) -> String {
    match reading::read(Cursor::new(zip)) {
        Err(error) => error.to_string(),
        Ok(_) => panic!("it was read"),
    }
}

#[tokio::test]
async fn what_is_no_copy_is_refused_with_a_sentence() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    pair.answer_both("함께 연 글").await;
    let whole = bytes_of(&pair.child, &paths::copy_of(pair.id)).await;
    let json = json_of(&whole);
    let refused = |json: &str| refusal(&zip_of(&[("archive.json", json.as_bytes())]));

    for half in [&whole[..0], &whole[..whole.len() / 2], &whole[..whole.len() - 1], b"no zip at all"] {
        assert!(refusal(half).starts_with("this is not a whole zip file"), "{}", refusal(half));
    }
    assert_eq!(refusal(&zip_of(&[("a.txt", b"")])), "the zip holds no archive.json");
    for path in ["../archive.json", "/etc/passwd", "a\\..\\b", "C:x"] {
        // The writer would clean the names, so they are written over those of a harmless zip.
        let harmless = "x".repeat(path.len());
        let mut zip = zip_of(&[(&harmless, b"")]);
        while let Some(at) = zip.windows(path.len()).position(|bytes| bytes == harmless.as_bytes()) {
            zip[at..at + path.len()].copy_from_slice(path.as_bytes());
        }
        assert!(refusal(&zip).starts_with("a name in the zip leads out of it"), "{path}: {}", refusal(&zip));
    }
    let bomb = vec![0; 33 * 1024 * 1024];
    assert_eq!(refusal(&zip_of(&[("bomb", &bomb)])), "bomb is larger than a copy may be");
    assert_eq!(
        refused(&json.replace("\"version\":1,\"language\"", "\"version\":2,\"language\"")),
        "archive.json is of version 2, and this release reads version 1"
    );
    assert!(refused(&json.replace("umbba-archive", "another")).contains("its format is not umbba-archive"));
    assert!(refused("{").starts_with("archive.json is not an archive of this app"));
    for (from, to) in [
        ("함께 연 글", " 함께 연 글"),
        ("함께 연 글", "\u{202e}"),
        ("\"you\":\"child\"", "\"you\":\"cat\""),
        ("\"card\":1", "\"card\":2"),
        ("Asia/Seoul", "Asia/Nowhere"),
        ("\"relation\":\"daughter\"", "\"relation\":\"mother\""),
        ("\"number\":1", "\"number\":0"),
        ("\"push_time\":\"21:00\"", "\"push_time\":\"25:00\""),
    ] {
        let changed = json.replacen(from, to, 1);
        assert_ne!(changed, json, "{from}");
        let sentence = refused(&changed);
        assert!(sentence.starts_with("archive.json holds something that no copy has"), "{from}: {sentence}");
    }
}

#[test]
fn a_damaged_entry_is_found_by_its_checksum() {
    let mut zip = zip_of(&[("archive.json", b"{}"), ("a.txt", b"abcabcabcabcabcabcabcabcabcabcabcabc")]);
    // The bytes of the second entry are behind its name.
    let at = zip.windows(5).position(|bytes| bytes == b"a.txt").expect("its name") + 6;
    zip[at] ^= 0xff;
    assert!(matches!(reading::read(Cursor::new(zip)), Err(CopyError::Damaged(name)) if name == "a.txt"));
}

#[test]
fn a_zip_of_too_many_files_is_refused() {
    let names: Vec<String> = (0..20_001).map(|at| format!("{at}")).collect();
    let entries: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
    assert_eq!(refusal(&zip_of(&entries)), "the zip holds more than 20000 files");
    assert_eq!(refusal(&zip_of(&entries[1..])), "the zip holds no archive.json");
}

/// The library reads the whole list of entries before it says how many they are.
#[test]
fn the_list_of_a_zip_is_not_read_where_its_end_may_name_more_entries_than_are_allowed() {
    let zip = zip_of(&[("archive.json", b"{}")]);
    let (entries, end) = zip.split_at(zip.len() - 22);
    let locator = [&b"PK\x06\x07"[..], &[0; 16]].concat();
    let larger = [entries, &locator, end].concat();
    let commented = [&zip[..zip.len() - 2], &[3, 0], b"abc"].concat();
    for zip in [larger, commented] {
        let sentence = refusal(&zip);
        assert!(sentence.contains("it does not end like one that this app made"), "{sentence}");
    }
}

#[tokio::test]
async fn more_unopened_questions_than_a_copy_can_hold_are_refused() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    pair.answer_both("함께 연 글").await;
    let json = json_of(&bytes_of(&pair.child, &paths::copy_of(pair.id)).await);
    let mut archive: serde_json::Value = serde_json::from_str(&json).expect("json");
    let card = archive["pairs"][0]["cards"][0].clone();
    archive["pairs"][0]["unopened"] = vec![card; 4_001].into();
    let zip = zip_of(&[("archive.json", archive.to_string().as_bytes())]);
    assert_eq!(refusal(&zip), "a pair is larger than a copy may be");
}

#[tokio::test]
async fn a_copy_is_handed_in_at_the_page() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    pair.answer_both("함께 연 글").await;
    let copy = bytes_of(&pair.child, &paths::copy_of(pair.id)).await;

    let other = TestApp::start_with(99).await;
    let (owner, stranger) = (other.person(CHILDREN[3].0).await, other.person(PARENTS[3].0).await);
    let whose = id_of(&other, CHILDREN[3].0).await.to_string();
    let done = owner.upload(&whose, &copy).await;
    assert_eq!(done.status(), StatusCode::SEE_OTHER);
    assert_eq!(done.headers()["location"], paths::uploaded().as_str());
    assert!(owner.page(&paths::uploaded()).await.contains("가져왔어요"));
    let again = bytes_of(&owner, &here(&other, &paths::copy_of(pair.id)).await).await;
    assert!(again == copy, "the next copy is the same");

    for (caller, whose, file, status) in [
        (&owner, &*whose, &copy[..], StatusCode::CONFLICT),
        (&other.visitor(), "", &copy, StatusCode::UNAUTHORIZED),
        (&stranger, &*whose, &copy, StatusCode::UNAUTHORIZED),
        (&owner, &*whose, &copy[..copy.len() / 2], StatusCode::UNPROCESSABLE_ENTITY),
        (&owner, &*whose, b"", StatusCode::UNPROCESSABLE_ENTITY),
        (&owner, &*whose, &vec![0; 32 * 1024 * 1024 + 1], StatusCode::PAYLOAD_TOO_LARGE),
    ] {
        let held = "SELECT id FROM pairs UNION SELECT id FROM persons UNION SELECT id FROM daily_questions ORDER BY 1";
        let before = other.read_sql(held).await;
        assert_eq!(caller.upload(whose, file).await.status(), status);
        assert_eq!(other.read_sql(held).await, before, "nothing has changed");
    }
    let left = std::fs::read_dir(other.folder()).expect("the folder").flatten();
    let left = left.filter(|entry| entry.file_name().to_string_lossy().starts_with("upload-")).count();
    assert_eq!(left, 0, "no file stays");
}

#[tokio::test]
async fn nobody_gets_more_than_thirty_pairs_by_copies() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    pair.answer_both("함께 연 글").await;
    let copy = bytes_of(&pair.child, &paths::copy_of(pair.id)).await;
    let other = TestApp::start_with(99).await;
    let owner = other.person(CHILDREN[3].0).await;
    let id = id_of(&other, CHILDREN[3].0).await;
    let mut read = reading::read(Cursor::new(&copy)).expect("a copy");
    for at in 0..30 {
        read[0].head.id = PairId(at);
        read[0].cards.clear();
        imports::import(&other.state, id, None, &read).await.expect("imported");
    }
    let refused = owner.upload(&id.to_string(), &copy).await;
    assert_eq!(refused.status(), StatusCode::CONFLICT);
    assert_eq!(reads_of(&other).await, 30);
}

async fn reads_of(app: &TestApp) -> usize {
    app.read_sql("SELECT id FROM pairs").await.len()
}
