//! The reads of pages: plain functions that only the server has. A read that a browser requests by itself
//! (`api::today`, …) is a server function instead. Each read has four steps: find the person, parse, call one service,
//! build the view.

mod account;
mod archive;
mod devices;
mod hand_overs;
mod identities;
mod invitations;
mod keepsakes;
mod notifications;
mod pairs;
mod passkeys;
mod proof_requests;
mod seat_returns;

pub use account::*;
pub use archive::*;
pub use devices::*;
pub use hand_overs::*;
pub use identities::*;
pub use invitations::*;
pub use keepsakes::*;
pub use notifications::*;
pub use pairs::*;
pub use passkeys::*;
pub use proof_requests::*;
pub use seat_returns::*;

/// A code with its link, as the page shows it to the browser that made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeView {
    pub code: String,
    pub link: String,
    /// The path data of the QR picture, one unit for each module.
    pub qr_path: String,
    /// The width of the QR picture in modules, including the quiet zone.
    pub qr_size: usize,
}

impl CodeView {
    fn new(code: String, link: String) -> Self {
        let picture = crate::server::qr::draw(&link);
        Self { code, link, qr_path: picture.path, qr_size: picture.size }
    }
}
