//! Parts of a calendar object, and its instances one by one: what `CALDAV:calendar-data` can ask
//! for (RFC 4791 §9.6).
//!
//! Invariant: a line that is not changed is copied byte for byte, folds included; the stored object
//! is never touched.

use super::expand::{Occurrence, instant, occurrences, touched};
use super::object::{Kind, Object, check_resource};
use super::value::{self, Duration, Form, written, written_utc};
use super::{Calendar, Component};
use crate::format::civil::Civil;
use crate::format::line::{Line, fold};
use crate::format::recur::{Steps, TooMuchWork};
use crate::format::tz::{Zone, Zones};
use crate::kernel::limits::EXPAND_INSTANCES_MAX;
use std::fmt::Write as _;
use std::ops::{ControlFlow, Range};

/// What is wanted of each object.
#[derive(Clone, Debug, Default)]
pub struct Projection {
    /// The parts; none: all.
    pub parts: Option<Selection>,
    /// What becomes of recurrences.
    pub recurrences: Recurrences,
    /// Of FREEBUSY the values that meet this range (`limit-freebusy-set`).
    pub busy: Option<Range<i64>>,
}

/// What becomes of recurrences. Ranges are seconds since 1970 UTC, start inclusive, end exclusive.
#[derive(Clone, Debug, Default)]
pub enum Recurrences {
    /// They stay.
    #[default]
    Kept,
    /// Each instance in the range is a component by itself, in UTC (`expand`).
    Expanded(Range<i64>),
    /// Overrides stay that bear on the range (`limit-recurrence-set`).
    Limited(Range<i64>),
}

/// Parts of a component (`CALDAV:comp`).
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Its name.
    pub name: String,
    /// Its properties; none: all.
    pub props: Option<Vec<Prop>>,
    /// The components inside it; none: all.
    pub comps: Option<Vec<Selection>>,
}

/// A property that is wanted (`CALDAV:prop`).
#[derive(Clone, Debug)]
pub struct Prop {
    /// Its name.
    pub name: String,
    /// Without its value.
    pub bare: bool,
}

impl Projection {
    /// Whether the object is wanted as it is.
    pub fn is_whole(&self) -> bool {
        self.parts.is_none() && self.busy.is_none() && matches!(self.recurrences, Recurrences::Kept)
    }

    /// The wanted parts of an object; one that cannot be read any more is given whole. Floating
    /// times are read in `floating`.
    ///
    /// # Errors
    /// [`TooMuchWork`] when the meter is used up, or there are more instances than
    /// [`EXPAND_INSTANCES_MAX`].
    pub fn of(
        &self,
        text: &str,
        floating: &Zone,
        steps: &mut Steps,
    ) -> Result<String, TooMuchWork> {
        let Ok(calendar) = Calendar::parse(text.as_bytes()) else { return Ok(text.to_owned()) };
        let object = check_resource(&calendar).ok();
        let zones = calendar.zones(floating.clone());
        let mut work = Work { text, wanted: self, zones: &zones, out: String::new() };
        work.out.reserve(text.len());
        let root = calendar.root();
        let parts = match &self.parts {
            Some(parts) if !root.is(&parts.name) => return Ok(String::new()),
            parts => parts.as_ref(),
        };
        work.begin(root);
        work.properties(root, parts, None);
        match (&self.recurrences, &object) {
            (Recurrences::Expanded(window), Some(object)) if has_instances(object) => {
                work.expanded(root, object, parts, window, steps)?;
            }
            (Recurrences::Limited(window), Some(object)) if has_instances(object) => {
                let kept = touched(object, &zones, window);
                work.children(root, parts, |c| {
                    c.property("RECURRENCE-ID").is_none() || kept.iter().any(|k| k.is_same(&c))
                });
            }
            _ => work.children(root, parts, |_| true),
        }
        work.end(root);
        Ok(work.out)
    }
}

fn has_instances(object: &Object<'_>) -> bool {
    matches!(object.kind, Kind::Event | Kind::Todo | Kind::Journal)
}

struct Work<'w> {
    text: &'w str,
    wanted: &'w Projection,
    zones: &'w Zones,
    out: String,
}

