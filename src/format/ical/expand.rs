//! What an object means on the time line: its instances in a window, the extent that an index
//! keeps, and the time-range test of calendar-query.
//!
//! Invariant: the cost follows the window, not the past before it, and every candidate takes a
//! step. Standards: RFC 5545 §3.8.5, RFC 4791 §9.9. Windows are seconds since 1970, start
//! inclusive, end exclusive; `i64::MIN` and `i64::MAX` stand for an open side.

use super::Component;
use super::object::{Entry, Kind, Object};
use super::series::{Added, Finder, Length, Plan, SLACK, Segment, Series, Single, Test, Timing};
use super::value::{self, Form, Moment, PeriodEnd};
use crate::format::civil::Civil;
use crate::format::recur::{Instances, Steps, TooMuchWork, Until};
use crate::format::tz::clock::Clock;
use crate::format::tz::{Zone, Zones};
use std::collections::HashSet;
use std::ops::{ControlFlow, Range};

/// The index values of an object: a window that lies wholly outside cannot overlap it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Start of the first instance; `i64::MIN` for an object that matches always or is open.
    pub first_start: i64,
    /// End of the last instance; `i64::MAX` if there is no last. Compare both inclusively:
    /// some tests of RFC 4791 §9.9 hold at a mere touch.
    pub last_end: i64,
    /// It has more than one instance, or overrides.
    pub recurring: bool,
    /// Dates or floating times are in it: seen from another zone the extent lies up to a day
    /// earlier or later.
    pub floating: bool,
}

/// One instance of an object.
#[derive(Clone, Debug)]
pub struct Occurrence<'o> {
    /// The component that describes it: the master or an override.
    pub component: Component<'o>,
    /// Its start, in seconds since 1970.
    pub start: i64,
    /// Its end, not before the start.
    pub end: i64,
    /// Its start as wall clock reading of `zone`; for a VTODO with DUE alone, that.
    pub local: Civil,
    /// The zone of its wall clock.
    pub zone: &'o Zone,
    /// The form of its start: [`Form::Date`] for all-day instances.
    pub form: Form<'o>,
    /// If the object recurs, the start it had before any override.
    pub recurrence_id: Option<Original>,
    test: Test,
}

impl Occurrence<'_> {
    /// Its end as wall clock reading of its zone.
    pub fn local_end(&self) -> Civil {
        self.zone.from_utc(self.end)
    }

    /// Whether it counts as a point in time there, which the start of a window includes.
    pub fn is_point(&self) -> bool {
        self.test == Test::Point
    }

    /// Whether it overlaps a window (RFC 4791 §9.9).
    pub fn overlaps(&self, window: &Range<i64>) -> bool {
        self.test.holds(window, self.start, self.end)
    }
}

/// The original start of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Original {
    /// In seconds since 1970.
    pub instant: i64,
    /// As wall clock reading of the master.
    pub local: Civil,
}

/// What an instance is handed to; it may end the walk.
pub type Visit<'v> = dyn FnMut(Occurrence<'_>) -> ControlFlow<()> + 'v;

/// Visits every instance that overlaps the window: first the overrides, wherever they come from,
/// then the rest by their original start. VFREEBUSY and VAVAILABILITY have no instances.
///
/// # Errors
/// [`TooMuchWork`] when the meter is used up; what was visited until then is right.
pub fn occurrences(
    object: &Object<'_>,
    zones: &Zones,
    window: Range<i64>,
    steps: &mut Steps,
    visit: &mut Visit<'_>,
) -> Result<(), TooMuchWork> {
    if !has_instances(object.kind) {
        return Ok(());
    }
    let plan = Plan::new(object, zones);
    Walk { plan: &plan, window }.run(steps, visit).map(|_| ())
}

/// Whether any instance overlaps the window (RFC 4791 §9.9).
///
/// # Errors
/// [`TooMuchWork`] when the meter is used up before one was found.
pub fn overlaps(
    object: &Object<'_>,
    zones: &Zones,
    window: Range<i64>,
    steps: &mut Steps,
) -> Result<bool, TooMuchWork> {
    overlaps_of(object, zones, window, steps, &|_| true)
}

