//! IMAP: mailboxes and messages for programs that keep them on the server.
//!
//! Invariants: a session's numbers change only when it has been told (`domain::mail::view`); a tagged
//! answer comes after everything that the command has to say; what is advertised is served. Standards:
//! RFC 9051 (IMAP4rev2) and RFC 3501 (IMAP4rev1) at once, and the extensions in `capability.rs`.

pub mod input;
pub mod sequence;
pub mod attribute;
pub mod criterion;
pub mod command;
pub mod name;
pub mod reader;
pub mod service;
pub mod answer;
pub mod capability;
pub mod session;
pub mod append;
pub mod fetch;
pub mod idle;
pub mod mailboxes;
pub mod search;
pub mod selected;
pub mod sign_in;

pub use service::Service;
pub use session::serve;
