//! FCM and APNs: a Google and an Apple of our own over HTTP/2, and the senders against them.

mod apns_sends;
pub mod fake_apple;
pub mod fake_google;
mod fcm_sends;
pub mod h2_server;
