//! page: `wrk` (one thread, 32 connections) loads over loopback in turn, for three seconds each, in three rounds: nginx
//! with a static file, a bare axum page as large as today's, and our pages of a seeded pair. Then the latency of
//! `/events` is measured, from the POST of an answer to the event on the other member's open stream.

use std::{path::Path, time::Duration};

use umbba::{
    domain::Millis,
    http::serve,
    server::{
        clock::Clock,
        services::accounts,
        state::AppState,
        storage::seeds::{self, SeededMember, Seeding},
    },
};

use crate::{
    live,
    peers::{self, Measured},
    ratios::{Better, Ratio},
};

const ROUNDS: usize = 3;
const SECONDS: u64 = 3;
const ANSWERS: usize = 200;

/// One server and page, with the results of its rounds.
struct Target {
    name: &'static str,
    url: String,
    cookie: String,
    rounds: Vec<Measured>,
}

impl Target {
    /// The median of the rounds.
    fn per_second(&self) -> f64 {
        let mut rounds: Vec<f64> = self.rounds.iter().map(|round| round.per_second).collect();
        rounds.sort_by(f64::total_cmp);
        rounds.get(rounds.len() / 2).copied().unwrap_or(0.0)
    }
}

pub async fn measure(folder: &Path) -> Result<Vec<Option<Ratio>>, String> {
    let (state, members, port) = app(folder).await?;
    let member = &members[0];
    let cookie = umbba::cookies::sent_session(&member.token);
    let html = live::get(port, &format!("/p/{}/today", member.pair), &cookie).await?;
    println!("today page {} bytes", html.len());
    let axum_port = peers::bare_axum(html.clone()).await?;
    let nginx = peers::Nginx::start(folder, &html)?;

    let target = |name, url, cookie: &str| Target { name, url, cookie: cookie.to_owned(), rounds: Vec::new() };
    let ours = |name, path: String| target(name, format!("http://localhost:{port}{path}"), &cookie);
    let mut targets = [
        target("nginx, static file", format!("http://127.0.0.1:{}/page.html", nginx.port), ""),
        target("axum, the same bytes", format!("http://127.0.0.1:{axum_port}/"), ""),
        ours("today page", format!("/p/{}/today", member.pair)),
        ours("settings page", "/settings/me".into()),
        ours("archive page", format!("/p/{}/archive", member.pair)),
    ];
    for _ in 0..ROUNDS {
        for target in &mut targets {
            target.rounds.push(peers::wrk(&target.url, &target.cookie, SECONDS)?);
        }
    }
    println!("\n{:<34} {:>12}   rounds: requests/s, p99 ms", "page, wrk -t1 -c32", "requests/s");
    for target in &targets {
        let rounds: Vec<String> =
            target.rounds.iter().map(|round| format!("{:.0}, {:.1}", round.per_second, round.p99_ms)).collect();
        println!("{:<34} {:>12.0}   {}", target.name, target.per_second(), rounds.join(" · "));
    }

    let mut took = live::answers(port, &members, ANSWERS).await?;
    took.sort_unstable();
    let at = |part: usize| took[(took.len() * part / 100).min(took.len() - 1)].as_secs_f64() * 1_000.0;
    println!(
        "\nanswer posted → event read by the other, {} answers: p50 {:.2} ms, p99 {:.2} ms",
        took.len(),
        at(50),
        at(99)
    );
    state.lifecycle.end();
    state.lifecycle.drained(Duration::from_secs(10)).await;
    let axum = targets[1].per_second();
    let ratio = |target: &Target| {
        Ratio::of(format!("{}: requests/s of bare axum", target.name), target.per_second(), axum, Better::Higher)
    };
    Ok(targets[2..].iter().map(ratio).collect())
}

/// Starts the real app on SQLite with seeded pairs.
async fn app(folder: &Path) -> Result<(AppState, Vec<SeededMember>, u16), String> {
    let said = |error: &dyn std::error::Error| error.to_string();
    let listener = serve::listen(([127, 0, 0, 1], 0).into()).map_err(|error| said(&error))?;
    let port = listener.local_addr().map_err(|error| said(&error))?.port();
    let state = crate::state(folder, Clock::System, "", port).await?;
    let seeding = Seeding {
        questions: state.catalogue.questions(),
        random: &state.random,
        now: state.clock.now().plus(-Millis::HOUR),
        consent_version: accounts::CONSENT_VERSION,
        minute: None,
    };
    let members = seeds::fill(&state.database, seeding, ANSWERS + 1).await.map_err(|error| said(&error))?;
    let (running, root) = (state.clone(), folder.to_path_buf());
    state.lifecycle.spawn(async move { serve::run(running, listener, &root).await });
    Ok((state, members, port))
}
