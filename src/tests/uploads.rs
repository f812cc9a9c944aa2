//! Tests of handing in a copy while another copy is under way.

use std::{io::Cursor, time::Duration};

use reqwest::StatusCode;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{
    app::{Browser, PATIENCE, TestApp},
    imports::{bytes_of, here, id_of, json_of},
};
use crate::{
    http::limits::Limits,
    paths,
    server::{
        keepsake::reading,
        services::{imports, keepsakes, reader::Reader},
        storage::{
            persons,
            seeds::{CHILDREN, PARENTS},
        },
    },
};

async fn copy() -> Vec<u8> {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    pair.answer_both("함께 연 글").await;
    bytes_of(&pair.child, &paths::copy_of(pair.id)).await
}

/// Begins an upload and sends a part of it.
async fn begin(app: &TestApp, browser: &Browser, whose: &str) -> TcpStream {
    let mut stream = begin_form(app, browser, 9999).await;
    let form = format!(
        "--part\r\ncontent-disposition: form-data; name=\"whose\"\r\n\r\n{whose}\r\n\
         --part\r\ncontent-disposition: form-data; name=\"copy\"; filename=\"a.zip\"\r\n\r\nPK"
    );
    stream.write_all(form.as_bytes()).await.expect("sent");
    stream
}

/// Begins the form of an upload. Its turn is taken: the server asks for the body when it has one (RFC 9110 §10.1.1).
async fn begin_form(app: &TestApp, browser: &Browser, bytes: usize) -> TcpStream {
    let host = app.url.trim_start_matches("http://");
    let head = format!(
        "POST /keep/upload HTTP/1.1\r\nhost: {host}\r\norigin: {}\r\ncookie: {}\r\ncontent-length: {bytes}\r\n\
         expect: 100-continue\r\ncontent-type: multipart/form-data; boundary=part\r\n\r\n",
        app.url,
        browser.cookie_line()
    );
    let mut stream = TcpStream::connect(host.replace("localhost", "127.0.0.1")).await.expect("a connection");
    stream.write_all(head.as_bytes()).await.expect("sent");
    let mut answer = [0; 25];
    stream.read_exact(&mut answer).await.expect("an answer");
    assert_eq!(&answer, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream
}

#[tokio::test]
async fn a_person_hands_in_one_copy_at_a_time_and_hinders_nobody() {
    let copy = copy().await;
    let app = TestApp::start_with(99).await;
    let (one, two) = (app.person(CHILDREN[3].0).await, app.person(PARENTS[3].0).await);
    let whose = id_of(&app, CHILDREN[3].0).await.to_string();
    let running = begin(&app, &one, &whose).await;
    let refused = one.upload(&whose, b"").await;
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(refused.headers().contains_key("retry-after"));
    assert!(refused.text().await.expect("a page").contains("너무 많이 보냈어요"));
    let of_two = two.upload(&id_of(&app, PARENTS[3].0).await.to_string(), &copy).await;
    assert_eq!(of_two.status(), StatusCode::SEE_OTHER, "another person");

    drop(running);
    let done = loop {
        let answer = one.upload(&whose, &copy).await;
        if answer.status() != StatusCode::TOO_MANY_REQUESTS {
            break answer;
        }
    };
    assert_eq!(done.status(), StatusCode::SEE_OTHER, "the broken upload has ended");
}

#[tokio::test]
async fn a_copy_that_is_being_sent_and_an_import_at_the_same_time_are_both_whole() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    for day in 0..30 {
        pair.answer_both(&format!("{day}번째 글")).await;
        for _ in 0..2 {
            app.tick_at(21, 0).await;
        }
    }
    let before = bytes_of(&pair.child, paths::COPY_OF_ALL).await;
    let (child, other) = (id_of(&app, CHILDREN[0].0).await, copy().await);
    // The ids of seeded installations are the same, so the other copy is that of another pair.
    let json = json_of(&other).replace("\"id\":\"01", "\"id\":\"02");
    let zip = super::imports::zip_of(&[("archive.json", json.as_bytes())]);
    let mut tx = app.state.database.read().await.expect("a snapshot");
    let person = persons::lookup(&mut tx, child).await.expect("an answer").expect("the child");
    drop(tx);
    let reader = Reader { person, home: None };
    let mut sending = keepsakes::begin(&app.state, &reader, None).await.expect("begun");
    let mut sent = sending.next().await.expect("a piece").expect("the first");

    let read = reading::read(Cursor::new(&zip)).expect("a copy");
    imports::import(&app.state, child, None, &read).await.expect("imported");

    while let Some(piece) = sending.next().await.expect("a piece") {
        sent.extend(piece);
    }
    assert!(sent == before, "the copy that had begun");
    let next = reading::read(Cursor::new(bytes_of(&pair.child, paths::COPY_OF_ALL).await)).expect("a whole copy");
    let mut cards: Vec<usize> = next.iter().map(|pair| pair.cards.len()).collect();
    cards.sort_unstable();
    assert_eq!(cards, [1, 30], "and the import");
}

