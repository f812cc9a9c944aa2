//! Answers with their revisions, the cards that open with them, and the archive.

use futures::future::join_all;

use super::{
    databases::TestDatabase,
    fixtures::{NOW, Together, body, question, together},
};
use crate::{
    domain::{Answer, DailyQuestion, Millis, PairPhase, Role, Saved, Section},
    server::storage::{answers, daily_questions, pairs, persons},
};

on_both_databases! {
    an_answer_keeps_its_earlier_revisions_for_its_author,
    an_answer_moves_to_another_question_with_its_history,
    cards_are_numbered_without_gaps_in_the_order_they_open,
    two_cards_that_open_at_once_get_two_numbers,
    the_archive_comes_in_pages_and_by_section,
}

async fn an_answer_keeps_its_earlier_revisions_for_its_author(db: TestDatabase) {
    let Together { parent, child, pair } = together(&db).await;
    let mut asked = question(pair.id, 1);
    commit!(db, |tx| daily_questions::insert(&mut tx, &asked).await.expect("a question"));
    for (at, text) in ["첫 줄\n둘째 줄", "고친 글", "또 고친 글 👨‍👩‍👧"].into_iter().enumerate()
    {
        asked.answer(Role::Child, 1, body(text), NOW.plus(at as i64), PairPhase::Together).expect("taken");
        commit!(db, |tx| answers::save(&mut tx, &asked, Role::Child, child.id, None).await.expect("saved"));
    }
    let stored = read!(db, |tx| daily_questions::lookup_for(&mut tx, parent.id, asked.id).await).expect("the question");
    assert_eq!(stored, asked);
    let latest = Answer {
        revision: 3,
        body: body("또 고친 글 👨‍👩‍👧"),
        first_at: NOW,
        at: NOW.plus(2),
        taken_back_at: None,
        is_sealed: false,
    };
    assert_eq!((stored.parent, stored.child), (None, Some(latest)));

    let history = read!(db, |tx| answers::find_revisions(&mut tx, asked.id, Role::Child).await);
    let told: Vec<(u32, &str, Millis)> =
        history.iter().map(|earlier| (earlier.revision, earlier.body.as_str(), earlier.at)).collect();
    assert_eq!(told, [(2, "고친 글", NOW.plus(1)), (1, "첫 줄\n둘째 줄", NOW)]);
    assert_eq!(read!(db, |tx| answers::find_revisions(&mut tx, asked.id, Role::Parent).await), []);

    // Saving the same revision again changes nothing: a repeated request adds no revision.
    commit!(db, |tx| answers::save(&mut tx, &asked, Role::Child, child.id, None).await.expect("saved"));
    assert_eq!(read!(db, |tx| answers::find_revisions(&mut tx, asked.id, Role::Child).await).len(), 2);
    commit!(db, |tx| answers::save(&mut tx, &asked, Role::Parent, parent.id, None).await.expect("nothing to save"));
    assert_eq!(read!(db, |tx| daily_questions::lookup_for(&mut tx, parent.id, asked.id).await), Some(asked));
}

async fn an_answer_moves_to_another_question_with_its_history(db: TestDatabase) {
    let Together { child, pair, .. } = together(&db).await;
    let (mut from, to) = (question(pair.id, 1), question(pair.id, 2));
    from.answer(Role::Child, 1, body("하나"), NOW, PairPhase::Alone).expect("taken");
    commit!(db, |tx| {
        daily_questions::insert(&mut tx, &from).await.expect("a question");
        daily_questions::insert(&mut tx, &to).await.expect("a question");
        answers::save(&mut tx, &from, Role::Child, child.id, None).await.expect("saved");
    });
    from.answer(Role::Child, 1, body("둘"), NOW.plus(1), PairPhase::Alone).expect("taken");
    commit!(db, |tx| answers::save(&mut tx, &from, Role::Child, child.id, None).await.expect("saved"));

    commit!(db, |tx| answers::move_to(&mut tx, from.id, to.id, Role::Child).await.expect("moved"));
    let left = read!(db, |tx| daily_questions::lookup_for(&mut tx, child.id, from.id).await).expect("a question");
    let moved = read!(db, |tx| daily_questions::lookup_for(&mut tx, child.id, to.id).await).expect("a question");
    assert_eq!((left.child, moved.child), (None, from.child));
    assert_eq!(read!(db, |tx| answers::find_revisions(&mut tx, from.id, Role::Child).await), []);
    assert_eq!(read!(db, |tx| answers::find_revisions(&mut tx, to.id, Role::Child).await).len(), 1);
}

