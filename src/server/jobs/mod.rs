//! Loops woken by the clock: no input, idempotent, safe to run on several nodes.

pub mod future_rows;
pub mod housekeeping;
mod message;
pub mod outbox;
pub mod scheduler;
pub mod sweep_guard;
pub mod zones;
