//! The connections to PostgreSQL.

mod transaction;

pub use transaction::{PgTx, answer_of};
