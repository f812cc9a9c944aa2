//! All code that calls the browser. Only effects and event handlers call this module, which returns values and never
//! calls `api`. The server half compiles this module too, but never calls it.

mod client;
pub mod clipboard;
pub mod drafts;
pub mod install;
pub mod letters;
pub mod live;
pub mod opening;
pub mod page;
pub mod panics;
pub mod presence;
pub mod push;
pub mod renewal;
pub mod seen;
pub mod service_worker;
pub mod share;
