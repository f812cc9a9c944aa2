//! Tests of the metrics for the operator's Prometheus.

use super::app::TestApp;
use crate::{
    http::{metrics, serve},
    server::storage::seeds::CHILDREN,
};

/// Returns the value of a metric with this name and its labels.
fn number(text: &str, name: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.and_then(|number| number.parse().ok()).unwrap_or(0.0)
}

#[tokio::test]
async fn requests_failed_codes_and_waits_for_the_writer_are_counted() {
    let app = TestApp::start_with_budget(2).await;
    let listener = serve::listen(([127, 0, 0, 1], 0).into()).expect("a free port");
    let url = format!("http://{}/metrics", listener.local_addr().expect("an address"));
    app.state.lifecycle.spawn(metrics::serve(app.state.clone(), listener));
    let person = app.person(CHILDREN[0].0).await;
    let client = reqwest::Client::new();
    let ask = async || client.get(&url).send().await.expect("an answer").text().await.expect("a text");
    let before = ask().await;

    assert_eq!(person.get("/settings").await.status(), 200);
    assert_eq!(person.get("/nowhere").await.status(), 404);
    assert_eq!(app.visitor().post("sign_in", &[("code", "AAAA-BBBB-CCCC-DDDD")]).await.status(), 422);
    while person.post("change_name", &[("name", CHILDREN[0].0)]).await.status() != 429 {}

    let after = ask().await;
    // The counters belong to the process, so other tests that run in the same process count too.
    let grown = |name: &str| number(&after, name) - number(&before, name);
    assert!(grown("umbba_requests_total{route=\"/{page}\",status=\"200\"}") >= 1.0, "{after}");
    assert!(grown("umbba_requests_total{route=\"/{other}\",status=\"404\"}") >= 1.0, "{after}");
    assert!(grown("umbba_requests_total{route=\"/api/{endpoint}\",status=\"422\"}") >= 1.0, "{after}");
    assert!(grown("umbba_requests_total{route=\"/api/{endpoint}\",status=\"429\"}") >= 1.0, "{after}");
    assert!(grown("umbba_failed_codes_total") >= 1.0, "{after}");
    // PostgreSQL has many writers, and none waits for another here.
    assert!(app.is_postgres() || grown("umbba_writer_wait_seconds_count") >= 1.0, "{after}");
    assert!(app.is_postgres() || grown("umbba_writer_wait_seconds_sum") > 0.0);
    assert!(grown("umbba_connection_wait_seconds_count") >= 1.0 && grown("umbba_statements_total") >= 1.0, "{after}");
    let page = "umbba_request_seconds_bucket{route=\"/{page}\",le=\"+Inf\"}";
    assert!(grown(page) >= 1.0 && grown("umbba_request_seconds_count{route=\"/{page}\"}") >= 1.0, "{after}");
    for name in
        ["umbba_fcm_calls 0", "umbba_panics_total ", "umbba_refused_connections_total ", "umbba_refused_bodies_total "]
    {
        assert!(after.contains(name), "{name}");
    }
}
