//! What every HTTP protocol of the house shares: bodies, headers as values, who asks.

pub mod body;
pub mod query;
pub mod header;
pub mod intake;
pub mod network;
pub mod outbound;
pub mod peer;
pub mod handler;

/// The path of the time zone service (RFC 7808), which CalDAV tells its clients.
pub const TIME_ZONE_SERVICE: &str = "/tzdist";
