//! An object made ready to count with: zones found, UNTIL and EXDATE brought into the frame that
//! instances are counted in, overrides sorted to their instances.
//!
//! Invariant: an instance's key is its original start as an instant, so RECURRENCE-ID, EXDATE and
//! RDATE match whatever form a client wrote them in. Standards: RFC 5545 §3.8.4.4, §3.8.5;
//! RFC 4791 §9.9.

use super::object::{Entry, Kind, Object};
use super::value::{Duration, Form, Moment, PeriodEnd};
use crate::format::civil::Civil;
use crate::format::recur::{Rule, Steps, TooMuchWork, Until};
use crate::format::tz::{Zone, Zones};
use std::ops::Range;

/// The condition by which an instance overlaps a time range: the rows of RFC 4791 §9.9's tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Test {
    /// It has an end after its start: VEVENT with DTEND, a positive DURATION, or a DATE.
    Span,
    /// It is a point: VEVENT without length, VTODO with DTSTART alone, VJOURNAL.
    Point,
    /// VTODO with DTSTART and DURATION.
    TodoDuration,
    /// VTODO with DTSTART and DUE.
    TodoStartDue,
    /// VTODO with DUE alone.
    TodoDue,
}

impl Test {
    /// Whether an instance from `start` to `end` overlaps the window.
    pub fn holds(self, window: &Range<i64>, start: i64, end: i64) -> bool {
        let (from, to) = (window.start, window.end);
        match self {
            Self::Span => from < end && to > start,
            Self::Point => from <= start && to > start,
            Self::TodoDuration => from <= end && (to > start || to >= end),
            Self::TodoStartDue => (from < end || from <= start) && (to > start || to >= end),
            Self::TodoDue => from < end && to >= end,
        }
    }
}

/// How long an instance lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// So many seconds, whatever the clocks do: DTEND (RFC 5545 §3.8.5.3).
    Exact(i64),
    /// Days of the wall clock, then exact seconds: DURATION and all-day events.
    Nominal(Duration),
}

impl Length {
    const NONE: Self = Self::Exact(0);

    fn days(days: i64) -> Self {
        Self::Nominal(Duration { days, seconds: 0 })
    }

    /// Where an instance ends that starts at a wall clock reading and its instant.
    fn end(self, zone: &Zone, local: Civil, start: i64) -> i64 {
        let end = match self {
            Self::Exact(seconds) => start.saturating_add(seconds),
            Self::Nominal(Duration { days: 0, seconds }) => start.saturating_add(seconds),
            Self::Nominal(Duration { days, seconds }) => {
                let day = local.day.saturating_add(days).clamp(-4_000_000, 4_000_000);
                zone.to_utc(Civil { day, ..local }).saturating_add(seconds)
            }
        };
        end.max(start)
    }

    /// No instance lasts longer than so many seconds.
    pub fn reach(self) -> i64 {
        match self {
            Self::Exact(seconds) => seconds,
            Self::Nominal(duration) => duration.nominal_seconds().saturating_add(SLACK),
        }
    }
}

/// More than any change of a clock: a day that a zone skipped, and an hour.
pub const SLACK: i64 = 90_000;

/// How the instances of one component lie.
#[derive(Clone, Debug)]
pub struct Timing<'o> {
    /// The component.
    pub entry: &'o Entry<'o>,
    /// The zone of its wall clock.
    pub zone: Zone,
    /// The form of its start.
    pub form: Form<'o>,
    /// Its start, of a VTODO without one: its end.
    pub anchor: Civil,
    /// How long it lasts.
    pub length: Length,
    /// How it is held against a time range.
    pub test: Test,
}

impl Timing<'_> {
    /// The instants of an instance that starts at a wall clock reading.
    pub fn instants(&self, local: Civil) -> (i64, i64) {
        let start = self.zone.to_utc(local);
        (start, self.end(local, start, None))
    }

    /// Where an instance ends, whose length may be its own.
    pub fn end(&self, local: Civil, start: i64, length: Option<Length>) -> i64 {
        length.unwrap_or(self.length).end(&self.zone, local, start)
    }

    /// No instance lasts longer than so many seconds.
    pub fn reach(&self) -> i64 {
        self.length.reach()
    }
}

