//! The stored catalogue, and which of its questions each pair was offered.

use std::collections::{BTreeSet, HashMap};

use super::{StorageError, Tx, failures, macros, pairs::id_rows, rows};
use crate::domain::{PairId, Question, QuestionKey};

/// Writes the catalogue by key, one node after the other. Entries that are no longer in it are marked as retired and
/// never deleted, because old cards name them.
pub async fn upsert(tx: &mut Tx, questions: &[Question]) -> Result<(), StorageError> {
    failures::hold(tx, "catalogue").await?;
    macros::execute!(tx, "UPDATE questions SET is_retired = 1")?;
    for question in questions {
        macros::execute!(
            tx,
            "INSERT INTO questions (question_key, section, wordings, tags, is_retired) VALUES ($1, $2, $3, $4, 0)
             ON CONFLICT (question_key) DO UPDATE SET section = excluded.section, wordings = excluded.wordings,
                   tags = excluded.tags, is_retired = 0",
            &question.key,
            question.section,
            &question.wordings,
            question.tags.join(" "),
        )?;
    }
    Ok(())
}

/// Counts the entries in use and the retired ones.
pub async fn count(tx: &mut Tx) -> Result<(i64, i64), StorageError> {
    macros::fetch_one!(
        tx,
        (i64, i64),
        "SELECT CAST(COALESCE(SUM(1 - is_retired), 0) AS BIGINT), CAST(COALESCE(SUM(is_retired), 0) AS BIGINT)
         FROM questions",
    )
}

/// The questions that this pair was offered.
pub async fn asked(tx: &mut Tx, pair: PairId) -> Result<BTreeSet<QuestionKey>, StorageError> {
    let rows = macros::fetch_all!(tx, (QuestionKey,), "SELECT question_key FROM asked WHERE pair_id = $1", pair)?;
    Ok(rows.into_iter().map(|(key,)| key).collect())
}

/// Separates keys; no key contains it.
const BETWEEN_KEYS: &str = "\n";

/// As `asked`, for many pairs.
pub async fn find_asked(tx: &mut Tx, pairs: &[PairId]) -> Result<HashMap<PairId, BTreeSet<QuestionKey>>, StorageError> {
    // One row for each pair: fetching years of keys of hundreds of pairs row by row is slow.
    let found = macros::fetch_each!(
        tx,
        "asked" as (PairId, String),
        "SELECT a.pair_id, string_agg(a.question_key, $2) FROM asked a WHERE a.pair_id IN (SELECT t.value->>'id' FROM",
        ") GROUP BY a.pair_id",
        id_rows(pairs),
        BETWEEN_KEYS,
    )?;
    let mut asked: HashMap<PairId, BTreeSet<QuestionKey>> = HashMap::new();
    for (pair, keys) in found {
        asked.insert(pair, keys.split(BETWEEN_KEYS).map(|key| QuestionKey(key.to_owned())).collect());
    }
    Ok(asked)
}

/// As `set_asked`, for many.
pub async fn set_asked_all(tx: &mut Tx, offered: &[(PairId, QuestionKey)]) -> Result<(), StorageError> {
    #[derive(serde::Serialize)]
    struct Offered<'a> {
        id: PairId,
        key: &'a str,
    }
    macros::execute_each!(
        tx,
        "INSERT INTO asked (pair_id, question_key) SELECT t.value->>'id', t.value->>'key' FROM",
        "WHERE 1 = 1 ON CONFLICT (pair_id, question_key) DO NOTHING",
        rows(offered.iter().map(|(pair, key)| Offered { id: *pair, key: &key.0 })),
    )?;
    Ok(())
}

pub async fn set_asked(tx: &mut Tx, pair: PairId, key: &QuestionKey) -> Result<(), StorageError> {
    macros::execute!(
        tx,
        "INSERT INTO asked (pair_id, question_key) VALUES ($1, $2) ON CONFLICT (pair_id, question_key) DO NOTHING",
        pair,
        key,
    )?;
    Ok(())
}
