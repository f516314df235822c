//! The text of a rule (RFC 5545 §3.3.10 `recur`, RFC 7529 §4), read leniently: any case, spaces
//! around parts and values, empty parts, any order, unknown parts ignored, COUNT beside UNTIL.
//! A value that has no meaning is refused with the part's name.

use super::{Frequency, MonthNum, Rule, Scale, Skip, Until, WeekdayNum, calendar};
use crate::format::civil::Civil;
use crate::kernel::limits::SHOWN_MAX;

/// More seconds than the years 1 to 9999 have; a longer INTERVAL means the same: never again.
const INTERVAL_MAX: u64 = 400_000_000_000;

/// Why a text is no rule that can be expanded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RuleError {
    /// There is no FREQ.
    NoFrequency,
    /// A part is not `NAME=VALUE`, or the value is not of the part's grammar.
    Malformed {
        /// The part's name, or the text that should have been a part.
        part: String,
        /// The value, shortened.
        value: String,
    },
    /// A number or date that the part does not allow.
    OutOfRange {
        /// The part's name.
        part: String,
        /// The value, shortened.
        value: String,
    },
    /// A part occurs twice with different values.
    Repeated {
        /// The part's name.
        part: String,
    },
    /// RSCALE names a calendar that is not known (RFC 7529 §4).
    UnsupportedScale(String),
}

impl std::fmt::Display for RuleError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoFrequency => f.write_str("the recurrence rule has no FREQ"),
            Self::Malformed { part, value } => write!(f, "{part} cannot be read: {value:?}"),
            Self::OutOfRange { part, value } => write!(f, "{part} does not allow {value:?}"),
            Self::Repeated { part } => write!(f, "{part} occurs twice"),
            Self::UnsupportedScale(name) => write!(f, "RSCALE {name:?} is not supported"),
        }
    }
}

impl std::error::Error for RuleError {}

/// One `NAME=VALUE`, the name in upper case.
struct Part<'t> {
    name: String,
    value: &'t str,
}

