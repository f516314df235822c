//! Time zones: from a TZID to offsets from UTC, for any year.
//!
//! Invariant: every name resolves to a zone, and every wall-clock moment to an instant: a name
//! that nothing explains is the default zone. Standards: RFC 5545 §3.2.19, §3.3.5, §3.6.5;
//! IANA's database, CLDR's table of Windows names.

pub mod database;
mod display;
mod windows;
pub mod written;
pub mod clock;

use super::civil::Civil;
use super::line::decode;
use super::recur::Steps;
use crate::kernel::limits::TZID_MAX;
use jiff::{civil::DateTime, tz::TimeZone};
use std::collections::HashMap;
use std::sync::Arc;
use written::Written;

/// A time zone; cheap to clone.
#[derive(Clone, Debug)]
pub struct Zone(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Utc,
    Known(TimeZone),
    Written(Arc<Written>),
}

/// The last second that calendars count to, 9999-12-30; the first is as far back from year 0.
const END_OF_TIME: i64 = 253_402_128_000;
const START_OF_TIME: i64 = -END_OF_TIME;

impl Zone {
    /// UTC.
    pub fn utc() -> Self {
        Self(Kind::Utc)
    }

    /// The zone of an IANA name or link, of a Windows name, of what Windows shows to people, or of
    /// one behind a vendor's prefix (`/citadel.org/20070227_1/Europe/Berlin`), whatever the case;
    /// also of an offset such as `UTC+02:00`.
    pub fn named(name: &str) -> Option<Self> {
        let name = name.trim().trim_matches('"').trim();
        if name.len() > TZID_MAX {
            return None;
        }
        let foreign = || windows::iana_name(name).or_else(|| display::iana_name(name));
        let plain = iana(name).or_else(|| foreign().and_then(iana)).or_else(|| fixed(name));
        if plain.is_some() {
            return plain;
        }
        let mut rest = name;
        while let Some((_, tail)) = rest.split_once('/') {
            rest = tail;
            // A lone last segment counts only behind a vendor's prefix: `X/EST` names no zone.
            if (rest.contains('/') || name.starts_with('/') || name.starts_with("tzone:"))
                && let Some(zone) = iana(rest)
            {
                return Some(zone);
            }
        }
        None
    }

    /// A zone as a VTIMEZONE writes it out; `None` if its observances make no zone, or one that
    /// takes more steps to go through than are left.
    pub fn written(observances: Vec<written::Observance>, steps: &mut Steps) -> Option<Self> {
        Written::new(observances, steps).map(|w| Self(Kind::Written(Arc::new(w))))
    }

    /// The zone as the database has it; `None` if an object wrote it out.
    pub fn of_database(&self) -> Option<TimeZone> {
        match &self.0 {
            Kind::Utc => Some(TimeZone::UTC),
            Kind::Known(zone) => Some(zone.clone()),
            Kind::Written(_) => None,
        }
    }

    /// The instant, in seconds since 1970, of a wall-clock moment. A moment that a gap leaves out
    /// counts with the offset before the gap; of two, the first is taken (RFC 5545 §3.3.5).
    pub fn to_utc(&self, local: Civil) -> i64 {
        let seconds = clamp(local.seconds());
        match &self.0 {
            Kind::Utc => seconds,
            Kind::Written(zone) => zone.to_utc(seconds),
            Kind::Known(zone) => datetime(seconds)
                .and_then(|dt| zone.to_ambiguous_timestamp(dt).compatible().ok())
                .map_or(seconds, |t| t.as_second()),
        }
    }

    /// The wall clock at an instant, in seconds since 1970.
    pub fn from_utc(&self, instant: i64) -> Civil {
        Civil::from_seconds(clamp(instant) + self.offset_at(instant))
    }

    /// Seconds that the zone is ahead of UTC at an instant.
    pub fn offset_at(&self, instant: i64) -> i64 {
        let instant = clamp(instant);
        match &self.0 {
            Kind::Utc => 0,
            Kind::Written(zone) => zone.offset_at(instant),
            Kind::Known(zone) => jiff::Timestamp::from_second(instant)
                .map_or(0, |t| i64::from(zone.to_offset(t).seconds())),
        }
    }
}

fn clamp(seconds: i64) -> i64 {
    seconds.clamp(START_OF_TIME, END_OF_TIME)
}

fn datetime(seconds: i64) -> Option<DateTime> {
    let local = Civil::from_seconds(seconds);
    let (year, month, day) = local.date();
    let (hour, minute) = (local.second / 3600, local.second / 60 % 60);
    DateTime::new(
        i16::try_from(year).ok()?,
        i8::try_from(month).ok()?,
        i8::try_from(day).ok()?,
        i8::try_from(hour).ok()?,
        i8::try_from(minute).ok()?,
        i8::try_from(local.second % 60).ok()?,
        0,
    )
    .ok()
}

/// Names of UTC that need no table.
const UTC_NAMES: [&str; 6] = ["UTC", "Z", "GMT", "Etc/UTC", "Etc/GMT", "Zulu"];

fn iana(name: &str) -> Option<Zone> {
    if UTC_NAMES.iter().any(|n| n.eq_ignore_ascii_case(name)) {
        return Some(Zone::utc());
    }
    let plausible = name.len() <= 40 && name.is_ascii() && !name.contains(' ');
    let zone = if plausible { TimeZone::get(name).ok()? } else { return None };
    (!zone.is_unknown()).then_some(Zone(Kind::Known(zone)))
}

/// The zone that an offset names.
fn fixed(name: &str) -> Option<Zone> {
    let seconds = display::offset(name).and_then(|seconds| i32::try_from(seconds).ok())?;
    let offset = jiff::tz::Offset::from_seconds(seconds).ok()?;
    Some(Zone(Kind::Known(TimeZone::fixed(offset))))
}

/// The zones of one object.
#[derive(Clone, Debug)]
pub struct Zones {
    default: Zone,
    written: HashMap<String, Zone>,
}

impl Zones {
    /// Floating times and dates are read in the default zone.
    pub fn new(default: Zone) -> Self {
        Self { default, written: HashMap::new() }
    }

    /// Adds a zone that the object itself defines.
    pub fn define(&mut self, tzid: &str, zone: Zone) {
        self.written.insert(tzid.to_owned(), zone);
    }

    /// The zone for floating times and dates.
    pub fn default_zone(&self) -> &Zone {
        &self.default
    }

    /// The zone of a TZID parameter: known by name, else as the object defines it.
    pub fn find(&self, tzid: &str) -> Option<Zone> {
        let tzid = decode(tzid);
        Zone::named(&tzid).or_else(|| self.written.get(tzid.trim()).cloned())
    }
}
