//! Amounts as people write them: octets (`5G`), ends (`90d`, `2027-01-31`), numbers, days and lengths
//! (`PT4H`).

use crate::format::ical::value::Duration;
use crate::kernel::clock::{Timestamp, civil_from_days, days_from_civil};

/// Units of octets; each is 1024 of the one before.
const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];

/// A quota: octets, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota(pub Option<i64>);

/// Reads a quota: a whole number with `K`, `M`, `G`, `T` (1024 each; `KiB` and `KB` mean the
/// same), or `none`.
///
/// # Errors
/// What was expected.
pub fn quota(text: &str) -> Result<Quota, String> {
    let text = text.trim();
    if text.eq_ignore_ascii_case("none") {
        return Ok(Quota(None));
    }
    let wrong = || format!("\"{text}\" is no size: give octets such as 5G or 500M, or none");
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = text.get(digits.len()..).unwrap_or("").to_ascii_uppercase();
    let unit = unit.strip_suffix("IB").or_else(|| unit.strip_suffix('B')).unwrap_or(&unit);
    let power = ["", "K", "M", "G", "T"].iter().position(|known| *known == unit);
    let factor = power.and_then(|power| 1024_i64.checked_pow(u32::try_from(power).ok()?));
    let number: Option<i64> = digits.trim().parse().ok().filter(|n| *n >= 0);
    let octets = number.zip(factor).and_then(|(number, factor)| number.checked_mul(factor));
    octets.map(|octets| Quota(Some(octets))).ok_or_else(wrong)
}

/// Octets for people to read: `1.5 GiB`.
pub fn octets(octets: i64) -> String {
    let (mut tenths, mut unit) = (i128::from(octets) * 10, 0);
    while tenths >= 10_240 && unit + 1 < UNITS.len() {
        tenths = (tenths + 512) / 1024;
        unit += 1;
    }
    let name = UNITS.get(unit).copied().unwrap_or("B");
    match tenths % 10 {
        0 => format!("{} {name}", tenths / 10),
        tenth => format!("{}.{tenth} {name}", tenths / 10),
    }
}

/// A number, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number(pub Option<i64>);

/// Days, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Days(pub Option<i64>);

/// Seconds, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Length(pub Option<i64>);

/// What `none` says, or what is read otherwise.
fn or_none(
    text: &str,
    read: impl FnOnce(&str) -> Option<i64>,
    what: &str,
) -> Result<Option<i64>, String> {
    let text = text.trim();
    if text.eq_ignore_ascii_case("none") {
        return Ok(None);
    }
    read(text).map(Some).ok_or_else(|| format!("\"{text}\" is no {what}, or none"))
}

fn whole(text: &str) -> Option<i64> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// Reads a whole number, or `none`.
///
/// # Errors
/// What was expected.
pub fn number(text: &str) -> Result<Number, String> {
    or_none(text, whole, "number: give one such as 12").map(Number)
}

/// Reads a number of days, or `none`.
///
/// # Errors
/// What was expected.
pub fn days(text: &str) -> Result<Days, String> {
    let read = |text: &str| whole(text.trim_end_matches(['d', 'D']));
    or_none(text, read, "number of days: give one such as 90").map(Days)
}

/// Reads a length as iCalendar writes it (RFC 5545 §3.3.6), or `none`.
///
/// # Errors
/// What was expected.
pub fn length(text: &str) -> Result<Length, String> {
    let read = |text: &str| Duration::read(text).map(Duration::nominal_seconds);
    or_none(text, read, "length: give one such as PT4H or P1D").map(Length)
}

/// When something ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// So many days from now.
    Days(i64),
    /// With the last second of a day, UTC; days since 1970-01-01.
    Date(i64),
}

impl End {
    /// The moment, seen from now.
    pub fn from(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Days(days) => now.plus_seconds(days.saturating_mul(86_400)),
            Self::Date(day) => Timestamp::from_seconds(day.saturating_mul(86_400) + 86_399),
        }
    }
}

/// Reads an end: `90d` or `12w`, or a date as `2027-01-31`, whose last second (UTC) it is.
///
/// # Errors
/// What was expected.
pub fn end(text: &str) -> Result<End, String> {
    let text = text.trim();
    let wrong = || format!("\"{text}\" is no end: give 90d, 12w or a date such as 2027-01-31");
    for (unit, days) in [('d', 1), ('w', 7)] {
        if let Some(number) = text.strip_suffix(unit) {
            let number: i64 = number.parse().map_err(|_| wrong())?;
            return match number {
                1..=36_500 => Ok(End::Days(number.saturating_mul(days))),
                _ => Err(wrong()),
            };
        }
    }
    let shape = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    let parts: Option<Vec<i64>> = text.split('-').map(|part| part.parse().ok()).collect();
    match parts.as_deref() {
        Some([year, month, day]) if shape && (1..=12).contains(month) => {
            let number = days_from_civil(*year, *month, *day);
            match civil_from_days(number) == (*year, *month, *day) {
                true => Ok(End::Date(number)),
                false => Err(wrong()),
            }
        }
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_take_units_of_1024() {
        let good = [("0", 0), ("5G", 5 << 30), ("1 MiB", 1 << 20), ("7kb", 7 << 10), ("12B", 12)];
        for (text, octets) in good {
            assert_eq!(quota(text), Ok(Quota(Some(octets))), "{text}");
        }
        assert_eq!(quota("None"), Ok(Quota(None)));
        for bad in ["", "G", "-1", "1.5G", "5X", "9999999999T", "5 G G"] {
            assert!(quota(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn octets_are_shown_in_a_fitting_unit() {
        let shown = [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (5 << 30, "5 GiB")];
        for (number, text) in shown {
            assert_eq!(octets(number), text);
        }
    }

    #[test]
    fn numbers_days_and_lengths_can_be_none() {
        assert_eq!((number("12"), number("None")), (Ok(Number(Some(12))), Ok(Number(None))));
        assert_eq!((days("90"), days("30d")), (Ok(Days(Some(90))), Ok(Days(Some(30)))));
        assert_eq!(length("PT4H30M"), Ok(Length(Some(16_200))));
        for bad in ["", "-1", "1.5", "many", "99999999999999999999"] {
            assert!(number(bad).is_err() && days(bad).is_err() && length(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn ends_are_days_from_now_or_the_end_of_a_date() {
        let now = Timestamp::from_seconds(0);
        assert_eq!(end("2w").unwrap().from(now).rfc3339(), "1970-01-15T00:00:00Z");
        assert_eq!(end("2028-02-29").unwrap().from(now).rfc3339(), "2028-02-29T23:59:59Z");
        for bad in ["", "d", "0d", "-1d", "90", "2027-02-29", "2027-1-31", "2027-13-01", "99999d"] {
            assert!(end(bad).is_err(), "{bad}");
        }
    }
}
