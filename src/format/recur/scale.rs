//! The calendars that rules count by (RFC 7529 §4), each told as numbers: years and months to day
//! numbers and back. CLDR names them (§5); `icu_calendar` knows their arithmetic, which nothing
//! outside this file sees.
//!
//! Invariant: months are numbered through all years, one after the other, leap months among them,
//! and every answer costs a few conversions however far away the day lies. Calendars whose months
//! follow the moon are reached by the mean length of a month, which no true month is ever half a
//! month away from; the tests look at every month of 9 999 years.

use super::MonthNum;
use super::calendar::{month_length, week_start, year_length};
use crate::kernel::clock::{civil_from_days, days_from_civil};
use icu_calendar::cal::hijri::{TabularAlgorithmEpoch, TabularAlgorithmLeapYears};
use icu_calendar::cal::{
    ChineseTraditional, Coptic, Ethiopian, EthiopianEraStyle, Hebrew, Hijri, Indian,
    KoreanTraditional, Persian,
};
use icu_calendar::options::{DateFromFieldsOptions, Overflow};
use icu_calendar::types::{DateFields, Month, RataDie};
use icu_calendar::{AnyCalendar, Date};
use std::ops::Range;

/// A calendar by its arithmetic. Those that differ from another in the number of the year alone
/// are that other one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are CLDR's")]
pub enum Scale {
    #[default]
    Gregorian,
    Chinese,
    Coptic,
    Dangi,
    Ethiopic,
    Hebrew,
    Indian,
    IslamicCivil,
    IslamicTbla,
    IslamicUmalqura,
    Persian,
}

/// The values of RSCALE that are expanded, as `supported-rscale-set` tells them (RFC 7529 §10.1).
///
/// ISLAMIC and ISLAMIC-RGSA are what is seen of the moon at Mecca, which nobody can calculate;
/// the calendar that is calculated for Mecca stands for them, as `icu_calendar` advises.
pub const SCALES: [(&str, Scale); 18] = [
    ("GREGORIAN", Scale::Gregorian),
    ("BUDDHIST", Scale::Gregorian),
    ("CHINESE", Scale::Chinese),
    ("COPTIC", Scale::Coptic),
    ("DANGI", Scale::Dangi),
    ("ETHIOPIC", Scale::Ethiopic),
    ("ETHIOPIC-AMETE-ALEM", Scale::Ethiopic),
    ("HEBREW", Scale::Hebrew),
    ("INDIAN", Scale::Indian),
    ("ISLAMIC", Scale::IslamicUmalqura),
    ("ISLAMIC-CIVIL", Scale::IslamicCivil),
    ("ISLAMIC-RGSA", Scale::IslamicUmalqura),
    ("ISLAMIC-TBLA", Scale::IslamicTbla),
    ("ISLAMIC-UMALQURA", Scale::IslamicUmalqura),
    ("ISO8601", Scale::Gregorian),
    ("JAPANESE", Scale::Gregorian),
    ("PERSIAN", Scale::Persian),
    ("ROC", Scale::Gregorian),
];

/// CLDR's other names of them, and the one that it calls deprecated (RFC 7529 §5).
const ALIASES: [(&str, Scale); 3] = [
    ("GREGORY", Scale::Gregorian),
    ("ETHIOAA", Scale::Ethiopic),
    ("ISLAMICC", Scale::IslamicCivil),
];

/// How long the parts of a calendar are: what the numbers of a rule may be, and what they may
/// count upon.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Months of a year without a leap month.
    pub months: u8,
    /// Some years have a leap month.
    pub leap_months: bool,
    /// Days of the longest month.
    pub longest_month: u16,
    /// Days that every month has, but for the last one.
    pub shortest_month: i64,
    /// Days that every last month has.
    pub shortest_last: i64,
    /// Days that every year has.
    pub shortest_year: i64,
    /// Days of the longest year.
    pub longest_year: u16,
}

impl Shape {
    /// No year has more numbered weeks.
    pub fn weeks(&self) -> u16 {
        self.longest_year.div_ceil(7)
    }

    /// Days that a month has in every year.
    pub fn shortest(&self, number: u8) -> i64 {
        if number == self.months { self.shortest_last } else { self.shortest_month }
    }
}

/// Shape of a solar calendar.
const fn solar(months: u8, longest_month: u16, shortest_month: i64, shortest_last: i64) -> Shape {
    Shape {
        months,
        leap_months: false,
        longest_month,
        shortest_month,
        shortest_last,
        shortest_year: 365,
        longest_year: 366,
    }
}

