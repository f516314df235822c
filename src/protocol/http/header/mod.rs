//! Request headers, from text to small values; one file per header (RFC 9110, RFC 4918 §10,
//! RFC 7240, RFC 7617).
//!
//! Invariant: every function is pure and takes any octets. A header whose wrong reading could
//! harm answers a fault that names it and says what was expected; one that is only a wish is
//! ignored when it cannot be read.

mod syntax;

pub mod conditional;
pub mod if_header;
pub mod depth;
pub mod destination;
pub mod overwrite;
pub mod timeout;
pub mod lock_token;
pub mod prefer;
pub mod range;
pub mod content_type;
pub mod content_disposition;
pub mod content_language;
pub mod accept;
pub mod basic;
pub mod caldav_timezones;
pub mod user_agent;
pub mod push_dont_notify;
