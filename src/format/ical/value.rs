//! Typed values, read from a property's text when they are asked for.
//!
//! Invariant: no text makes a reader panic or overflow; what cannot be read is `None`. Standard:
//! RFC 5545 §3.3. Readers look at the value's own form first, since clients send the wrong VALUE.

use crate::format::civil::Civil;
use crate::format::line::{Line, Malformed, shown};
use crate::kernel::limits::TZID_MAX;

pub use crate::format::property::text;

/// How a moment's wall clock is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form<'c> {
    /// A day without a time (RFC 5545 §3.3.4).
    Date,
    /// Local time wherever the reader is (§3.3.5, form 1).
    Floating,
    /// UTC (form 2).
    Utc,
    /// Local time in the zone of this TZID, RFC 6868 escapes not undone (form 3).
    Zone(&'c str),
}

/// A DATE or DATE-TIME value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Moment<'c> {
    /// The wall clock as written.
    pub civil: Civil,
    /// What the wall clock is to be read against.
    pub form: Form<'c>,
}

impl<'c> Moment<'c> {
    /// Whether it is a day without a time.
    pub fn is_date(&self) -> bool {
        self.form == Form::Date
    }

    /// Reads `20260101`, `20260101T090000` or `20260101T090000Z`. A UTC value takes no zone;
    /// `date` (the property says VALUE=DATE) drops a time.
    pub fn read(text: &str, tzid: Option<&'c str>, date: bool) -> Option<Self> {
        let text = text.trim().as_bytes();
        let day = read_day(text.get(..8)?)?;
        if date || text.len() == 8 {
            let shaped = text.len() == 8 || matches!(text.get(8), Some(b'T' | b't'));
            return shaped.then_some(Self { civil: Civil { day, second: 0 }, form: Form::Date });
        }
        let second = read_clock(text.get(9..15)?)?;
        let zone = tzid.filter(|id| !id.is_empty());
        let form = match (text.get(8)?, text.get(15..)?) {
            (b'T' | b't', b"Z" | b"z") => Form::Utc,
            (b'T' | b't', b"") => zone.map_or(Form::Floating, Form::Zone),
            _ => return None,
        };
        Some(Self { civil: Civil { day, second }, form })
    }
}

/// Two to eight digits as a number.
fn digits(text: &[u8]) -> Option<i64> {
    text.iter().try_fold(0, |n, b| b.is_ascii_digit().then(|| n * 10 + i64::from(b - b'0')))
}

fn read_day(text: &[u8]) -> Option<i64> {
    let (year, month) = (digits(text.get(..4)?)?, digits(text.get(4..6)?)?);
    let day = digits(text.get(6..8)?)?;
    let civil = Civil::new(year, month.clamp(1, 12), day, 0);
    (civil.date() == (year, month, day)).then_some(civil.day)
}

/// `HHMMSS` as a second of the day; a leap second counts as the second before it.
fn read_clock(text: &[u8]) -> Option<i64> {
    let (hour, minute) = (digits(text.get(..2)?)?, digits(text.get(2..4)?)?);
    let second = digits(text.get(4..6)?)?;
    (hour < 24 && minute < 60 && second <= 60).then(|| hour * 3600 + minute * 60 + second.min(59))
}

/// A wall clock as iCalendar writes it, `20260101T090000`.
pub fn written(at: Civil) -> String {
    let ((year, month, day), second) = (at.date(), at.second);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}")
}

/// An instant, in seconds since 1970, in UTC: `20260101T090000Z`.
pub fn written_utc(instant: i64) -> String {
    written(Civil::from_seconds(instant)) + "Z"
}

/// Seconds as a DURATION value: `PT4H30M` (RFC 5545 §3.3.6).
pub fn written_duration(seconds: i64) -> String {
    let units = [("H", seconds / 3_600), ("M", seconds / 60 % 60), ("S", seconds % 60)];
    let parts = units.iter().filter(|(_, n)| *n != 0).map(|(unit, n)| format!("{n}{unit}"));
    let text: String = parts.collect();
    if text.is_empty() { "PT0S".to_owned() } else { format!("PT{text}") }
}

/// A DURATION value: days by the calendar, then exact seconds (RFC 5545 §3.3.6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Duration {
    /// Weeks and days, as days of the wall clock; negative if the duration is.
    pub days: i64,
    /// Hours, minutes and seconds, as exact seconds; negative if the duration is.
    pub seconds: i64,
}

