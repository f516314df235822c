//! HTTP dates (`kernel/clock`).
//!
//! Promises: a date that was read and is written again reads back the same; RFC 3339's form names
//! the same second.

use davenport::kernel::clock::Timestamp;

pub const SEEDS: &[&[u8]] = &[
    b"Sun, 06 Nov 1994 08:49:37 GMT",
    b"Sunday, 06-Nov-94 08:49:37 GMT",
    b"Sun Nov  6 08:49:37 1994",
    b"Fri, 31 Dec 9999 23:59:60 GMT",
];

pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Some(at) = Timestamp::parse_http_date(text) else { return };
    let written = at.http_date();
    // A leap second at the very end is in year 10000, which the form has no room for.
    if at.seconds() < 253_402_300_800 {
        assert_eq!(written.len(), 29, "{written}");
        assert_eq!(Timestamp::parse_http_date(&written), Some(at), "{written}");
        assert!(written.get(12..16) == at.rfc3339().get(..4), "{written}");
    }
}
