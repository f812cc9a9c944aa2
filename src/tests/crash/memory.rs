//! What a line that waits keeps in the memory of the process. A long poll once took 110 KiB.

use std::net::TcpListener;

use tokio::{io::AsyncWriteExt, net::TcpStream};

use super::{
    node::{Data, Member, Node, last_seqs, seed_pairs, umbba},
    wait_until,
};

const MEMBERS: usize = 200;
/// Lines of each member, of which the first ones are not measured: with them the process fills its caches.
const LINES: usize = 5;
/// The most that a line may keep over each transport, in KiB; and the type and the query that ask for it.
const TRANSPORTS: [(&str, f64, &str, &str); 3] = [
    ("sse", 8.0, "text/event-stream", ""),
    ("ndjson", 8.0, "application/x-ndjson", ""),
    ("long_poll", 24.0, "application/json", "&wait=55"),
];

/// Asks for the feed of a member over a connection of its own.
async fn ask(node: &Node, member: &Member, query: &str, accept: &str) -> TcpStream {
    let mut stream = TcpStream::connect(node.url.trim_start_matches("http://")).await.expect("a connection");
    let request = format!(
        "GET /events?{query} HTTP/1.1\r\nHost: localhost\r\nCookie: {}\r\nAccept: {accept}\r\n\r\n",
        member.cookie
    );
    stream.write_all(request.as_bytes()).await.expect("sent");
    stream
}

/// The value of a metric of the process.
async fn metric(metrics: &str, name: &str) -> f64 {
    let text = reqwest::get(metrics).await.expect("metrics").text().await.expect("text");
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value.expect("the metric").parse().expect("a number")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_waits_keeps_little_memory() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    // A line is a descriptor on this side too.
    let most = rlimit::increase_nofile_limit(8_192).expect("a limit");
    assert!(most as usize > MEMBERS * LINES + 500, "{most} files may be open");
    let data = &Data::new("memory").await;
    let members = seed_pairs(data, "", MEMBERS / 2).await;
    let cursors = last_seqs(data).await;
    for (transport, most, accept, wait) in TRANSPORTS {
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port");
        let mut command = umbba(data, "");
        command.args(["serve", "--listen-addr", "127.0.0.1:0"]).env("METRICS_ADDR", free.to_string());
        let node = &Node::run(command, &data.folder).await;
        let metrics = &format!("http://{free}/metrics");
        let open_lines = &format!("umbba_open_lines{{transport=\"{transport}\"}}");
        let memory_kib = async || metric(metrics, "process_resident_memory_bytes").await / 1_024.0;
        let (mut lines, mut before) = (Vec::new(), 0.0);
        for round in 1..=LINES {
            for member in &members {
                let query = format!("after={}{wait}", cursors[&member.device]);
                lines.push(ask(node, member, &query, accept).await);
            }
            wait_until(async || metric(metrics, open_lines).await as usize == round * MEMBERS).await;
            if round == 1 {
                before = memory_kib().await;
            }
        }

        let each = (memory_kib().await - before) / ((LINES - 1) * MEMBERS) as f64;
        println!("{transport}: {each:.1} KiB a line");
        assert!(each <= most, "{transport}: {each:.1} KiB a line, {most} are allowed");
        assert_eq!(metric(metrics, open_lines).await as usize, LINES * MEMBERS, "all still wait");
    }
}
