//! When somebody is busy: what calendar objects say of it, and the VFREEBUSY that tells it
//! (RFC 4791 §7.10, RFC 5545 §3.6.4).
//!
//! Invariant: periods of one type neither overlap nor touch, and none reaches outside the window,
//! so nothing is told of what happens around it (RFC 4791 §11).

use super::attendance::{self, Whose};
use super::expand::{instant, occurrences};
use super::object::{Kind, Object};
use super::value::{self, PeriodEnd, written_utc};
use super::{Calendar, Component};
use crate::format::recur::{Steps, TooMuchWork};
use crate::format::spans::Spans;
use crate::format::tz::{Zone, Zones};
use crate::kernel::limits::BUSY_PERIODS_MAX;
use std::fmt::Write as _;
use std::ops::{ControlFlow, Range};

/// How busy (FBTYPE; RFC 5545 §3.2.9). Being free is not told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BusyType {
    /// BUSY.
    Busy,
    /// BUSY-UNAVAILABLE.
    Unavailable,
    /// BUSY-TENTATIVE.
    Tentative,
}

const TYPES: [(&str, BusyType); 3] = [
    ("BUSY", BusyType::Busy),
    ("BUSY-UNAVAILABLE", BusyType::Unavailable),
    ("BUSY-TENTATIVE", BusyType::Tentative),
];

impl BusyType {
    /// All of them, the one first that counts where several are said (RFC 7953 §4).
    pub const ALL: [Self; 3] = [Self::Busy, Self::Unavailable, Self::Tentative];

    /// The name.
    pub fn name(self) -> &'static str {
        TYPES.iter().find(|row| row.1 == self).map_or("BUSY", |row| row.0)
    }

    /// From a name in any case.
    pub fn named(name: &str) -> Option<Self> {
        TYPES.iter().find(|row| row.0.eq_ignore_ascii_case(name.trim())).map(|row| row.1)
    }
}

/// Busy times in a window of seconds since 1970 UTC.
#[derive(Clone, Debug)]
pub struct BusyTimes {
    window: Range<i64>,
    whose: Whose,
    room: usize,
    periods: Vec<(BusyType, Range<i64>)>,
}

impl BusyTimes {
    /// None yet.
    pub fn within(window: Range<i64>) -> Self {
        Self { window, whose: Whose::default(), room: BUSY_PERIODS_MAX, periods: Vec::new() }
    }

    /// The same of somebody with these addresses, whose answers to invitations count.
    pub fn of(self, whose: Whose) -> Self {
        Self { whose, ..self }
    }

    /// The same, with room for so many periods.
    pub fn holding(self, room: usize) -> Self {
        Self { room, ..self }
    }

    /// Whose they are.
    pub fn whose(&self) -> &Whose {
        &self.whose
    }

    /// The window.
    pub fn window(&self) -> &Range<i64> {
        &self.window
    }

    /// Adds the busy times of somebody else.
    pub fn extend(&mut self, other: &Self) {
        other.periods.iter().for_each(|(kind, period)| self.add(*kind, period.clone()));
    }

    /// The times of one type.
    pub fn spans(&self, kind: BusyType) -> Spans {
        self.periods.iter().filter(|it| it.0 == kind).map(|it| it.1.clone()).collect()
    }

    /// Adds a period, as far as it lies in the window.
    pub fn add(&mut self, kind: BusyType, period: Range<i64>) {
        let clipped = period.start.max(self.window.start)..period.end.min(self.window.end);
        if clipped.start < clipped.end {
            self.periods.push((kind, clipped));
        }
    }

    /// Whether there are as many periods as there is room for.
    pub fn is_full(&self) -> bool {
        self.periods.len() >= self.room
    }

