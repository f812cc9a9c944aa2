//! When a page that only the server renders is loaded again (`client/renewal.ts`).

use super::client;

/// Starts to watch for what a reload would interrupt: typing, and the way to another page.
pub fn start() {
    client::start_renewal();
}

/// Loads the page again as soon as that interrupts nothing.
pub fn ask_again() {
    client::ask_again();
}
