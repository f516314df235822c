//! An instance of a series written out as an exception that changes nothing.
//!
//! Invariant: what is derived says of the instance what the series says. Standard: RFC 5545
//! §3.8.4.4.

use super::edit::{Becomes, head, is_in};
use super::sheet::Sheet;
use crate::format::civil::Civil;
use crate::format::ical::Component;
use crate::format::ical::expand::{Occurrence, occurrences};
use crate::format::ical::object::{Entry, Object};
use crate::format::ical::value::{self, Form, written, written_utc};
use crate::format::line::Line;
use crate::format::recur::Steps;
use crate::kernel::limits::{ITIP_INSTANCES_MAX, RECURRENCE_STEPS_OBJECT};
use std::ops::ControlFlow;

/// An instance as an exception would write it.
#[derive(Clone, Debug)]
pub struct Derived<'c> {
    /// The series.
    pub component: Component<'c>,
    /// When it starts and ends.
    pub times: (i64, i64),
    start: Option<String>,
    end: Option<String>,
    /// Its RECURRENCE-ID line.
    pub id: String,
}

/// What only a series has, and an exception writes otherwise.
const OF_SERIES: [&str; 5] = ["RRULE", "RDATE", "EXDATE", "EXRULE", "RECURRENCE-ID"];

impl Derived<'_> {
    /// What a line of the series becomes.
    pub fn becomes(&self, line: &Line<'_>) -> Becomes {
        let name = line.full_name();
        let written = |new: &Option<String>| new.clone().map_or(Becomes::Gone, Becomes::Line);
        if is_in(name, &OF_SERIES) {
            Becomes::Gone
        } else if is_in(name, &["DTSTART"]) {
            written(&self.start)
        } else if is_in(name, &["DTEND", "DUE"]) {
            written(&self.end)
        } else {
            Becomes::Same
        }
    }
}

/// Derives instances of one object, at most [`ITIP_INSTANCES_MAX`] of them; fewer of a series with very
/// many dates and rules, all of which are gone through each time.
pub struct Deriver<'s, 'c> {
    sheet: &'s Sheet<'c>,
    bare: Option<Object<'c>>,
    cost: usize,
    left: usize,
}

/// Dates of a series, and rules counted as so many, that are gone through for the price of one instance.
const DATES: usize = 200;
const RULE: usize = 20;

impl<'s, 'c> Deriver<'s, 'c> {
    /// Derives from the series of a sheet.
    pub fn new(sheet: &'s Sheet<'c>) -> Self {
        let series = sheet.object.master.as_ref().filter(|master| master.recurs());
        let bare = series.map(|master| Object {
            uid: sheet.object.uid.clone(),
            kind: sheet.object.kind,
            master: Some(master.clone()),
            overrides: Vec::new(),
        });
        let master = sheet.object.master.as_ref();
        let dates = |m: &Entry<'_>| m.dates.len() + m.exceptions.len() + RULE * m.rules.len();
        let cost = 1 + master.map_or(0, dates) / DATES;
        Self { sheet, bare, cost, left: ITIP_INSTANCES_MAX }
    }

    /// The instance with this original start; `None`: the series has no such.
    pub fn of(&mut self, key: i64) -> Option<Derived<'c>> {
        let bare = self.bare.as_ref()?;
        self.left = self.left.checked_sub(self.cost)?;
        let series = self.sheet.master()?.component;
        let mut found = None;
        let mut steps = Steps::new(RECURRENCE_STEPS_OBJECT);
        let window = key.saturating_sub(1)..key.saturating_add(1);
        // What was found until the steps are used up is right.
        let _ = occurrences(bare, &self.sheet.zones, window, &mut steps, &mut |it| {
            if it.recurrence_id.is_some_and(|original| original.instant == key) {
                found = derived(self.sheet, series, &it);
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        });
        found
    }
}

fn derived<'c>(
    sheet: &Sheet<'c>,
    series: Component<'c>,
    it: &Occurrence<'_>,
) -> Option<Derived<'c>> {
    let due = series.property("DUE").filter(|_| series.is("VTODO"));
    let start = series.property("DTSTART");
    let end = if series.is("VTODO") { due } else { series.property("DTEND") };
    let anchor = start.or(due)?;
    let at = |line: &'c Line<'c>, name: &str, instant: i64, local: Civil| {
        let form = value::moment(line).ok()?.form;
        let local = match form {
            Form::Zone(tzid) => sheet.zones.find(tzid).map_or(local, |z| z.from_utc(instant)),
            _ => local,
        };
        Some(head(line, name) + &clock(form, instant, local))
    };
    Some(Derived {
        component: series,
        times: (it.start, it.end),
        start: start.and_then(|line| at(line, line.full_name(), it.start, it.local)),
        end: end.and_then(|line| at(line, line.full_name(), it.end, it.local_end())),
        id: at(anchor, "RECURRENCE-ID", it.start, it.local)?,
    })
}

/// A value in the form of another.
fn clock(form: Form<'_>, instant: i64, local: Civil) -> String {
    match form {
        Form::Date => written(local).split('T').next().unwrap_or_default().to_owned(),
        Form::Utc => written_utc(instant),
        Form::Floating | Form::Zone(_) => written(local),
    }
}