/// DTSTART or a value of RDATE.
#[derive(Clone, Copy, Debug)]
pub struct Added {
    /// Its start in the master's frame.
    pub local: Civil,
    /// The length of a PERIOD.
    pub length: Option<Length>,
}

/// A stretch of a series that one component describes: the master, or an override with
/// RANGE=THISANDFUTURE.
#[derive(Clone, Debug)]
pub struct Segment<'o> {
    /// The keys that belong to it.
    pub keys: Range<i64>,
    /// Seconds of the wall clock that its instances are moved by.
    pub shift: i64,
    /// How its instances lie.
    pub timing: Timing<'o>,
}

/// A master with everything that bears on its instances.
#[derive(Clone, Debug)]
pub struct Series<'o> {
    /// The master.
    pub timing: Timing<'o>,
    /// Its rules with UNTIL in the master's frame.
    pub rules: Vec<(&'o Rule, Option<Civil>)>,
    /// DTSTART and RDATE, sorted.
    pub added: Vec<Added>,
    /// No PERIOD of RDATE lasts longer than so many seconds.
    pub longest: i64,
    /// Keys of EXDATE and of overrides, sorted.
    pub hidden: Vec<i64>,
    /// Days that an EXDATE without a time takes out of a series with times, sorted.
    pub hidden_days: Vec<i64>,
    /// At least one; sorted by keys, without gaps.
    pub segments: Vec<Segment<'o>>,
}

impl Series<'_> {
    /// Whether instances are days.
    pub fn date_only(&self) -> bool {
        self.timing.form == Form::Date
    }
}

/// An override as an instance.
#[derive(Clone, Debug)]
pub struct Single<'o> {
    /// How it lies.
    pub timing: Timing<'o>,
    /// The original start as an instant.
    pub key: i64,
    /// The original start in the master's frame.
    pub original: Civil,
}

/// An object made ready.
#[derive(Clone, Debug)]
pub struct Plan<'o> {
    /// The master, if it has a place on the time line.
    pub series: Option<Series<'o>>,
    /// The overrides that have one.
    pub singles: Vec<Single<'o>>,
    /// The components without: VTODO and VJOURNAL without dates.
    pub dateless: Vec<&'o Entry<'o>>,
    /// Something depends on the zone that floating times are read in.
    pub floating: bool,
}

impl<'o> Plan<'o> {
    /// Makes an object ready.
    pub fn new(object: &'o Object<'o>, zones: &'o Zones) -> Self {
        let mut finder = Finder::new(zones);
        let mut dateless = Vec::new();
        let mut time = |entry: &'o Entry<'o>, finder: &mut Finder<'o>| {
            let timing = finder.timing(entry, object.kind);
            if timing.is_none() {
                dateless.push(entry);
            }
            timing
        };
        let master = object.master.as_ref().and_then(|entry| time(entry, &mut finder));
        let mut singles: Vec<Single<'o>> = Vec::with_capacity(object.overrides.len());
        let mut hidden = Vec::with_capacity(object.overrides.len());
        for entry in &object.overrides {
            let Some(id) = entry.recurrence_id else { continue };
            let (original, key) = finder.place(master.as_ref(), id);
            hidden.push(key);
            if let Some(timing) = time(entry, &mut finder) {
                singles.push(Single { timing, key, original });
            }
        }
        let series = master.map(|timing| finder.series(timing, hidden, &singles));
        Self { series, singles, dateless, floating: finder.floating }
    }
}

/// Finds zones and brings moments into a frame.
pub struct Finder<'o> {
    zones: &'o Zones,
    /// The name that was looked up last, and what it names.
    last: Option<(&'o str, Option<Zone>)>,
    /// Something depended on the zone that floating times are read in.
    floating: bool,
}

impl<'o> Finder<'o> {
    /// Looks among an object's zones.
    pub fn new(zones: &'o Zones) -> Self {
        Self { zones, last: None, floating: false }
    }

