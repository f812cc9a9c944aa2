//! The nightly backup: when it is due, which copies stay, and that a copy which cannot be restored is none.

use std::{fs, path::Path};

use super::app::TestApp;
use crate::{
    domain::Millis,
    server::{
        jobs::backups::{self, Nightly},
        storage::installation::{BACKUP_MADE_AT, BACKUP_VERIFIED_AT, lookup_instant},
    },
};

/// The names in the folder of the copies, in order.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("a file").file_name().into_string().expect("text"))
        .collect();
    names.sort();
    names
}

async fn start(keep_days: u32) -> (TestApp, Nightly) {
    let app = TestApp::start().await;
    let folder = app.folder().join("copies");
    fs::create_dir(&folder).expect("a folder");
    (app, Nightly { folder, hour: 18, keep_days })
}

async fn look(app: &TestApp, nightly: &Nightly) -> Millis {
    backups::look(&app.state, nightly).await.expect("a look")
}

#[tokio::test]
async fn one_copy_a_day_is_made_and_what_was_missed_is_made_at_the_start() {
    let (app, nightly) = start(14).await;
    let started = app.state.clock.now();
    let due = look(&app, &nightly).await;
    assert_eq!(names(&nightly.folder).len(), 1, "the copy of the night before");
    assert_eq!((due.0.rem_euclid(Millis::DAY), due > started), (18 * Millis::HOUR, true));
    assert_eq!(look(&app, &nightly).await, due, "nothing is due");
    assert_eq!(names(&nightly.folder).len(), 1);

    app.advance(due.since(started));
    assert_eq!(look(&app, &nightly).await, due.plus(Millis::DAY));
    assert_eq!(names(&nightly.folder).len(), 2);
    let mut tx = app.state.database.read().await.expect("a transaction");
    for name in [BACKUP_MADE_AT, BACKUP_VERIFIED_AT] {
        assert_eq!(lookup_instant(&mut tx, name).await.expect("a value"), Some(due), "{name}");
    }
    drop(tx);

    app.advance(5 * Millis::DAY);
    look(&app, &nightly).await;
    assert_eq!(names(&nightly.folder).len(), 3, "one for all the days that were missed");
}

#[tokio::test]
async fn old_copies_go_and_what_is_not_ours_stays() {
    let (app, nightly) = start(2).await;
    for other in ["umbba-notes.db", "family.txt", "umbba-20201301-000000.db"] {
        fs::write(nightly.folder.join(other), "").expect("a file of the operator");
    }
    let mut seen = Vec::new();
    for _ in 0..5 {
        look(&app, &nightly).await;
        seen.push(names(&nightly.folder).len() - 3);
        app.advance(Millis::DAY);
    }
    assert_eq!(seen, [1, 2, 3, 3, 3], "two days back, and now");
    for other in ["umbba-notes.db", "family.txt", "umbba-20201301-000000.db"] {
        assert!(nightly.folder.join(other).exists(), "{other}");
    }
}

#[tokio::test]
async fn a_clock_that_runs_ahead_leaves_copies_and_stops_no_later_one() {
    let (app, nightly) = start(3).await;
    look(&app, &nightly).await;
    app.advance(Millis::DAY);
    look(&app, &nightly).await;
    app.state.clock.jump(1_000 * Millis::DAY);
    look(&app, &nightly).await;
    app.state.clock.jump(-999 * Millis::DAY);
    look(&app, &nightly).await;
    assert_eq!(names(&nightly.folder).len(), 4, "the copy from the future is not taken for today's");
}

#[tokio::test]
async fn what_a_killed_backup_left_is_removed_and_a_copy_that_cannot_be_restored_is_none() {
    let (app, nightly) = start(14).await;
    let scratch = nightly.folder.join("umbba-20201201-180000.db.scratch-1");
    fs::create_dir(&scratch).expect("a scratch place");
    fs::write(scratch.join("umbba.db"), "").expect("its file");
    fs::write(nightly.folder.join("umbba-20201202-180000.db.part"), "").expect("a part");
    app.run_sql("UPDATE _sqlx_migrations SET success = 0 WHERE version = 3").await;

    let failed = backups::look(&app.state, &nightly).await.expect_err("it cannot be restored");

    assert!(failed.to_string().contains("in the middle of an update"), "{failed}");
    assert_eq!(names(&nightly.folder), Vec::<String>::new());
    // After a step back the schema is of a later release, and backups go on.
    let later = "UPDATE _sqlx_migrations SET success = 1;
                 INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
                 VALUES (9999, 'later', 1, x'00', 0)";
    app.run_sql(later).await;
    look(&app, &nightly).await;
    assert_eq!(names(&nightly.folder).len(), 1);
}
