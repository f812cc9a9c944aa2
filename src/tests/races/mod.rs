//! Use cases at the same time on both databases: none may deadlock, and of two that want the same row each gets an
//! answer of its own.

mod all_at_once;
mod deadlocks;
mod devices_at_once;
mod twice_at_once;
mod world;