    fn zone(&mut self, form: Form<'o>) -> Zone {
        let found = match form {
            Form::Utc => Some(Zone::utc()),
            Form::Date | Form::Floating => None,
            Form::Zone(id) => match &self.last {
                Some((last, zone)) if *last == id => zone.clone(),
                _ => {
                    let zone = self.zones.find(id);
                    self.last = Some((id, zone.clone()));
                    zone
                }
            },
        };
        found.unwrap_or_else(|| {
            self.floating = true;
            self.zones.default_zone().clone()
        })
    }

    /// The instant of a moment, in seconds since 1970.
    pub fn instant(&mut self, moment: Moment<'o>) -> i64 {
        self.zone(moment.form).to_utc(moment.civil)
    }

    /// How a component lies; `None` if it has neither start nor, being a VTODO, an end.
    fn timing(&mut self, entry: &'o Entry<'o>, kind: Kind) -> Option<Timing<'o>> {
        let todo = kind == Kind::Todo;
        let at = entry.start.or(entry.end.filter(|_| todo))?;
        let zone = self.zone(at.form);
        let end = entry.end.filter(|_| kind != Kind::Journal);
        let duration = entry.duration.filter(|_| kind != Kind::Journal);
        let (length, test) = match (entry.start, end, duration) {
            (None, ..) => (Length::NONE, Test::TodoDue),
            (_, Some(end), _) if todo => (self.between(at, end), Test::TodoStartDue),
            (_, Some(end), _) => (self.between(at, end), Test::Span),
            (_, _, Some(duration)) if todo => (Length::Nominal(duration), Test::TodoDuration),
            (_, _, Some(duration)) if duration.nominal_seconds() > 0 => {
                (Length::Nominal(duration), Test::Span)
            }
            (_, _, Some(_)) => (Length::NONE, Test::Point),
            _ if at.is_date() && !todo => (Length::days(1), Test::Span),
            _ => (Length::NONE, Test::Point),
        };
        Some(Timing { entry, zone, form: at.form, anchor: at.civil, length, test })
    }

    /// The length from start to end. All-day events that end on the day they start, which some
    /// clients write, last that day.
    fn between(&mut self, start: Moment<'o>, end: Moment<'o>) -> Length {
        if start.is_date() && end.is_date() {
            return Length::days((end.civil.day - start.civil.day).max(1));
        }
        Length::Exact((self.instant(end) - self.instant(start)).max(0))
    }

    /// A moment in a master's frame. A day in a series with times means the instance of that day;
    /// a time in a series of days means its day; a floating time is in the master's zone.
    fn local(&mut self, frame: &Timing<'o>, moment: Moment<'o>) -> Civil {
        let civil = moment.civil;
        match (frame.form, moment.form) {
            (Form::Date, Form::Utc) if civil.second != 0 => {
                Civil { second: 0, ..frame.zone.from_utc(civil.seconds()) }
            }
            (Form::Date, _) => Civil { second: 0, ..civil },
            (_, Form::Date) => Civil { second: frame.anchor.second, ..civil },
            (_, Form::Floating) => civil,
            (master, own) if master == own => civil,
            _ => frame.zone.from_utc(self.instant(moment)),
        }
    }

    /// A RECURRENCE-ID as wall clock reading of the master's frame and as key.
    fn place(&mut self, master: Option<&Timing<'o>>, id: Moment<'o>) -> (Civil, i64) {
        let Some(frame) = master else {
            return (id.civil, self.instant(id));
        };
        let local = self.local(frame, id);
        (local, frame.zone.to_utc(local))
    }

    fn series(&mut self, timing: Timing<'o>, keys: Vec<i64>, singles: &[Single<'o>]) -> Series<'o> {
        let entry = timing.entry;
        let date_only = timing.form == Form::Date;
        let rules = entry.rules.iter().map(|rule| (rule, until(rule, &timing))).collect();
        let mut added = vec![Added { local: timing.anchor, length: None }];
        for date in &entry.dates {
            let local = self.local(&timing, date.start);
            let length = date.end.map(|end| match end {
                PeriodEnd::After(duration) => Length::Nominal(duration),
                PeriodEnd::At(end) => Length::Exact(self.instant(end) - timing.zone.to_utc(local)),
            });
            added.push(Added { local, length });
        }
        added.sort_by_key(|a| a.local);
        let (mut hidden, mut hidden_days) = (keys, Vec::new());
        for exception in &entry.exceptions {
            if exception.is_date() && !date_only {
                hidden_days.push(exception.civil.day);
            } else {
                hidden.push(timing.zone.to_utc(self.local(&timing, *exception)));
            }
        }
        hidden.sort_unstable();
        hidden_days.sort_unstable();
        let segments = segments(&timing, singles);
        let lengths = added.iter().filter_map(|a| a.length).map(Length::reach);
        let longest = lengths.max().unwrap_or(0).max(0);
        Series { timing, rules, added, longest, hidden, hidden_days, segments }
    }
}

