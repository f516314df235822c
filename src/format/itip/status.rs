//! What became of messages, told on the lines of those who were sent them.
//!
//! Standard: RFC 6638 §3.2.9, §7.3.

use super::edit::{Edits, folded, is_crlf, is_in};
use super::person::{Person, address};
use super::sheet::utf8;
use crate::format::ical::Calendar;
use std::collections::HashMap;

/// The same text with these SCHEDULE-STATUS on the ATTENDEEs, or, in an attendee's copy, on
/// ORGANIZER (RFC 6638 §7.3): pairs of a calendar user address and the code.
pub fn with_status(text: &[u8], statuses: &[(String, String)]) -> Vec<u8> {
    changed(text, statuses, |_, _| true)
}

/// The same of one message, told later: that it left or arrived says nothing new where its answer, or
/// what else came of it, is known by now.
pub fn with_late_status(text: &[u8], who: &str, code: &str) -> Vec<u8> {
    let on_its_way = |code: &str| code.starts_with("1.");
    changed(text, &[(who.to_owned(), code.to_owned())], |said, code| {
        !on_its_way(code) || said.is_none_or(on_its_way)
    })
}

fn changed(
    text: &[u8],
    statuses: &[(String, String)],
    counts: impl Fn(Option<&str>, &str) -> bool,
) -> Vec<u8> {
    let Some(read) = utf8(text) else { return text.to_vec() };
    let Ok(calendar) = Calendar::parse(read.as_bytes()) else { return text.to_vec() };
    let codes: HashMap<String, &str> =
        statuses.iter().map(|(who, code)| (address(who), &**code)).collect();
    let mut edits = Edits::default();
    let lines =
        calendar.lines().iter().filter(|l| is_in(l.full_name(), &["ATTENDEE", "ORGANIZER"]));
    for line in lines {
        let person = Person::new(line, &|_| false);
        let Some(code) = codes.get(&person.who) else { continue };
        let said = line.param("SCHEDULE-STATUS").map(|said| said.value());
        if said.as_deref() == Some(*code) || !counts(said.as_deref(), code) {
            continue;
        }
        let new = person.with(&[("SCHEDULE-STATUS", Some(code))]);
        edits.put(line.start..line.end, folded(&new, is_crlf(&read)));
    }
    edits.apply(&read).into_bytes()
}