#[tokio::test]
async fn inside_another_app_the_page_names_the_browser_as_the_way_to_choose_a_file() {
    const KAKAO: &str = "Mozilla/5.0 (Linux; Android 14) Chrome/130.0.0.0 Mobile KAKAOTALK 2410910";
    const SHELL: &str = "Mozilla/5.0 (Linux; Android 14; wv) Chrome/130.0.0.0 Mobile Safari/537.36 UmbbaShell/1";
    let app = TestApp::start().await;
    let pair = app.pair().await;
    for (agent, is_told) in [(KAKAO, true), (SHELL, true), ("Mozilla/5.0 Firefox/140.0", false)] {
        let page = pair.child.get_as("/keep", agent).await.text().await.expect("a page");
        assert_eq!(page.contains("여기서 파일을 고를 수 없으면"), is_told, "{agent}");
    }
}

#[tokio::test]
async fn the_operators_import_is_told_once_with_the_way_to_the_archive_and_an_upload_is_not() {
    let first = TestApp::start().await;
    let pair = first.pair().await;
    pair.answer_both("함께 연 글").await;
    let second = first.pair_of(pair.child.clone(), first.person(PARENTS[1].0).await).await;
    let one = bytes_of(&pair.child, &paths::copy_of(pair.id)).await;
    let several = bytes_of(&pair.child, paths::COPY_OF_ALL).await;
    assert_ne!(second.id, pair.id);

    for (copy, title) in [(&one, "엄마와의 기록이 여기로 옮겨졌어요"), (&several, "가족과의 기록이 여기로 옮겨졌어요")]
    {
        let app = TestApp::start_with(99).await;
        let person = app.person(CHILDREN[3].0).await;
        let id = id_of(&app, CHILDREN[3].0).await;
        let read = reading::read(Cursor::new(copy)).expect("a copy");
        imports::import(&app.state, id, None, &read).await.expect("imported");
        assert!(imports::import(&app.state, id, None, &read).await.is_err(), "it is here");
        let inbox = person.page(&paths::inbox()).await;
        assert_eq!(inbox.matches(title).count(), 1, "{inbox}");
        let archive = here(&app, &paths::archive(read[0].head.id)).await;
        assert!(inbox.contains(&archive), "{inbox}");
        assert_eq!(person.get(&archive).await.status(), StatusCode::OK);
        assert_eq!(app.read_sql("SELECT kind FROM notifications").await, ["imported"]);
        app.run_sql("UPDATE persons SET locale = 'en'").await;
        assert!(person.page(&paths::inbox()).await.contains("is here now"));
    }

    let app = TestApp::start_with(99).await;
    let person = app.person(CHILDREN[3].0).await;
    let whose = id_of(&app, CHILDREN[3].0).await.to_string();
    assert_eq!(person.upload(&whose, &several).await.status(), StatusCode::SEE_OTHER);
    assert_eq!(app.read_sql("SELECT kind FROM notifications").await, [""; 0]);
}

#[tokio::test]
async fn an_upload_that_brings_nothing_ends_and_leaves_its_turn_to_others() {
    let copy = copy().await;
    let app = TestApp::start_with_limits(Limits { upload: Duration::from_millis(500), ..Limits::default() }).await;
    let one = app.person(CHILDREN[3].0).await;
    let mut slow = begin(&app, &one, &id_of(&app, CHILDREN[3].0).await.to_string()).await;
    let mut answer = Vec::new();
    // The rest of the form comes after the refusal, as from a browser that is slow; then the answer is read.
    let late = async {
        loop {
            let again = one.upload(&id_of(&app, CHILDREN[3].0).await.to_string(), &copy).await;
            if again.status() == StatusCode::SEE_OTHER {
                break;
            }
        }
        slow.write_all(&[b'x'; 9999]).await.expect("sent");
        while !String::from_utf8_lossy(&answer).contains("와이파이") {
            assert_ne!(slow.read_buf(&mut answer).await.expect("an answer"), 0, "a whole page");
        }
    };
    tokio::time::timeout(PATIENCE, late).await.expect("the turn is free before the slow client has sent everything");
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with("HTTP/1.1 422 "), "{answer}");
}

#[tokio::test]
async fn an_upload_of_fields_that_say_nothing_ends_however_often_they_come() {
    let copy = copy().await;
    let app = TestApp::start_with_limits(Limits { upload: Duration::from_millis(500), ..Limits::default() }).await;
    let one = app.person(CHILDREN[3].0).await;
    let whose = id_of(&app, CHILDREN[3].0).await.to_string();
    let mut stream = begin_form(&app, &one, 9_999_999).await;
    let drip = async {
        loop {
            let field = "--part\r\ncontent-disposition: form-data; name=\"x\"\r\n\r\ny\r\n";
            stream.write_all(field.as_bytes()).await.expect("the rest of the form is read");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let held = async { while one.upload(&whose, &copy).await.status() != StatusCode::SEE_OTHER {} };
    tokio::select! {
        () = drip => {}
        ended = tokio::time::timeout(PATIENCE, held) => ended.expect("the turn ends"),
    }
}
