//! Arithmetic of the proleptic Gregorian calendar that rules need (RFC 5545 §3.3.10): lengths of
//! months and years, weekdays. What differs by calendar is in `scale.rs`.

use crate::format::civil::Civil;

/// 0001-01-01.
pub const FIRST: Civil = Civil { day: -719_162, second: 0 };
/// 9999-12-31T23:59:59.
pub const LAST: Civil = Civil { day: 2_932_896, second: DAY - 1 };
/// Seconds of a day.
pub const DAY: i64 = 86_400;

/// Whether February has 29 days.
pub fn leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// Days of a year.
pub fn year_length(year: i64) -> i64 {
    365 + i64::from(leap(year))
}

/// Days of a month, 1 to 12.
pub fn month_length(year: i64, month: i64) -> i64 {
    match month {
        2 => 28 + i64::from(leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// 0 = Monday to 6 = Sunday.
pub fn weekday(day: i64) -> i64 {
    (day + 3).rem_euclid(7)
}

/// The first day of the week that `day` lies in.
pub fn week_start(day: i64, wkst: i64) -> i64 {
    day - (weekday(day) - wkst).rem_euclid(7)
}
