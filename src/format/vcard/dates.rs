//! The days that people celebrate of a card (BDAY and ANNIVERSARY, RFC 6350 §6.2.5, §6.2.6, and what
//! programs write instead), and the events of a calendar of them.
//!
//! Invariants: only whole dates count, so a month, a text or a broken date is passed over; the same
//! card makes the same octets. A day in February's end that only leap years have is celebrated on the
//! last day of February (a plain yearly rule would skip three years of four, RFC 5545 §3.3.10).

use super::{Card, uid_key};
use crate::format::ical::value;
use crate::format::line::{Line, fold};
use crate::format::property::escaped;
use crate::format::recur::calendar::month_length;
use crate::kernel::secret::uuid_of;

/// What is celebrated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Occasion {
    /// BDAY.
    Birthday,
    /// ANNIVERSARY: of a marriage or the like.
    Anniversary,
}

impl Occasion {
    const ALL: [Self; 2] = [Self::Birthday, Self::Anniversary];

    fn word(self) -> &'static str {
        match self {
            Self::Birthday => "birthday",
            Self::Anniversary => "anniversary",
        }
    }
}

/// A day of a year that may not be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    /// The year, if it is known.
    pub year: Option<i64>,
    /// 1 to 12.
    pub month: i64,
    /// 1 to 31.
    pub day: i64,
}

/// The year that stands for none: programs of Apple write 1604, others 0.
const NO_YEAR: [i64; 2] = [1604, 0];
/// A leap year in which days begin whose year is not known.
const SOME_YEAR: i64 = 1972;

/// Properties of each occasion, the standard's first.
static NAMES: [(&str, Occasion); 4] = [
    ("BDAY", Occasion::Birthday),
    ("ANNIVERSARY", Occasion::Anniversary),
    ("X-ANNIVERSARY", Occasion::Anniversary),
    ("X-EVOLUTION-ANNIVERSARY", Occasion::Anniversary),
];

/// The day of each occasion that a card tells.
pub fn days(card: &Card<'_>) -> Vec<(Occasion, Day)> {
    if card.is_group() {
        return Vec::new();
    }
    let first = |what: Occasion| {
        let named = NAMES.iter().filter(move |row| row.1 == what);
        let mut plain = named.flat_map(|row| card.all(row.0)).filter_map(day);
        let labelled = || {
            let mut all = card.all("X-ABDATE").filter(|_| what == Occasion::Anniversary);
            all.find_map(|line| day(line).filter(|_| is_anniversary(card, line)))
        };
        plain.next().or_else(labelled).map(|day| (what, day))
    };
    Occasion::ALL.into_iter().filter_map(first).collect()
}

/// Whether Apple's label of a date says so: `item1.X-ABLabel:_$!<Anniversary>!$_`.
fn is_anniversary(card: &Card<'_>, line: &Line<'_>) -> bool {
    let says = |label: &Line<'_>| label.value().to_lowercase().contains("anniversary");
    line.group().is_some_and(|group| card.in_group(group).any(|l| l.is("X-ABLABEL") && says(l)))
}

/// The day that a line tells; none where it is no whole date of the Gregorian calendar.
fn day(line: &Line<'_>) -> Option<Day> {
    let param = |name| line.param(name).map(|p| p.value().into_owned());
    if param("VALUE").is_some_and(|v| v.eq_ignore_ascii_case("text"))
        || param("CALSCALE").is_some_and(|v| !v.eq_ignore_ascii_case("gregorian"))
    {
        return None;
    }
    let omitted = param("X-APPLE-OMIT-YEAR").and_then(|year| year.trim().parse::<i64>().ok());
    let date = line.value().trim();
    let date = date.split_once(['T', 't', ' ']).map_or(date, |(date, _)| date);
    let (year, rest) = match date.strip_prefix("--") {
        Some(rest) => (None, rest),
        None => {
            let (year, rest) = date.split_at_checked(4)?;
            (Some(number(year)?), rest.strip_prefix('-').unwrap_or(rest))
        }
    };
    let (month, rest) = rest.split_at_checked(2)?;
    let rest = rest.strip_prefix('-').unwrap_or(rest);
    let (month, day) = (number(month)?, number(rest).filter(|_| rest.len() == 2)?);
    let year = year.filter(|year| !NO_YEAR.contains(year) && Some(*year) != omitted);
    let lasts =
        (1..=12).contains(&month).then(|| month_length(year.unwrap_or(SOME_YEAR), month))?;
    (1..=lasts).contains(&day).then_some(Day { year, month, day })
}

fn number(digits: &str) -> Option<i64> {
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    digits.parse().ok().filter(|_| plain)
}

/// The names that the events of a card with this UID have.
pub fn event_names(uid: &str) -> [String; 2] {
    Occasion::ALL.map(|what| format!("{}.ics", event_uid(what, uid)))
}

fn event_uid(what: Occasion, uid: &str) -> String {
    uuid_of(&format!("{} {}", what.word(), uid_key(uid)))
}

/// The events of a card's days, each with its name: the same for the same UID of the card.
pub fn events(card: &Card<'_>, uid: &str) -> Vec<(String, String)> {
    let who = card.display_name();
    let each = days(card).into_iter().map(|(what, day)| {
        let uid = event_uid(what, uid);
        (format!("{uid}.ics"), event(&uid, &who, what, day))
    });
    each.collect()
}

