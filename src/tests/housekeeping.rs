//! Tests of the sweeps: old rows are deleted, and no other writer waits for a sweep.

use sqlx::{Connection, SqliteConnection};

use super::{app::TestApp, plans::assert_finds_by_index};
use crate::{
    domain::{EventKind, Millis, PersonId},
    server::{
        jobs::housekeeping::{self, FEED_KEPT_MS, FORGOTTEN},
        random::Random,
        secrets::token_hash,
        storage::{
            Database, Opening, deliveries,
            events::{self, NewEvent},
            failures, prune, sessions, silent,
            sweeps::{self, Swept},
        },
    },
};

#[tokio::test]
async fn no_statement_of_housekeeping_reads_a_whole_table() {
    let folder = std::env::temp_dir().join(format!("umbba-plans-{:x}", Random::system().number()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let url = format!("sqlite:{}", folder.join("test.db").display());
    Database::open(&url, Opening::Migrate).await.expect("a fresh database").close().await;
    let mut raw = SqliteConnection::connect(&url).await.expect("a connection");

    let mut statements: Vec<String> = FORGOTTEN.iter().map(|(what, _)| what.sql.to_owned()).collect();
    let of_devices = [silent::FIND, silent::DELETE, deliveries::CANCEL_OF_SUBSCRIPTION];
    statements.extend(of_devices.map(str::to_owned));
    // A deletion looks for dependent rows in every table that references the table.
    let references: Vec<(String, String)> = sqlx::query_as(
        "SELECT t.name, f.\"from\" FROM sqlite_schema t, pragma_foreign_key_list(t.name) f
         WHERE t.type = 'table' AND f.\"table\" IN ('events', 'sessions', 'deliveries', 'notifications', 'failures', \
         'hand_overs', 'push_subscriptions')",
    )
    .fetch_all(&mut raw)
    .await
    .expect("the references");
    assert!(references.len() >= 3, "{references:?}");
    statements.extend(references.into_iter().map(|(table, column)| format!("DELETE FROM {table} WHERE {column} = $1")));

    for sql in statements {
        assert_finds_by_index(&mut raw, &sql).await;
    }
    drop(raw);
    let _ = std::fs::remove_dir_all(&folder);
}

/// Appends `count` events with the time `at`.
async fn tell(app: &TestApp, person: PersonId, count: u64, at: Millis) {
    let fact = NewEvent { person, kind: EventKind::SettingsChanged, pair: None, daily_question: None };
    let mut tx = app.state.database.begin().await.expect("a transaction");
    events::append(&mut tx, &vec![fact; usize::try_from(count).expect("a size")], None, at).await.expect("told");
    tx.commit().await.expect("a commit");
}

#[tokio::test]
async fn others_write_between_the_batches_of_a_sweep() {
    let app = TestApp::start().await;
    let browser = app.person("순자").await;
    let hash = token_hash(&browser.cookies.lock().expect("cookies")["__Host-session"]);
    let mut tx = app.state.database.read().await.expect("a read");
    let person = sessions::lookup(&mut tx, &hash, Millis(0), app.state.clock.now())
        .await
        .expect("an answer")
        .expect("a session")
        .person
        .id;
    let told = events::last_seq(&mut tx, person).await.expect("a number");
    drop(tx);
    let old = 5 * prune::BATCH;
    tell(&app, person, old, app.state.clock.now().plus(-FEED_KEPT_MS - 1)).await;
    // Record an earlier sweep of the same size, so that the guard against a wrong clock allows this one.
    let mut tx = app.state.database.begin().await.expect("a transaction");
    sweeps::set_record(&mut tx, Swept::Events, old as i64, 0).await.expect("a record");
    tx.commit().await.expect("a commit");

    // Write repeatedly until the sweep is done, and note the progress of the sweep at each write.
    let writing = async {
        let mut seen = Vec::new();
        loop {
            let mut tx = app.state.database.begin().await.expect("a transaction");
            failures::record(&mut tx, "b", app.state.clock.now()).await.expect("a write");
            let first = events::first_kept(&mut tx, person).await.expect("an answer");
            tx.commit().await.expect("a commit");
            let left = first.map_or(0, |first| if first > told { told + old as i64 + 1 - first } else { 0 });
            seen.push(left);
            if left == 0 {
                return seen;
            }
        }
    };
    let (swept, mut seen) = tokio::join!(housekeeping::sweep(&app.state), writing);

    swept.expect("a sweep");
    seen.retain(|left| *left > 0 && *left < old as i64);
    seen.dedup();
    assert!(seen.len() >= 2, "{seen:?}: writes went through between batches");
}
