//! The filter language of calendar-query (RFC 4791 §9.7, §9.9), held against one calendar object.
//!
//! Invariant: a condition on a component holds when one and the same component satisfies all of
//! it: a time range and a property are never taken from two of them. What the range of a component
//! means is its instances' business ([`super::expand`]), so overrides, zones and RDATE count.

use super::expand::{instant, occurrences, overlaps_of};
use super::object::{Object, check_message, check_resource};
use super::series::SLACK;
use super::value::{self, Duration};
use super::{Calendar, Component};
use crate::format::civil::Civil;
use crate::format::recur::{Steps, TooMuchWork};
use crate::format::text_match::{ParamFilter, TextMatch};
use crate::format::tz::{Zone, Zones};
use std::ops::{ControlFlow, Range};

/// A condition on components (`CALDAV:comp-filter`).
#[derive(Clone, Debug, Default)]
pub struct CompFilter {
    /// Their name.
    pub name: String,
    /// There must be none (`CALDAV:is-not-defined`); the rest is empty then.
    pub absent: bool,
    /// Seconds since 1970 UTC, start inclusive, end exclusive; open sides are `i64::MIN` and
    /// `i64::MAX`.
    pub range: Option<Range<i64>>,
    /// Conditions on its properties.
    pub props: Vec<PropFilter>,
    /// Conditions on the components inside it.
    pub comps: Vec<CompFilter>,
}

/// A condition on properties (`CALDAV:prop-filter`).
#[derive(Clone, Debug, Default)]
pub struct PropFilter {
    /// Their name.
    pub name: String,
    /// There must be none.
    pub absent: bool,
    /// As for components.
    pub range: Option<Range<i64>>,
    /// On the value.
    pub text: Option<TextMatch>,
    /// Conditions on its parameters.
    pub params: Vec<ParamFilter>,
}

/// Whether a calendar object satisfies all of the filters; floating times are read in `floating`.
///
/// # Errors
/// [`TooMuchWork`] when the meter is used up before that is known.
pub fn matches(
    filters: &[CompFilter],
    calendar: &Calendar<'_>,
    floating: &Zone,
    steps: &mut Steps,
) -> Result<bool, TooMuchWork> {
    // An inbox holds messages (RFC 6638 §2.2), and only they may say METHOD (RFC 4791 §4.1): an
    // answer need not say when the event begins, an object of a calendar must.
    let message = calendar.root().property("METHOD").is_some();
    let object = if message { check_message(calendar) } else { check_resource(calendar) }.ok();
    let zones = calendar.zones(floating.clone());
    let mut test = Test { object: object.as_ref(), zones: &zones, steps };
    let root = calendar.root();
    for filter in filters {
        let here = root.is(&filter.name);
        let holds = match filter.absent {
            true => !here,
            false => here && test.inside(filter, root)? && test.whole(filter)?,
        };
        if !holds {
            return Ok(false);
        }
    }
    Ok(true)
}

/// An object under test. One that cannot be read any more has no instances, and every time range
/// holds for it: it was valid once, so it is shown rather than hidden.
struct Test<'t> {
    object: Option<&'t Object<'t>>,
    zones: &'t Zones,
    steps: &'t mut Steps,
}

type Answer = Result<bool, TooMuchWork>;

