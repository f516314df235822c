//! What people see who may not see everything: that somebody is busy, and nothing of why.
//!
//! Invariant: of what is hidden only times, the rules of recurrence and whether it takes time are
//! left; the UID becomes one that says nothing, the same for all components of an object.
//! Standard: RFC 5545 §3.8.1.3 (CLASS).

use super::object::Kind;
use super::{Calendar, Component};
use crate::format::line::{Line, append_folded};
use crate::kernel::secret::{hex, sha256};
use memchr::memmem;
use std::borrow::Cow;

/// Times, what is left of a hidden component, each with only those parameters that say when.
const TIMES: [&str; 8] =
    ["DTSTAMP", "DTSTART", "DTEND", "DURATION", "RDATE", "EXDATE", "RECURRENCE-ID", "SEQUENCE"];
/// Rules, which are left without parameters.
const RULES: [&str; 2] = ["RRULE", "EXRULE"];
/// Words, left where they are these.
const WORDS: [(&str, &[&str]); 2] =
    [("TRANSP", &["OPAQUE", "TRANSPARENT"]), ("STATUS", &["TENTATIVE", "CONFIRMED", "CANCELLED"])];
/// What is left of a time zone.
const OF_ZONES: [&str; 8] =
    ["BEGIN", "END", "TZID", "DTSTART", "RRULE", "RDATE", "TZOFFSETFROM", "TZOFFSETTO"];
/// Parameters that say when.
const PARAMETERS: [&str; 3] = ["TZID", "VALUE", "RANGE"];

fn is_in(name: &str, names: &[&str]) -> bool {
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// A calendar object for people who may see what is public, or, if `all` is hidden, only when
/// somebody is busy. None: there is nothing for them. An object that has a private or confidential
/// component is hidden as a whole; of tasks, journals and times that are free nothing is left.
/// `salt` is nothing that they know, so that they cannot tell a UID that they do know.
pub fn redacted<'t>(octets: &'t [u8], all: bool, salt: &[u8]) -> Option<Cow<'t, [u8]>> {
    let calendar = Calendar::parse(octets).ok()?;
    let components = || calendar.root().children().filter(|c| !c.is("VTIMEZONE"));
    if !all && !components().any(is_private) {
        return Some(Cow::Borrowed(octets));
    }
    let hidden = |c: &Component<'_>| Kind::of(c.name()) == Some(Kind::Event) && takes_time(*c);
    let mut events = Vec::new();
    components().filter(hidden).for_each(|event| write(event, salt, &mut events));
    if events.is_empty() {
        return None;
    }
    let mut out = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Davenport//EN\r\n".to_vec();
    for zone in calendar.root().children().filter(|c| c.is("VTIMEZONE")) {
        let name = zone.property("TZID").map_or("", |tzid| tzid.value().trim());
        if memmem::find(&events, name.as_bytes()).is_some() {
            let span = zone.span();
            let inside = |l: &&Line<'_>| span.start <= l.start && l.end <= span.end;
            for it in calendar.lines().iter().filter(inside) {
                if is_in(it.full_name(), &OF_ZONES) {
                    line(it, &[], &mut out);
                }
            }
        }
    }
    out.extend_from_slice(&events);
    out.extend_from_slice(b"END:VCALENDAR\r\n");
    Some(Cow::Owned(out))
}

/// RFC 5545 §3.8.1.3: what is not known is treated as private.
fn is_private(component: Component<'_>) -> bool {
    component.all("CLASS").any(|class| {
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

fn write(component: Component<'_>, salt: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(b"BEGIN:VEVENT\r\n");
    for it in component.properties() {
        let (name, value) = (it.full_name(), it.value().trim());
        let word = WORDS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        if is_in(name, &TIMES) {
            line(it, &PARAMETERS, out);
        } else if is_in(name, &RULES) || word.is_some_and(|(_, words)| is_in(value, words)) {
            line(it, &[], out);
        }
    }
    let uid = component.property("UID").map_or("", |uid| uid.value().trim());
    let uid = sha256(&[salt, uid.as_bytes()].concat());
    let uid = hex(uid.get(..16).unwrap_or_default());
    out.extend_from_slice(format!("UID:{uid}\r\nSUMMARY:Busy\r\nEND:VEVENT\r\n").as_bytes());
}

/// Appends a line with no parameters but these.
pub(super) fn line(it: &Line<'_>, parameters: &[&str], out: &mut Vec<u8>) {
    let mut text = it.full_name().to_owned();
    for parameter in it.params().filter(|p| is_in(p.name, parameters)) {
        text.push_str(&format!(";{}={}", parameter.name, parameter.raw));
    }
    text.push(':');
    text.push_str(it.value());
    append_folded(&text, out);
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
        let shown = redacted(object(lines).as_bytes(), all, b"s").map(Cow::into_owned);
        shown.map(|text| String::from_utf8(text).unwrap())
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
        assert_eq!(redacted(object("X:y").replace("VEVENT", "VTODO").as_bytes(), true, b"s"), None);
    }

    #[test]
    fn what_clients_add_to_times_and_zones_is_not_shown() {
        let more = "DTEND;X-NOTE=\"why\";TZID=Mine:20260101T110000\nSTATUS:In hospital\nCLASS:PUBLIC\nCLASS:PRIVATE";
        let zone = |name: &str| {
            format!(
                "BEGIN:VTIMEZONE\r\nTZID:{name}\r\nX-NOTE:why\r\nBEGIN:STANDARD\r\nCOMMENT:why\r\n\
            DTSTART:19700101T000000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0100\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
            )
        };
        let text = object(more)
            .replace("BEGIN:VEVENT", &format!("{}{}BEGIN:VEVENT", zone("Mine"), zone("why")));
        let shown = redacted(text.as_bytes(), false, b"s").map(Cow::into_owned).unwrap();
        let shown = String::from_utf8(shown).unwrap();
        assert!(
            shown.contains("DTEND;TZID=Mine:20260101T110000\r\n")
                && shown.contains("TZID:Mine\r\n"),
            "{shown}"
        );
        assert!(!shown.contains("why") && !shown.contains("hospital"), "{shown}");
        let other = redacted(text.as_bytes(), false, b"t").map(Cow::into_owned).unwrap();
        assert_ne!(String::from_utf8(other).unwrap(), shown);
    }
}
