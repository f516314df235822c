//! An object as scheduling sees it: the series and its exceptions, each with who is invited to it
//! and the version that it has.
//!
//! Invariant: an instance is named by its original start as an instant, so copies of one object
//! match whatever zone and form their clients write. Standards: RFC 5545 §3.8.4.4, RFC 5546 §2.1.4.

use super::IsMe;
use super::person::{Person, same};
use crate::format::ical::object::{Entry, Object, check_message, check_resource};
use crate::format::ical::series::Frame;
use crate::format::ical::value::{Form, Moment};
use crate::format::ical::{Calendar, Component};
use crate::format::line::{Line, refolded};
use crate::format::tz::{Zone, Zones};
use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

/// A text as UTF-8, folded anew where a fold splits a character.
pub fn utf8(text: &[u8]) -> Option<Cow<'_, str>> {
    match std::str::from_utf8(text) {
        Ok(text) => Some(Cow::Borrowed(text)),
        Err(_) => refolded(text).map(Cow::Owned),
    }
}

/// One component: the series itself or an exception.
#[derive(Clone, Debug)]
pub struct Part<'c> {
    /// The component.
    pub component: Component<'c>,
    /// The original start of the instance; none: the series, or all there is.
    pub key: Option<i64>,
    /// When its first instance starts and ends.
    pub times: Option<(i64, i64)>,
    /// It has days, not times.
    pub date: bool,
    /// SEQUENCE.
    pub sequence: u64,
    /// DTSTAMP, in seconds since 1970.
    pub stamp: i64,
    /// It does not take place.
    pub cancelled: bool,
    /// Its ATTENDEEs, each once.
    pub attendees: Vec<Person<'c>>,
}

impl<'c> Part<'c> {
    /// The version, as RFC 5546 §2.1.4 and §2.1.5 count.
    pub fn version(&self) -> (u64, i64) {
        (self.sequence, self.stamp)
    }

    /// The ATTENDEE with an address as it is compared.
    pub fn attendee(&self, who: &str) -> Option<&Person<'c>> {
        self.attendees.iter().find(|person| person.who == who)
    }

    /// The ATTENDEE that is the owner.
    pub fn me(&self) -> Option<&Person<'c>> {
        self.attendees.iter().find(|person| person.me)
    }

    /// The ATTENDEEs by their addresses: for looking up many.
    pub fn by_address(&self) -> HashMap<&str, &Person<'c>> {
        self.attendees.iter().map(|person| (&*person.who, person)).collect()
    }
}

/// An object taken apart.
pub struct Sheet<'c> {
    /// Its text.
    pub text: &'c str,
    /// The VCALENDAR.
    pub root: Component<'c>,
    /// The object.
    pub object: Object<'c>,
    /// Its zones; floating times are read in UTC.
    pub zones: Zones,
    /// The series first, if there is one.
    pub parts: Vec<Part<'c>>,
    /// The instances that EXDATE takes out.
    pub excluded: BTreeSet<i64>,
    /// The instances that RDATE adds.
    pub added: BTreeSet<i64>,
    index: HashMap<Option<i64>, usize>,
}

/// A number of an octet string such as SEQUENCE's; what is none counts as 0.
fn number(component: Component<'_>, name: &str) -> u64 {
    component.property(name).and_then(|l| l.value().trim().parse().ok()).unwrap_or(0)
}

/// DTSTAMP and the like, in seconds since 1970.
pub fn stamp(line: &Line<'_>) -> Option<i64> {
    instant(line.value())
}

/// A DATE-TIME in UTC, in seconds since 1970.
pub fn instant(value: &str) -> Option<i64> {
    Moment::read(value, None, false).map(|at| at.civil.seconds())
}

/// Whether a property has this value.
pub fn says(component: Component<'_>, name: &str, value: &str) -> bool {
    component.property(name).is_some_and(|l| l.value().trim().eq_ignore_ascii_case(value))
}

