//! What people see who may not see everything: that somebody is busy, and nothing of why.
//!
//! Invariant: of what is hidden only times, the rules of recurrence and whether it takes time are
//! left; the UID becomes one that says nothing, the same for all components of an object.
//! Standard: RFC 5545 §3.8.1.3 (CLASS).

use super::object::Kind;
use super::{Calendar, Component};
use crate::kernel::secret::{hex, sha256};
use std::borrow::Cow;

/// What is left of a hidden component.
const LEFT: [&str; 12] = [
    "DTSTAMP",
    "DTSTART",
    "DTEND",
    "DURATION",
    "RRULE",
    "RDATE",
    "EXDATE",
    "EXRULE",
    "RECURRENCE-ID",
    "TRANSP",
    "STATUS",
    "SEQUENCE",
];

/// A calendar object for people who may see what is public, or, if `all` is hidden, only when
/// somebody is busy. None: there is nothing for them. An object that has a private or confidential
/// component is hidden as a whole; of tasks, journals and times that are free nothing is left.
pub fn redacted(octets: &[u8], all: bool) -> Option<Cow<'_, [u8]>> {
    let calendar = Calendar::parse(octets).ok()?;
    let components = || calendar.root().children().filter(|c| !c.is("VTIMEZONE"));
    if !all && !components().any(is_private) {
        return Some(Cow::Borrowed(octets));
    }
    let mut out = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Davenport//EN\r\n".to_vec();
    for zone in calendar.root().children().filter(|c| c.is("VTIMEZONE")) {
        line(octets.get(zone.span())?, &mut out);
    }
    let mut any = false;
    for component in components() {
        if Kind::of(component.name()) == Some(Kind::Event) && takes_time(component) {
            hidden(octets, component, &mut out);
            any = true;
        }
    }
    out.extend_from_slice(b"END:VCALENDAR\r\n");
    any.then_some(Cow::Owned(out))
}

/// RFC 5545 §3.8.1.3: what is not known is treated as private.
fn is_private(component: Component<'_>) -> bool {
    component.property("CLASS").is_some_and(|class| {
        let class = class.value().trim();
        !class.is_empty() && !class.eq_ignore_ascii_case("PUBLIC")
    })
}

/// A component that takes no time is left out, unless leaving it out would bring back the
/// instance of its series that it stands for.
fn takes_time(component: Component<'_>) -> bool {
    let says = |name: &str, value: &str| {
        component.property(name).is_some_and(|l| l.value().trim().eq_ignore_ascii_case(value))
    };
    let free = says("TRANSP", "TRANSPARENT") || says("STATUS", "CANCELLED");
    !free || component.property("RECURRENCE-ID").is_some()
}

fn hidden(octets: &[u8], component: Component<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"BEGIN:VEVENT\r\n");
    for property in component.properties() {
        let is = |name: &str| name.eq_ignore_ascii_case(property.full_name());
        if LEFT.iter().any(|name| is(name)) {
            line(octets.get(property.start..property.end).unwrap_or_default(), out);
        }
    }
    let uid = component.property("UID").map_or("", |uid| uid.value().trim());
    let uid = hex(sha256(uid.as_bytes()).get(..16).unwrap_or_default());
    out.extend_from_slice(format!("UID:{uid}\r\nSUMMARY:Busy\r\nEND:VEVENT\r\n").as_bytes());
}

fn line(octets: &[u8], out: &mut Vec<u8>) {
    super::merge::append(octets, out);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(lines: &str) -> String {
        let lines = lines.replace('\n', "\r\n");
        format!(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:secret-name\r\n\
             DTSTART:20260101T100000Z\r\n{lines}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
        )
    }

    fn shown(lines: &str, all: bool) -> Option<String> {
        redacted(object(lines).as_bytes(), all).map(|t| String::from_utf8(t.into_owned()).unwrap())
    }

    #[test]
    fn what_is_public_is_shown_as_it_is() {
        for lines in ["SUMMARY:s", "CLASS:PUBLIC\nSUMMARY:s", "CLASS:\nSUMMARY:s"] {
            assert_eq!(shown(lines, false), Some(object(lines)));
        }
    }

    #[test]
    fn of_what_is_not_only_the_time_is_left() {
        for lines in ["CLASS:PRIVATE", "class:confidential", "CLASS:X-ANYTHING"] {
            let more = "SUMMARY:s\nLOCATION:l\nX-A:a\nRRULE:FREQ=DAILY\nATTENDEE:mailto:a@b\nBEGIN:VALARM\n\
                        DESCRIPTION:d\nEND:VALARM";
            let text = shown(&format!("{lines}\n{more}"), false).unwrap();
            assert!(text.contains("RRULE:FREQ=DAILY\r\n") && text.contains("SUMMARY:Busy\r\n"));
            for secret in ["SUMMARY:s", "LOCATION", "X-A", "mailto", "VALARM", "secret-name"] {
                assert!(!text.contains(secret), "{secret}: {text}");
            }
            assert_eq!(shown(more, true).as_deref(), Some(text.as_str()));
        }
    }

    #[test]
    fn what_takes_no_time_is_left_out_but_for_overrides() {
        for lines in ["TRANSP:TRANSPARENT", "STATUS:CANCELLED"] {
            assert_eq!(shown(lines, true), None);
            let override_ = format!("RECURRENCE-ID:20260101T100000Z\n{lines}");
            assert!(shown(&override_, true).unwrap().contains(lines));
        }
        assert_eq!(redacted(object("X:y").replace("VEVENT", "VTODO").as_bytes(), true), None);
    }
}
