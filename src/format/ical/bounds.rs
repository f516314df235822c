//! The limits that an object must keep beside its size: its dates, how many instances it has, how
//! many attendees one of them has (RFC 4791 §5.2.6 to §5.2.9, §5.3.2.1).
//!
//! Invariant: what recurs without end keeps the limit of instances, and so does what takes more
//! steps to count than are given. Only dates that place the object in time are looked at: programs
//! write dates that mean nothing into the others, such as `CREATED:00001231T000000Z`.

use super::expand::occurrences;
use super::object::{Entry, Object};
use crate::format::civil::Civil;
use crate::format::recur::{Frequency, Rule, Steps, Until};
use crate::format::tz::Zones;
use crate::kernel::fault::{CalendarLimit, Refusal};
use std::ops::{ControlFlow, RangeInclusive};

/// What an object may hold.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// First and last wall clock reading of its dates, whatever their zones.
    pub dates: RangeInclusive<Civil>,
    /// Instances, if they end.
    pub instances: u64,
    /// Attendees of one component.
    pub attendees: usize,
}

impl Bounds {
    /// Whether an object keeps them.
    ///
    /// # Errors
    /// `BeyondLimit` with the first limit that it does not keep.
    pub fn check(
        &self,
        object: &Object<'_>,
        zones: &Zones,
        steps: &mut Steps,
    ) -> Result<(), Refusal> {
        for entry in object.entries() {
            self.check_dates(entry)?;
            self.check_attendees(entry)?;
        }
        match self.has_room(object) || self.counted(object, zones, steps) <= self.instances {
            true => Ok(()),
            false => {
                let why = format!("it has more than {} instances", self.instances);
                Err(Refusal::BeyondLimit(CalendarLimit::MaxInstances, why))
            }
        }
    }

    fn check_dates(&self, entry: &Entry<'_>) -> Result<(), Refusal> {
        let single = [entry.start, entry.end, entry.recurrence_id].into_iter().flatten();
        let listed = entry.dates.iter().map(|period| period.start);
        for moment in single.chain(listed).chain(entry.exceptions.iter().copied()) {
            let (limit, word) = match moment.civil {
                early if early < *self.dates.start() => (CalendarLimit::MinDateTime, "before"),
                late if late > *self.dates.end() => (CalendarLimit::MaxDateTime, "after"),
                _ => continue,
            };
            let number = entry.component.number();
            let (year, month, day) = moment.civil.date();
            let why = format!(
                "the component at line {number} has a date {word} those accepted: \
                 {year:04}-{month:02}-{day:02}"
            );
            return Err(Refusal::BeyondLimit(limit, why));
        }
        Ok(())
    }

    fn check_attendees(&self, entry: &Entry<'_>) -> Result<(), Refusal> {
        match entry.component.all("ATTENDEE").nth(self.attendees) {
            None => Ok(()),
            Some(line) => {
                let why = format!("line {}: attendee {}", line.number, self.attendees + 1);
                Err(Refusal::BeyondLimit(CalendarLimit::MaxAttendees, why))
            }
        }
    }

    /// Whether it is plain, without counting, that there are not too many instances, or no end of
    /// them.
    fn has_room(&self, object: &Object<'_>) -> bool {
        let Some(master) = &object.master else { return true };
        let Some(start) = master.start.or(master.end) else { return true };
        let listed = (master.dates.len() + object.overrides.len() + 1) as u64;
        let mut most = listed;
        for rule in &master.rules {
            match at_most(rule, start.civil) {
                AtMost::Endless => return true,
                AtMost::Known(count) => most = most.saturating_add(count),
                AtMost::Unknown => return false,
            }
        }
        most <= self.instances
    }

