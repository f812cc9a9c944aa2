//! The application without pages and HTTP.
//!
//! Arrows inside it: `notifier ◄ storage ◄ services ◄ jobs`, `storage ◄ live`. Only `storage` has SQL, only `config`
//! reads the environment, only `clock` asks the time, only `lifecycle` spawns.

pub mod budget;
pub mod calendar;
pub mod catalogue;
pub mod clock;
pub mod config;
pub mod counters;
pub mod jobs;
pub mod keepsake;
pub mod key_file;
pub mod lifecycle;
pub mod live;
pub mod notifier;
pub mod oidc;
pub mod push;
pub mod qr;
pub mod random;
pub mod secrets;
pub mod security;
pub mod services;
pub mod state;
pub mod storage;
pub mod telemetry;
pub mod trusted_proxies;
pub mod turns;
pub mod webauthn;