    /// Adds what an object says; floating times are read in `floating`.
    ///
    /// # Errors
    /// [`TooMuchWork`] when the meter is used up, or there is no room for more periods.
    pub fn take(
        &mut self,
        object: &Object<'_>,
        calendar: &Calendar<'_>,
        floating: &Zone,
        steps: &mut Steps,
    ) -> Result<(), TooMuchWork> {
        let zones = calendar.zones(floating.clone());
        match object.kind {
            Kind::Event => {
                let window = self.window.clone();
                occurrences(object, &zones, window, steps, &mut |it| {
                    let kind = of_event(it.component);
                    let own = |kind| attendance::of(it.component, kind, &self.whose);
                    if let Some(kind) = kind.and_then(own) {
                        self.add(kind, it.start..it.end);
                    }
                    match self.is_full() {
                        false => ControlFlow::Continue(()),
                        true => ControlFlow::Break(()),
                    }
                })?;
                if self.is_full() { Err(TooMuchWork) } else { Ok(()) }
            }
            Kind::FreeBusy => {
                object.entries().for_each(|entry| self.take_periods(entry.component, &zones));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn take_periods(&mut self, component: Component<'_>, zones: &Zones) {
        for line in component.all("FREEBUSY") {
            let kind = match line.param("FBTYPE") {
                Some(param) if param.value().eq_ignore_ascii_case("FREE") => continue,
                // One that is not known is busy (RFC 5545 §3.2.9).
                Some(param) => BusyType::named(&param.value()),
                None => None,
            };
            let kind = kind.unwrap_or(BusyType::Busy);
            for period in value::periods(line).unwrap_or_default() {
                let start = instant(period.start, zones);
                let end = match period.end {
                    Some(PeriodEnd::At(end)) => instant(end, zones),
                    Some(PeriodEnd::After(length)) => {
                        start.saturating_add(length.nominal_seconds())
                    }
                    None => continue,
                };
                self.add(kind, start..end);
            }
        }
    }

    /// The periods in order, those of one type that overlap or touch made one.
    pub fn coalesced(mut self) -> Vec<(BusyType, Range<i64>)> {
        self.periods.sort_by_key(|(kind, period)| (*kind, period.start, period.end));
        let mut all: Vec<(BusyType, Range<i64>)> = Vec::new();
        for (kind, period) in self.periods {
            match all.last_mut() {
                Some((last, open)) if *last == kind && period.start <= open.end => {
                    open.end = open.end.max(period.end);
                }
                _ => all.push((kind, period)),
            }
        }
        all.sort_by_key(|(kind, period)| (period.start, period.end, *kind));
        all
    }

    /// The iCalendar object that tells them; `stamp` is now, in seconds since 1970, and `uid` names
    /// it.
    pub fn to_text(self, stamp: i64, uid: &str) -> String {
        self.told(stamp, "", &format!("UID:{uid}\r\n"))
    }

    /// The answer to a request (RFC 5546 §3.3.3): with the lines of UID, ORGANIZER, ATTENDEE.
    pub fn to_reply(self, stamp: i64, lines: &str) -> String {
        self.told(stamp, "METHOD:REPLY\r\n", lines)
    }

    fn told(self, stamp: i64, method: &str, lines: &str) -> String {
        let mut out = format!(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Davenport//EN\r\n{method}\
             BEGIN:VFREEBUSY\r\n{lines}DTSTAMP:{}\r\n",
            written_utc(stamp)
        );
        if self.window.start != i64::MIN {
            let _ = write!(out, "DTSTART:{}\r\n", written_utc(self.window.start));
        }
        if self.window.end != i64::MAX {
            let _ = write!(out, "DTEND:{}\r\n", written_utc(self.window.end));
        }
        for (kind, period) in self.coalesced() {
            let (start, end) = (written_utc(period.start), written_utc(period.end));
            let _ = write!(out, "FREEBUSY;FBTYPE={}:{start}/{end}\r\n", kind.name());
        }
        out.push_str("END:VFREEBUSY\r\nEND:VCALENDAR\r\n");
        out
    }
}

/// The table of RFC 4791 §7.10; none: free.
pub(super) fn of_event(component: Component<'_>) -> Option<BusyType> {
    let is = |name: &str, value: &str| {
        component.property(name).is_some_and(|l| l.value().trim().eq_ignore_ascii_case(value))
    };
    if is("TRANSP", "TRANSPARENT") || is("STATUS", "CANCELLED") {
        return None;
    }
    Some(if is("STATUS", "TENTATIVE") { BusyType::Tentative } else { BusyType::Busy })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Every second of a period is told with its type, and no other is.
        #[test]
        fn coalescing_keeps_every_second_and_adds_none(
            periods in prop::collection::vec((0_usize..3, -20_i64..40, 0_i64..12), 0..12),
        ) {
            let mut busy = BusyTimes::within(0..30);
            for (kind, start, length) in &periods {
                busy.add(TYPES[*kind].1, *start..start + length);
            }
            let told = busy.coalesced();
            for (name, kind) in TYPES {
                for second in -20..60 {
                    let wanted = (0..30).contains(&second)
                        && periods.iter().any(|(k, start, length)| {
                            TYPES[*k].1 == kind && (*start..start + length).contains(&second)
                        });
                    let times = told.iter().filter(|(k, p)| *k == kind && p.contains(&second));
                    prop_assert_eq!(times.count(), usize::from(wanted), "{} {}", name, second);
                }
            }
            let apart = |pair: &[(BusyType, Range<i64>)]| pair[0].1.start <= pair[1].1.start;
            prop_assert!(told.windows(2).all(apart));
        }
    }
}
