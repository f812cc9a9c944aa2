//! The contract between browser and server: server functions and the views that they return. Every function has five
//! steps: find the person, parse into domain types, call one service, build the view, return. URLs are stable, and
//! contracts change by addition. A function body imports what only it needs, so that this module compiles for browser
//! and server.

mod account;
pub mod convert;
mod deletion;
mod devices;
#[macro_use]
mod error;
mod hand_overs;
mod identities;
mod in_app_browser;
mod invitations;
mod json_text;
mod notifications;
mod outside;
mod pairs;
mod passkeys;
mod presence;
mod proof_requests;
mod refused;
mod seat_returns;
mod today;
mod views;

pub use account::*;
pub use deletion::*;
pub use devices::*;
pub use error::ApiError;
pub use hand_overs::*;
pub use identities::*;
pub use in_app_browser::*;
pub use invitations::*;
pub use notifications::*;
pub use pairs::*;
pub use passkeys::*;
pub use presence::*;
pub use proof_requests::*;
pub use refused::Refused;
pub use seat_returns::*;
pub use today::*;
pub use views::*;