/// As [`overlaps`], of the instances that some of the components describe.
///
/// # Errors
/// As for [`overlaps`].
pub fn overlaps_of(
    object: &Object<'_>,
    zones: &Zones,
    window: Range<i64>,
    steps: &mut Steps,
    wanted: &dyn Fn(Component<'_>) -> bool,
) -> Result<bool, TooMuchWork> {
    if !has_instances(object.kind) {
        let mut entries = object.entries().filter(|entry| wanted(entry.component));
        return Ok(entries.any(|entry| match object.kind {
            Kind::FreeBusy => free_busy_overlaps(entry, zones, &window),
            _ => touches(&availability(entry, zones), &window),
        }));
    }
    let plan = Plan::new(object, zones);
    let mut dateless = plan.dateless.iter().filter(|entry| wanted(entry.component));
    if object.kind == Kind::Todo && dateless.any(|entry| Dates::of(entry, zones).overlap(&window)) {
        return Ok(true);
    }
    if plan.series.as_ref().is_some_and(|series| series.may_reach(&window, wanted)) {
        return Ok(true);
    }
    let found = Walk { plan: &plan, window }.run(steps, &mut |it| match wanted(it.component) {
        true => ControlFlow::Break(()),
        false => ControlFlow::Continue(()),
    })?;
    Ok(found.is_break())
}

/// The overrides that bear on a window: by the time they have, by the time they would have without
/// being overridden, or by those after them that they speak for (RFC 4791 §9.6.6).
pub fn touched<'o>(
    object: &'o Object<'o>,
    zones: &'o Zones,
    window: &Range<i64>,
) -> Vec<Component<'o>> {
    let plan = Plan::new(object, zones);
    let bears = |single: &&Single<'_>| {
        let timing = &single.timing;
        let (start, end) = timing.instants(timing.anchor);
        let original = plan.series.as_ref().is_some_and(|series| {
            let end = series.timing.end(single.original, single.key, None);
            series.timing.test.holds(window, single.key, end)
        });
        let later = timing.entry.and_future && single.key < window.end;
        original || later || timing.test.holds(window, start, end)
    };
    let placed = plan.singles.iter().filter(bears).map(|single| single.timing.entry.component);
    placed.chain(plan.dateless.iter().map(|entry| entry.component)).collect()
}

/// The index values of an object. Without any date they cover all time.
///
/// # Errors
/// [`TooMuchWork`] when the meter is used up before the last instance was found.
pub fn extent(
    object: &Object<'_>,
    zones: &Zones,
    steps: &mut Steps,
) -> Result<Extent, TooMuchWork> {
    let plan = Plan::new(object, zones);
    let mut span = Span::default();
    if let Some(series) = plan.series.as_ref().filter(|_| has_instances(object.kind)) {
        series_extent(series, plan.floating, &mut span, steps)?;
    }
    for single in &plan.singles {
        steps.take(1)?;
        let (start, end) = single.timing.instants(single.timing.anchor);
        span.add(start, end);
    }
    for entry in plan.dateless.iter().filter(|_| object.kind == Kind::Todo) {
        let (start, end) = Dates::of(entry, zones).extent();
        span.add(start, end);
    }
    if !has_instances(object.kind) {
        let periods = object.entries().flat_map(|entry| match object.kind {
            Kind::FreeBusy => free_busy(entry, zones),
            _ => vec![availability(entry, zones)],
        });
        periods.for_each(|p| span.add(p.start, p.end));
    }
    let recurring =
        !object.overrides.is_empty() || object.master.as_ref().is_some_and(Entry::recurs);
    let (first_start, last_end) = span.0.unwrap_or((i64::MIN, i64::MAX));
    Ok(Extent { first_start, last_end, recurring, floating: plan.floating })
}

/// The hull of some periods.
#[derive(Default)]
struct Span(Option<(i64, i64)>);

impl Span {
    /// Takes one in; what ends before it starts, which a VFREEBUSY may say, ends at its start.
    fn add(&mut self, start: i64, end: i64) {
        let end = end.max(start);
        self.0 = Some(match self.0 {
            Some((first, last)) => (first.min(start), last.max(end)),
            None => (start, end),
        });
    }
}