async fn cards_are_numbered_without_gaps_in_the_order_they_open(db: TestDatabase) {
    let Together { parent, child, pair } = together(&db).await;
    let mut asked: Vec<DailyQuestion> = (1..=4).map(|number| question(pair.id, number)).collect();
    commit!(db, |tx| for question in &asked {
        daily_questions::insert(&mut tx, question).await.expect("a question");
    });
    // The third question opens first and the first one second. The second question stays shelved; the fourth opens
    // last.
    for (at, index) in [2, 0, 3].into_iter().enumerate() {
        let now = NOW.plus(at as i64);
        let question = &mut asked[index];
        assert_eq!(question.answer(Role::Child, 1, body("아이"), now, PairPhase::Together), Ok(Saved::First));
        assert_eq!(question.answer(Role::Parent, 1, body("부모"), now, PairPhase::Together), Ok(Saved::Opened));
        commit!(db, in pair.id, |tx| {
            persons::lock(&mut tx, [parent.id, child.id]).await.expect("both");
            answers::save(&mut tx, question, Role::Child, child.id, None).await.expect("saved");
            answers::save(&mut tx, question, Role::Parent, parent.id, None).await.expect("saved");
            daily_questions::save(&mut tx, question).await.expect("saved");
        });
        // Saving the question again assigns no new number.
        commit!(db, |tx| daily_questions::save(&mut tx, &asked[index]).await.expect("saved"));
    }
    for (index, number) in [(2, Some(1)), (0, Some(2)), (1, None), (3, Some(3))] {
        assert_eq!(read!(db, |tx| daily_questions::card_number(&mut tx, asked[index].id).await), number);
    }
    let cards = read!(db, |tx| daily_questions::find_cards(&mut tx, pair.id, 2, 9).await);
    assert_eq!(cards, [asked[0].clone(), asked[3].clone()]);
    let all = read!(db, |tx| daily_questions::find_complete(&mut tx, pair.id, None, 10, 0).await);
    assert_eq!(all, [asked[3].clone(), asked[0].clone(), asked[2].clone()], "newest first");
}

async fn two_cards_that_open_at_once_get_two_numbers(db: TestDatabase) {
    let pair = together(&db).await.pair.id;
    let asked: Vec<DailyQuestion> =
        (1..=6).map(|number| DailyQuestion { completed_at: Some(NOW), ..question(pair, number) }).collect();
    commit!(db, |tx| for question in &asked {
        daily_questions::insert(&mut tx, question).await.expect("a question");
    });
    let opened = asked.iter().cloned().map(|question| {
        let db = db.database.clone();
        tokio::spawn(async move {
            let mut tx = db.begin().await.expect("a transaction");
            pairs::lock(&mut tx, pair).await.expect("the pair's row");
            daily_questions::save(&mut tx, &question).await.expect("saved");
            tx.commit().await.expect("a commit");
        })
    });
    for done in join_all(opened).await {
        done.expect("no panic");
    }
    let cards = read!(db, |tx| daily_questions::find_cards(&mut tx, pair, 1, 6).await);
    assert_eq!(cards.len(), 6);
}

async fn the_archive_comes_in_pages_and_by_section(db: TestDatabase) {
    let (pair, other) = (together(&db).await.pair.id, together(&db).await.pair.id);
    commit!(db, |tx| {
        for number in 1..=25 {
            let section = Section::ALL[number as usize % 2];
            let card =
                DailyQuestion { completed_at: Some(NOW.plus(i64::from(number))), section, ..question(pair, number) };
            daily_questions::insert(&mut tx, &card).await.expect("a question");
            daily_questions::save(&mut tx, &card).await.expect("saved");
        }
        daily_questions::insert(&mut tx, &question(pair, 26)).await.expect("an open question");
        let foreign = DailyQuestion { completed_at: Some(NOW), ..question(other, 1) };
        daily_questions::insert(&mut tx, &foreign).await.expect("a question");
        daily_questions::save(&mut tx, &foreign).await.expect("saved");
    });
    let numbers = |cards: Vec<DailyQuestion>| cards.into_iter().map(|card| card.number).collect::<Vec<_>>();
    let first = read!(db, |tx| daily_questions::find_complete(&mut tx, pair, None, 20, 0).await);
    assert_eq!(numbers(first), (6..=25).rev().collect::<Vec<_>>());
    let second = read!(db, |tx| daily_questions::find_complete(&mut tx, pair, None, 20, 20).await);
    assert_eq!(numbers(second), (1..=5).rev().collect::<Vec<_>>());
    let section = Some(Section::ALL[1]);
    let odd = read!(db, |tx| daily_questions::find_complete(&mut tx, pair, section, 20, 10).await);
    assert_eq!(numbers(odd), [5, 3, 1]);
    for (section, count) in [(None, 25), (section, 13), (Some(Section::ALL[0]), 12), (Some(Section::ALL[5]), 0)] {
        assert_eq!(read!(db, |tx| daily_questions::count_complete(&mut tx, pair, section).await), count);
    }
}
