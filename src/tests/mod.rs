//! Integration tests: the app as its users meet it, through HTTP, on a database and a clock of its own.

mod answers;
mod app;
mod architecture;
mod bad_input;
mod clocks;
mod days;
mod doors;
mod first_system;
mod hand_over;
mod invitations;
mod kept;
mod limits;
mod live;
mod presence;
mod push;
mod push_interop;
mod push_service;
mod reveal;
mod sessions;
mod storage;
mod taken;
mod transports;
mod twice;
