//! Reloads of a page that only the server renders (`client/renewal.ts`).

use super::client;

/// Starts to watch for what a reload would interrupt: typing, and navigation to another page.
pub fn start() {
    client::start_renewal();
}

/// Loads the page again as soon as that interrupts nothing.
pub fn ask_again() {
    client::ask_again();
}
