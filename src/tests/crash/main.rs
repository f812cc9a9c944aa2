//! Tests of the real binary under machine failures: a full disk, and SIGKILL at random moments. Every due pair gets
//! exactly one question per date, nothing acknowledged is lost, every event reaches every device of every provider
//! under exactly one notification id, and every feed reader continues from its cursor.
//!
//! These tests are a separate target, because Cargo gives the binary's path (`CARGO_BIN_EXE_umbba`) only to such
//! targets.

#[allow(dead_code, reason = "the library's tests use the rest of it")]
#[path = "../push_service/mod.rs"]
mod push_service;

#[allow(dead_code, reason = "the library's tests use the rest of them")]
#[path = "../native/fake_apple.rs"]
mod fake_apple;
#[allow(dead_code, reason = "the library's tests use the rest of them")]
#[path = "../native/fake_google.rs"]
mod fake_google;
#[allow(dead_code, reason = "the library's tests use the rest of them")]
#[path = "../native/h2_server.rs"]
mod h2_server;
#[allow(dead_code, reason = "the library's tests use it")]
#[path = "../native/tls.rs"]
mod tls;

#[allow(dead_code, reason = "the library's tests use the rest of it")]
#[path = "../own_database.rs"]
mod own_database;

mod dead_service;
mod disk;
mod full_disk;
mod kept_promises;
mod killed;
mod ledger;
mod locked;
mod memory;
mod node;
mod nodes;
mod providers;
mod read_only;
mod reconnecting;
mod rolling_upgrade;
mod slow_disk;
mod streams;
mod together;
mod wrong_clock;

use std::time::Duration;

use ring::rand::{SecureRandom, SystemRandom};

const PAIRS: usize = 12;
const PATIENCE: Duration = Duration::from_secs(60);

/// Returns the number of kills: a quarter of TEST_ROUNDS in `make test`, fifty in `make test-long`.
fn kills() -> usize {
    let rounds: usize = std::env::var("TEST_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(20);
    (rounds / 4).clamp(2, 50)
}

fn random(below: u64) -> u64 {
    let mut bytes = [0; 8];
    SystemRandom::new().fill(&mut bytes).expect("random bytes");
    u64::from_be_bytes(bytes) % below
}

/// Waits until it is so, for `PATIENCE` at most.
async fn wait_until(is_so: impl AsyncFn() -> bool) {
    let waiting = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.expect("in time");
}
