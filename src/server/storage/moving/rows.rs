//! Rows of any table, and the sum that tells whether two tables hold the same rows.

use ring::digest::{SHA256, digest};

use crate::server::storage::StorageError;

pub fn failed(sentence: impl Into<String>) -> StorageError {
    StorageError::Move(sentence.into())
}

/// A value as both databases store it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(untagged)]
pub enum Cell {
    Text(Option<String>),
    Number(Option<i64>),
}

pub type Row = Vec<Cell>;

/// The number of rows of a table, and the sum of their hashes, which does not depend on their order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sum {
    pub rows: u64,
    hashes: u128,
}

impl Sum {
    pub fn add(&mut self, row: &[Cell]) {
        let mut bytes = Vec::new();
        for cell in row {
            match cell {
                Cell::Text(None) | Cell::Number(None) => bytes.push(0),
                Cell::Text(Some(text)) => {
                    bytes.push(1);
                    bytes.extend_from_slice(&(text.len() as u64).to_be_bytes());
                    bytes.extend_from_slice(text.as_bytes());
                }
                Cell::Number(Some(number)) => {
                    bytes.push(2);
                    bytes.extend_from_slice(&number.to_be_bytes());
                }
            }
        }
        let hash = digest(&SHA256, &bytes);
        let hash = hash.as_ref().iter().take(16).fold(0, |hash, byte| hash << 8 | u128::from(*byte));
        self.rows += 1;
        self.hashes = self.hashes.wrapping_add(hash);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(rows: &[Row]) -> Sum {
        let mut sum = Sum::default();
        rows.iter().for_each(|row| sum.add(row));
        sum
    }

    #[test]
    fn the_order_of_rows_makes_no_difference_and_everything_else_does() {
        let text = |text: &str| Cell::Text(Some(text.to_owned()));
        let (one, two) = (vec![text("a"), Cell::Number(Some(1))], vec![text("b"), Cell::Number(None)]);
        let both = sum(&[one.clone(), two.clone()]);
        assert_eq!(both, sum(&[two.clone(), one.clone()]));
        for other in [
            vec![one.clone()],
            vec![one.clone(), one.clone()],
            vec![one.clone(), two.clone(), two.clone()],
            vec![one.clone(), vec![text("b"), Cell::Number(Some(0))]],
            vec![one, vec![text(""), Cell::Number(None)]],
            vec![vec![text("a1")], two],
        ] {
            assert_ne!(both, sum(&other), "{other:?}");
        }
        assert_ne!(sum(&[vec![text("1")]]), sum(&[vec![Cell::Number(Some(1))]]));
        assert_ne!(sum(&[vec![text("ab"), text("c")]]), sum(&[vec![text("a"), text("bc")]]));
    }
}