/// The frame of an object's master, in which an original start becomes the key of an instance.
pub struct Frame<'o> {
    finder: Finder<'o>,
    master: Option<Timing<'o>>,
    kind: Kind,
}

impl<'o> Frame<'o> {
    /// The frame of an object.
    pub fn new(object: &'o Object<'o>, zones: &'o Zones) -> Self {
        let mut finder = Finder::new(zones);
        let master = object.master.as_ref().and_then(|entry| finder.timing(entry, object.kind));
        Self { finder, master, kind: object.kind }
    }

    /// The key of the instance that a RECURRENCE-ID, EXDATE or RDATE names.
    pub fn key(&mut self, at: Moment<'o>) -> i64 {
        self.finder.place(self.master.as_ref(), at).1
    }

    /// The last instance of a rule of the master as a wall clock reading; `None`: it has no end.
    ///
    /// # Errors
    /// [`TooMuchWork`] when the meter is used up.
    pub fn last(&self, rule: &Rule, steps: &mut Steps) -> Result<Option<Civil>, TooMuchWork> {
        let Some(master) = &self.master else { return Ok(None) };
        rule.last(master.anchor, master.form == Form::Date, until(rule, master), steps)
    }

    /// The offsets from UTC of the master's zone in the course of a year from an instant on.
    pub fn offsets(&self, from: i64) -> [i64; 4] {
        let zone = self.master.as_ref().map(|master| &master.zone);
        [0, 91, 182, 273]
            .map(|days| zone.map_or(0, |zone| zone.offset_at(from.saturating_add(days * 86_400))))
    }

    /// When a component's first instance starts and ends; `None` for one without dates.
    pub fn times(&mut self, entry: &'o Entry<'o>) -> Option<(i64, i64)> {
        let timing = self.finder.timing(entry, self.kind)?;
        Some(timing.instants(timing.anchor))
    }
}

/// UNTIL as a wall clock reading of the frame; a day bounds that whole day, and of a series of
/// days a time bounds its day.
fn until(rule: &Rule, frame: &Timing<'_>) -> Option<Civil> {
    let at = match rule.until? {
        Until::Date(day) => return Some(Civil { day, second: 86_399 }),
        Until::Local(at) => at,
        Until::Utc(at) => frame.zone.from_utc(at.seconds()),
    };
    Some(if frame.form == Form::Date { Civil { second: 86_399, ..at } } else { at })
}

/// The master's stretch, then that of every override with RANGE=THISANDFUTURE.
fn segments<'o>(master: &Timing<'o>, singles: &[Single<'o>]) -> Vec<Segment<'o>> {
    let whole = i64::MIN..i64::MAX;
    let mut segments = vec![Segment { keys: whole, shift: 0, timing: master.clone() }];
    let mut splits: Vec<_> = singles.iter().filter(|s| s.timing.entry.and_future).collect();
    splits.sort_by_key(|s| s.key);
    for single in splits {
        if let Some(before) = segments.last_mut() {
            before.keys.end = single.key;
        }
        let timing = single.timing.clone();
        let shift = timing.anchor.seconds() - single.original.seconds();
        segments.push(Segment { keys: single.key..i64::MAX, shift, timing });
    }
    segments
}
