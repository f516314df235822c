//! Calendars that others publish: what they say of themselves, and their objects as subscribers get
//! them.
//!
//! Invariant: what is left of an object is left octet for octet. No alarm is left: nobody's phone
//! rings because a stranger says so. Standards: RFC 7986 §5.1, §5.7, §5.9; the older `X-WR-CALNAME`,
//! `X-WR-TIMEZONE`, `X-PUBLISHED-TTL` and `X-APPLE-CALENDAR-COLOR`.

use super::ical::value::{Duration, text};
use super::ical::{Calendar, Component};
use super::line::Lines;
use super::split::uid_of;
use std::collections::HashMap;
use std::ops::Range;

/// What a published calendar says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// Its name.
    pub title: Option<String>,
    /// Its colour: `#RRGGBB`.
    pub color: Option<String>,
    /// The TZID of its zone.
    pub zone: Option<String>,
    /// Seconds between two looks, at least (`REFRESH-INTERVAL`).
    pub pace: Option<i64>,
}

/// Octets of a name that are kept.
const TITLE_MAX: usize = 200;
/// Octets of a TZID that is kept.
const ZONE_MAX: usize = 100;

/// Reads what the first VCALENDAR of a text says of itself, as far as the text can be read.
pub fn head(octets: &[u8]) -> Head {
    let (mut head, mut depth) = (Head::default(), 0_usize);
    let (mut x_title, mut x_color, mut x_pace) = (None, None, None);
    for line in Lines::new(octets).map_while(Result::ok) {
        let value = || Some(text(line.value().trim()).into_owned()).filter(|v| !v.is_empty());
        let pace =
            || Duration::read(line.value()).map(Duration::nominal_seconds).filter(|s| *s > 0);
        match line.full_name().to_ascii_uppercase().as_str() {
            "BEGIN" => depth += 1,
            "END" if depth <= 1 => break,
            "END" => depth -= 1,
            _ if depth != 1 => {}
            "NAME" => head.title = value(),
            "X-WR-CALNAME" => x_title = value(),
            "X-APPLE-CALENDAR-COLOR" => x_color = value().and_then(|v| hex_color(&v)),
            "COLOR" => head.color = value().and_then(|v| named_color(&v)),
            "X-WR-TIMEZONE" => head.zone = value().filter(|v| v.len() <= ZONE_MAX),
            "REFRESH-INTERVAL" => head.pace = pace(),
            "X-PUBLISHED-TTL" => x_pace = pace(),
            _ => {}
        }
    }
    head.title = head.title.or(x_title).map(|mut title| {
        title.retain(|c| !c.is_control());
        title.truncate(title.floor_char_boundary(TITLE_MAX));
        title
    });
    head.color = x_color.or(head.color);
    head.pace = head.pace.or(x_pace);
    head
}

fn hex_color(text: &str) -> Option<String> {
    let digits = text.strip_prefix('#')?;
    let hex = matches!(digits.len(), 6 | 8) && digits.bytes().all(|b| b.is_ascii_hexdigit());
    hex.then(|| text.to_ascii_uppercase())
}

/// The colours of RFC 7986 §5.9 that people use: the 16 of HTML and a few more of CSS.
static COLORS: [(&str, &str); 28] = [
    ("aqua", "#00FFFF"),
    ("black", "#000000"),
    ("blue", "#0000FF"),
    ("brown", "#A52A2A"),
    ("crimson", "#DC143C"),
    ("cyan", "#00FFFF"),
    ("darkblue", "#00008B"),
    ("darkgreen", "#006400"),
    ("fuchsia", "#FF00FF"),
    ("gold", "#FFD700"),
    ("gray", "#808080"),
    ("green", "#008000"),
    ("indigo", "#4B0082"),
    ("lime", "#00FF00"),
    ("magenta", "#FF00FF"),
    ("maroon", "#800000"),
    ("navy", "#000080"),
    ("olive", "#808000"),
    ("orange", "#FFA500"),
    ("pink", "#FFC0CB"),
    ("purple", "#800080"),
    ("red", "#FF0000"),
    ("silver", "#C0C0C0"),
    ("teal", "#008080"),
    ("tomato", "#FF6347"),
    ("turquoise", "#40E0D0"),
    ("white", "#FFFFFF"),
    ("yellow", "#FFFF00"),
];

fn named_color(text: &str) -> Option<String> {
    let known = COLORS.iter().find(|(name, _)| name.eq_ignore_ascii_case(text));
    known.map(|(_, hex)| (*hex).to_owned()).or_else(|| hex_color(text))
}

/// An object without its alarms and, of components that say the same instance twice, with the last
/// one only. None: it cannot be read.
pub fn cleaned(object: &[u8]) -> Option<Vec<u8>> {
    let calendar = Calendar::parse(object).ok()?;
    let mut cut: Vec<Range<usize>> = Vec::new();
    let mut last: HashMap<(String, String), Range<usize>> = HashMap::new();
    for component in calendar.root().children().filter(|c| !c.is("VTIMEZONE")) {
        let instance = component.property("RECURRENCE-ID").map_or("", |id| id.value().trim());
        let key = (component.name().to_ascii_uppercase(), instance.to_owned());
        cut.extend(last.insert(key, component.span()));
        cut.extend(component.children().filter(is_alarm).map(|alarm| alarm.span()));
    }
    cut.sort_by_key(|span| span.start);
    let (mut out, mut at) = (Vec::with_capacity(object.len()), 0);
    for span in cut {
        // An alarm within a component that goes as a whole.
        if span.start >= at {
            out.extend_from_slice(object.get(at..span.start)?);
            at = span.end;
        }
    }
    out.extend_from_slice(object.get(at..)?);
    Some(out)
}

