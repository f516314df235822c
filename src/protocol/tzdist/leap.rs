//! Leap seconds (RFC 7808 §5.6, §6.4).
//!
//! Invariant: the table is that of the release named in it. It says until when it is known to be
//! whole; the next release of IANA's database brings a later day.

use super::{Given, JSON, zones::tag};
use serde_json::{Value, json};

/// The release that the table is from, and the first day for which it says nothing.
const VERSION: &str = "2026f";
const EXPIRES: &str = "2027-06-28";

/// The first days with each offset from TAI, which begins with ten seconds.
static ONSETS: [&str; 28] = [
    "1972-01-01",
    "1972-07-01",
    "1973-01-01",
    "1974-01-01",
    "1975-01-01",
    "1976-01-01",
    "1977-01-01",
    "1978-01-01",
    "1979-01-01",
    "1980-01-01",
    "1981-07-01",
    "1982-07-01",
    "1983-07-01",
    "1985-07-01",
    "1988-01-01",
    "1990-01-01",
    "1991-01-01",
    "1992-07-01",
    "1993-07-01",
    "1994-07-01",
    "1996-01-01",
    "1997-07-01",
    "1999-01-01",
    "2006-01-01",
    "2009-01-01",
    "2012-07-01",
    "2015-07-01",
    "2017-01-01",
];

/// The answer.
pub fn give() -> Given {
    let onsets = (10..).zip(ONSETS);
    let all = onsets.map(|(offset, onset)| json!({ "utc-offset": offset, "onset": onset }));
    let value = json!({
        "expires": EXPIRES,
        "publisher": "IANA",
        "version": VERSION,
        "leapseconds": all.collect::<Vec<Value>>(),
    });
    let body = value.to_string().into_bytes();
    Given { media_type: JSON, tag: tag(&body), body }
}
