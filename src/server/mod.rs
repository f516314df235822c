//! The running server.

pub mod config;
pub mod log;
pub mod tls;
pub mod stall;
pub mod framing;
pub mod gate;
