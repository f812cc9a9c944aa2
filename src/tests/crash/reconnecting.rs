//! A thousand browsers lose their streams at once, because the process is killed, and come back at once.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures::{StreamExt, stream};
use reqwest::{Client, StatusCode};
use tokio::{sync::watch, task::JoinHandle};

use super::{
    PATIENCE,
    node::{Data, Member, Node, last_seqs, seed_pairs},
    streams::{Reader, Transport},
    wait_until,
};

const STREAMS: usize = 1_000;
/// Pairs in which somebody changes something while the browsers come back.
const CHANGING: usize = 20;
/// Posts at once.
const AT_ONCE: usize = 16;

/// Changes the push times of these pairs. Each change is an event of both members.
async fn change_times(node: &Node, pairs: &[&[Member]], time: &str) {
    let changes = pairs.iter().map(async |pair| {
        let member = &pair[0];
        let fields = [("pair", member.pair.as_str()), ("push_time", time), ("zone", "Asia/Seoul")];
        let (status, answer) = node.post(member, "change_push_time", &fields).await.expect("an answer");
        assert_eq!(status, StatusCode::OK, "{answer}");
    });
    stream::iter(changes).buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
}

/// Reads a member's stream up to the event `last`, and connects again whenever it breaks.
fn keep_reading(mut reader: Reader, urls: watch::Receiver<String>, last: i64) -> JoinHandle<Reader> {
    tokio::spawn(async move {
        while reader.cursor < last {
            let url = urls.borrow().clone();
            reader.read(&url, &|cursor| cursor >= last).await;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        reader
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_browsers_come_back_at_once_and_miss_nothing() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    // A stream is a descriptor on this side too.
    let most = rlimit::increase_nofile_limit(8_192).expect("a limit");
    assert!(most as usize > STREAMS + 500, "{most} files may be open");
    let data = &Data::new("reconnecting").await;
    let members = seed_pairs(data, "", STREAMS / 2).await;
    let pairs: Vec<&[Member]> = members.chunks(2).collect();
    let node = Node::start(data, "").await;
    let firsts = last_seqs(data).await;
    let (client, opened) = (Client::new(), Arc::new(AtomicUsize::new(0)));
    let (url, urls) = watch::channel(node.url.clone());
    let reading: Vec<(i64, i64, JoinHandle<Reader>)> = members
        .iter()
        .enumerate()
        .map(|(number, member)| {
            let first = firsts[&member.device];
            let last = first + if number < 2 * CHANGING { 2 } else { 1 };
            let mut reader = Reader::with(client.clone(), member, Transport::Sse, first);
            reader.opened = Some(opened.clone());
            (first, last, keep_reading(reader, urls.clone(), last))
        })
        .collect();
    wait_until(async || opened.load(Ordering::SeqCst) >= STREAMS).await;

    node.kill();
    let node = Node::start(data, "").await;
    url.send(node.url.clone()).expect("the readers listen");
    let showing = async {
        let mut shown = 0;
        while opened.load(Ordering::SeqCst) < 2 * STREAMS {
            let page = node.client.get(&node.url).header("cookie", &members[shown % STREAMS].cookie);
            let page = page.header("accept", "text/html").timeout(PATIENCE).send().await.expect("a page");
            assert_eq!(page.status(), StatusCode::OK, "pages are shown while the browsers come back");
            shown += 1;
        }
        shown
    };
    let back = tokio::time::timeout(PATIENCE, async {
        tokio::join!(showing, change_times(&node, &pairs[..CHANGING], "07:11"))
    });
    let (shown, ()) = back.await.expect("all streams are back");

    change_times(&node, &pairs, "07:12").await;
    for (first, last, reading) in reading {
        let reader = tokio::time::timeout(PATIENCE, reading).await.expect("the rest").expect("no panic");
        assert_eq!(reader.seqs, (first + 1..=last).collect::<Vec<_>>(), "all, once, in order");
    }
    println!("{shown} pages shown meanwhile, {} streams opened", opened.load(Ordering::SeqCst));
}
