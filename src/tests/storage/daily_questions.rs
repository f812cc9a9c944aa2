//! Questions of a pair: numbers, dates, the current one, and the shelf.

use std::collections::BTreeSet;

use super::{
    databases::TestDatabase,
    fixtures::{NOW, Together, date, id, is_taken, last_number, question, together, wordings},
};
use crate::{
    domain::{DailyQuestion, PairId, Question, QuestionKey, Role, Section},
    server::storage::{StorageError, daily_questions, questions},
};

on_both_databases! {
    a_daily_question_reads_back_with_the_wordings_it_opened_with,
    a_strangers_question_is_not_found,
    a_pair_has_one_question_a_date_and_one_of_each_number,
    the_current_question_is_the_newest_that_is_not_shelved,
    the_dates_that_have_a_question_are_known,
    what_was_asked_is_remembered_once_for_each_pair,
    the_catalogue_is_written_by_key_and_what_is_gone_is_kept_as_retired,
}

async fn a_daily_question_reads_back_with_the_wordings_it_opened_with(db: TestDatabase) {
    let Together { parent, pair, .. } = together(&db).await;
    let mut asked = DailyQuestion { local_date: None, counted_from: None, ..question(pair.id, 1) };
    commit!(db, |tx| daily_questions::insert(&mut tx, &asked).await.expect("a question"));
    assert_eq!(read!(db, |tx| daily_questions::lookup_for(&mut tx, parent.id, asked.id).await), Some(asked.clone()));

    asked.swap(
        QuestionKey("youth-song".into()),
        Section::Youth,
        wordings("그 시절의 노래 'x' \\ 🎵"),
        date("2026-11-23"),
    );
    asked.local_date = Some(date("2026-11-22"));
    asked.due_passed_at = Some(NOW.plus(1));
    asked.shelved_at = Some(NOW.plus(2));
    asked.move_on = Some(Role::Child);
    asked.opened_at = NOW.plus(3);
    commit!(db, |tx| daily_questions::save(&mut tx, &asked).await.expect("saved"));
    assert_eq!(read!(db, |tx| daily_questions::lookup_for(&mut tx, parent.id, asked.id).await), Some(asked.clone()));
    assert_eq!(read!(db, |tx| daily_questions::lookup_first(&mut tx, pair.id).await), Some(asked.clone()));
    assert_eq!(
        read!(db, |tx| daily_questions::card_number(&mut tx, asked.id).await),
        None,
        "no card before it is complete"
    );
}

async fn a_strangers_question_is_not_found(db: TestDatabase) {
    let (one, two) = (together(&db).await, together(&db).await);
    let asked = question(one.pair.id, 1);
    commit!(db, |tx| daily_questions::insert(&mut tx, &asked).await.expect("a question"));
    assert!(read!(db, |tx| daily_questions::lookup_for(&mut tx, one.child.id, asked.id).await).is_some());
    assert!(read!(db, |tx| daily_questions::lookup_for(&mut tx, two.child.id, asked.id).await).is_none());
}

async fn a_pair_has_one_question_a_date_and_one_of_each_number(db: TestDatabase) {
    let pair = together(&db).await.pair.id;
    let first = question(pair, 1);
    commit!(db, |tx| daily_questions::insert(&mut tx, &first).await.expect("a question"));
    for second in [
        DailyQuestion { local_date: first.local_date, ..question(pair, 2) },
        DailyQuestion { local_date: None, ..question(pair, 1) },
    ] {
        let mut tx = db.begin().await.expect("a transaction");
        let refused = daily_questions::insert(&mut tx, &second).await;
        assert!(is_taken(&refused), "{refused:?}");
    }
    // Undated questions have no date, and other pairs have dates of their own.
    let other = together(&db).await.pair.id;
    commit!(db, |tx| {
        daily_questions::insert(&mut tx, &DailyQuestion { local_date: None, ..question(pair, 2) })
            .await
            .expect("a question");
        daily_questions::insert(&mut tx, &DailyQuestion { local_date: None, ..question(pair, 3) })
            .await
            .expect("a question");
        daily_questions::insert(&mut tx, &DailyQuestion { local_date: first.local_date, ..question(other, 1) })
            .await
            .expect("a question");
    });
    assert_eq!(read!(db, |tx| Ok::<_, StorageError>(last_number(&mut tx, pair).await)), 3);
    assert_eq!(read!(db, |tx| Ok::<_, StorageError>(last_number(&mut tx, PairId(id())).await)), 0);
}

