//! A wall-clock moment without a zone, as plain numbers that recurrence rules can count with.

use crate::kernel::clock::{civil_from_days, days_from_civil};

/// A local date and time: the day number (0 = 1970-01-01, proleptic Gregorian) and the second of
/// that day, 0 to 86 399. A date without a time has second 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Civil {
    /// Days since 1970-01-01.
    pub day: i64,
    /// Seconds since midnight.
    pub second: i64,
}

impl Civil {
    /// From calendar fields, which the caller has checked.
    pub fn new(year: i64, month: i64, day: i64, second: i64) -> Self {
        Self { day: days_from_civil(year, month, day), second }
    }

    /// Seconds since 1970-01-01T00:00:00 of the same wall clock.
    pub fn seconds(self) -> i64 {
        self.day * 86_400 + self.second
    }

    /// The inverse of [`Civil::seconds`].
    pub fn from_seconds(seconds: i64) -> Self {
        Self { day: seconds.div_euclid(86_400), second: seconds.rem_euclid(86_400) }
    }

    /// Year, month (1-12), day of month (1-31).
    pub fn date(self) -> (i64, i64, i64) {
        civil_from_days(self.day)
    }

    /// 0 = Monday to 6 = Sunday.
    pub fn weekday(self) -> i64 {
        (self.day + 3).rem_euclid(7)
    }
}
