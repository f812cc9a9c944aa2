//! Everything that touches the browser: called from effects and event handlers only, hands values back, never calls
//! `api`. It compiles in the server half too, where nothing of it is ever called.

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
