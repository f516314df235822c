//! POP3 over the mailbox INBOX.
//!
//! Invariants: a mailbox has one session at a time; what a session sees does not change while it
//! lasts; messages go only when it ends with `QUIT` (RFC 1939 §6). Standards: RFC 1939, RFC 2449
//! (`CAPA`), RFC 2595 (`STLS`), RFC 3206 (`AUTH-RESP-CODE`), RFC 5034 (`AUTH`), RFC 6856 (`UTF8`),
//! RFC 8314 §4.1 (no password without TLS).

pub mod maildrop;
pub mod service;
pub mod session;
pub mod stuffing;

pub use service::Service;
pub use session::serve;
