//! A request for free/busy: METHOD:REQUEST with one VFREEBUSY (RFC 5546 §3.3.2), and the lines that an
//! answer repeats of it.
//!
//! Invariant: a [`Request`] keeps every rule of RFC 5546's table.

use super::value::{self, Form};
use super::{Calendar, Component};
use crate::format::line::{Line, Malformed, fold};
use std::fmt;
use std::ops::Range;

/// Asks when some calendar users are busy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Seconds since 1970 UTC.
    pub window: Range<i64>,
    /// The address of who asks.
    pub organizer: String,
    /// The addresses of who is asked about, in their order; one that comes twice stands once.
    pub attendees: Vec<String>,
    /// The UID of the event that does not count (`X-CALENDARSERVER-MASK-UID`).
    pub mask: Option<String>,
    /// The lines UID and ORGANIZER of an answer.
    head: String,
    /// The line ATTENDEE of the answer about each.
    lines: Vec<String>,
}

/// Why a text is no request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// It is no iCalendar object.
    Data(Malformed),
    /// It is one, but breaks a rule of RFC 5546 §3.3.2.
    Message(String),
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Data(why) => why.fmt(f),
            Self::Message(why) => f.write_str(why),
        }
    }
}

impl From<Malformed> for Wrong {
    fn from(why: Malformed) -> Self {
        Self::Data(why)
    }
}

/// Properties that must stand once.
const ONCE: [&str; 5] = ["UID", "DTSTAMP", "ORGANIZER", "DTSTART", "DTEND"];
/// Properties that may not stand.
const NEVER: [&str; 4] = ["FREEBUSY", "DURATION", "REQUEST-STATUS", "URL"];
/// Properties that may stand once.
const AT_MOST_ONCE: [&str; 2] = ["CONTACT", MASK];
const MASK: &str = "X-CALENDARSERVER-MASK-UID";
/// Components that may not stand beside or in it.
const FORBIDDEN: [&str; 5] = ["VEVENT", "VTODO", "VJOURNAL", "VTIMEZONE", "VALARM"];

impl Request {
    /// Reads one.
    ///
    /// # Errors
    /// [`Wrong`].
    pub fn parse(octets: &[u8]) -> Result<Self, Wrong> {
        let calendar = Calendar::parse(octets)?;
        let root = calendar.root();
        let method = root.property("METHOD").map(|line| line.value().trim());
        if !method.is_some_and(|method| method.eq_ignore_ascii_case("REQUEST")) {
            return wrong("METHOD must be REQUEST");
        }
        let only = the_one(root)?;
        let [uid, _, organizer, start, end] = ONCE.map(|name| only.property(name));
        let (Some(uid), Some(organizer), Some(start), Some(end)) = (uid, organizer, start, end)
        else {
            return wrong("UID, ORGANIZER, DTSTART and DTEND must be there");
        };
        let window = utc(start)?..utc(end)?;
        if window.start >= window.end {
            return wrong("DTEND must be after DTSTART");
        }
        let (mut attendees, mut lines) = (Vec::<String>::new(), Vec::new());
        for line in only.all("ATTENDEE") {
            let address = line.value().trim();
            if !attendees.iter().any(|known| known == address) {
                attendees.push(address.to_owned());
                lines.push(folded(line));
            }
        }
        if attendees.is_empty() {
            return wrong("ATTENDEE must say who is asked about");
        }
        let mask = only.property(MASK).map(|line| value::text(line.value().trim()).into_owned());
        Ok(Self {
            window,
            organizer: organizer.value().trim().to_owned(),
            attendees,
            mask: mask.filter(|uid| !uid.is_empty()),
            head: folded(uid) + &folded(organizer),
            lines,
        })
    }

    /// The lines UID, ORGANIZER and ATTENDEE of the answer about the one with this number.
    pub fn lines(&self, number: usize) -> String {
        let attendee = self.lines.get(number).map_or("", String::as_str);
        format!("{}{attendee}", self.head)
    }
}

fn wrong<T>(why: impl Into<String>) -> Result<T, Wrong> {
    Err(Wrong::Message(why.into()))
}