impl Test<'_> {
    /// A time range on the VCALENDAR itself means any of its components.
    fn whole(&mut self, filter: &CompFilter) -> Answer {
        match &filter.range {
            Some(window) => self.overlap(window, &|_| true),
            None => Ok(true),
        }
    }

    /// Whether a component has the properties and the components that the filter wants.
    fn inside(&mut self, filter: &CompFilter, it: Component<'_>) -> Answer {
        for prop in &filter.props {
            if !self.property(prop, it)? {
                return Ok(false);
            }
        }
        for comp in &filter.comps {
            if !self.component(comp, it)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn component(&mut self, filter: &CompFilter, scope: Component<'_>) -> Answer {
        let named = || scope.children().filter(|c| c.is(&filter.name));
        if filter.absent {
            return Ok(named().next().is_none());
        }
        let mut fitting = Vec::new();
        for it in named() {
            if self.inside(filter, it)? {
                fitting.push(it);
            }
        }
        match &filter.range {
            _ if fitting.is_empty() => Ok(false),
            None => Ok(true),
            // RFC 6638 §2.3: a message need not say when its event is.
            Some(_)
                if fitting.iter().any(|it| it.is("VEVENT") && it.property("DTSTART").is_none()) =>
            {
                Ok(true)
            }
            Some(window) if scope.is("VCALENDAR") => {
                self.overlap(window, &|c| fitting.iter().any(|it| it.is_same(&c)))
            }
            Some(window) if filter.name.eq_ignore_ascii_case("VALARM") => {
                for alarm in fitting {
                    if self.rings(alarm, scope, window)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            // RFC 4791 §9.9: not defined for any other component.
            Some(_) => Ok(false),
        }
    }

    fn overlap(&mut self, window: &Range<i64>, wanted: &dyn Fn(Component<'_>) -> bool) -> Answer {
        let Some(object) = self.object else { return Ok(true) };
        overlaps_of(object, self.zones, window.clone(), self.steps, wanted)
    }

    /// Whether an alarm of a component goes off in the window, for any of its instances.
    fn rings(&mut self, alarm: Component<'_>, of: Component<'_>, window: &Range<i64>) -> Answer {
        let Some(trigger) = alarm.property("TRIGGER") else { return Ok(false) };
        let repeat = Repeat::of(alarm);
        let Ok(offset) = value::duration(trigger) else {
            let at = value::moment(trigger).map(|at| instant(at, self.zones));
            return Ok(at.is_ok_and(|at| repeat.meets(at, window)));
        };
        let at_end =
            trigger.param("RELATED").is_some_and(|p| p.value().eq_ignore_ascii_case("END"));
        let length = offset.nominal_seconds();
        let wide = window.start.saturating_sub(length.saturating_add(repeat.whole()))
            ..window.end.saturating_sub(length);
        self.any_instance(of, &wide, &|start, end, zone| {
            let from = if at_end { end } else { start };
            repeat.meets(moved(zone, from, offset), window)
        })
    }

    /// Whether any instance that a component describes, and that lies in or near the window,
    /// satisfies the condition on its start and end.
    fn any_instance(
        &mut self,
        of: Component<'_>,
        window: &Range<i64>,
        holds: &dyn Fn(i64, i64, &Zone) -> bool,
    ) -> Answer {
        let Some(object) = self.object else { return Ok(true) };
        let near = window.start.saturating_sub(SLACK)..window.end.saturating_add(SLACK);
        let mut found = false;
        occurrences(object, self.zones, near, self.steps, &mut |it| {
            found |= it.component.is_same(&of) && holds(it.start, it.end, it.zone);
            if found { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        Ok(found)
    }

    fn property(&mut self, filter: &PropFilter, of: Component<'_>) -> Answer {
        let mut lines =
            of.all(&filter.name).filter(|line| filter.params.iter().all(|param| param.holds(line)));
        if filter.absent {
            return Ok(of.property(&filter.name).is_none());
        }
        if let Some(window) = &filter.range {
            return self.in_range(filter, of, window);
        }
        Ok(lines.any(|line| {
            filter.text.as_ref().is_none_or(|text| text.holds(&value::text(line.value())))
        }))
    }

    /// RFC 4791 §9.9: start, end and due of every instance count, and an end may follow from the
    /// duration; other dates count as they stand.
    fn in_range(&mut self, filter: &PropFilter, of: Component<'_>, window: &Range<i64>) -> Answer {
        let named = |name: &str| filter.name.eq_ignore_ascii_case(name);
        let mut lines =
            of.all(&filter.name).filter(|line| filter.params.iter().all(|param| param.holds(line)));
        let of_instances = of.property("DTSTART").is_some() || named("DUE");
        if of_instances && (named("DTSTART") || named("DTEND") || named("DUE")) {
            let by_duration = filter.params.is_empty() && of.property("DURATION").is_some();
            if lines.next().is_none() && (named("DTSTART") || !by_duration) {
                return Ok(false);
            }
            let at_end = !named("DTSTART");
            return self.any_instance(of, window, &|start, end, _| {
                window.contains(if at_end { &end } else { &start })
            });
        }
        let zones = self.zones;
        Ok(lines.any(|line| {
            let moments = value::periods(line).unwrap_or_default();
            moments.iter().any(|period| window.contains(&instant(period.start, zones)))
        }))
    }
}

/// An instant moved by a duration: days by the wall clock, the rest exactly (RFC 5545 §3.3.6).
fn moved(zone: &Zone, at: i64, by: Duration) -> i64 {
    if by.days == 0 {
        return at.saturating_add(by.seconds);
    }
    let local = zone.from_utc(at);
    let day = local.day.saturating_add(by.days).clamp(-4_000_000, 4_000_000);
    zone.to_utc(Civil { day, ..local }).saturating_add(by.seconds)
}

/// How often an alarm goes off again, and after how many seconds each (RFC 5545 §3.8.6.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Repeat {
    times: i64,
    every: i64,
}

impl Repeat {
    fn of(alarm: Component<'_>) -> Self {
        let times = alarm.property("REPEAT").and_then(|line| line.value().trim().parse().ok());
        let every = alarm.property("DURATION").and_then(|line| value::duration(line).ok());
        let every = every.map_or(0, Duration::nominal_seconds).max(0);
        Self { times: times.unwrap_or(0).clamp(0, i64::from(i32::MAX)), every }
    }

    /// Seconds from the first to the last.
    fn whole(self) -> i64 {
        self.times.saturating_mul(self.every)
    }

    /// Whether one of them, the first being `at`, lies in the window.
    fn meets(self, at: i64, window: &Range<i64>) -> bool {
        let late = window.start.saturating_sub(at).max(0);
        let nth = match self.every {
            0 => 0,
            every => late.saturating_add(every - 1) / every,
        };
        nth <= self.times && window.contains(&at.saturating_add(nth.saturating_mul(self.every)))
    }
}

#[cfg(test)]
mod tests;
