//! Mail messages: header fields, the structure of MIME, what they say decoded.
//!
//! Invariant: every octet sequence is a message. What cannot be read is taken for plain text, and
//! ranges point into the octets as they were given, which nothing here changes. Standards: RFC 5322,
//! RFC 2045 to 2047, RFC 2183, RFC 2231, RFC 6532.

pub mod address;
pub mod charset;
pub mod content;
pub mod date;
pub mod header;
pub mod lexer;
pub mod envelope;
pub mod lines;
pub mod mbox;
pub mod section;
pub mod structure;
pub mod surrogate;
pub mod transfer;
pub mod wire;
pub mod word;

pub use content::Content;
pub use header::{Field, Fields};
pub use structure::{Part, Structure};

#[cfg(test)]
mod tests;
