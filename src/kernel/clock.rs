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
        let day = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"][wd];
        let month = MONTHS[(mo - 1) as usize];
        format!("{day}, {d:02} {month} {y:04} {h:02}:{mi:02}:{s:02} GMT")
    }

    /// `1994-11-06T08:49:37Z` (RFC 3339), for `creationdate`.
    pub fn rfc3339(self) -> String {
        let (y, mo, d, h, mi, s, _) = self.civil();
        format!("{y:04}-{mo:02}-{d:02}T{h:02}:{mi:02}:{s:02}Z")
    }

    /// Reads an IMF-fixdate, the one form that HTTP senders must produce (RFC 9110 §5.6.7);
    /// `None` for every other text, which makes a conditional header be ignored.
    pub fn parse_http_date(text: &str) -> Option<Self> {
        let mut parts = text.trim().split_ascii_whitespace();
        parts.next()?.strip_suffix(',')?;
        let day: i64 = parts.next()?.parse().ok()?;
        let name = parts.next()?;
        let month = MONTHS.iter().position(|m| *m == name)? as i64 + 1;
        let year: i64 = parts.next()?.parse().ok()?;
        let mut clock = parts.next()?.split(':').map(|p| p.parse::<i64>().ok());
        let (h, m, s) = (clock.next()??, clock.next()??, clock.next()??);
        let sane = (1..=31).contains(&day) && (1601..=9999).contains(&year);
        let clock = (0..=23).contains(&h) && (0..=59).contains(&m) && (0..=60).contains(&s);
        if parts.next()? != "GMT" || !sane || !clock {
            return None;
        }
        let days = days_from_civil(year, month, day);
        Some(Self::from_seconds(days * 86_400 + h * 3600 + m * 60 + s))
    }
}

const MONTHS: [&str; 12] =
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
    fn days_and_civil_dates_are_inverse() {
        for days in (-800_000..3_000_000).step_by(997) {
            let (y, m, d) = civil_from_days(days);
            assert_eq!(days_from_civil(y, m, d), days);
        }
    }
}
