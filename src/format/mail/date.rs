//! Dates of messages.
//!
//! Invariant: what is no date is none, never a wrong one. Standard: RFC 5322 §3.3 and §4.3 (years of
//! two digits, names of zones, comments anywhere), read leniently: the name of the day is passed over,
//! seconds may be missing, and the order of C's `asctime` is understood.

use super::lexer::{Lexer, is_token};
use crate::kernel::clock::{MONTHS, days_from_civil};

/// A date as it is written, and where on earth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Date {
    /// Seconds since 1970 of the clock that it shows, as if that were UTC.
    pub local: i64,
    /// Seconds that this clock is ahead of UTC.
    pub offset: i64,
}

impl Date {
    /// Seconds since 1970.
    pub fn seconds(self) -> i64 {
        self.local - self.offset
    }
}

/// RFC 5322 §4.3; other names say nothing (`-0000`).
const ZONES: [(&str, i64); 8] = [
    ("edt", -4),
    ("est", -5),
    ("cdt", -5),
    ("cst", -6),
    ("mdt", -6),
    ("mst", -7),
    ("pdt", -7),
    ("pst", -8),
];

/// The date that a field's value says.
pub fn date(value: &[u8]) -> Option<Date> {
    let mut lexer = Lexer::new(value);
    let (mut day, mut month, mut year, mut time, mut offset) = (None, None, None, None, None);
    for _ in 0..12 {
        lexer.blanks();
        let Some(octet) = lexer.peek() else { break };
        if octet == b'+' || octet == b'-' {
            lexer.bump();
            let digits = lexer.run(|b| b.is_ascii_digit());
            if time.is_some() {
                offset = offset.or(zone(octet == b'-', digits));
            }
            continue;
        }
        let word = lexer.run(|b| is_token(b) && !matches!(b, b'+' | b'-' | b'.') || b == b':');
        if word.is_empty() {
            lexer.bump();
            continue;
        }
        let text = std::str::from_utf8(word).ok()?.to_ascii_lowercase();
        match (text.contains(':'), text.parse::<i64>()) {
            (true, _) => time = time.or(clock(&text)),
            (_, Ok(number)) => match (day, year) {
                (None, _) if text.len() <= 2 => day = Some(number),
                (_, None) => year = Some(full_year(number, text.len())),
                _ => {}
            },
            _ => {
                let prefix = text.get(..3).unwrap_or(&text);
                month = month.or(MONTHS.iter().position(|name| name.eq_ignore_ascii_case(prefix)));
                let named = ZONES.iter().find(|row| row.0 == text);
                if time.is_some() {
                    offset = offset.or(named.map(|row| row.1 * 3_600));
                }
            }
        }
    }
    let (day, month, year) = (day?, month? as i64 + 1, year?);
    let valid = (1..=31).contains(&day) && (1..=9_999).contains(&year);
    let local = || days_from_civil(year, month, day) * 86_400 + time.unwrap_or(0);
    valid.then(|| Date { local: local(), offset: offset.unwrap_or(0) })
}

/// RFC 5322 §4.3: two digits below 50 are of this century, three count from 1900.
fn full_year(number: i64, digits: usize) -> i64 {
    match digits {
        ..=2 if number < 50 => number + 2_000,
        ..=3 => number + 1_900,
        _ => number,
    }
}

fn zone(west: bool, digits: &[u8]) -> Option<i64> {
    let digits = std::str::from_utf8(digits).ok().filter(|digits| digits.len() == 4)?;
    let number: i64 = digits.parse().ok()?;
    let seconds = number / 100 * 3_600 + number % 100 * 60;
    (number % 100 < 60).then_some(if west { -seconds } else { seconds })
}

fn clock(text: &str) -> Option<i64> {
    let mut parts = text.split(':').map(|part| part.parse::<i64>().ok());
    let (hour, minute) = (parts.next()??, parts.next()??);
    let second = match parts.next() {
        Some(second) => second?,
        None => 0,
    };
    let valid = (0..24).contains(&hour) && (0..60).contains(&minute) && (0..=60).contains(&second);
    valid.then(|| hour * 3_600 + minute * 60 + second.min(59))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::clock::Timestamp;

    fn shown(value: &str) -> Option<String> {
        date(value.as_bytes())
            .map(|it| format!("{} {}", Timestamp::from_seconds(it.seconds()).rfc3339(), it.offset))
    }

    #[test]
    fn dates_of_rfc_5322_and_of_programs() {
        for (value, expected) in [
            ("Fri, 21 Nov 1997 09:55:06 -0600", "1997-11-21T15:55:06Z -21600"),
            ("21 Nov 97 09:55:06 GMT", "1997-11-21T09:55:06Z 0"),
            (
                "Thu,\r\n      13\r\n        Feb\r\n          1969\r\n      23:32\r\n               -0330 (Newfoundland Time)",
                "1969-02-14T03:02:00Z -12600",
            ),
            ("Mon, 1 Sep 2003 22:23:26 EDT", "2003-09-02T02:23:26Z -14400"),
            ("Sat Jan  3 01:05:34 1996", "1996-01-03T01:05:34Z 0"),
            ("3 Jan 04 1:05 +0100", "2004-01-03T00:05:00Z 3600"),
            ("1 January 2020 12:00:60 Z", "2020-01-01T12:00:59Z 0"),
            ("Tue, 1 Jul 2003 00:00:00 +0090", "2003-07-01T00:00:00Z 0"),
            ("32 Jan 2020 00:00", ""),
            ("1 Jan 2020 99999999999999999:00 -0409012345678901230", "2020-01-01T00:00:00Z 0"),
            ("1 Jan 9999999999999999999999 00:00", ""),
            ("1 Jan 999999999999999 00:00", ""),
            ("yesterday", ""),
            ("", ""),
        ] {
            let expected = Some(expected.to_owned()).filter(|text| !text.is_empty());
            assert_eq!(shown(value), expected, "{value}");
        }
    }
}