/// Shape of a calendar by the moon.
const fn lunar(leap_months: bool, shortest_year: i64, longest_year: u16) -> Shape {
    Shape {
        months: 12,
        leap_months,
        longest_month: 30,
        shortest_month: 29,
        shortest_last: 29,
        shortest_year,
        longest_year,
    }
}

/// One month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MonthAt {
    /// The year that it belongs to.
    pub year: i64,
    /// Its number there.
    pub name: MonthNum,
    /// Its first day.
    pub first: i64,
    /// Its days, 5 to 31.
    pub length: i64,
}

/// Months by the moon, all of one mean length.
struct Moons {
    /// The day that month 0 began on.
    first: i64,
    /// The mean length in thousand-millionths of a day.
    mean: i64,
}

const PER_DAY: i64 = 1_000_000_000;
/// Day 1 of the common era, as `icu_calendar` counts, is this many days before 1970-01-01.
const RATA_DIE: i64 = 719_163;

impl Moons {
    /// The month that begins about a day.
    fn number(&self, first: i64) -> i64 {
        ((first - self.first) * PER_DAY + self.mean / 2).div_euclid(self.mean)
    }

    /// A day amid a month.
    fn amid(&self, number: i64) -> i64 {
        self.first + (number * self.mean + self.mean / 2).div_euclid(PER_DAY)
    }
}

