//! The only reader of the clock. Everything else is handed a [`Timestamp`].

use std::time::{SystemTime, UNIX_EPOCH};

/// Microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

/// The present moment.
pub fn now() -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    Timestamp(since.map_or(0, |d| d.as_micros() as i64))
}

/// A moment of the clock that never goes back, for measuring how long something takes.
pub fn monotonic() -> std::time::Instant {
    std::time::Instant::now()
}

impl Timestamp {
    /// Whole seconds since 1970.
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// From whole seconds since 1970.
    pub fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000))
    }

    /// This moment moved by so many seconds (negative: back).
    pub fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1_000_000)))
    }

    fn civil(self) -> (i64, i64, i64, i64, i64, i64, usize) {
        let seconds = self.seconds();
        let days = seconds.div_euclid(86_400);
        let time = seconds.rem_euclid(86_400);
        let (year, month, day) = civil_from_days(days);
        let weekday = (days + 4).rem_euclid(7) as usize;
        (year, month, day, time / 3600, time / 60 % 60, time % 60, weekday)
    }

    /// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7), for `getlastmodified` and headers.
    pub fn http_date(self) -> String {
        let (y, mo, d, h, mi, s, wd) = self.civil();
        let day = WEEKDAYS[wd];
        let month = MONTHS[(mo - 1) as usize];
        format!("{day}, {d:02} {month} {y:04} {h:02}:{mi:02}:{s:02} GMT")
    }

    /// `06-Nov-1994 08:49:37 +0000` (RFC 9051 §9, `date-time` without its quotes).
    pub fn imap_date(self) -> String {
        let (y, mo, d, h, mi, s, _) = self.civil();
        let month = MONTHS[(mo - 1) as usize];
        format!("{d:02}-{month}-{y:04} {h:02}:{mi:02}:{s:02} +0000")
    }

    /// `1994-11-06T08:49:37Z` (RFC 3339), for `creationdate`.
    pub fn rfc3339(self) -> String {
        let (y, mo, d, h, mi, s, _) = self.civil();
        format!("{y:04}-{mo:02}-{d:02}T{h:02}:{mi:02}:{s:02}Z")
    }

    /// Reads an HTTP date in any of its three forms (RFC 9110 §5.6.7); `None` for every other
    /// text, which makes a conditional header be ignored.
    pub fn parse_http_date(text: &str) -> Option<Self> {
        http_date(text, now())
    }
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`, `Sunday, 06-Nov-94 08:49:37 GMT` or
/// `Sun Nov  6 08:49:37 1994`; the moment `now` tells the century of the second form.
fn http_date(text: &str, now: Timestamp) -> Option<Timestamp> {
    let words: Vec<&str> = text.split_ascii_whitespace().take(7).collect();
    let (weekday, weekdays, day, month, year, time) = match words[..] {
        [weekday, day, month, year, time, "GMT"] => {
            (weekday.strip_suffix(',')?, WEEKDAYS, day, month, year, time)
        }
        [weekday, date, time, "GMT"] => {
            let (day, rest) = date.split_once('-')?;
            let (month, year) = rest.split_once('-')?;
            (weekday.strip_suffix(',')?, LONG_WEEKDAYS, day, month, year, time)
        }
        [weekday, month, day, time, year] => (weekday, WEEKDAYS, day, month, year, time),
        _ => return None,
    };
    let month = MONTHS.iter().position(|name| *name == month)? as i64 + 1;
    let day = number(day, 2).or_else(|| number(day, 1))?;
    let mut time = time.splitn(3, ':').map(|part| number(part, 2));
    let (hour, minute, second) = (time.next()??, time.next()??, time.next()??);
    let year = match weekdays == LONG_WEEKDAYS {
        true => full_year(number(year, 2)?, (month, day, hour, minute, second), now),
        false => number(year, 4)?,
    };
    let days = days_from_civil(year, month, day);
    let real = civil_from_days(days) == (year, month, day) && year >= 1601;
    if !weekdays.contains(&weekday) || !real || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    Some(Timestamp::from_seconds(days * 86_400 + hour * 3600 + minute * 60 + second))
}

/// A number of exactly so many digits.
fn number(text: &str, digits: usize) -> Option<i64> {
    let right = text.len() == digits && text.bytes().all(|b| b.is_ascii_digit());
    if right { text.parse().ok() } else { None }
}

/// The year that two digits mean: the latest one in which the moment is not more than 50 years
/// ahead of now.
fn full_year(two: i64, moment: (i64, i64, i64, i64, i64), now: Timestamp) -> i64 {
    let (year, month, day, hour, minute, second, _) = now.civil();
    let last = year + 50 - i64::from(moment > (month, day, hour, minute, second));
    last - (last - two).rem_euclid(100)
}

const WEEKDAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const LONG_WEEKDAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
/// The names of months in dates of HTTP, mail and IMAP.
pub const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The civil date of a day number (0 = 1970-01-01), proleptic Gregorian.
pub fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    let year = yoe + era * 400 + i64::from(month <= 2);
    (year, month, doy - (153 * mp + 2) / 5 + 1)
}

/// The day number (0 = 1970-01-01) of a civil date, proleptic Gregorian.
pub fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let yoe = y.rem_euclid(400);
    let doy = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    let doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    era * 146_097 + doe - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_http_and_rfc3339_want_them() {
        let t = Timestamp::from_seconds(784_111_777);
        assert_eq!(t.http_date(), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(t.rfc3339(), "1994-11-06T08:49:37Z");
        assert_eq!(Timestamp::parse_http_date(&t.http_date()), Some(t));
        assert_eq!(Timestamp::parse_http_date("yesterday"), None);
        // An hour before the first would overflow.
        let early = "Sun, 06 Nov 1994 -9223372036854775808:00:00 GMT";
        assert_eq!(Timestamp::parse_http_date(early), None);
    }

    #[test]
    fn each_form_of_an_http_date_is_read() {
        let now = Timestamp::from_seconds(1_767_225_600); // 2026-01-01T00:00:00Z
        let read = |text: &str| http_date(text, now).map(Timestamp::rfc3339);
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "Sun Nov 06 08:49:37 1994",
            "  Sun,  06 Nov 1994\t08:49:37 GMT ",
        ] {
            assert_eq!(read(text).as_deref(), Some("1994-11-06T08:49:37Z"), "{text}");
        }
        // RFC 9110 §5.6.7: more than 50 years ahead means the past.
        for (text, year) in [
            ("Wednesday, 01-Jan-76 00:00:00 GMT", "2076-01-01T00:00:00Z"),
            ("Thursday, 01-Jan-76 00:00:01 GMT", "1976-01-01T00:00:01Z"),
            ("Friday, 31-Dec-75 23:59:59 GMT", "2075-12-31T23:59:59Z"),
            ("Saturday, 01-Jan-77 00:00:00 GMT", "1977-01-01T00:00:00Z"),
            ("Saturday, 01-Jan-00 00:00:00 GMT", "2000-01-01T00:00:00Z"),
            ("Tuesday, 29-Feb-00 00:00:00 GMT", "2000-02-29T00:00:00Z"),
            ("Friday, 31-Dec-99 23:59:60 GMT", "2000-01-01T00:00:00Z"),
        ] {
            assert_eq!(read(text).as_deref(), Some(year), "{text}");
        }
    }

    #[test]
    fn what_is_no_http_date_is_not_read() {
        let now = Timestamp::from_seconds(1_767_225_600);
        for text in [
            "",
            ",",
            "0",
            "Sun",
            "784111777",
            "1994-11-06T08:49:37Z",
            "Sun, 06 Nov 1994 08:49:37",
            "Sun, 06 Nov 1994 08:49:37 UTC",
            "Sun, 06 Nov 1994 08:49:37 +0000",
            "Sun, 06 Nov 1994 08:49:37 GMT GMT",
            "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 gmt",
            "Sun, 06 nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 94 08:49:37 GMT",
            "Sun, 06-Nov-94 08:49:37 GMT",
            "Sunday, 06-Nov-1994 08:49:37 GMT",
            "Sunday, 06 Nov 1994 08:49:37 GMT",
            "Sunday 06-Nov-94 08:49:37 GMT",
            "Sunday, 06-Nov-9 08:49:37 GMT",
            "Sunday, 06-Nov--4 08:49:37 GMT",
            "Sunday, 06-Nov 08:49:37 GMT",
            "Sunday, 30-Feb-94 08:49:37 GMT",
            "Sun, Nov  6 08:49:37 1994",
            "Sun Nov  6 08:49:37 94",
            "Sun Nov  6 08:49:37 1994 GMT",
            "Non Nov  6 08:49:37 1994",
            "Sun Nov  0 08:49:37 1994",
            "Sun Nov 31 08:49:37 1994",
            "Sun Nov +6 08:49:37 1994",
            "Sun, 06 Nov 1994 24:00:00 GMT",
            "Sun, 06 Nov 1994 08:60:00 GMT",
            "Sun, 06 Nov 1994 08:49:61 GMT",
            "Sun, 06 Nov 1994 08:49 GMT",
            "Sun, 06 Nov 1994 08:49:37:00 GMT",
            "Sun, 06 Nov 1994 8:49:37 GMT",
            "Sun, 06 Nov 0001 08:49:37 GMT",
            "Sun, 06 Nov 99999999999999999999 08:49:37 GMT",
            "Sun, \u{0660}6 Nov 1994 08:49:37 GMT",
        ] {
            assert_eq!(http_date(text, now), None, "{text}");
        }
        // However long, it is given up early.
        assert_eq!(http_date(&"Sun, ".repeat(100_000), now), None);
    }

    #[test]
    fn days_and_civil_dates_are_inverse() {
        for days in (-800_000..3_000_000).step_by(997) {
            let (y, m, d) = civil_from_days(days);
            assert_eq!(days_from_civil(y, m, d), days);
        }
    }
}
