//! A zone of the database written out as a VTIMEZONE, whole or from one instant to another.
//!
//! Invariant: read again, it tells what the database tells, at every instant of its range (a test
//! goes through every change of every zone). Rules stand for what recurs, so it is short.
//! Standards: RFC 5545 §3.6.5, RFC 7808 §3.9, §7.

use super::value::{written, written_utc};
use crate::format::civil::Civil;
use crate::format::line::fold;
use crate::format::tz::Zone;
use crate::format::tz::database::{self, Change, State};
use jiff::tz::TimeZone;
use std::fmt::Write as _;

/// What of a zone is written out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// The first instant, in seconds since 1970 UTC; none: all that is known.
    pub start: Option<i64>,
    /// The instant where it ends; none: never.
    pub end: Option<i64>,
}

impl Extent {
    /// From 1970 on: enough for what people plan, and a third of the whole.
    pub const SINCE_1970: Self = Self { start: Some(0), end: None };
}

/// Changes are looked at until this year: the last one that is no rule's is in 2087, and in 28
/// years a rule shows every day that it can fall on.
const HORIZON: i64 = 2150;
/// So many years at least are looked at after the start.
const YEARS_MIN: i64 = 40;
/// Years that a rule stands for at least; fewer are written one by one.
const RULE_YEARS_MIN: usize = 3;

/// The VTIMEZONE of a zone of the database with this TZID, whose other names are `aliases`; `None`
/// for a zone that an object wrote out.
pub fn write(tzid: &str, zone: &Zone, extent: Extent, aliases: &[&str]) -> Option<String> {
    let zone = &zone.of_database()?;
    let begins = Civil::from_seconds(extent.start.unwrap_or(0)).date().0;
    let horizon = HORIZON.max(begins + YEARS_MIN);
    let whole = Civil::new(horizon, 1, 1, 0).seconds();
    let end = extent.end.unwrap_or(whole).min(whole);
    let changes: Vec<Change> = database::changes(zone, extent.start, end).collect();
    let endless = extent.end.is_none_or(|end| end > whole).then_some(horizon - 1);
    let mut parts = parts(&changes, endless);
    match (extent.start, changes.is_empty()) {
        (Some(start), _) => parts.push(first(zone, start)),
        (None, true) => parts.push(first(zone, end.min(0))),
        (None, false) => {}
    }
    parts.sort_by_key(|part| part.first);
    let mut out = String::with_capacity(1024);
    out.push_str("BEGIN:VTIMEZONE\r\n");
    fold(&format!("TZID:{}", escaped(tzid)), &mut out);
    aliases.iter().for_each(|name| fold(&format!("TZID-ALIAS-OF:{}", escaped(name)), &mut out));
    if let Some(end) = extent.end {
        let _ = write!(out, "TZUNTIL:{}\r\n", written_utc(end));
    }
    parts.iter().for_each(|part| part.write(&mut out));
    out.push_str("END:VTIMEZONE\r\n");
    Some(out)
}

/// A calendar object around VTIMEZONEs.
pub fn calendar(zones: &str) -> String {
    let head = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Davenport//EN\r\n";
    [head, zones, "END:VCALENDAR\r\n"].concat()
}

/// Observances of one kind: from each onset on, `to` counts.
struct Part {
    first: i64,
    from: i64,
    to: State,
    /// Of a rule its text.
    rule: Option<String>,
    /// Later onsets one by one.
    dates: Vec<i64>,
}

/// The observance that counts from the first instant on (RFC 7808 §3.9).
fn first(zone: &TimeZone, start: i64) -> Part {
    let from = database::state(zone, start - 1).offset;
    Part { first: start, from, to: database::state(zone, start), rule: None, dates: Vec::new() }
}

