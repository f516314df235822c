//! Adapters between the wire and the domain, one folder per protocol.

pub mod http;