impl Scale {
    /// The calendar of a value of RSCALE, in any case.
    pub fn named(name: &str) -> Option<Self> {
        let mut all = SCALES.iter().chain(&ALIASES);
        all.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, scale)| *scale)
    }

    /// Its lengths.
    pub fn shape(self) -> Shape {
        match self {
            Self::Gregorian => solar(12, 31, 28, 31),
            Self::Coptic | Self::Ethiopic => solar(13, 30, 30, 5),
            Self::Indian => solar(12, 31, 30, 30),
            Self::Persian => solar(12, 31, 30, 29),
            Self::Chinese | Self::Dangi => lunar(true, 353, 385),
            Self::Hebrew => lunar(true, 353, 385),
            Self::IslamicCivil | Self::IslamicTbla => lunar(false, 354, 355),
            Self::IslamicUmalqura => lunar(false, 354, 355),
        }
    }

    /// The days that a month has in every year.
    pub fn shortest_month(self, number: u8) -> i64 {
        match self {
            Self::Gregorian => month_length(1, i64::from(number)),
            _ => self.shape().shortest(number),
        }
    }

    /// The year of a day.
    pub fn year_of(self, day: i64) -> i64 {
        match self {
            Self::Gregorian => civil_from_days(day).0,
            _ => i64::from(self.at(day).year().extended_year()),
        }
    }

    /// The first day of a year, and of the next one.
    pub fn year(self, year: i64) -> Range<i64> {
        if self == Self::Gregorian {
            let first = days_from_civil(year, 1, 1);
            return first..first + year_length(year);
        }
        let Some(date) = self.first_of(year, Which::Ordinal(1)) else { return NOWHERE };
        let first = day_number(&date);
        first..first + i64::from(date.days_in_year())
    }

    /// The number of the month that holds a day.
    pub fn month_of(self, day: i64) -> i64 {
        if self == Self::Gregorian {
            let (year, month, _) = civil_from_days(day);
            return year * 12 + month - 1;
        }
        let date = self.at(day);
        match self.moons() {
            Some(moons) => moons.number(day + 1 - i64::from(date.day_of_month().0)),
            None => {
                let year = i64::from(date.year().extended_year());
                year * i64::from(self.shape().months) + i64::from(date.month().ordinal) - 1
            }
        }
    }

    /// The month of a number.
    pub fn month(self, number: i64) -> MonthAt {
        if self == Self::Gregorian {
            let (year, month) = (number.div_euclid(12), number.rem_euclid(12) + 1);
            let name = MonthNum { number: month as u8, leap: false };
            let (first, length) = (days_from_civil(year, month, 1), month_length(year, month));
            return MonthAt { year, name, first, length };
        }
        let date = match self.moons() {
            Some(moons) => Some(self.at(moons.amid(number))),
            None => {
                let months = i64::from(self.shape().months);
                let ordinal = number.rem_euclid(months) + 1;
                self.first_of(number.div_euclid(months), Which::Ordinal(ordinal as u8))
            }
        };
        let date = date.unwrap_or_else(|| self.at(NOWHERE.start));
        let month = date.month();
        MonthAt {
            year: date.year().extended_year().into(),
            name: MonthNum { number: month.number(), leap: month.to_input().is_leap() },
            first: day_number(&date) + 1 - i64::from(date.day_of_month().0),
            length: date.days_in_month().into(),
        }
    }

    /// The numbers of a year's months.
    pub fn months(self, year: i64) -> Range<i64> {
        match self.moons() {
            None => {
                let months = i64::from(self.shape().months);
                year * months..(year + 1) * months
            }
            Some(moons) => {
                let days = self.year(year);
                moons.number(days.start)..moons.number(days.end)
            }
        }
    }

    /// The number of a year's month; `None` when that year has no such leap month.
    pub fn month_named(self, year: i64, name: MonthNum) -> Option<i64> {
        match self.moons() {
            None if name.leap => None,
            None => Some(year * i64::from(self.shape().months) + i64::from(name.number) - 1),
            Some(moons) => {
                let date = self.first_of(year, Which::Named(name))?;
                Some(moons.number(day_number(&date)))
            }
        }
    }

    /// A day's month, and its number there.
    pub fn date(self, day: i64) -> (MonthAt, i64) {
        let month = self.month(self.month_of(day));
        (month, day - month.first + 1)
    }

    /// The days of a year's numbered weeks, from the first day of week 1 on: the first week with
    /// four days in the year.
    pub fn weeks(self, year: i64, wkst: i64) -> Range<i64> {
        let days = self.year(year);
        week_start(days.start + 3, wkst)..week_start(days.end + 3, wkst)
    }

    /// The year whose numbered weeks hold `day`.
    pub fn week_year(self, day: i64, wkst: i64) -> i64 {
        self.year_of(week_start(day, wkst) + 3)
    }

    /// The months of those calendars in which months, not years, run evenly.
    fn moons(self) -> Option<&'static Moons> {
        // Beijing: the new moon of 2000-01-07. Hebrew: Tishri 5761, 2000-09-30.
        const CHINESE: Moons = Moons { first: 10_963, mean: 29_530_588_853 };
        const HEBREW: Moons = Moons { first: 11_230, mean: 29_530_594_136 };
        match self {
            Self::Chinese | Self::Dangi => Some(&CHINESE),
            Self::Hebrew => Some(&HEBREW),
            _ => None,
        }
    }

    fn calendar(self) -> AnyCalendar {
        let tabular = |epoch| {
            AnyCalendar::HijriTabular(Hijri::new_tabular(TabularAlgorithmLeapYears::TypeII, epoch))
        };
        match self {
            Self::Gregorian => AnyCalendar::Iso(icu_calendar::Iso),
            Self::Chinese => AnyCalendar::Chinese(ChineseTraditional::new()),
            Self::Coptic => AnyCalendar::Coptic(Coptic),
            Self::Dangi => AnyCalendar::Dangi(KoreanTraditional::new()),
            Self::Ethiopic => {
                let era = EthiopianEraStyle::AmeteMihret;
                AnyCalendar::Ethiopian(Ethiopian::new_with_era_style(era))
            }
            Self::Hebrew => AnyCalendar::Hebrew(Hebrew),
            Self::Indian => AnyCalendar::Indian(Indian),
            Self::IslamicCivil => tabular(TabularAlgorithmEpoch::Friday),
            Self::IslamicTbla => tabular(TabularAlgorithmEpoch::Thursday),
            Self::IslamicUmalqura => AnyCalendar::HijriUmmAlQura(Hijri::new_umm_al_qura()),
            Self::Persian => AnyCalendar::Persian(Persian),
        }
    }

    fn at(self, day: i64) -> Date<AnyCalendar> {
        Date::from_rata_die(RataDie::new(day.clamp(-NEAR, NEAR) + RATA_DIE), self.calendar())
    }

    /// The first day of a month, which may not be there.
    fn first_of(self, year: i64, month: Which) -> Option<Date<AnyCalendar>> {
        let mut fields = DateFields::default();
        fields.extended_year = Some(i32::try_from(year).ok()?);
        match month {
            Which::Ordinal(n) => fields.ordinal_month = Some(n),
            Which::Named(MonthNum { number, leap: false }) => {
                fields.month = Some(Month::new(number))
            }
            Which::Named(MonthNum { number, leap: true }) => {
                fields.month = Some(Month::leap(number))
            }
        }
        fields.day = Some(1);
        let mut options = DateFromFieldsOptions::default();
        options.overflow = Some(Overflow::Reject);
        Date::try_from_fields(fields, options, self.calendar()).ok()
    }
}

/// A month by its place in the year or by its name.
enum Which {
    Ordinal(u8),
    Named(MonthNum),
}

/// Days that are looked at lie within so many of 1970: years 1 to 9999 and their neighbours.
const NEAR: i64 = 10_000_000;
/// A year that is beyond all that.
const NOWHERE: Range<i64> = NEAR..NEAR + 365;

fn day_number(date: &Date<AnyCalendar>) -> i64 {
    date.to_rata_die().to_i64_date() - RATA_DIE
}