impl Part {
    fn write(&self, out: &mut String) {
        let kind = if self.to.daylight { "DAYLIGHT" } else { "STANDARD" };
        let _ = write!(out, "BEGIN:{kind}\r\nDTSTART:{}\r\n", local(self.first + self.from));
        let _ = write!(out, "TZNAME:{}\r\n", self.to.name);
        let (from, to) = (offset(self.from), offset(self.to.offset));
        let _ = write!(out, "TZOFFSETFROM:{from}\r\nTZOFFSETTO:{to}\r\n");
        if let Some(rule) = &self.rule {
            let _ = write!(out, "RRULE:{rule}\r\n");
        }
        // Four in a line, which then needs no fold.
        for dates in self.dates.chunks(4) {
            let dates: Vec<_> = dates.iter().map(|at| local(at + self.from)).collect();
            let _ = write!(out, "RDATE:{}\r\n", dates.join(","));
        }
        let _ = write!(out, "END:{kind}\r\n");
    }
}

/// Changes put together: those alike that follow a rule, and those alike that do not. A rule that
/// holds in the year `endless` holds for ever.
fn parts(changes: &[Change], endless: Option<i64>) -> Vec<Part> {
    let mut kinds: Vec<(&Change, Vec<&Change>)> = Vec::new();
    for change in changes {
        let alike = |kind: &&mut (&Change, Vec<&Change>)| {
            kind.0.from == change.from && kind.0.to == change.to
        };
        match kinds.iter_mut().find(alike) {
            Some((_, all)) => all.push(change),
            None => kinds.push((change, vec![change])),
        }
    }
    let mut parts = Vec::new();
    for (kind, all) in kinds {
        let mut single: Vec<i64> = Vec::new();
        for run in runs(&all) {
            match run.rule(endless) {
                Some(rule) => parts.push(Part {
                    first: run.first,
                    from: kind.from,
                    to: kind.to.clone(),
                    rule: Some(rule),
                    dates: Vec::new(),
                }),
                None => single.extend(run.onsets),
            }
        }
        if let Some((first, dates)) = single.split_first() {
            let (from, to) = (kind.from, kind.to.clone());
            parts.push(Part { first: *first, from, to, rule: None, dates: dates.to_vec() });
        }
    }
    parts
}

/// Onsets of years that follow each other, which a yearly rule can give.
struct Run {
    first: i64,
    onsets: Vec<i64>,
    year: i64,
    month: i64,
    /// The second of the day.
    second: i64,
    /// 0 = Monday.
    weekday: i64,
    /// The onset is the first such weekday on or after one of these days of the month.
    earliest: (i64, i64),
    /// It is the last such weekday of the month.
    last: bool,
    /// It is this day of the month.
    day: Option<i64>,
}

fn runs(all: &[&Change]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for change in all {
        let next = Run::of(change);
        match runs.last_mut().and_then(|run| run.with(&next)) {
            Some(longer) => {
                runs.pop();
                runs.push(longer);
            }
            None => runs.push(next),
        }
    }
    runs
}

