//! Scheduling between the calendars of this server (RFC 5546, RFC 6638): delivery of messages into
//! calendars and inboxes, and the history of what was decided. What a change means for others is
//! worked out where it is made (`collection::implicit`), by the rules of `format::itip`.

mod alike;
mod gone;
pub mod room;
pub mod deliver;
pub mod history;
pub mod outlet;
pub mod incoming;