fn is_alarm(component: &Component<'_>) -> bool {
    component.is("VALARM")
}

/// A text without the lines that say when it was made: many servers write the present moment there
/// each time.
pub fn unstamped(octets: &[u8]) -> Vec<u8> {
    let (mut out, mut skipping) = (Vec::with_capacity(octets.len()), false);
    for line in octets.split_inclusive(|b| *b == b'\n') {
        let continues = matches!(line.first(), Some(b' ' | b'\t'));
        let name = line.split(|b| matches!(b, b':' | b';')).next().unwrap_or_default();
        skipping = if continues { skipping } else { name.eq_ignore_ascii_case(b"DTSTAMP") };
        if !skipping {
            out.extend_from_slice(line);
        }
    }
    out
}

/// The UID of an object that has none of its own, and the object with it: made of what it says
/// without its stamps, so that it is the same next time. `given` is the one that it has got.
pub fn with_lasting_uid(object: &[u8], given: &str) -> (String, Vec<u8>) {
    let line = |uid: &str| format!("UID:{uid}\r\n").into_bytes();
    let old = line(given);
    let bare = match memchr::memmem::find(object, &old) {
        Some(at) => [object.get(..at), object.get(at + old.len()..)].map(Option::unwrap_or_default),
        None => return (given.to_owned(), object.to_vec()),
    };
    let uid = uid_of(&unstamped(&bare.concat()));
    let [before, after] = bare;
    let object = [before, &line(&uid), after].concat();
    (uid, object)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_calendar_says_what_it_is() {
        let text = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nX-WR-CALNAME:Old\\, name\r\nNAME;LANGUAGE=en:Term \r\n dates\r\n\
            COLOR:Tomato\r\nX-WR-TIMEZONE:Europe/Berlin\r\nX-PUBLISHED-TTL:PT12H\r\n\
            REFRESH-INTERVAL;VALUE=DURATION:P1W\r\nBEGIN:VEVENT\r\nNAME:no\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n\
            BEGIN:VCALENDAR\r\nNAME:no\r\nEND:VCALENDAR\r\n";
        let said = head(text.as_bytes());
        assert_eq!(said.title.as_deref(), Some("Term dates"));
        assert_eq!(said.color.as_deref(), Some("#FF6347"));
        assert_eq!(said.zone.as_deref(), Some("Europe/Berlin"));
        assert_eq!(said.pace, Some(7 * 86_400));
        let older = "BEGIN:VCALENDAR\nX-WR-CALNAME:Old\\, name\nX-APPLE-CALENDAR-COLOR:#ff2968ff\nCOLOR:red\nX-PUBLISHED-TTL:PT12H\n";
        let said = head(older.as_bytes());
        assert_eq!((said.title.as_deref(), said.pace), (Some("Old, name"), Some(43_200)));
        assert_eq!(said.color.as_deref(), Some("#FF2968FF"));
        assert_eq!(head(b"<html>"), Head::default());
        assert_eq!(head(b"BEGIN:VCALENDAR\nCOLOR:#12\nX-PUBLISHED-TTL:-PT1H\n"), Head::default());
    }

    fn object(inside: &str) -> String {
        format!(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{}END:VCALENDAR\r\n",
            inside.replace('\n', "\r\n")
        )
    }

    #[test]
    fn alarms_and_what_is_said_twice_go() {
        let alarm = "BEGIN:VALARM\nACTION:AUDIO\nTRIGGER:-PT1H\nEND:VALARM\n";
        let event = |lines: &str| format!("BEGIN:VEVENT\nUID:1\n{lines}END:VEVENT\n");
        let clean = |text: &str| String::from_utf8(cleaned(text.as_bytes()).unwrap()).unwrap();
        let kept = event("SUMMARY:b\n");
        let other = event("RECURRENCE-ID:20260101T000000Z\nSUMMARY:c\n");
        let all =
            event(&format!("SUMMARY:a\n{alarm}")) + &other + &event(&format!("SUMMARY:b\n{alarm}"));
        assert_eq!(clean(&object(&all)), object(&(other + &kept)));
        assert_eq!(clean(&object(&kept)), object(&kept));
        assert_eq!(cleaned(b"BEGIN:VEVENT"), None);
    }

    #[test]
    fn stamps_do_not_count() {
        assert_eq!(unstamped(b"A:1\r\nDTSTAMP:2\r\n 3\r\ndtstamp;X=1:4\nB:5\n"), b"A:1\r\nB:5\n");
        let one = object("BEGIN:VEVENT\nDTSTAMP:1\nSUMMARY:a\nUID:x\nEND:VEVENT\n");
        let other = one.replace("DTSTAMP:1", "DTSTAMP:2").replace("UID:x", "UID:y");
        let (a, text) = with_lasting_uid(one.as_bytes(), "x");
        let (b, _) = with_lasting_uid(other.as_bytes(), "y");
        assert_eq!(a, b);
        assert!(String::from_utf8(text).unwrap().contains(&format!("UID:{a}\r\n")));
        let (c, _) = with_lasting_uid(one.replace("SUMMARY:a", "SUMMARY:b").as_bytes(), "x");
        assert_ne!(a, c);
    }
}
