//! Tests of the id of a request, which is in its answer and in all its log lines.

use std::{fs, sync::Arc};

use serde_json::Value;

use super::app::{PATIENCE, TestApp};
use crate::server::jobs::open_lines;

/// The id of the request that a log line belongs to.
fn id_of(line: &Value) -> Option<&str> {
    line["spans"].as_array()?.iter().find_map(|span| span["request.id"].as_str())
}

fn id_in(response: &reqwest::Response) -> String {
    response.headers()["x-request-id"].to_str().expect("text").to_owned()
}

#[tokio::test]
async fn every_log_line_of_a_request_names_the_id_that_its_answer_has() {
    let file = std::env::temp_dir().join(format!("umbba-request-ids-{}", uuid::Uuid::new_v4()));
    let log = Arc::new(fs::File::create(&file).expect("a file"));
    let subscriber = tracing_subscriber::fmt().json().with_max_level(tracing::Level::DEBUG).with_writer(log).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let app = TestApp::start().await;
    let pair = app.pair().await;

    let page = pair.child.get("/settings").await;
    let left = pair.child.post("leave_pair", &[("pair", &pair.id.to_string()), ("confirmed", "yes")]).await;

    assert!(page.status() == 200 && left.status() == 200, "{} {}", page.status(), left.status());
    let text = fs::read_to_string(&file).expect("the log");
    fs::remove_file(&file).expect("the log");
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let ids = |message: &str, route: &str| -> Vec<&str> {
        let is_it = |line: &&Value| {
            let is_of_route = |span: &Value| span["name"] == "request" && span["route"] == route;
            line["fields"]["message"] == message
                && line["spans"].as_array().is_some_and(|all| all.iter().any(is_of_route))
        };
        lines.iter().filter(is_it).map(|line| id_of(line).unwrap_or("none")).collect()
    };
    assert_eq!(ids("a pair was closed", "/api/{endpoint}"), [id_in(&left)], "{text}");
    assert_eq!(ids("finished processing request", "/{page}"), [id_in(&page)], "{text}");
    assert_ne!(id_in(&left), id_in(&page));
}

#[tokio::test]
async fn a_line_about_an_open_stream_names_the_request_that_opened_it() {
    let file = std::env::temp_dir().join(format!("umbba-stream-ids-{}", uuid::Uuid::new_v4()));
    let log = Arc::new(fs::File::create(&file).expect("a file"));
    let subscriber = tracing_subscriber::fmt().json().with_max_level(tracing::Level::INFO).with_writer(log).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let app = TestApp::start().await;
    let pair = app.pair().await;
    let events = "SELECT CAST(MAX(last_seq) AS TEXT) FROM persons";
    let last = &app.read_sql(events).await[0];
    let mut streams = Vec::new();
    for (browser, accept) in [(&pair.child, "text/event-stream"), (&pair.parent, "application/x-ndjson")] {
        let stream = browser.events(&format!("after={last}"), &[("accept", accept)]).await.expect("a stream");
        assert_eq!(stream.status(), 200);
        streams.push(stream);
    }

    // The feed cannot be read any more, and the look at all open lines finds it behind.
    app.run_sql("ALTER TABLE events RENAME TO events_elsewhere; UPDATE persons SET last_seq = last_seq + 1").await;
    open_lines::pass(&app.state).await.expect("a look");
    let ids: Vec<String> = streams.iter().map(id_in).collect();
    for mut stream in streams {
        let ending = async { while let Ok(Some(_)) = stream.chunk().await {} };
        tokio::time::timeout(PATIENCE, ending).await.expect("the stream ends");
    }

    let text = fs::read_to_string(&file).expect("the log");
    fs::remove_file(&file).expect("the log");
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let unread = lines.iter().filter(|line| line["fields"]["message"] == "a feed could not be read");
    let mut named: Vec<&str> = unread.map(|line| id_of(line).unwrap_or("none")).collect();
    named.sort_unstable();
    let mut ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    ids.sort_unstable();
    assert_eq!(named, ids, "{text}");
}
