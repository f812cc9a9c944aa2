//! The zones stored with pairs and persons, with the offset that each had when it was last looked up.

use super::{StorageError, Tx, macros};
use crate::domain::ZoneName;

/// Which table a zone is stored in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    Pair,
    Person,
}

impl Holder {
    pub fn word(self) -> &'static str {
        match self {
            Self::Pair => "pair",
            Self::Person => "person",
        }
    }
}

/// Every stored name, once for pairs and once for persons, and whether any row of it has another offset than
/// `offset_of` returns.
pub async fn find_all(
    tx: &mut Tx,
    offset_of: impl Fn(&ZoneName) -> Option<i32>,
) -> Result<Vec<(Holder, ZoneName, bool)>, StorageError> {
    let rows = macros::fetch_all!(
        tx,
        "zones" as (ZoneName, String, i64, i64, i64),
        "SELECT zone, 'pair', COUNT(*) - COUNT(zone_offset_s), COALESCE(MIN(zone_offset_s), 0),
         COALESCE(MAX(zone_offset_s), 0)
         FROM pairs GROUP BY zone
         UNION ALL
         SELECT zone, 'person', COUNT(*) - COUNT(zone_offset_s), COALESCE(MIN(zone_offset_s), 0),
                COALESCE(MAX(zone_offset_s), 0)
         FROM persons GROUP BY zone",
    )?;
    let found = rows.into_iter().map(|(name, holder, without, least, most)| {
        let holder = if holder == "pair" { Holder::Pair } else { Holder::Person };
        let has_other = offset_of(&name)
            .is_some_and(|offset| without > 0 || least != i64::from(offset) || most != i64::from(offset));
        (holder, name, has_other)
    });
    Ok(found.collect())
}

/// Some ids of rows with a zone, for the log.
pub async fn find_holders(
    tx: &mut Tx,
    holder: Holder,
    name: &ZoneName,
    limit: i64,
) -> Result<Vec<String>, StorageError> {
    let sql = match holder {
        Holder::Pair => "SELECT id FROM pairs WHERE zone = $1 ORDER BY id LIMIT $2",
        Holder::Person => "SELECT id FROM persons WHERE zone = $1 ORDER BY id LIMIT $2",
    };
    let rows: Vec<(String,)> = macros::fetch_all!(tx, (String,), sql, name, limit)?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Writes the offset to every row of a name. It locks rows in the order of their ids, and nothing else may be locked
/// before or after in the transaction (`locks`).
pub async fn update_offset(tx: &mut Tx, holder: Holder, name: &ZoneName, offset_s: i32) -> Result<u64, StorageError> {
    let sql = match (holder, tx.is_postgres()) {
        (Holder::Pair, true) => {
            "UPDATE pairs SET zone_offset_s = $2 WHERE id IN (SELECT id FROM pairs WHERE zone = $1
             AND (zone_offset_s IS NULL OR zone_offset_s <> $2) ORDER BY id FOR NO KEY UPDATE)"
        }
        (Holder::Person, true) => {
            "UPDATE persons SET zone_offset_s = $2 WHERE id IN (SELECT id FROM persons WHERE zone = $1
             AND (zone_offset_s IS NULL OR zone_offset_s <> $2) ORDER BY id FOR NO KEY UPDATE)"
        }
        (Holder::Pair, false) => {
            "UPDATE pairs SET zone_offset_s = $2 WHERE zone = $1 AND (zone_offset_s IS NULL OR zone_offset_s <> $2)"
        }
        (Holder::Person, false) => {
            "UPDATE persons SET zone_offset_s = $2 WHERE zone = $1 AND (zone_offset_s IS NULL OR zone_offset_s <> $2)"
        }
    };
    macros::execute!(tx, sql, name, i64::from(offset_s))
}
