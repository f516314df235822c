//! The readings of one zone's clock, one after the other: while the offset does not change, an
//! instant is a subtraction.
//!
//! Invariant: what is read is what [`Zone::to_utc`] says.

use super::{END_OF_TIME, Kind, START_OF_TIME, Zone};
use crate::format::civil::Civil;
use std::ops::Range;

/// Near a change a reading may be left out or come twice: there the zone is asked each time.
const NEAR: i64 = 90_000;

/// A zone and the stretch that was found last.
#[derive(Clone, Debug)]
pub struct Clock<'z> {
    zone: &'z Zone,
    /// Instants between two changes, and the offset there.
    stretch: Range<i64>,
    offset: i64,
    /// Readings that surely lie in the stretch and come once.
    sure: Range<i64>,
}

impl<'z> Clock<'z> {
    /// The clock of a zone.
    pub fn new(zone: &'z Zone) -> Self {
        Self { zone, stretch: 0..0, offset: 0, sure: 0..0 }
    }

    /// The instant of a reading, and whether the clock leaves that reading out.
    pub fn instant(&mut self, local: Civil) -> (i64, bool) {
        let seconds = local.seconds();
        if self.sure.contains(&seconds) {
            return (seconds - self.offset, false);
        }
        let instant = self.zone.to_utc(local);
        if !self.stretch.contains(&instant) {
            self.offset = self.zone.offset_at(instant);
            self.stretch = self.zone.stretch(instant);
            let (start, end) = (self.stretch.start + self.offset, self.stretch.end + self.offset);
            self.sure = start + NEAR..end - NEAR;
        }
        (instant, self.zone.from_utc(instant) != local)
    }
}

impl Zone {
    /// The instants around one that share its offset; nothing for a zone that would have to count.
    fn stretch(&self, instant: i64) -> Range<i64> {
        let second = |at: i64| jiff::Timestamp::from_second(at).ok();
        match &self.0 {
            Kind::Utc => START_OF_TIME..END_OF_TIME,
            Kind::Written(_) => 0..0,
            Kind::Known(zone) => {
                let (Some(at), Some(next)) = (second(instant), second(instant + 1)) else {
                    return 0..0;
                };
                let before = zone.preceding(next).next().map(|t| t.timestamp().as_second());
                let after = zone.following(at).next().map(|t| t.timestamp().as_second());
                before.unwrap_or(START_OF_TIME)..after.unwrap_or(END_OF_TIME)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readings_are_those_of_the_zone() {
        let names = ["UTC", "Europe/Berlin", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kolkata"];
        for name in names {
            let zone = Zone::named(name).unwrap();
            // Every half hour of some years, among them that in which Apia skipped a day.
            for (year, every) in
                [(1890, 1800), (1970, 1800), (2011, 900), (2026, 1800), (2090, 1800)]
            {
                let mut clock = Clock::new(&zone);
                let mut left_out = 0;
                let first = Civil::new(year, 1, 1, 0).seconds();
                for seconds in (first..first + 730 * 86_400).step_by(every) {
                    let local = Civil::from_seconds(seconds);
                    let (instant, gap) = clock.instant(local);
                    assert_eq!(instant, zone.to_utc(local), "{name} {local:?}");
                    assert_eq!(gap, zone.from_utc(instant) != local, "{name} {local:?}");
                    left_out += usize::from(gap);
                }
                let wanted = match (name, year) {
                    ("Europe/Berlin", 2026 | 2090) => Some(4),
                    ("UTC" | "Asia/Kolkata", 1970..) => Some(0),
                    _ => None,
                };
                assert!(wanted.is_none_or(|n| n == left_out), "{name} {year}: {left_out}");
            }
        }
    }

    #[test]
    fn a_reading_before_the_last_one_is_right_too() {
        let zone = Zone::named("America/New_York").unwrap();
        let mut clock = Clock::new(&zone);
        for day in [20_000, 0, 40_000, 20_100, 20_000, -900_000, 3_000_000] {
            let local = Civil { day, second: 9_000 };
            assert_eq!(clock.instant(local).0, zone.to_utc(local));
        }
    }
}
