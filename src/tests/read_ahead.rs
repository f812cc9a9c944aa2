//! Tests of batches of due pairs that are read while the batch before is written (R13), which SQLite does: what was
//! read is used when nothing else was written since, and read again when something was.

use super::app::{TestApp, TestPair};
use crate::{
    domain::Millis,
    server::{
        services::openings,
        storage::{
            journal::{Entry, Journal},
            schedule,
            seeds::{CHILDREN, PARENTS},
        },
    },
};

/// Makes five pairs whose second question is due.
async fn five_due() -> (TestApp, Vec<TestPair>, Journal) {
    let (app, journal) = TestApp::start_recorded().await;
    let mut pairs = Vec::new();
    for ((child, _), (parent, _)) in CHILDREN.iter().zip(PARENTS).take(5) {
        let pair = app.pair_of(app.person(child).await, app.person(parent).await).await;
        pair.answer_both("글").await;
        pairs.push(pair);
    }
    app.tick_at(21, 0).await;
    app.advance(Millis::DAY);
    (app, pairs, journal)
}

async fn numbers(pairs: &[TestPair]) -> Vec<u32> {
    let mut numbers = Vec::new();
    for pair in pairs {
        numbers.push(pair.child.today(pair.id).await.question.expect("a question").number);
    }
    numbers
}

/// How often the journal's handle looked for due pairs since the last call.
fn looks(journal: &Journal) -> usize {
    journal.take().iter().filter(|entry| matches!(entry, Entry::Statement(sql) if *sql == schedule::FIND_DUE)).count()
}

#[tokio::test]
async fn what_was_read_ahead_is_not_read_again() {
    let (app, pairs, journal) = five_due().await;
    let (state, is_postgres) = (&app.state, app.is_postgres());
    let (found, ahead) = openings::open_due(state, 2, None).await.expect("a batch");
    assert_eq!((found, ahead.is_some()), (2, !is_postgres));
    let (found, ahead) = openings::open_due(state, 2, ahead).await.expect("a batch");
    assert_eq!((found, ahead.is_some()), (2, !is_postgres));
    looks(&journal);
    let (found, ahead) = openings::open_due(state, 2, ahead).await.expect("a batch");
    assert_eq!((found, ahead.is_some()), (1, false), "the last batch is not full");
    if !is_postgres {
        assert_eq!(looks(&journal), 0, "the last batch was read ahead");
    }
    assert_eq!(numbers(&pairs).await, [2; 5]);
    assert_eq!(openings::open_due(state, 2, None).await.expect("a batch").0, 0);
}

#[tokio::test]
async fn what_was_read_ahead_is_read_again_after_a_change_by_a_person_or_by_another_process() {
    for by_person in [true, false] {
        let (app, pairs, _) = five_due().await;
        let (found, ahead) = openings::open_due(&app.state, 4, None).await.expect("a batch");
        assert_eq!(found, 4);
        let mut left = Vec::new();
        for pair in &pairs {
            if pair.child.today(pair.id).await.question.expect("a question").number == 1 {
                left.push(pair);
            }
        }
        let [last] = left[..] else { panic!("one pair is left") };
        if by_person {
            let closed = last.child.post("leave_pair", &[("pair", &last.id.to_string()), ("confirmed", "yes")]).await;
            assert!(closed.status().is_success(), "{}", closed.status());
        } else {
            // As a command of the operator does.
            app.run_sql(&format!("UPDATE pairs SET next_due_at = NULL WHERE id = '{}'", last.id)).await;
        }
        assert_eq!(openings::open_due(&app.state, 4, ahead).await.expect("a batch").0, 0, "by person: {by_person}");
        let written = app.read_sql("SELECT CAST(COUNT(*) AS TEXT) FROM daily_questions WHERE number = 2").await;
        assert_eq!(written, ["4"], "by person: {by_person}");
    }
}

#[tokio::test]
async fn a_batch_that_fails_is_opened_pair_by_pair() {
    let (app, pairs, _) = five_due().await;
    let (_, ahead) = openings::open_due(&app.state, 2, None).await.expect("a batch");
    let before = numbers(&pairs).await;
    let broken = before.iter().position(|number| *number == 1).expect("a pair that is still due");
    let of_broken = format!("CASE WHEN pair_id = '{}' THEN 1 END", pairs[broken].id);
    app.run_sql(&format!("CREATE UNIQUE INDEX in_the_way ON daily_questions (({of_broken}))")).await;
    assert!(openings::open_due(&app.state, 4, ahead).await.is_err(), "together they fail");
    assert_eq!(openings::open_due_singly(&app.state, 4).await.expect("pairs"), 2);
    let mut wanted = vec![2; 5];
    wanted[broken] = 1;
    assert_eq!(numbers(&pairs).await, wanted, "the others are open");
}