fn has_instances(kind: Kind) -> bool {
    matches!(kind, Kind::Event | Kind::Todo | Kind::Journal)
}

fn series_extent(
    series: &Series<'_>,
    floating: bool,
    span: &mut Span,
    steps: &mut Steps,
) -> Result<(), TooMuchWork> {
    let mut last = series.timing.anchor;
    for added in &series.added {
        steps.take(1)?;
        let (start, end) = series.timing.instants(added.local);
        let end = series.timing.end(added.local, start, added.length).max(end);
        span.add(start, end);
        last = last.max(added.local);
    }
    if series.timing.entry.foreign {
        span.add(series.timing.zone.to_utc(last), i64::MAX);
        return Ok(());
    }
    for (rule, until) in &series.rules {
        // Seen from a zone ahead of this one, UNTIL in UTC is a later reading of the wall clock.
        let later = floating && matches!(rule.until, Some(Until::Utc(_)));
        let until = until.map(|at| match later {
            true => Civil::from_seconds(at.seconds().saturating_add(86_400)),
            false => at,
        });
        match rule.last(series.timing.anchor, series.date_only(), until, steps)? {
            Some(local) => last = last.max(local),
            None => {
                span.add(series.timing.zone.to_utc(last), i64::MAX);
                return Ok(());
            }
        }
    }
    for segment in &series.segments {
        let last = last.min(series.timing.zone.from_utc(segment.keys.end));
        let (start, end) = segment.timing.instants(segment.moved(last));
        // A PERIOD keeps its length where it is moved to.
        let longest = if segment.is_plain() { 0 } else { series.longest };
        span.add(start, end.max(start.saturating_add(longest)));
    }
    Ok(())
}

impl Segment<'_> {
    /// Whether it is the master's, whose instances start at their keys.
    fn is_plain(&self) -> bool {
        self.keys.start == i64::MIN
    }

    fn moved(&self, key: Civil) -> Civil {
        match self.shift {
            0 => key,
            shift => Civil::from_seconds(key.seconds().saturating_add(shift)),
        }
    }
}

/// One walk over an object's instances.
struct Walk<'p> {
    plan: &'p Plan<'p>,
    window: Range<i64>,
}

type Flow = Result<ControlFlow<()>, TooMuchWork>;

