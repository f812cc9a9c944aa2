//! The contract between the halves: server functions and the views they return. Every function has five steps:
//! who · parse into domain types · one service · view · return. URLs are stable, contracts change by addition.
//! What only a body needs is imported inside it, so that this room compiles in both halves.

mod account;
pub mod convert;
mod devices;
#[macro_use]
mod error;
mod hand_overs;
mod in_app_browser;
mod invitations;
mod json_text;
mod notifications;
mod pairs;
mod presence;
mod today;
mod views;

pub use account::*;
pub use devices::*;
pub use error::{ApiError, Refused};
pub use hand_overs::*;
pub use in_app_browser::*;
pub use invitations::*;
pub use notifications::*;
pub use pairs::*;
pub use presence::*;
pub use today::*;
pub use views::*;
