//! What every HTTP protocol of the house shares: bodies, reading of requests, who asks.

pub mod body;
pub mod intake;
pub mod network;
pub mod peer;
pub mod handler;