impl Duration {
    /// Reads `-P1W2DT3H4M5S` and its parts.
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let (sign, rest) = match text.as_bytes().first()? {
            b'-' => (-1, text.get(1..)?),
            b'+' => (1, text.get(1..)?),
            _ => (1, text),
        };
        let rest = rest.strip_prefix(['P', 'p'])?;
        if !rest.bytes().any(|b| b.is_ascii_digit()) {
            return None;
        }
        let (mut value, mut number, mut timed) = (Self::default(), None::<i64>, false);
        for b in rest.bytes() {
            if b.is_ascii_digit() {
                let before = number.unwrap_or(0);
                number = Some(before.checked_mul(10)?.checked_add(i64::from(b - b'0'))?);
                continue;
            }
            if matches!(b, b'T' | b't') && !timed && number.is_none() {
                timed = true;
                continue;
            }
            value.add(b.to_ascii_uppercase(), timed, number.take()?)?;
        }
        let (days, seconds) = (value.days * sign, value.seconds * sign);
        number.is_none().then_some(Self { days, seconds })
    }

    fn add(&mut self, unit: u8, timed: bool, number: i64) -> Option<()> {
        // About 3 million years, so that no later sum overflows.
        const MAX: i64 = 100_000_000_000_000;
        let (sum, size) = match (unit, timed) {
            (b'W', _) => (&mut self.days, 7),
            (b'D', _) => (&mut self.days, 1),
            (b'H', true) => (&mut self.seconds, 3600),
            (b'M', true) => (&mut self.seconds, 60),
            (b'S', true) => (&mut self.seconds, 1),
            _ => return None,
        };
        let limit = if size == 7 || unit == b'D' { MAX / 86_400 } else { MAX };
        *sum = number.checked_mul(size)?.checked_add(*sum).filter(|n| *n <= limit)?;
        Some(())
    }

    /// Its seconds, a day counted as 86 400.
    pub fn nominal_seconds(self) -> i64 {
        self.days.saturating_mul(86_400).saturating_add(self.seconds)
    }
}

/// Where a period ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeriodEnd<'c> {
    /// At a moment.
    At(Moment<'c>),
    /// After a time.
    After(Duration),
}

/// A moment with an end of its own, if it is a PERIOD (RFC 5545 §3.3.9); one value of RDATE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period<'c> {
    /// Where it starts.
    pub start: Moment<'c>,
    /// Where it ends; `None` if the value was a plain DATE or DATE-TIME.
    pub end: Option<PeriodEnd<'c>>,
}

impl<'c> Period<'c> {
    /// Reads a DATE, a DATE-TIME, or a PERIOD in either of its forms.
    pub fn read(text: &str, tzid: Option<&'c str>, date: bool) -> Option<Self> {
        let Some((start, end)) = text.split_once('/') else {
            return Some(Self { start: Moment::read(text, tzid, date)?, end: None });
        };
        let end = match Duration::read(end) {
            Some(duration) => PeriodEnd::After(duration),
            None => PeriodEnd::At(Moment::read(end, tzid, false)?),
        };
        Some(Self { start: Moment::read(start, tzid, false)?, end: Some(end) })
    }
}

/// The TZID parameter without quotes and blanks. One that is too long names no zone that anybody
/// knows, and would be compared for every date of a list.
fn tzid<'c>(line: &'c Line<'c>) -> Option<&'c str> {
    line.param("TZID").map(|p| p.bare().trim()).filter(|id| id.len() <= TZID_MAX)
}

fn says_date(line: &Line<'_>) -> bool {
    line.param("VALUE").is_some_and(|p| p.value().eq_ignore_ascii_case("DATE"))
}

fn bad(line: &Line<'_>, what: &str) -> Malformed {
    let (name, value) = (shown(line.full_name()), shown(line.value()));
    Malformed::new(line.number, format!("{name} is not {what}: {value}"))
}

/// The one moment of a property such as DTSTART.
///
/// # Errors
/// The line, if its value is neither a date nor a date-time.
pub fn moment<'c>(line: &'c Line<'c>) -> Result<Moment<'c>, Malformed> {
    Moment::read(line.value(), tzid(line), says_date(line))
        .ok_or_else(|| bad(line, "a date or date-time"))
}

/// The moments and periods of a list property such as RDATE, EXDATE, FREEBUSY; empty values are
/// passed over.
///
/// # Errors
/// The line, if one of its values cannot be read.
pub fn periods<'c>(line: &'c Line<'c>) -> Result<Vec<Period<'c>>, Malformed> {
    let (zone, date) = (tzid(line), says_date(line));
    let values = line.value().split(',').filter(|v| !v.trim().is_empty());
    values
        .map(|v| Period::read(v, zone, date).ok_or_else(|| bad(line, "a list of dates or periods")))
        .collect()
}

/// The duration of a property such as DURATION.
///
/// # Errors
/// The line, if its value is no duration.
pub fn duration(line: &Line<'_>) -> Result<Duration, Malformed> {
    Duration::read(line.value()).ok_or_else(|| bad(line, "a duration"))
}

/// A UTC-OFFSET value in seconds, `+0100` or `-052856` (RFC 5545 §3.3.14).
pub fn utc_offset(value: &str) -> Option<i64> {
    let value = value.trim();
    let (sign, clock) = match value.as_bytes().split_first()? {
        (b'+', rest) => (1, rest),
        (b'-', rest) => (-1, rest),
        _ => return None,
    };
    let (hour, minute) = (digits(clock.get(..2)?)?, digits(clock.get(2..4)?)?);
    let second = match clock.get(4..)? {
        [] => 0,
        rest if rest.len() == 2 => digits(rest)?,
        _ => return None,
    };
    (hour < 24 && minute < 60 && second < 60).then_some(sign * (hour * 3600 + minute * 60 + second))
}

#[cfg(test)]
mod tests;