fn event(uid: &str, who: &str, what: Occasion, day: Day) -> String {
    let mut title = match who.trim() {
        "" => format!("A {}", what.word()),
        who => format!("{who}'s {}", what.word()),
    };
    if let Some(year) = day.year {
        title.push_str(&format!(" ({year})"));
    }
    let only_in_leap_years = (day.month, day.day) == (2, 29);
    let rule = match only_in_leap_years {
        true => "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=-1",
        false => "RRULE:FREQ=YEARLY",
    };
    let year = day.year.unwrap_or(SOME_YEAR);
    let start = format!("DTSTART;VALUE=DATE:{year:04}{:02}{:02}", day.month, day.day);
    let mut out = String::with_capacity(512);
    for line in [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Davenport//EN",
        "BEGIN:VEVENT",
        &format!("UID:{uid}"),
        // Nothing but the card makes it, so it has no time of its own.
        "DTSTAMP:20000101T000000Z",
        &start,
        rule,
        &format!("SUMMARY:{}", escaped(&title)),
        "CATEGORIES:Birthdays",
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
        "END:VCALENDAR",
    ] {
        fold(line, &mut out);
    }
    out
}

/// The card's days as [`events`] makes them, from octets; nothing where they are no card.
pub fn events_of(octets: &[u8]) -> Vec<(String, String)> {
    let Ok(card) = Card::parse(octets) else { return Vec::new() };
    match card.property("UID") {
        Some(uid) => events(&card, &value::text(uid.value().trim())),
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lines: &str) -> Vec<(Occasion, Day)> {
        let text = format!("BEGIN:VCARD\nVERSION:4.0\nUID:1\nFN:Al\n{lines}\nEND:VCARD\n");
        days(&Card::parse(text.as_bytes()).unwrap())
    }

    #[test]
    fn every_way_to_write_a_day_is_read_and_nothing_else() {
        let day = |year, month, day| Some(Day { year, month, day });
        for (line, expected) in [
            ("BDAY:19800412", day(Some(1980), 4, 12)),
            ("BDAY:1980-04-12", day(Some(1980), 4, 12)),
            ("BDAY;VALUE=date:1980-04-12", day(Some(1980), 4, 12)),
            ("BDAY:1980-04-12T00:00:00Z", day(Some(1980), 4, 12)),
            ("BDAY;VALUE=DATE-TIME:19800412T101112+0100", day(Some(1980), 4, 12)),
            ("BDAY:--0412", day(None, 4, 12)),
            ("BDAY:--04-12", day(None, 4, 12)),
            ("BDAY;X-APPLE-OMIT-YEAR=1604:1604-04-12", day(None, 4, 12)),
            ("BDAY;X-APPLE-OMIT-YEAR=1700:1700-04-12", day(None, 4, 12)),
            ("BDAY:0000-04-12", day(None, 4, 12)),
            ("BDAY:--0229", day(None, 2, 29)),
            ("BDAY:20000229", day(Some(2000), 2, 29)),
            ("BDAY:19990229", None),
            ("BDAY:1980-04", None),
            ("BDAY:1980", None),
            ("BDAY:---12", None),
            ("BDAY:--04", None),
            ("BDAY:", None),
            ("BDAY:19801301", None),
            ("BDAY:19800431", None),
            ("BDAY:1980041", None),
            ("BDAY:198004123", None),
            ("BDAY:+9800412", None),
            ("BDAY:äöüß0412", None),
            ("BDAY;VALUE=text:circa 1800", None),
            ("BDAY;VALUE=text:18000412", None),
            ("BDAY;CALSCALE=hebrew:57400101", None),
            ("DEATHDATE:19800412", None),
            ("KIND:group\nBDAY:19800412", None),
        ] {
            let expected: Vec<_> =
                expected.map(|day| (Occasion::Birthday, day)).into_iter().collect();
            assert_eq!(of(line), expected, "{line}");
        }
    }

    #[test]
    fn an_anniversary_is_known_by_its_names_and_by_apples_label() {
        let wed = Day { year: Some(2001), month: 6, day: 30 };
        for lines in [
            "ANNIVERSARY:20010630",
            "X-ANNIVERSARY:2001-06-30",
            "X-EVOLUTION-ANNIVERSARY:2001-06-30",
            "item1.X-ABDATE;type=pref:2001-06-30\nitem1.X-ABLabel:_$!<Anniversary>!$_",
            "X-ANNIVERSARY:20020101\nANNIVERSARY:20010630",
        ] {
            assert_eq!(of(lines), [(Occasion::Anniversary, wed)], "{lines}");
        }
        assert!(of("item1.X-ABDATE:2001-06-30\nitem1.X-ABLabel:_$!<Other>!$_").is_empty());
        assert!(of("X-ABDATE:2001-06-30\nX-ABLabel:_$!<Anniversary>!$_").is_empty());
    }

    #[test]
    fn an_event_says_who_and_when() {
        let text = "BEGIN:VCARD\nVERSION:3.0\nUID:urn:uuid:A\nFN:Alice\\, Smith\nBDAY:19800412\n\
                    ANNIVERSARY:--0229\nEND:VCARD\n";
        let events = events_of(text.as_bytes());
        assert_eq!(events.len(), 2);
        let (name, birthday) = &events[0];
        assert!(birthday.contains("SUMMARY:Alice\\, Smith's birthday (1980)\r\n"), "{birthday}");
        assert!(birthday.contains("DTSTART;VALUE=DATE:19800412\r\nRRULE:FREQ=YEARLY\r\n"));
        assert!(birthday.contains("TRANSP:TRANSPARENT") && !birthday.contains("VALARM"));
        assert_eq!(*name, format!("{}.ics", uuid_of("birthday A")));
        let anniversary = &events[1].1;
        assert!(anniversary.contains("SUMMARY:Alice\\, Smith's anniversary\r\n"), "{anniversary}");
        assert!(anniversary.contains("DTSTART;VALUE=DATE:19720229\r\n"));
        assert!(anniversary.contains("RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=-1\r\n"));
        assert_eq!(events_of(b"no card"), []);
    }
}
