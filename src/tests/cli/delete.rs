//! Tests of `umbba person delete` and `umbba pair delete`: what they count, and what they refuse.

use std::{fs, process::Output};

use super::{Data, folder, refused, umbba, wait_for};

/// A database with five seeded pairs, and the ids of two of its persons and of all its pairs.
fn seeded(name: &str) -> (Data, Vec<String>, Vec<String>) {
    let data = folder(name);
    let sessions = data.join("sessions.txt");
    let file = sessions.display().to_string();
    assert!(umbba(&data, "development", &["seed", "--pairs", "5", "--sessions", &file]).status.success());
    let text = fs::read_to_string(sessions).expect("the sessions");
    let column = |at: usize| {
        let mut ids: Vec<String> =
            text.lines().map(|line| line.split(' ').nth(at).expect("a column").to_owned()).collect();
        ids.dedup();
        ids
    };
    (data, column(0), column(1))
}

fn run(data: &Data, first: [&str; 2], ids: &[String], more: &[&str]) -> Output {
    let arguments: Vec<&str> =
        first.into_iter().chain(ids.iter().map(String::as_str)).chain(more.iter().copied()).collect();
    umbba(data, "development", &arguments)
}

fn said(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn count(data: &Data, rows: &str) -> String {
    wait_for(data.database.read_sql(&format!("SELECT CAST(COUNT(*) AS TEXT) FROM {rows}"))).concat()
}

#[test]
fn a_person_is_counted_first_and_deleted_after_seven_days() {
    let (data, persons, _) = seeded("delete-person");
    let counted = said(&run(&data, ["person", "delete"], &persons[..1], &["--dry-run"]));
    assert!(counted.contains(&persons[0]) && counted.contains("would delete"), "{counted}");
    assert_eq!(count(&data, "deletions"), "0");

    said(&run(&data, ["person", "delete"], &persons[..1], &["--words", "leave"]));

    assert_eq!(count(&data, "deletions WHERE due_at - asked_at = 604800000"), "1");
    assert_eq!(count(&data, "deletion_pairs WHERE words = 'leave'"), "1");
    assert_eq!(count(&data, "sessions"), "9", "the person is signed out");
    assert_eq!(count(&data, "persons WHERE deleted_at IS NOT NULL"), "0", "it can be taken back");
    said(&run(&data, ["person", "delete"], &persons[..1], &["--now"]));
    assert_eq!(count(&data, "deletions WHERE due_at - asked_at < 604800000"), "1");
}

#[test]
fn more_than_three_are_refused_unless_their_number_is_said() {
    let (data, persons, pairs) = seeded("delete-many");
    for (first, ids) in [(["person", "delete"], &persons), (["pair", "delete"], &pairs)] {
        let sentence = refused(&run(&data, first, &ids[..4], &[]));
        assert!(sentence.contains("--yes-really 4"), "{sentence}");
        let sentence = refused(&run(&data, first, &ids[..4], &["--yes-really", "5"]));
        assert!(sentence.contains("4 ids"), "{sentence}");
        let counted = said(&run(&data, first, &ids[..4], &["--dry-run"]));
        assert_eq!(counted.lines().count(), 4, "{counted}");
    }
    assert_eq!(count(&data, "deletions"), "0");
    assert_eq!(count(&data, "pairs WHERE closed_at IS NOT NULL"), "0");
    said(&run(&data, ["pair", "delete"], &pairs[..4], &["--yes-really", "4"]));
    assert_eq!(count(&data, "pairs WHERE closed_at IS NOT NULL"), "4");
}

#[test]
fn a_mistyped_id_deletes_nothing() {
    let (data, persons, pairs) = seeded("delete-nobody");
    let nobody = "01975000-0000-7000-8000-000000000000".to_owned();
    for (first, id) in [(["person", "delete"], &persons[0]), (["pair", "delete"], &pairs[0])] {
        let sentence = refused(&run(&data, first, &[id.clone(), nobody.clone()], &[]));
        assert!(sentence.contains(&nobody), "{sentence}");
    }
    assert_eq!(count(&data, "deletions"), "0");
    assert_eq!(count(&data, "pairs WHERE closed_at IS NOT NULL"), "0");
}

#[test]
fn the_words_of_a_pair_are_gone_from_the_file() {
    let (data, _, pairs) = seeded("delete-pair");
    let of_pair = format!("daily_question_id IN (SELECT id FROM daily_questions WHERE pair_id = '{}')", pairs[0]);
    assert_ne!(count(&data, &format!("answers WHERE body <> '' AND {of_pair}")), "0");

    said(&run(&data, ["pair", "delete"], &pairs[..1], &[]));

    assert_eq!(count(&data, &format!("answers WHERE body <> '' AND {of_pair}")), "0");
    assert_ne!(count(&data, "answers WHERE body <> ''"), "0", "other pairs keep theirs");
    assert_eq!(count(&data, "persons WHERE deleted_at IS NOT NULL"), "0", "both keep their accounts");
}