impl<'p> Walk<'p> {
    fn run(&self, steps: &mut Steps, visit: &mut Visit<'_>) -> Flow {
        for single in &self.plan.singles {
            steps.take(1)?;
            if self.single(single, visit).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        let Some(series) = &self.plan.series else { return Ok(ControlFlow::Continue(())) };
        for segment in &series.segments {
            if self.segment(series, segment, steps, visit)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn single(&self, single: &'p Single<'p>, visit: &mut Visit<'_>) -> ControlFlow<()> {
        let timing = &single.timing;
        let (start, end) = timing.instants(timing.anchor);
        let id = Original { instant: single.key, local: single.original };
        self.offer(timing, timing.anchor, (start, end), timing.test, Some(id), visit)
    }

    /// Hands an instance on if it overlaps the window.
    fn offer(
        &self,
        timing: &'p Timing<'p>,
        local: Civil,
        (start, end): (i64, i64),
        test: Test,
        recurrence_id: Option<Original>,
        visit: &mut Visit<'_>,
    ) -> ControlFlow<()> {
        if !test.holds(&self.window, start, end) {
            return ControlFlow::Continue(());
        }
        let component = timing.entry.component;
        let (zone, form) = (&timing.zone, timing.form);
        visit(Occurrence { component, start, end, local, zone, form, recurrence_id, test })
    }

    fn segment(
        &self,
        series: &'p Series<'p>,
        segment: &'p Segment<'p>,
        steps: &mut Steps,
        visit: &mut Visit<'_>,
    ) -> Flow {
        steps.take(1)?;
        let Some((from, last)) = self.keys(series, segment) else {
            return Ok(ControlFlow::Continue(()));
        };
        let mut keys = Keys::new(series, from, last, steps)?;
        let recurs = series.timing.entry.recurs() || !self.plan.singles.is_empty();
        let mut clock = Clock::new(&series.timing.zone);
        // Instants that a gap moved instances to, where others may lie already.
        let mut gapped = HashSet::new();
        while let Some((key, length)) = keys.next(steps)? {
            let (instant, left_out) = clock.instant(key);
            if !segment.keys.contains(&instant) || series.hides(key, instant) {
                continue;
            }
            if gapped.contains(&instant) || left_out && !gapped.insert(instant) {
                continue;
            }
            let local = segment.moved(key);
            let start =
                if segment.is_plain() { instant } else { segment.timing.zone.to_utc(local) };
            let span = (start, segment.timing.end(local, start, length));
            let test = length.map_or(segment.timing.test, |_| Test::Span);
            let id = recurs.then_some(Original { instant, local: key });
            if self.offer(&segment.timing, local, span, test, id, visit).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// The keys, as wall clock readings, whose instances can touch the window. `last` is `None`
    /// if the window is open.
    fn keys(&self, series: &Series<'_>, segment: &Segment<'_>) -> Option<(Civil, Option<Civil>)> {
        let reach = segment.timing.reach().max(series.longest).max(0);
        let moved = |at: i64| at.saturating_sub(segment.shift);
        let low = moved(self.window.start.saturating_sub(reach)).max(segment.keys.start);
        let high = moved(self.window.end).min(segment.keys.end);
        let zone = &series.timing.zone;
        // The zone's clock may jump, and the segment's zone may be another one.
        let from = zone.from_utc(low).seconds().saturating_sub(SLACK);
        let from = Civil::from_seconds(from).max(series.added.first()?.local);
        let last = (high < OPEN).then(|| zone.from_utc(high).seconds().saturating_add(SLACK));
        let last = last.map(Civil::from_seconds);
        (last.is_none_or(|last| from <= last)).then_some((from, last))
    }
}

/// Past this second, beyond the year 9999, a window has no end.
const OPEN: i64 = 253_402_300_800;

impl Series<'_> {
    /// Whether a rule by an unknown calendar may yield something in the window: anything after its
    /// start may be one, which the client that wrote it can tell.
    fn may_reach(&self, window: &Range<i64>, wanted: &dyn Fn(Component<'_>) -> bool) -> bool {
        let entry = self.timing.entry;
        let (start, _) = self.timing.instants(self.timing.anchor);
        entry.foreign && window.end > start && wanted(entry.component)
    }

    fn hides(&self, key: Civil, instant: i64) -> bool {
        self.hidden.binary_search(&instant).is_ok()
            || self.hidden_days.binary_search(&key.day).is_ok()
    }
}

/// The keys of a series in order, each once: rules, DTSTART and RDATE merged.
struct Keys<'p> {
    feeds: Vec<(Instances<'p>, Option<Civil>)>,
    added: &'p [Added],
    last: Option<Civil>,
    before: Option<Civil>,
}

impl<'p> Keys<'p> {
    fn new(
        series: &'p Series<'p>,
        from: Civil,
        last: Option<Civil>,
        steps: &mut Steps,
    ) -> Result<Self, TooMuchWork> {
        let anchor = series.timing.anchor;
        steps.take(series.rules.len() as u64)?;
        let mut feeds = Vec::with_capacity(series.rules.len());
        for (rule, until) in &series.rules {
            let last = last.into_iter().chain(*until).min();
            let mut feed = rule.instances(anchor, series.date_only(), from.max(anchor), last);
            let head = feed.next(steps)?;
            feeds.push((feed, head));
        }
        let first = series.added.partition_point(|a| a.local < from);
        let added = series.added.get(first..).unwrap_or_default();
        Ok(Self { feeds, added, last, before: None })
    }

    /// The next key, and its own length if a PERIOD gives one.
    fn next(&mut self, steps: &mut Steps) -> Result<Option<(Civil, Option<Length>)>, TooMuchWork> {
        loop {
            let heads = self.feeds.iter().filter_map(|(_, head)| *head);
            let next = heads.chain(self.added.first().map(|a| a.local)).min();
            let Some(key) = next.filter(|key| self.last.is_none_or(|last| *key <= last)) else {
                return Ok(None);
            };
            // Every rule is looked at.
            steps.take(self.feeds.len().max(1) as u64)?;
            for (feed, head) in &mut self.feeds {
                if *head == Some(key) {
                    *head = feed.next(steps)?;
                }
            }
            let mut length = None;
            while let Some((added, rest)) = self.added.split_first()
                && added.local == key
            {
                length = length.or(added.length);
                self.added = rest;
            }
            if self.before.replace(key) != Some(key) {
                return Ok(Some((key, length)));
            }
        }
    }
}

/// COMPLETED and CREATED of a VTODO without DTSTART and DUE.
struct Dates {
    completed: Option<i64>,
    created: Option<i64>,
}

impl Dates {
    fn of(entry: &Entry<'_>, zones: &Zones) -> Self {
        let read = |name| {
            let line = entry.component.property(name)?;
            value::moment(line).ok().map(|at| instant(at, zones))
        };
        Self { completed: read("COMPLETED"), created: read("CREATED") }
    }

    /// The last four rows of RFC 4791 §9.9's table for VTODO.
    fn overlap(&self, window: &Range<i64>) -> bool {
        let (start, end) = (window.start, window.end);
        match (self.completed, self.created) {
            (Some(done), Some(made)) => {
                (start <= made || start <= done) && (end >= made || end >= done)
            }
            (Some(done), None) => start <= done && end >= done,
            (None, Some(made)) => end > made,
            (None, None) => true,
        }
    }

    fn extent(&self) -> (i64, i64) {
        match (self.completed, self.created) {
            (Some(done), Some(made)) => (done.min(made), done.max(made)),
            (Some(done), None) => (done, done),
            (None, Some(made)) => (made, i64::MAX),
            (None, None) => (i64::MIN, i64::MAX),
        }
    }
}

/// The instant of a moment, read with an object's zones.
pub fn instant(at: Moment<'_>, zones: &Zones) -> i64 {
    Finder::new(zones).instant(at)
}

fn touches(period: &Range<i64>, window: &Range<i64>) -> bool {
    window.start < period.end && window.end > period.start
}

/// RFC 4791 §9.9's table for VFREEBUSY: its own range if it has both ends, else its periods.
fn free_busy_overlaps(entry: &Entry<'_>, zones: &Zones, window: &Range<i64>) -> bool {
    match (entry.start, entry.end) {
        (Some(start), Some(end)) => {
            window.start <= instant(end, zones) && window.end > instant(start, zones)
        }
        _ => free_busy(entry, zones).iter().any(|period| touches(period, window)),
    }
}

/// The range of a VFREEBUSY, or its periods; what cannot be read is passed over.
fn free_busy(entry: &Entry<'_>, zones: &Zones) -> Vec<Range<i64>> {
    if let (Some(start), Some(end)) = (entry.start, entry.end) {
        return std::iter::once(instant(start, zones)..instant(end, zones)).collect();
    }
    let lines = entry.component.all("FREEBUSY");
    let periods = lines.filter_map(|line| value::periods(line).ok()).flatten();
    let mut finder = Finder::new(zones);
    let ends = periods.filter_map(|period| {
        let start = finder.instant(period.start);
        match period.end? {
            PeriodEnd::At(end) => Some(start..finder.instant(end)),
            PeriodEnd::After(length) => Some(start..start.saturating_add(length.nominal_seconds())),
        }
    });
    ends.collect()
}

/// The time that a VAVAILABILITY speaks about; an absent end is open (RFC 7953 §3.1).
pub(super) fn availability(entry: &Entry<'_>, zones: &Zones) -> Range<i64> {
    let start = entry.start.map_or(i64::MIN, |at| instant(at, zones));
    let end = match (entry.end, entry.duration) {
        (Some(end), _) => instant(end, zones),
        (None, Some(length)) => start.saturating_add(length.nominal_seconds()),
        (None, None) => i64::MAX,
    };
    start..end
}

#[cfg(test)]
mod tests;
