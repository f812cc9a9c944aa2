//! Seeds for trials and benchmarks, and copies of a SQLite database (backups).

use std::{collections::BTreeSet, fs, os::unix::fs::PermissionsExt};

use super::{
    databases::{TestDatabase, fresh_sqlite, raw_sqlite, sqlite_file},
    fixtures::{NOW, Together, append, sign_up, together, wordings},
};
use crate::{
    cookies,
    domain::{EventKind, PairPhase, Question, QuestionKey, Role, Section},
    server::{
        random::Random,
        secrets,
        storage::{Database, Opening, StorageError, daily_questions, pairs, persons, seeds, sessions},
    },
};

on_both_databases! {
    seeds_fill_an_empty_database_with_pairs_that_can_sign_in,
    seeds_are_refused_where_anybody_real_lives,
    a_copy_holds_the_same_rows_and_opens,
}

async fn seeds_fill_an_empty_database_with_pairs_that_can_sign_in(db: TestDatabase) {
    let random = Random::seeded(7);
    let catalogue: Vec<Question> = (0..40)
        .map(|at| Question {
            key: QuestionKey(format!("k-{at}")),
            section: Section::ALL[at % 6],
            wordings: wordings("주제"),
            tags: Vec::new(),
        })
        .collect();
    let seeding =
        || seeds::Seeding { questions: &catalogue, random: &random, now: NOW, consent_version: "v1", minute: None };
    let members = seeds::fill(&db, seeding(), 3).await.expect("seeded");
    assert_eq!(members.len(), 6);
    assert_eq!(members.iter().map(|member| member.person).collect::<BTreeSet<_>>().len(), 6);
    for two in members.chunks(2) {
        assert_eq!((two[0].role, two[1].role, two[0].pair), (Role::Parent, Role::Child, two[1].pair));
    }
    for member in &members {
        let found = read!(db, |tx| sessions::lookup(&mut tx, &secrets::token_hash(&member.token), NOW.plus(-1), NOW)
            .await)
        .expect("the cookie signs in");
        assert_eq!(found.person.id, member.person);
        let open = read!(db, |tx| daily_questions::lookup_for(&mut tx, member.person, member.daily_question).await)
            .expect("their question");
        assert_eq!(
            (open.pair_id, open.parent.is_some() || open.child.is_some(), open.completed_at),
            (member.pair, false, None),
            "nobody has answered"
        );
        assert!(
            read!(db, |tx| daily_questions::count_complete(&mut tx, member.pair, None).await) > 0,
            "some finished cards"
        );
        let pair = read!(db, |tx| pairs::lookup_for(&mut tx, member.person, member.pair).await).expect("their pair");
        assert!(pair.phase() == PairPhase::Together && pair.next_due_at.is_some_and(|due| due > NOW));
    }
    assert!(!read!(db, |tx| persons::any_real(&mut tx).await));
    assert_eq!(seeds::fill(&db, seeding(), 1).await.expect("more seeds beside seeds").len(), 2);

    let file = db.folder.join("sessions");
    seeds::write_sessions(&file, &members, cookies::sent_session).expect("written");
    let lines = fs::read_to_string(&file).expect("a file");
    assert_eq!(lines.lines().count(), 6);
    assert!(lines.lines().zip(&members).all(|(line, member)| {
        line == format!(
            "{} {} {} {} __Host-session={}",
            member.person,
            member.pair,
            member.role.word(),
            member.daily_question,
            member.token
        )
    }));
    assert_eq!(fs::metadata(&file).expect("a file").permissions().mode() & 0o777, 0o600, "readable by its owner alone");
}

async fn seeds_are_refused_where_anybody_real_lives(db: TestDatabase) {
    commit!(db, |tx| sign_up(&mut tx, "순자").await);
    let random = Random::seeded(7);
    let refused = seeds::fill(
        &db,
        seeds::Seeding { questions: &[], random: &random, now: NOW, consent_version: "v1", minute: None },
        1,
    )
    .await
    .map(drop);
    assert!(matches!(refused, Err(StorageError::Url(_))), "{refused:?}");
    assert!(read!(db, |tx| persons::any_real(&mut tx).await), "and nobody became a seed");
}

async fn a_copy_holds_the_same_rows_and_opens(db: TestDatabase) {
    let Together { child, pair, .. } = together(&db).await;
    let file = db.folder.join("copy.db");
    let copied = db.backup_into(&file).await;
    if db.is_postgres() {
        assert!(matches!(&copied, Err(StorageError::Url(sentence)) if sentence.contains("pg_dump")), "{copied:?}");
        return;
    }
    copied.expect("copied");
    let copy = Database::open(&format!("sqlite:{}", file.display()), Opening::AsIs).await.expect("the copy opens");
    assert_eq!(
        read!(copy, |tx| pairs::lookup_for(&mut tx, child.id, pair.id).await),
        read!(db, |tx| pairs::lookup_for(&mut tx, child.id, pair.id).await)
    );
    commit!(copy, |tx| append(&mut tx, &[child.id], EventKind::SettingsChanged, None, None, NOW)
        .await
        .expect("the copy is written to"));
    copy.close().await;
    assert!(db.backup_into(&file).await.is_err(), "a copy never writes over a file");
}

#[tokio::test]
async fn a_copy_that_fails_its_check_gets_no_name() {
    let (folder, database) = fresh_sqlite().await;
    let mut raw = raw_sqlite(&sqlite_file(&folder)).await;
    let orphan = "PRAGMA foreign_keys = OFF;
                  INSERT INTO invitations (id, pair_id, code_hash, relation_word, name, created_at, expires_at)
                  VALUES ('i', 'nobody', 'h', '', '', 1, 1)";
    sqlx::raw_sql(orphan).execute(&mut raw).await.expect("a damaged database");
    let file = folder.0.join("copy.db");
    let refused = database.backup_into(&file).await;
    assert!(matches!(&refused, Err(StorageError::Backup(sentence)) if sentence.contains("invitations")), "{refused:?}");
    let left: Vec<_> =
        fs::read_dir(&folder.0).expect("a folder").map(|file| file.expect("a file").file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().starts_with("copy.db")), "{left:?}");
    database.close().await;
}

#[tokio::test]
async fn two_backups_into_one_file_do_not_write_over_one_another() {
    let (folder, database) = fresh_sqlite().await;
    let file = folder.0.join("copy.db");
    let part = fs::File::create(folder.0.join("copy.db.part")).expect("the part of another backup");
    part.lock().expect("which still runs");
    let refused = database.backup_into(&file).await;
    assert!(
        matches!(&refused, Err(StorageError::Backup(sentence)) if sentence.contains("another backup")),
        "{refused:?}"
    );
    assert!(folder.0.join("copy.db.part").exists() && !file.exists(), "what the other writes stays");
    drop(part);
    database.backup_into(&file).await.expect("a part that nobody writes any more is used again");
    database.close().await;
}