impl<'c> Sheet<'c> {
    /// Takes a calendar of a text apart.
    ///
    /// # Errors
    /// Why it is not one calendar object.
    pub fn new(text: &'c str, calendar: &'c Calendar<'c>, is_me: IsMe<'_>) -> Result<Self, String> {
        let object = check_resource(calendar).map_err(|fault| fault.to_string())?;
        Ok(Self::of(text, calendar, object, is_me))
    }

    /// Takes a message apart that need not say when its events are.
    ///
    /// # Errors
    /// Why it is not about one calendar object.
    pub fn message(
        text: &'c str,
        calendar: &'c Calendar<'c>,
        is_me: IsMe<'_>,
    ) -> Result<Self, String> {
        let object = check_message(calendar).map_err(|fault| fault.to_string())?;
        Ok(Self::of(text, calendar, object, is_me))
    }

    fn of(text: &'c str, calendar: &'c Calendar<'c>, object: Object<'c>, is_me: IsMe<'_>) -> Self {
        let zones = calendar.zones(Zone::utc());
        let (parts, excluded, added) = read(&object, &zones, is_me);
        let index = parts.iter().enumerate().map(|(at, part)| (part.key, at)).collect();
        let root = calendar.root();
        Self { text, root, object, zones, parts, excluded, added, index }
    }

    /// The series, or all there is.
    pub fn master(&self) -> Option<&Part<'c>> {
        self.part(None)
    }

    /// What describes an instance; none: the series.
    pub fn part(&self, key: Option<i64>) -> Option<&Part<'c>> {
        self.index.get(&key).and_then(|at| self.parts.get(*at))
    }

    /// What a component says of its times and rules.
    pub fn entry(&self, part: &Part<'_>) -> Option<&Entry<'c>> {
        self.object.entries().find(|entry| entry.component.is_same(&part.component))
    }

    /// The first ORGANIZER.
    pub fn organizer(&self) -> Option<&'c Line<'c>> {
        self.parts.iter().find_map(|part| part.component.property("ORGANIZER"))
    }

    /// Whether all components that name an organizer name the same.
    pub fn has_one_organizer(&self) -> bool {
        let mut named = self.parts.iter().flat_map(|part| part.component.all("ORGANIZER"));
        let first = named.next();
        first.is_none_or(|first| named.all(|other| same(first.value(), other.value())))
    }

    /// Whether it does not take place as a whole.
    pub fn is_cancelled(&self) -> bool {
        match self.master() {
            Some(master) => master.cancelled,
            None => self.parts.iter().all(|part| part.cancelled),
        }
    }

    /// The newest DTSTAMP.
    pub fn newest(&self) -> i64 {
        self.parts.iter().map(|part| part.stamp).max().unwrap_or(0)
    }

    /// The raw lines of a component.
    pub fn raw(&self, component: Component<'_>) -> &'c str {
        self.text.get(component.span()).unwrap_or_default()
    }
}

type Parts<'c> = (Vec<Part<'c>>, BTreeSet<i64>, BTreeSet<i64>);

fn read<'c>(object: &Object<'c>, zones: &Zones, is_me: IsMe<'_>) -> Parts<'c> {
    let mut frame = Frame::new(object, zones);
    let mut parts = Vec::new();
    for entry in object.entries() {
        let component = entry.component;
        let mut seen = BTreeSet::new();
        let people = component.all("ATTENDEE").map(|line| Person::new(line, is_me));
        parts.push(Part {
            component,
            key: entry.recurrence_id.map(|id| frame.key(id)),
            times: frame.times(entry),
            date: entry.start.or(entry.end).is_some_and(|at| at.form == Form::Date),
            sequence: number(component, "SEQUENCE"),
            stamp: component.property("DTSTAMP").and_then(stamp).unwrap_or(0),
            cancelled: says(component, "STATUS", "CANCELLED"),
            attendees: people.filter(|person| seen.insert(person.who.clone())).collect(),
        });
    }
    let master = object.master.as_ref();
    let excluded = master.iter().flat_map(|m| &m.exceptions).map(|at| frame.key(*at)).collect();
    let added = master.iter().flat_map(|m| &m.dates).map(|p| frame.key(p.start)).collect();
    (parts, excluded, added)
}
