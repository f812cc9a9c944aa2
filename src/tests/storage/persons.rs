//! Tests of persons, their recovery codes, and the keys of steps that may be done only once.

use super::{
    databases::TestDatabase,
    fixtures::{NOW, id, is_taken, person_named, sign_up},
};
use crate::{
    domain::{Locale, Millis, Person, SessionId, TextSize, ZoneName},
    server::storage::{
        attempts::{self, Done},
        persons, prune,
    },
    tests::own_database::OwnDatabase,
};

on_both_databases! {
    a_person_reads_back_and_is_found_by_recovery_code,
    a_new_recovery_code_takes_the_place_of_the_old_one,
    a_recovery_code_belongs_to_one_person,
    a_step_is_known_by_its_key_until_it_is_forgotten,
}

async fn a_person_reads_back_and_is_found_by_recovery_code(db: TestDatabase) {
    let mut person = commit!(db, |tx| sign_up(&mut tx, "👩‍🌾 순자").await);
    let hash = format!("recovery-{}", person.id);
    assert_eq!(read!(db, |tx| persons::lookup_by_recovery(&mut tx, &hash, NOW).await), Some(person.clone()));

    person = Person {
        locale: Locale::En,
        text_size: TextSize::Larger,
        zone: ZoneName::parse("Europe/Berlin").expect("a zone"),
        ..person
    };
    commit!(db, |tx| persons::update(&mut tx, &person).await.expect("an update"));
    assert_eq!(read!(db, |tx| persons::lookup_by_recovery(&mut tx, &hash, NOW).await), Some(person));
    assert_eq!(read!(db, |tx| persons::lookup_by_recovery(&mut tx, "another", NOW).await), None);
}

async fn a_new_recovery_code_takes_the_place_of_the_old_one(db: TestDatabase) {
    let person = commit!(db, |tx| sign_up(&mut tx, "순자").await);
    let state = read!(db, |tx| persons::recovery_state(&mut tx, person.id).await);
    assert_eq!(state, persons::RecoveryState { made_at: Some(NOW), kept_at: None, answers_given: 0 });

    commit!(db, |tx| persons::set_recovery_kept(&mut tx, person.id, NOW.plus(1)).await.expect("kept"));
    let two_answers = format!("UPDATE persons SET answers_given = 2 WHERE id = '{}'", person.id);
    OwnDatabase::at(&db.url).run_sql(&two_answers).await;
    let state = read!(db, |tx| persons::recovery_state(&mut tx, person.id).await);
    assert_eq!(state, persons::RecoveryState { made_at: Some(NOW), kept_at: Some(NOW.plus(1)), answers_given: 2 });

    commit!(db, |tx| persons::set_recovery(
        &mut tx,
        person.id,
        persons::NewRecovery { hash: "fresh", made_by: None, earlier_until: None },
        NOW.plus(2)
    )
    .await
    .expect("a new code"));
    let state = read!(db, |tx| persons::recovery_state(&mut tx, person.id).await);
    assert_eq!(state, persons::RecoveryState { made_at: Some(NOW.plus(2)), kept_at: None, answers_given: 2 });
    assert_eq!(
        read!(db, |tx| persons::lookup_by_recovery(&mut tx, &format!("recovery-{}", person.id), NOW).await),
        None
    );
    assert_eq!(read!(db, |tx| persons::lookup_by_recovery(&mut tx, "fresh", NOW).await), Some(person.clone()));

    let week = NOW.plus(7 * Millis::DAY);
    let made_by = Some(SessionId(id()));
    for (hash, at) in [("second", NOW.plus(3)), ("third", NOW.plus(4))] {
        let new = persons::NewRecovery { hash, made_by, earlier_until: Some(week) };
        commit!(db, |tx| persons::set_recovery(&mut tx, person.id, new, at).await.expect("a new code"));
    }
    let codes = read!(db, |tx| persons::recovery_codes(&mut tx, person.id, NOW.plus(4)).await);
    let expected = persons::RecoveryCodes {
        hash: Some("third".into()),
        made_at: Some(NOW.plus(4)),
        made_by,
        earlier: Some(("fresh".into(), week)),
    };
    assert_eq!(codes, expected, "a second renewal does not push the earlier code out");
    let look =
        async |hash: &str, at: Millis| read!(db, |tx| persons::lookup_by_recovery(&mut tx, hash, at).await).is_some();
    assert!(look("fresh", week.plus(-1)).await && !look("fresh", week).await && !look("second", NOW.plus(5)).await);
    assert!(commit!(db, |tx| persons::end_earlier_recovery(&mut tx, person.id, NOW.plus(5)).await.expect("an answer")));
    assert!(!commit!(db, |tx| persons::end_earlier_recovery(&mut tx, person.id, NOW.plus(5))
        .await
        .expect("an answer")));
    assert!(!look("fresh", NOW.plus(5)).await && look("third", week).await);
}

async fn a_recovery_code_belongs_to_one_person(db: TestDatabase) {
    let person = commit!(db, |tx| sign_up(&mut tx, "순자").await);
    let mut tx = db.begin().await.expect("a transaction");
    let hash = format!("recovery-{}", person.id);
    let second = persons::insert(
        &mut tx,
        persons::NewPerson { person: &person_named("영호"), consent_version: "v1", recovery_hash: &hash, now: NOW },
    )
    .await;
    assert!(is_taken(&second), "{second:?}");
}

async fn a_step_is_known_by_its_key_until_it_is_forgotten(db: TestDatabase) {
    let person = commit!(db, |tx| sign_up(&mut tx, "순자").await);
    let done = Done { person: person.id, session: Some(SessionId(id())), target: Some("a pair".into()) };
    assert_eq!(commit!(db, |tx| attempts::lookup(&mut tx, "key", NOW.plus(-1)).await.expect("an answer")), None);
    commit!(db, |tx| attempts::insert(&mut tx, "key", "join", &done, NOW).await.expect("written"));
    assert_eq!(
        commit!(db, |tx| attempts::lookup(&mut tx, "key", NOW.plus(-1)).await.expect("an answer")),
        Some(done.clone())
    );
    assert_eq!(commit!(db, |tx| attempts::lookup(&mut tx, "key", NOW).await.expect("an answer")), None, "long ago");
    let later = Done { session: None, target: None, ..done };
    commit!(db, |tx| attempts::insert(&mut tx, "key", "join", &later, NOW.plus(5)).await.expect("written again"));
    assert_eq!(commit!(db, |tx| prune::batch(&mut tx, &prune::ATTEMPTS, NOW.plus(4)).await.expect("an answer")), 0);
    assert_eq!(commit!(db, |tx| attempts::lookup(&mut tx, "key", NOW).await.expect("an answer")), Some(later));
    assert_eq!(commit!(db, |tx| prune::batch(&mut tx, &prune::ATTEMPTS, NOW.plus(5)).await.expect("an answer")), 1);
}