/// Properties that describe a recurrence set (RFC 4791 §9.6.5).
const RECURRENCE: [&str; 4] = ["RRULE", "RDATE", "EXDATE", "EXRULE"];

fn is_one_of(name: &str, names: &[&str]) -> bool {
    names.iter().any(|n| n.eq_ignore_ascii_case(name))
}

impl Work<'_> {
    fn raw(&mut self, line: &Line<'_>) {
        let text = self.text.get(line.start..line.end).unwrap_or_default();
        self.out.push_str(text);
        if !text.ends_with('\n') {
            self.out.push_str("\r\n");
        }
    }

    fn begin(&mut self, it: Component<'_>) {
        if let Some(line) = it.begin() {
            self.raw(line);
        }
    }

    fn end(&mut self, it: Component<'_>) {
        if let Some(line) = it.calendar.lines.get(it.place().end) {
            self.raw(line);
        }
    }

    /// A component with what is wanted of it; `instance` takes the place of its own times.
    fn component(
        &mut self,
        it: Component<'_>,
        parts: Option<&Selection>,
        instance: Option<&Occurrence<'_>>,
    ) {
        self.begin(it);
        self.properties(it, parts, instance);
        self.children(it, parts, |_| true);
        self.end(it);
    }

    /// The components inside one that are wanted, of those that `also` lets through.
    fn children(
        &mut self,
        it: Component<'_>,
        parts: Option<&Selection>,
        also: impl Fn(Component<'_>) -> bool,
    ) {
        for child in it.children().filter(|child| also(*child)) {
            if let Some(parts) = within(parts, child) {
                self.component(child, parts, None);
            }
        }
    }

    fn properties(
        &mut self,
        it: Component<'_>,
        parts: Option<&Selection>,
        instance: Option<&Occurrence<'_>>,
    ) {
        let mut ended = false;
        for line in it.properties() {
            let wanted = parts.and_then(|parts| parts.props.as_ref());
            let asked = wanted.map(|props| {
                let is_it = |prop: &&Prop| prop.name.eq_ignore_ascii_case(line.full_name());
                props.iter().find(is_it).map(|prop| prop.bare)
            });
            match (asked, instance) {
                (Some(None), _) => {}
                (Some(Some(true)), _) => self.bare(line),
                (_, Some(instance)) => self.of_instance(it, line, instance, &mut ended),
                (_, None) if self.wanted.busy.is_some() && line.is("FREEBUSY") => self.busy(line),
                (_, None) => self.raw(line),
            }
        }
        let Some(instance) = instance else { return };
        if let Some(original) = instance.recurrence_id {
            let form = it.property("RECURRENCE-ID").and_then(|line| value::moment(line).ok());
            let form = form.map_or(instance.form, |moment| moment.form);
            self.time("RECURRENCE-ID", form, original.instant, original.local);
        }
        // The instance of a PERIOD in RDATE has an end of its own.
        let timed = it.property("DTEND").or(it.property("DURATION")).is_some();
        if !ended && !timed && instance.end > instance.start && instance.form != Form::Date {
            self.time("DTEND", instance.form, instance.end, instance.local_end());
        }
    }

    /// A line of the component that describes an instance, as it is for this one.
    fn of_instance(
        &mut self,
        it: Component<'_>,
        line: &Line<'_>,
        instance: &Occurrence<'_>,
        ended: &mut bool,
    ) {
        let name = line.full_name();
        if is_one_of(name, &RECURRENCE) || is_one_of(name, &["RECURRENCE-ID"]) {
            return;
        }
        let end = if it.is("VTODO") { "DUE" } else { "DTEND" };
        if is_one_of(name, &["DTSTART"]) {
            self.time("DTSTART", instance.form, instance.start, instance.local);
        } else if is_one_of(name, &["DTEND", "DUE"]) {
            *ended = true;
            self.time(end, instance.form, instance.end, instance.local_end());
        } else if is_one_of(name, &["DURATION"]) {
            let own = value::duration(line).map(|length| lasts(instance, length));
            match own {
                Ok(end_of_own) if end_of_own == instance.end => self.raw(line),
                _ => self.time(end, instance.form, instance.end, instance.local_end()),
            }
            *ended = true;
        } else if line.param("TZID").is_some()
            && let Ok(moment) = value::moment(line)
            && let Form::Zone(_) = moment.form
        {
            self.time(name, Form::Utc, instant(moment, self.zones), moment.civil);
        } else {
            self.raw(line);
        }
    }

    /// Writes a time: days and floating times as the wall clock says, all others in UTC.
    fn time(&mut self, name: &str, form: Form<'_>, instant: i64, local: Civil) {
        let (parameter, value) = match form {
            Form::Date => (";VALUE=DATE", written(local)),
            Form::Floating => ("", written(local)),
            Form::Utc | Form::Zone(_) => ("", written_utc(instant)),
        };
        let value = match form {
            Form::Date => value.split('T').next().unwrap_or_default(),
            _ => &value,
        };
        let _ = write!(self.out, "{name}{parameter}:{value}\r\n");
    }

    /// A property without its value (RFC 4791 §9.6.4), folded anew.
    fn bare(&mut self, line: &Line<'_>) {
        let head = line.text().len().saturating_sub(line.value().len());
        fold(line.text().get(..head).unwrap_or_default(), &mut self.out);
    }

    /// The values of FREEBUSY that meet the range; without any there is no property.
    fn busy(&mut self, line: &Line<'_>) {
        let Some(window) = &self.wanted.busy else { return self.raw(line) };
        let head = line.text().len().saturating_sub(line.value().len());
        let head = line.text().get(..head).unwrap_or_default();
        let meets = |text: &&str| {
            let range = value::Period::read(text, None, false).and_then(|p| {
                let start = instant(p.start, self.zones);
                let end = match p.end? {
                    value::PeriodEnd::At(end) => instant(end, self.zones),
                    value::PeriodEnd::After(length) => {
                        start.saturating_add(length.nominal_seconds())
                    }
                };
                Some(start..end)
            });
            range.is_none_or(|range| window.start < range.end && window.end > range.start)
        };
        let kept: Vec<&str> = line.value().split(',').filter(meets).collect();
        for value in kept {
            fold(&format!("{head}{value}"), &mut self.out);
        }
    }

    /// Every instance in the window as a component by itself, without time zones. What has no place
    /// on the time line stays.
    fn expanded(
        &mut self,
        root: Component<'_>,
        object: &Object<'_>,
        parts: Option<&Selection>,
        window: &Range<i64>,
        steps: &mut Steps,
    ) -> Result<(), TooMuchWork> {
        let dateless = |c: Component<'_>| {
            let has = |name| c.property(name).is_some();
            !(c.is("VTIMEZONE") || has("DTSTART") || c.is("VTODO") && has("DUE"))
        };
        self.children(root, parts, dateless);
        let (zones, mut count) = (self.zones, 0);
        occurrences(object, zones, window.clone(), steps, &mut |it| {
            count += 1;
            if count > EXPAND_INSTANCES_MAX {
                return ControlFlow::Break(());
            }
            if let Some(parts) = within(parts, it.component) {
                self.component(it.component, parts, Some(&it));
            }
            ControlFlow::Continue(())
        })?;
        if count > EXPAND_INSTANCES_MAX { Err(TooMuchWork) } else { Ok(()) }
    }
}

/// Whether a component inside a selection is wanted, and what of it.
fn within<'s>(parts: Option<&'s Selection>, it: Component<'_>) -> Option<Option<&'s Selection>> {
    match parts.and_then(|parts| parts.comps.as_ref()) {
        None => Some(None),
        Some(comps) => comps.iter().find(|comp| it.is(&comp.name)).map(Some),
    }
}

/// Where an instance ends that lasts so long.
fn lasts(instance: &Occurrence<'_>, length: Duration) -> i64 {
    match length.days {
        0 => instance.start.saturating_add(length.seconds),
        days => {
            let day = instance.local.day.saturating_add(days).clamp(-4_000_000, 4_000_000);
            instance.zone.to_utc(Civil { day, ..instance.local }).saturating_add(length.seconds)
        }
    }
    .max(instance.start)
}

#[cfg(test)]
mod tests;