async fn the_current_question_is_the_newest_that_is_not_shelved(db: TestDatabase) {
    let pair = together(&db).await.pair.id;
    assert_eq!(read!(db, |tx| daily_questions::lookup_current(&mut tx, pair).await), None);
    assert_eq!(read!(db, |tx| daily_questions::last_section(&mut tx, pair).await), None);
    let mut asked: Vec<DailyQuestion> = (1..=4).map(|number| question(pair, number)).collect();
    asked[0].completed_at = Some(NOW);
    asked[1].shelved_at = Some(NOW);
    asked[3].shelved_at = Some(NOW);
    asked[3].section = Section::NowAndAhead;
    commit!(db, |tx| for question in &asked {
        daily_questions::insert(&mut tx, question).await.expect("a question");
        daily_questions::save(&mut tx, question).await.expect("saved");
    });
    assert_eq!(read!(db, |tx| daily_questions::lookup_current(&mut tx, pair).await), Some(asked[2].clone()));
    assert_eq!(
        read!(db, |tx| daily_questions::find_shelved(&mut tx, pair).await),
        [asked[1].clone(), asked[3].clone()]
    );
    assert_eq!(read!(db, |tx| daily_questions::find_incomplete(&mut tx, pair).await), asked[1..]);
    assert_eq!(
        read!(db, |tx| daily_questions::last_section(&mut tx, pair).await),
        Some(Section::NowAndAhead),
        "of the question opened last"
    );
}

async fn the_dates_that_have_a_question_are_known(db: TestDatabase) {
    let pair = together(&db).await.pair;
    let today = date("2026-11-22");
    commit!(db, |tx| daily_questions::insert(
        &mut tx,
        &DailyQuestion { local_date: Some(today), ..question(pair.id, 1) }
    )
    .await
    .expect("new"));
    let dated = read!(db, |tx| daily_questions::find_dated(&mut tx, &[(pair.id, today), (PairId(1), today)]).await);
    assert_eq!(dated.into_iter().collect::<Vec<_>>(), [pair.id]);
    assert!(read!(db, |tx| daily_questions::find_dated(&mut tx, &[(pair.id, today.plus_days(1))]).await).is_empty());
}

async fn what_was_asked_is_remembered_once_for_each_pair(db: TestDatabase) {
    let (pair, other) = (together(&db).await.pair.id, together(&db).await.pair.id);
    let keys = ["a", "b"].map(|key| QuestionKey(key.into()));
    commit!(db, |tx| for key in [&keys[0], &keys[1], &keys[0]] {
        questions::set_asked(&mut tx, pair, key).await.expect("remembered");
    });
    assert_eq!(read!(db, |tx| questions::asked(&mut tx, pair).await), BTreeSet::from(keys));
    assert_eq!(read!(db, |tx| questions::asked(&mut tx, other).await), BTreeSet::new());
}

async fn the_catalogue_is_written_by_key_and_what_is_gone_is_kept_as_retired(db: TestDatabase) {
    let entry = |key: &str| Question {
        key: QuestionKey(key.into()),
        section: Section::School,
        wordings: wordings(key),
        tags: vec!["a".into(), "b".into()],
    };
    for (keys, in_use, retired) in [
        (vec!["a", "b"], 2, 0),
        (vec!["a", "b"], 2, 0),
        (vec!["b", "c"], 2, 1),
        (vec!["a", "b", "c"], 3, 0),
        (vec![], 0, 3),
    ] {
        let catalogue: Vec<Question> = keys.iter().map(|key| entry(key)).collect();
        commit!(db, |tx| questions::upsert(&mut tx, &catalogue).await.expect("written"));
        assert_eq!(read!(db, |tx| questions::count(&mut tx).await), (in_use, retired), "{keys:?}");
    }
}