/// The VFREEBUSY, which keeps the rules about what may be in it.
fn the_one(root: Component<'_>) -> Result<Component<'_>, Wrong> {
    let mut found = None;
    for part in root.children() {
        if FORBIDDEN.iter().any(|name| part.is(name)) {
            return wrong(format!("{} may not stand in a request for free/busy", part.name()));
        }
        if part.is("VFREEBUSY") && found.replace(part).is_some() {
            return wrong("there may be one VFREEBUSY only");
        }
    }
    let Some(only) = found else { return wrong("there must be a VFREEBUSY") };
    if only.children().any(|part| FORBIDDEN.iter().any(|name| part.is(name))) {
        return wrong("a VFREEBUSY holds no other component");
    }
    for (name, least, most) in rules() {
        let count = only.all(name).count();
        if count < least {
            return wrong(format!("{name} is missing"));
        }
        if count > most {
            return wrong(match most {
                0 => format!("{name} may not stand in a request for free/busy"),
                _ => format!("{name} may stand once only"),
            });
        }
    }
    Ok(only)
}

/// The properties whose number is bounded, each with how often it must and may stand.
fn rules() -> impl Iterator<Item = (&'static str, usize, usize)> {
    let once = ONCE.iter().map(|name| (*name, 1, 1));
    let never = NEVER.iter().map(|name| (*name, 0, 0));
    let at_most_once = AT_MOST_ONCE.iter().map(|name| (*name, 0, 1));
    once.chain(never).chain(at_most_once)
}

fn utc(line: &Line<'_>) -> Result<i64, Wrong> {
    let at = value::moment(line)?;
    match at.form {
        Form::Utc => Ok(at.civil.seconds()),
        _ => wrong("DTSTART and DTEND must be in UTC"),
    }
}

/// A line as an answer repeats it.
fn folded(line: &Line<'_>) -> String {
    let mut out = String::new();
    fold(line.text(), &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const RIGHT: &str = "METHOD:REQUEST\nBEGIN:VFREEBUSY\nUID:4FD3AD926350\nDTSTAMP:20090602T190420Z\n\
        DTSTART:20090602T000000Z\nDTEND:20090604T000000Z\n\
        ORGANIZER;CN=\"Cyrus Daboo\":mailto:cyrus@example.com\n\
        ATTENDEE;CN=\"Wilfredo Sanchez Vega\":mailto:wilfredo@example.com\n\
        ATTENDEE:mailto:bernard@example.net\nATTENDEE:mailto:bernard@example.net\n\
        X-CALENDARSERVER-MASK-UID:a\\,b\nEND:VFREEBUSY\n";

    fn parse(inside: &str) -> Result<Request, Wrong> {
        let text = format!("BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:p\n{inside}END:VCALENDAR\n");
        Request::parse(text.replace('\n', "\r\n").as_bytes())
    }

    #[test]
    fn rfc_6638_b_5_a_request_and_what_an_answer_repeats() {
        let it = parse(RIGHT).unwrap();
        assert_eq!(it.window, 1_243_900_800..1_244_073_600);
        assert_eq!(it.organizer, "mailto:cyrus@example.com");
        assert_eq!(it.attendees, ["mailto:wilfredo@example.com", "mailto:bernard@example.net"]);
        assert_eq!(it.mask.as_deref(), Some("a,b"));
        assert_eq!(
            it.lines(0),
            "UID:4FD3AD926350\r\nORGANIZER;CN=\"Cyrus Daboo\":mailto:cyrus@example.com\r\n\
             ATTENDEE;CN=\"Wilfredo Sanchez Vega\":mailto:wilfredo@example.com\r\n"
        );
    }

    #[test]
    fn rfc_5546_3_3_2_every_rule_is_kept() {
        let end = "END:VFREEBUSY\n";
        let with = |line: &str| RIGHT.replace(end, &format!("{line}\n{end}"));
        let without = |start: &str| -> String {
            let kept = RIGHT.lines().filter(|line| !line.starts_with(start));
            kept.map(|line| format!("{line}\n")).collect()
        };
        let mut all = vec![
            RIGHT.replace("REQUEST", "PUBLISH"),
            RIGHT.replace("20090604T000000Z", "20090602T000000Z"),
            RIGHT.replace("20090602T000000Z", "20090602T000000"),
            RIGHT.replace("DTSTART:20090602T000000Z", "DTSTART;VALUE=DATE:20090602"),
            RIGHT.replace("VFREEBUSY", "X-FREEBUSY"),
            format!("{RIGHT}{}", RIGHT.replace("METHOD:REQUEST\n", "")),
            format!("{RIGHT}BEGIN:VEVENT\nUID:e\nEND:VEVENT\n"),
            with("BEGIN:VALARM\nEND:VALARM"),
        ];
        all.extend(
            ["UID", "DTSTAMP", "ORGANIZER", "DTSTART", "DTEND", "ATTENDEE", "METHOD"].map(without),
        );
        all.extend(["UID:b", "DURATION:P1D", "FREEBUSY:20090602T000000Z/PT1H", "URL:x"].map(with));
        all.extend(
            ["REQUEST-STATUS:2.0;s", "X-CALENDARSERVER-MASK-UID:b", "CONTACT:a\nCONTACT:b"]
                .map(with),
        );
        for wrong in all {
            assert!(matches!(parse(&wrong), Err(Wrong::Message(_))), "{wrong}");
        }
        assert!(matches!(parse("nothing"), Err(Wrong::Data(_))));
        assert!(matches!(parse(&RIGHT.replace("20090604", "2009")), Err(Wrong::Data(_))));
    }
}
