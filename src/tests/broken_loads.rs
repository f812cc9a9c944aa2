//! Page loads whose browser goes away before the answer: they leave nothing behind.

use std::{
    panic,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use tokio::{io::AsyncWriteExt, net::TcpStream};

use super::app::{TestApp, rounds};

/// The panics of the reactive system, which are caught by the tasks that they end.
static PANICS: AtomicUsize = AtomicUsize::new(0);

fn count_panics() {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if info.location().is_some_and(|place| place.file().contains("reactive_graph")) {
            PANICS.fetch_add(1, Ordering::Relaxed);
        }
        before(info);
    }));
}

/// Asks for a page and resets the connection after `pause`.
async fn break_off(app: &TestApp, path: &str, cookies: &str, pause: Duration) {
    let address = app.url.trim_start_matches("http://").replace("localhost", "127.0.0.1");
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.set_zero_linger().expect("the socket resets when it is closed");
    let ask = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nCookie: {cookies}\r\n\r\n");
    stream.write_all(ask.as_bytes()).await.expect("sent");
    // The pauses spread the resets over the rendering; no outcome depends on where one falls.
    tokio::time::sleep(pause).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_load_that_breaks_off_panics_nowhere_and_harms_no_later_request() {
    count_panics();
    let app = TestApp::start().await;
    let pair = app.pair().await;
    let cookies = pair.child.cookie_line();
    let pages = [format!("/p/{}", pair.id), format!("/p/{}/archive", pair.id), "/settings".to_owned()];

    for round in 0..rounds() {
        for (at, path) in pages.iter().enumerate() {
            let pause = Duration::from_micros(u64::from(round) * 1_700 % 23_000 + at as u64 * 500);
            futures::future::join_all(
                (0..8).map(|more| break_off(&app, path, &cookies, pause + Duration::from_micros(more * 700))),
            )
            .await;
        }
    }

    for path in &pages {
        assert!(pair.child.page(path).await.contains("</html>"), "{path}");
    }
    assert_eq!(pair.child.answer(pair.id, "골목").await.status(), 200);
    assert_eq!(PANICS.load(Ordering::Relaxed), 0, "panics of the reactive system");
}