impl Part<'_> {
    fn malformed(&self) -> RuleError {
        RuleError::Malformed { part: self.name.clone(), value: shown(self.value) }
    }

    fn out_of_range(&self, value: &str) -> RuleError {
        RuleError::OutOfRange { part: self.name.clone(), value: shown(value) }
    }

    /// The value among named choices.
    fn choice<T: Copy>(&self, table: &[(&str, T)]) -> Result<T, RuleError> {
        lookup(table, self.value).ok_or_else(|| self.malformed())
    }

    /// One number without a sign, at least 1; one too long for 64 bits is the greatest.
    fn number(&self) -> Result<u64, RuleError> {
        let digits = self.value.strip_prefix('+').unwrap_or(self.value);
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(self.malformed());
        }
        match digits.parse().unwrap_or(u64::MAX) {
            0 => Err(self.out_of_range(self.value)),
            n => Ok(n),
        }
    }

    /// A list, sorted and without duplicates.
    fn list<T: Ord>(
        &self,
        read: impl Fn(&Self, &str) -> Result<T, RuleError>,
    ) -> Result<Vec<T>, RuleError> {
        let items = self.value.split(',').map(str::trim);
        let mut list = items.map(|item| read(self, item)).collect::<Result<Vec<T>, _>>()?;
        list.sort_unstable();
        list.dedup();
        list.shrink_to_fit();
        Ok(list)
    }

    /// A list of numbers from `min` to `max`.
    fn unsigned(&self, min: u8, max: u8) -> Result<Vec<u8>, RuleError> {
        self.list(|part, item| match integer(item) {
            None => Err(part.malformed()),
            Some(n) => match u8::try_from(n) {
                Ok(n) if (min..=max).contains(&n) => Ok(n),
                _ => Err(part.out_of_range(item)),
            },
        })
    }

    /// The list of BYMONTH: numbers that the calendar's months have, with `L` for leap months.
    fn months(&self, scale: Scale) -> Result<Vec<MonthNum>, RuleError> {
        let shape = scale.shape();
        self.list(|part, item| {
            let (digits, leap) = match item.strip_suffix(['L', 'l']) {
                Some(rest) if shape.leap_months => (rest, true),
                _ => (item, false),
            };
            let number = integer(digits).ok_or_else(|| part.malformed())?;
            match u8::try_from(number) {
                Ok(number) if (1..=shape.months).contains(&number) => Ok(MonthNum { number, leap }),
                _ => Err(part.out_of_range(item)),
            }
        })
    }

    /// A list of numbers whose amount is 1 to `max`.
    fn signed(&self, max: u16) -> Result<Vec<i16>, RuleError> {
        self.list(|part, item| match integer(item) {
            None => Err(part.malformed()),
            Some(n) if n != 0 && n.unsigned_abs() <= max => Ok(n),
            Some(_) => Err(part.out_of_range(item)),
        })
    }

    /// The list of BYDAY, with ordinals up to `max`.
    fn weekdays(&self, max: u16) -> Result<Vec<WeekdayNum>, RuleError> {
        self.list(|part, item| {
            let at = item.len().checked_sub(2).filter(|at| item.is_char_boundary(*at));
            let (ordinal, name) = item.split_at(at.ok_or_else(|| part.malformed())?);
            let weekday = lookup(WEEKDAYS, name).ok_or_else(|| part.malformed())?;
            let ordinal = match ordinal.trim() {
                "" => 0,
                text => match integer(text).ok_or_else(|| part.malformed())? {
                    n if n != 0 && n.unsigned_abs() <= max => n as i8,
                    _ => return Err(part.out_of_range(item)),
                },
            };
            Ok(WeekdayNum { ordinal, weekday })
        })
    }

    /// The value of UNTIL: `YYYYMMDD`, and perhaps `THHMM[SS]` and `Z`.
    fn until(&self) -> Result<Until, RuleError> {
        let text = self.value.to_ascii_uppercase();
        let (text, utc) = text.strip_suffix('Z').map_or((text.as_str(), false), |t| (t, true));
        let (date, time) = text.split_once('T').unwrap_or((text, ""));
        let date = digits(date, 8).ok_or_else(|| self.malformed())?;
        let (year, month, day) = (date / 10_000, date / 100 % 100, date % 100);
        let valid = year >= 1
            && (1..=12).contains(&month)
            && (1..=calendar::month_length(year, month)).contains(&day);
        if !valid {
            return Err(self.out_of_range(self.value));
        }
        let midnight = Civil::new(year, month, day, 0);
        if time.is_empty() {
            return Ok(Until::Date(midnight.day));
        }
        let time = match time.len() {
            4 => digits(time, 4).map(|t| t * 100),
            _ => digits(time, 6),
        };
        let time = time.ok_or_else(|| self.malformed())?;
        let (hour, minute, second) = (time / 10_000, time / 100 % 100, time % 100);
        if (hour > 23 && time != 240_000) || minute > 59 || second > 60 {
            return Err(self.out_of_range(self.value));
        }
        let at = midnight.seconds() + hour * 3_600 + minute * 60 + second.min(59);
        let at = Civil::from_seconds(at);
        Ok(if utc { Until::Utc(at) } else { Until::Local(at) })
    }
}

const FREQUENCIES: &[(&str, Frequency)] = &[
    ("SECONDLY", Frequency::Secondly),
    ("MINUTELY", Frequency::Minutely),
    ("HOURLY", Frequency::Hourly),
    ("DAILY", Frequency::Daily),
    ("WEEKLY", Frequency::Weekly),
    ("MONTHLY", Frequency::Monthly),
    ("YEARLY", Frequency::Yearly),
];
const WEEKDAYS: &[(&str, u8)] =
    &[("MO", 0), ("TU", 1), ("WE", 2), ("TH", 3), ("FR", 4), ("SA", 5), ("SU", 6)];
const SKIPS: &[(&str, Skip)] =
    &[("OMIT", Skip::Omit), ("BACKWARD", Skip::Backward), ("FORWARD", Skip::Forward)];

