//! Loops woken by the clock: no input, idempotent, safe to run on several nodes.

pub mod housekeeping;
pub mod outbox;
pub mod scheduler;
