//! Pure text <-> value: no store, no accounts, no clock, no async. Every parser is bounded in
//! size, depth, count and work, and never panics on any bytes.

#[cfg(test)]
pub mod testing;
pub mod civil;
pub mod spans;
pub mod instant;
pub mod csv;
pub mod uri;
pub mod url;
pub mod xml;
pub mod recur;
pub mod line;
pub mod property;
pub mod json;
pub mod text_match;
pub mod tz;
pub mod ical;
pub mod itip;
pub mod personal;
pub mod vcard;
pub mod split;
pub mod feed;
pub mod web_push;
pub mod mail;