impl Run {
    fn of(change: &Change) -> Self {
        let at = Civil::from_seconds(change.at + change.from);
        let (year, month, day) = at.date();
        // The shortest that the month can be, so that the seven days are all in it.
        let length = match month {
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        Self {
            first: change.at,
            onsets: vec![change.at],
            year,
            month,
            second: at.second,
            weekday: at.weekday(),
            earliest: ((day - 6).max(1), day.min(length - 6)),
            last: month != 2 && day > length - 7,
            day: Some(day),
        }
    }

    /// Both together, if one rule gives both.
    fn with(&self, next: &Self) -> Option<Self> {
        let (a, b) = (self.earliest, next.earliest);
        let same_day = self.weekday == next.weekday;
        let earliest = if same_day { (a.0.max(b.0), a.1.min(b.1)) } else { (1, 0) };
        let last = self.last && next.last && same_day;
        let day = self.day.filter(|day| next.day == Some(*day));
        let yearly = next.year == self.year + 1;
        let alike = self.month == next.month && self.second == next.second;
        let found = earliest.0 <= earliest.1 || last || day.is_some();
        let onsets = || self.onsets.iter().chain(&next.onsets).copied().collect();
        (yearly && alike && found).then(|| Self {
            first: self.first,
            onsets: onsets(),
            earliest,
            last,
            day,
            ..*next
        })
    }

    /// The rule, if it is worth one; without an end when it goes on in the last year that was looked
    /// at, and that year is not the end of what is wanted.
    fn rule(&self, endless: Option<i64>) -> Option<String> {
        let goes_on = endless.is_some_and(|last| self.year >= last);
        if self.onsets.len() < RULE_YEARS_MIN {
            return None;
        }
        const DAYS: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];
        let weekday = usize::try_from(self.weekday).ok().and_then(|day| DAYS.get(day))?;
        let nth = (0..4).find(|n| (self.earliest.0..=self.earliest.1).contains(&(n * 7 + 1)));
        let day = match (nth, self.last, self.day) {
            (Some(n), _, _) => format!("BYDAY={}{weekday}", n + 1),
            (None, true, _) => format!("BYDAY=-1{weekday}"),
            (None, false, _) if self.earliest.0 <= self.earliest.1 => {
                let days: Vec<_> = (self.earliest.0..).take(7).map(|d| d.to_string()).collect();
                format!("BYMONTHDAY={};BYDAY={weekday}", days.join(","))
            }
            (None, false, Some(day)) => format!("BYMONTHDAY={day}"),
            (None, false, None) => return None,
        };
        let mut rule = format!("FREQ=YEARLY;BYMONTH={};{day}", self.month);
        if !goes_on {
            let _ = write!(rule, ";UNTIL={}", written_utc(*self.onsets.last()?));
        }
        Some(rule)
    }
}

/// A wall clock reading as a DATE-TIME in local form.
fn local(seconds: i64) -> String {
    written(Civil::from_seconds(seconds))
}

/// UTC-OFFSET (RFC 5545 §3.3.14).
fn offset(seconds: i64) -> String {
    let (sign, size) = if seconds < 0 { ('-', -seconds) } else { ('+', seconds) };
    let mut out = format!("{sign}{:02}{:02}", size / 3600, size / 60 % 60);
    if size % 60 != 0 {
        let _ = write!(out, "{:02}", size % 60);
    }
    out
}