    /// How many instances there are, counted to one more than allowed.
    fn counted(&self, object: &Object<'_>, zones: &Zones, steps: &mut Steps) -> u64 {
        let mut count = 0;
        // What was counted when the steps are used up is right as far as it goes.
        let _ = occurrences(object, zones, i64::MIN..i64::MAX, steps, &mut |_| {
            count += 1;
            match count > self.instances {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        });
        count
    }
}

/// What a rule's text says of its number of instances.
enum AtMost {
    Endless,
    Known(u64),
    Unknown,
}

fn at_most(rule: &Rule, start: Civil) -> AtMost {
    let daily = rule.freq >= Frequency::Daily
        && rule.by_hour.is_empty()
        && rule.by_minute.is_empty()
        && rule.by_second.is_empty();
    let last = match (rule.count, rule.until) {
        (None, None) => return AtMost::Endless,
        (Some(count), _) => return AtMost::Known(count),
        (None, Some(_)) if !daily => return AtMost::Unknown,
        (None, Some(Until::Date(day))) => day,
        (None, Some(Until::Local(at) | Until::Utc(at))) => at.day,
    };
    // UNTIL may be read in another zone.
    AtMost::Known(u64::try_from(last - start.day + 2).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::ical::Calendar;
    use crate::format::ical::object::check_resource;
    use crate::format::tz::Zone;

    /// The limit that an event goes beyond: of the years 1900 to 2100, ten instances, two attendees.
    fn beyond(lines: &str) -> Option<CalendarLimit> {
        let day = |year, month, day, second| Civil::new(year, month, day, second);
        let dates = day(1900, 1, 1, 0)..=day(2100, 12, 31, 86_399);
        let bounds = Bounds { dates, instances: 10, attendees: 2 };
        let text = format!(
            "BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nUID:u\n{lines}\nEND:VEVENT\nEND:VCALENDAR\n"
        );
        let calendar = Calendar::parse(text.as_bytes()).unwrap();
        let object = check_resource(&calendar).unwrap();
        let zones = calendar.zones(Zone::utc());
        match bounds.check(&object, &zones, &mut Steps::new(1_000)) {
            Ok(()) => None,
            Err(Refusal::BeyondLimit(limit, _)) => Some(limit),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn dates_that_place_it_in_time_lie_within() {
        for (lines, limit) in [
            ("DTSTART:19000101T000000", None),
            ("DTSTART;VALUE=DATE:21001231", None),
            ("DTSTART:18991231T235959Z", Some(CalendarLimit::MinDateTime)),
            ("DTSTART:20260101T000000\nDTEND:21010101T000000", Some(CalendarLimit::MaxDateTime)),
            ("DTSTART:20260101T000000\nRDATE:21010101T000000", Some(CalendarLimit::MaxDateTime)),
            ("DTSTART:20260101T000000\nEXDATE:18000101T000000", Some(CalendarLimit::MinDateTime)),
            ("DTSTART:20260101T000000\nRECURRENCE-ID:18000101", Some(CalendarLimit::MinDateTime)),
            ("DTSTART:20260101T000000\nCREATED:00001231T000000Z", None),
            ("DTSTART:20260101T000000\nRRULE:FREQ=YEARLY", None),
        ] {
            assert_eq!(beyond(lines), limit, "{lines}");
        }
    }

    #[test]
    fn only_what_ends_can_have_too_many_instances() {
        let many = Some(CalendarLimit::MaxInstances);
        for (rest, limit) in [
            ("RRULE:FREQ=DAILY", None),
            ("RRULE:FREQ=SECONDLY", None),
            ("RRULE:FREQ=DAILY;COUNT=10", None),
            ("RRULE:FREQ=DAILY;COUNT=11", many),
            ("RRULE:FREQ=DAILY;COUNT=11\nEXDATE:20260102T000000", None),
            ("RRULE:FREQ=DAILY;UNTIL=20260110T000000", None),
            ("RRULE:FREQ=DAILY;UNTIL=20260111T000000", many),
            ("RRULE:FREQ=WEEKLY;UNTIL=20260301T000000", None),
            ("RRULE:FREQ=DAILY;BYHOUR=1,2;UNTIL=20260110T000000", many),
            ("RRULE:FREQ=HOURLY;UNTIL=20260101T090000", None),
            ("RRULE:FREQ=HOURLY;UNTIL=20260101T100000", many),
            ("RRULE:FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30;UNTIL=20990101T000000", None),
            ("RDATE:20270101T000000\nRRULE:FREQ=DAILY;COUNT=10", many),
        ] {
            assert_eq!(beyond(&format!("DTSTART:20260101T000000\n{rest}")), limit, "{rest}");
        }
    }

    #[test]
    fn attendees_are_counted_by_component() {
        let with = |n| format!("DTSTART:20260101T000000{}", "\nATTENDEE:mailto:a@b".repeat(n));
        assert_eq!(beyond(&with(2)), None);
        assert_eq!(beyond(&with(3)), Some(CalendarLimit::MaxAttendees));
    }
}
