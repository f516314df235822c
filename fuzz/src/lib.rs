//! What each fuzz target does with its input. libFuzzer calls these functions through
//! `fuzz_targets/`; `tests/all/fuzz.rs` includes this file and calls them with the seeds and with
//! seeds changed at random, so that no target can rot.
//!
//! Invariant: `run` panics only when the server's code breaks a promise; the promises stand in
//! the file of the target.

pub mod conditional;
pub mod config;
pub mod csv;
pub mod date;
pub mod expand;
pub mod feed;
pub mod framing;
pub mod headers;
pub mod ical;
pub mod if_header;
pub mod imap;
pub mod itip;
pub mod jcal;
pub mod jcard;
pub mod line;
pub mod mail;
pub mod range;
pub mod recur;
pub mod token;
pub mod tz;
pub mod uri;
pub mod split;
pub mod vcard;
pub mod xcal;
pub mod xml;

use std::fmt::Display;

/// One parser under test.
pub struct Target {
    /// Its name, also that of its file.
    pub name: &'static str,
    /// Reads the input and checks what must hold.
    pub run: fn(&[u8]),
    /// Inputs to begin with, among them those that once broke something.
    pub seeds: &'static [&'static [u8]],
    /// A folder below `../shared/data` with more of them; empty for none.
    pub folder: &'static str,
}

const fn target(
    name: &'static str,
    run: fn(&[u8]),
    seeds: &'static [&'static [u8]],
    folder: &'static str,
) -> Target {
    Target { name, run, seeds, folder }
}

/// Every target.
pub static TARGETS: [Target; 25] = [
    target("conditional", conditional::run, conditional::SEEDS, ""),
    target("config", config::run, config::SEEDS, ""),
    target("csv", csv::run, csv::SEEDS, ""),
    target("date", date::run, date::SEEDS, ""),
    target("expand", expand::run, expand::SEEDS, "ics"),
    target("feed", feed::run, feed::SEEDS, "ics"),
    target("framing", framing::run, framing::SEEDS, ""),
    target("headers", headers::run, headers::SEEDS, ""),
    target("ical", ical::run, ical::SEEDS, "ics"),
    target("if_header", if_header::run, if_header::SEEDS, ""),
    target("imap", imap::run, imap::SEEDS, ""),
    target("itip", itip::run, itip::SEEDS, "ics"),
    target("jcal", jcal::run, jcal::SEEDS, "ics"),
    target("jcard", jcard::run, jcard::SEEDS, "vcf"),
    target("line", line::run, line::SEEDS, "vcf"),
    target("mail", mail::run, mail::SEEDS, "eml"),
    target("range", range::run, range::SEEDS, ""),
    target("recur", recur::run, recur::SEEDS, ""),
    target("token", token::run, token::SEEDS, ""),
    target("tz", tz::run, tz::SEEDS, "ics"),
    target("uri", uri::run, uri::SEEDS, ""),
    target("split", split::run, split::SEEDS, "ics"),
    target("vcard", vcard::run, vcard::SEEDS, "vcf"),
    target("xcal", xcal::run, xcal::SEEDS, "ics"),
    target("xml", xml::run, xml::SEEDS, ""),
];

/// What a client is told about its bad input is bounded, however long that input is.
fn assert_short(error: &impl Display) {
    let length = error.to_string().chars().count();
    assert!(length <= 300, "{length} characters of error: {error:.300}");
}

/// A header of one field; `None` when no HTTP parser lets the octets through.
fn header(name: &'static str, value: &[u8]) -> Option<http::HeaderMap> {
    fields(name, &[value])
}

/// A header with several fields of one name.
fn fields(name: &'static str, values: &[&[u8]]) -> Option<http::HeaderMap> {
    let mut map = http::HeaderMap::new();
    for value in values {
        map.append(name, http::HeaderValue::from_bytes(value).ok()?);
    }
    Some(map)
}