type Reader = fn(&mut Rule, &Part<'_>) -> Result<(), RuleError>;

/// Every part but FREQ and RSCALE, which are read first.
const PARTS: &[(&str, Reader)] = &[
    ("INTERVAL", |r, p| p.number().map(|n| r.interval = n.min(INTERVAL_MAX))),
    ("COUNT", |r, p| p.number().map(|n| r.count = Some(n))),
    ("UNTIL", |r, p| p.until().map(|u| r.until = Some(u))),
    ("BYSECOND", |r, p| {
        let mut seconds = p.unsigned(0, 60)?;
        seconds.iter_mut().for_each(|s| *s = (*s).min(59));
        seconds.dedup();
        r.by_second = seconds;
        Ok(())
    }),
    ("BYMINUTE", |r, p| p.unsigned(0, 59).map(|l| r.by_minute = l)),
    ("BYHOUR", |r, p| p.unsigned(0, 23).map(|l| r.by_hour = l)),
    ("BYDAY", |r, p| p.weekdays(r.scale.shape().weeks()).map(|l| r.by_day = l)),
    ("BYMONTHDAY", |r, p| p.signed(r.scale.shape().longest_month).map(|l| r.by_month_day = l)),
    ("BYYEARDAY", |r, p| p.signed(r.scale.shape().longest_year).map(|l| r.by_year_day = l)),
    ("BYWEEKNO", |r, p| p.signed(r.scale.shape().weeks()).map(|l| r.by_week_no = l)),
    ("BYMONTH", |r, p| p.months(r.scale).map(|l| r.by_month = l)),
    ("BYSETPOS", |r, p| p.signed(r.scale.shape().longest_year).map(|l| r.by_set_pos = l)),
    ("WKST", |r, p| p.choice(WEEKDAYS).map(|w| r.wkst = w)),
    ("SKIP", |r, p| p.choice(SKIPS).map(|s| r.skip = s)),
];

impl Rule {
    /// Reads the value of an RRULE property.
    ///
    /// # Errors
    /// [`RuleError`], which names the part that cannot be used.
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        let parts = split(text)?;
        let find = |name: &str| parts.iter().find(|p| p.name == name);
        let scale = find("RSCALE").map(scale).transpose()?;
        let freq = find("FREQ").ok_or(RuleError::NoFrequency)?.choice(FREQUENCIES)?;
        let mut rule = Self::every(freq);
        rule.scale = scale.unwrap_or_default();
        for part in &parts {
            if let Some(read) = lookup(PARTS, &part.name) {
                read(&mut rule, part)?;
            }
        }
        if scale.is_none() {
            rule.skip = Skip::Omit;
        }
        Ok(rule)
    }
}

/// The calendar of RSCALE.
fn scale(part: &Part<'_>) -> Result<Scale, RuleError> {
    let token = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    match Scale::named(part.value) {
        Some(scale) => Ok(scale),
        None if !part.value.is_empty() && part.value.bytes().all(token) => {
            Err(RuleError::UnsupportedScale(shown(part.value)))
        }
        None => Err(part.malformed()),
    }
}

/// The parts of a rule; one that repeats an earlier one word for word is dropped.
fn split(text: &str) -> Result<Vec<Part<'_>>, RuleError> {
    let mut parts: Vec<Part<'_>> = Vec::new();
    for piece in text.split(';').map(str::trim).filter(|p| !p.is_empty()) {
        let Some((name, value)) = piece.split_once('=') else {
            return Err(RuleError::Malformed { part: shown(piece), value: String::new() });
        };
        let name = name.trim().to_ascii_uppercase();
        let known = matches!(name.as_str(), "FREQ" | "RSCALE") || lookup(PARTS, &name).is_some();
        if !known {
            continue;
        }
        let value = value.trim();
        match parts.iter().find(|p| p.name == name) {
            None => parts.push(Part { name, value }),
            Some(p) if p.value.eq_ignore_ascii_case(value) => {}
            Some(_) => return Err(RuleError::Repeated { part: name }),
        }
    }
    Ok(parts)
}

fn lookup<T: Copy>(table: &[(&str, T)], name: &str) -> Option<T> {
    table.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
}

/// A small number with or without a sign; one of more digits is out of every range.
fn integer(text: &str) -> Option<i16> {
    let (negative, digits) = match text.as_bytes() {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let n =
        digits.iter().fold(0_i16, |n, d| n.saturating_mul(10).saturating_add((d - b'0').into()));
    Some(if negative { -n } else { n })
}

/// Exactly `n` digits.
fn digits(text: &str, n: usize) -> Option<i64> {
    let fits = text.len() == n && text.bytes().all(|b| b.is_ascii_digit());
    fits.then(|| text.parse().ok()).flatten()
}

fn shown(text: &str) -> String {
    text.chars().take(SHOWN_MAX).collect()
}
