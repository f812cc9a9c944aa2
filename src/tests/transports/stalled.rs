//! Tests of clients that request a feed and then read nothing: the server's memory and waiting time are bounded.

use super::*;

over_every_transport! {
    a_reader_that_takes_nothing_is_dropped_and_goes_on
}

async fn a_reader_that_takes_nothing_is_dropped_and_goes_on(transport: Transport) {
    let app = TestApp::start_with_patience(Duration::from_millis(300)).await;
    let (browser, person, first) = somebody(&app).await;
    for _ in 0..20 {
        tell(&app, person, 1_000).await;
    }
    // Fill the caches first, so that only the memory of the stalled readers is measured.
    let mut swift = FeedClient::open(&browser, transport, first).await;
    for _ in 0..20_000 {
        swift.told().await;
    }
    drop(swift);
    no_line_is_left(&app).await;
    forget_peak();
    let before = peak_memory();

    let mut stalled = Vec::new();
    for _ in 0..connections::PER_SESSION {
        stalled.push(stalled_request(&browser, transport, first).await);
    }
    if transport.is_stream() {
        until("the lines are open", || app.state.database.notifier().count_connections() > 0).await;
        no_line_is_left(&app).await;
    } else {
        for stream in &mut stalled {
            refuses_more(stream).await;
        }
    }

    // Measure only under nextest, which runs each test in its own process. Threads of one process would share one
    // number.
    if std::env::var_os("NEXTEST").is_some() {
        let grown = peak_memory() - before;
        assert!(grown < 8 * 1_024, "{grown} KiB for {} readers that take nothing", connections::PER_SESSION);
    }
    let mut cursor = first + last_event_in(&mut stalled[0], transport).await;
    let mut client = FeedClient::reopen(&browser, transport, cursor).await;
    while cursor < first + 20_000 {
        cursor += 1;
        assert_eq!(client.told().await.seq, cursor);
    }
}

/// Returns this process's peak memory since `forget_peak`, in KiB.
fn peak_memory() -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("a Linux");
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|rest| rest.trim().strip_suffix(" kB")?.parse().ok());
    peak.expect("a number")
}

fn forget_peak() {
    std::fs::write("/proc/self/clear_refs", "5").expect("the peak can be put back");
}

/// Opens a connection with a small buffer and requests the feed. A poll is requested often enough to fill the buffer.
async fn stalled_request(browser: &Browser, transport: Transport, cursor: i64) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4 * 1_024).expect("a small buffer");
    let mut stream = socket.connect(([127, 0, 0, 1], port_of(browser)).into()).await.expect("a connection");
    let head = head(browser, transport, cursor);
    stream.write_all(head.as_bytes()).await.expect("a request");
    if !transport.is_stream() {
        stream.write_all(head.repeat(99).as_bytes()).await.expect("more of them");
    }
    stream
}

/// Writes until the other end has closed the connection.
async fn refuses_more(stream: &mut TcpStream) {
    let writing = async {
        while stream.write_all(b"\r\n").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, writing).await.expect("the connection is given up");
}

/// Returns the number of complete events before the end; events are numbered from 1.
async fn last_event_in(stream: &mut TcpStream, transport: Transport) -> i64 {
    if !transport.is_stream() {
        return 0; // every response to a poll repeats the same events
    }
    let mut bytes = Vec::new();
    let reading = stream.read_to_end(&mut bytes);
    // Events already sent arrive, then the end of the stream or a reset.
    let _ = tokio::time::timeout(PATIENCE, reading).await.expect("the connection is given up");
    let text = String::from_utf8_lossy(&bytes);
    let whole = text.matches("\"seq\":").count() as i64 - 1;
    assert!((0..20_000).contains(&whole), "{whole} events arrived");
    whole.max(0)
}
