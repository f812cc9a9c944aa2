//! Posts answers at a fixed rate over kept-alive connections, also when the server responds slowly.

use std::{sync::Arc, time::Duration};

use tokio::{
    task::JoinSet,
    time::{Instant, sleep_until},
};

use super::{tally::Tally, wire::Wire};

const CONNECTIONS: usize = 64;

/// How fast and how long answers are posted.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    pub a_second: usize,
    /// The rest is dropped when the server cannot keep the rate.
    pub longest: Duration,
}

/// The pace of the rows that are compared.
pub const COMPARED: Pace = Pace { a_second: 200, longest: Duration::from_secs(20) };
/// The pace of the row that holds its connections for ten minutes.
pub const HELD: Pace = Pace { a_second: 100, longest: Duration::from_secs(620) };

/// One POST and the members who receive its event.
#[derive(Debug, Clone)]
pub struct Post {
    pub path: String,
    pub cookie: String,
    pub body: String,
    pub hearers: Vec<Hearer>,
}

#[derive(Debug, Clone, Copy)]
pub struct Hearer {
    pub member: usize,
    /// Whether the latency is measured. The actor's own connection receives the event too, but it is not timed.
    pub is_timed: bool,
}

/// Sends the posts until all are sent or the time is over. Returns the rate per second.
pub async fn post(port: u16, posts: Vec<Post>, pace: Pace, tally: &Arc<Tally>) -> Result<f64, String> {
    let posts = Arc::new(posts);
    let mut wires = Vec::with_capacity(CONNECTIONS);
    for _ in 0..CONNECTIONS {
        wires.push(Wire::open(port).await?);
    }
    let begun = Instant::now();
    let mut running = JoinSet::new();
    for (first, mut wire) in wires.into_iter().enumerate() {
        let (posts, tally) = (Arc::clone(&posts), Arc::clone(tally));
        running.spawn(async move {
            let mut count = 0;
            for (at, post) in posts.iter().enumerate().skip(first).step_by(CONNECTIONS) {
                sleep_until(begun + Duration::from_secs(1) / pace.a_second as u32 * at as u32).await;
                if begun.elapsed() > pace.longest {
                    break;
                }
                send(&mut wire, port, post, &tally).await?;
                count += 1;
            }
            Ok::<_, String>(count)
        });
    }
    let mut count = 0;
    while let Some(joined) = running.join_next().await {
        count += joined.map_err(|error| error.to_string())??;
    }
    Ok(f64::from(count) / begun.elapsed().as_secs_f64())
}

async fn send(wire: &mut Wire, port: u16, post: &Post, tally: &Tally) -> Result<(), String> {
    let request = format!(
        "POST {} HTTP/1.1\r\nHost: localhost:{port}\r\nCookie: {}\r\nAccept: */*\r\nContent-Type: \
         application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n{}",
        post.path,
        post.cookie,
        post.body.len(),
        post.body
    );
    for hearer in &post.hearers {
        tally.sending(hearer.member, hearer.is_timed);
    }
    let head = wire.ask(&request).await?;
    let body = wire.body(head).await?;
    if head.status >= 400 {
        return Err(format!("a post was answered with {}: {}", head.status, String::from_utf8_lossy(&body)));
    }
    Ok(())
}
