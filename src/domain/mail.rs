//! Mail: mailboxes are collections like others, messages are theirs alone.
//!
//! Invariant: rights, quota, the change log and the history are those of every collection; a message's
//! octets are stored once for all mailboxes that hold it, as they came. Standards: RFC 9051 §2.3
//! (UIDs, flags, dates, sizes), RFC 6154 (special use).

pub mod flag;
pub mod mailbox;
pub mod message;
pub mod change;
pub mod snapshot;
pub mod hub;
pub mod view;

pub use crate::store::message::Message;