/// TEXT (RFC 5545 §3.3.11).
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars().filter(|c| !c.is_control()) {
        if matches!(c, '\\' | ',' | ';') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::ical::Calendar;
    use crate::format::ical::zone::zone;
    use crate::format::recur::Steps;
    use crate::kernel::limits::ZONE_STEPS_OBJECT;

    fn read(definition: &str) -> Zone {
        let text = format!("BEGIN:VCALENDAR\r\n{definition}END:VCALENDAR\r\n");
        let calendar = Calendar::parse(text.as_bytes()).unwrap();
        let component = calendar.root().children().next().unwrap();
        zone(component, &mut Steps::new(ZONE_STEPS_OBJECT)).unwrap_or_else(|| panic!("{text}"))
    }

    fn of(name: &str, extent: Extent) -> String {
        write(name, &Zone::named(name).unwrap(), extent, &[]).unwrap()
    }

    const YEAR: i64 = 31_556_952;

    /// Compares at each change of the database, and a second before it, from one year to another.
    fn assert_same(name: &str, extent: Extent, (first, last): (i64, i64)) {
        let (known, text) = (Zone::named(name).unwrap(), of(name, extent));
        let own = read(&text);
        let (start, end) = ((first - 1970) * YEAR, (last - 1970) * YEAR);
        let same = |at: i64| {
            assert_eq!(own.offset_at(at), known.offset_at(at), "{name} {extent:?} at {at}\n{text}");
        };
        same(start);
        same(end - 1);
        for change in database::changes(&known.of_database().unwrap(), Some(start), end) {
            assert_eq!(known.offset_at(change.at), change.to.offset, "{name}");
            same(change.at - 1);
            same(change.at);
        }
    }

    #[test]
    fn every_zone_is_read_as_the_database_tells_it() {
        for entry in database::zones() {
            assert_same(entry.name, Extent::default(), (1800, 2100));
            assert_same(entry.name, Extent::SINCE_1970, (1970, 2100));
        }
    }

    #[test]
    fn a_part_is_right_within_its_ends() {
        let year = |year: i64| (year - 1970) * YEAR;
        for entry in database::zones() {
            let part = Extent { start: Some(year(2010)), end: Some(year(2020)) };
            assert_same(entry.name, part, (2010, 2020));
        }
    }

    #[test]
    fn what_recurs_is_a_rule() {
        let berlin = of("Europe/Berlin", Extent::SINCE_1970);
        assert!(berlin.contains("RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\r\n"), "{berlin}");
        assert!(berlin.contains("RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\n"), "{berlin}");
        assert!(berlin.len() < 800, "{}", berlin.len());
        let new_york = of("America/New_York", Extent::SINCE_1970);
        assert!(new_york.contains("RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU\r\n"), "{new_york}");
        let longest = database::zones().iter().map(|it| of(it.name, Extent::default()).len());
        assert!(longest.max().unwrap() < 12_000);
    }

    #[test]
    fn a_part_may_begin_in_any_year() {
        for first in [1, 1700, 2100, 2500, 9_000, 9_999] {
            let start = Civil::new(first, 3, 1, 0).seconds();
            let part = Extent { start: Some(start), end: None };
            let own = read(&of("Europe/Berlin", part));
            let known = Zone::named("Europe/Berlin").unwrap();
            for day in (0..400).step_by(10) {
                let at = start + day * 86_400;
                assert_eq!(own.offset_at(at), known.offset_at(at), "{first} {day}");
            }
        }
    }

    /// RFC 7808 §3.9: one observance begins where the part does, and TZUNTIL says where it ends.
    #[test]
    fn a_part_says_where_it_begins_and_ends() {
        let part = Extent { start: Some(1_262_304_000), end: Some(1_577_836_800) };
        let text = of("America/New_York", part);
        assert!(text.contains("TZUNTIL:20200101T000000Z\r\n"), "{text}");
        let first = "BEGIN:STANDARD\r\nDTSTART:20091231T190000\r\nTZNAME:EST\r\n\
                     TZOFFSETFROM:-0500\r\nTZOFFSETTO:-0500\r\nEND:STANDARD\r\n";
        assert_eq!(text.matches(first).count(), 1, "{text}");
        assert!(text.contains("UNTIL=20190310T070000Z"), "{text}");
        // A part that begins with a change has that change's offsets.
        let at_change = Extent { start: Some(1_268_550_000), end: None };
        let text = of("America/New_York", at_change);
        let first = "DTSTART:20100314T020000\r\nTZNAME:EDT\r\nTZOFFSETFROM:-0500\r\n\
                     TZOFFSETTO:-0400\r\nEND";
        assert_eq!(text.matches(first).count(), 1, "{text}");
    }

    #[test]
    fn a_strange_name_is_written_as_text() {
        let name =
            "(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna; and the rest of it";
        let text = write(name, &Zone::named("Europe/Berlin").unwrap(), Extent::SINCE_1970, &[]);
        let text = format!("BEGIN:VCALENDAR\r\n{}END:VCALENDAR\r\n", text.unwrap());
        assert!(text.lines().all(|line| line.len() <= 75));
        let calendar = Calendar::parse(text.as_bytes()).unwrap();
        let tzid = calendar.root().children().next().unwrap().property("TZID").unwrap().value();
        assert_eq!(crate::format::ical::value::text(tzid), name);
    }
}
