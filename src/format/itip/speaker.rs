//! Who speaks in a message: the organizer of an invitation, the attendee of an answer.
//!
//! Invariant: of many components all count, so nobody hides another's words behind his own. Standard:
//! RFC 5546 §1.4, §3.2; RFC 6047 §2.2.

use super::Method;
use crate::format::ical::Calendar;

/// The method of a message; none: it is no message.
pub fn method_of(message: &[u8]) -> Option<Method> {
    let calendar = Calendar::parse(message).ok()?;
    let line = calendar.root().property("METHOD")?;
    Method::of(line.value().trim())
}

/// The addresses in whose name a message speaks, each once; empty: it cannot be read, or a component
/// names nobody.
pub fn speakers(message: &[u8], method: Method) -> Vec<String> {
    let name = match method {
        Method::Reply | Method::Counter | Method::Refresh => "ATTENDEE",
        _ => "ORGANIZER",
    };
    let Ok(calendar) = Calendar::parse(message) else { return Vec::new() };
    let mut found: Vec<String> = Vec::new();
    let timed = |name: &str| !name.eq_ignore_ascii_case("VTIMEZONE");
    for component in calendar.root().children().filter(|it| timed(it.name())) {
        let mut named = component.all(name).map(|it| it.value().trim().to_owned()).peekable();
        if named.peek().is_none() {
            return Vec::new();
        }
        for address in named {
            if !found.contains(&address) {
                found.push(address);
            }
        }
    }
    found
}
