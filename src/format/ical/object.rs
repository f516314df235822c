//! One calendar object resource: what may be stored under one name (RFC 4791 §4.1), checked once
//! and with its date properties read.
//!
//! Invariant: an [`Object`] can be indexed and expanded. Everything else that clients send is
//! let through: only what the RFC's preconditions forbid, or what has no place on the time line,
//! is refused.

use super::value::{self, Duration, Moment, Period};
use super::{Calendar, Component};
use crate::format::line::{Line, Malformed, shown};
use crate::format::recur::{Rule, RuleError};
use crate::kernel::fault::Refusal;
use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

/// The component type of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// VEVENT.
    Event,
    /// VTODO.
    Todo,
    /// VJOURNAL.
    Journal,
    /// VFREEBUSY.
    FreeBusy,
    /// VAVAILABILITY (RFC 7953).
    Availability,
}

const KINDS: [(&str, Kind); 5] = [
    ("VEVENT", Kind::Event),
    ("VTODO", Kind::Todo),
    ("VJOURNAL", Kind::Journal),
    ("VFREEBUSY", Kind::FreeBusy),
    ("VAVAILABILITY", Kind::Availability),
];

impl Kind {
    /// The kind of a component name, whatever its case.
    pub fn of(name: &str) -> Option<Self> {
        KINDS.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, kind)| *kind)
    }

    /// The component's name.
    pub fn name(self) -> &'static str {
        KINDS.iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
    }
}

/// Why a calendar may not be stored as one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResourceFault {
    /// Not valid iCalendar data (`CALDAV:valid-calendar-data`).
    Data(Malformed),
    /// Valid, but not one object (`CALDAV:valid-calendar-object-resource`).
    Resource(Cow<'static, str>),
}

impl ResourceFault {
    fn resource<T>(why: impl Into<Cow<'static, str>>) -> Result<T, Self> {
        Err(Self::Resource(why.into()))
    }
}

impl From<Malformed> for ResourceFault {
    fn from(fault: Malformed) -> Self {
        Self::Data(fault)
    }
}

impl From<ResourceFault> for Refusal {
    fn from(fault: ResourceFault) -> Self {
        match fault {
            ResourceFault::Data(fault) => fault.into(),
            ResourceFault::Resource(why) => Self::InvalidResource(why.into_owned()),
        }
    }
}

impl fmt::Display for ResourceFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Data(fault) => fault.fmt(f),
            Self::Resource(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for ResourceFault {}

/// One calendar object: components of one kind with one UID.
#[derive(Clone, Debug)]
pub struct Object<'c> {
    /// The UID, text escapes undone.
    pub uid: Cow<'c, str>,
    /// What its components are.
    pub kind: Kind,
    /// The component without RECURRENCE-ID; overrides may stand without it (RFC 4791 §4.1).
    pub master: Option<Entry<'c>>,
    /// The components with RECURRENCE-ID, in their order.
    pub overrides: Vec<Entry<'c>>,
}

impl<'c> Object<'c> {
    /// The master, then the overrides.
    pub fn entries(&self) -> impl Iterator<Item = &Entry<'c>> {
        self.master.iter().chain(&self.overrides)
    }
}

/// A component with the properties that place it on the time line.
#[derive(Clone, Debug)]
pub struct Entry<'c> {
    /// The component.
    pub component: Component<'c>,
    /// DTSTART.
    pub start: Option<Moment<'c>>,
    /// DTEND, of a VTODO: DUE.
    pub end: Option<Moment<'c>>,
    /// DURATION.
    pub duration: Option<Duration>,
    /// RECURRENCE-ID.
    pub recurrence_id: Option<Moment<'c>>,
    /// RECURRENCE-ID has RANGE=THISANDFUTURE.
    pub and_future: bool,
    /// RRULE; a component with RECURRENCE-ID has none.
    pub rules: Vec<Rule>,
    /// An RRULE counts by a calendar that is not known (RFC 7529 §4): the object is kept, and what
    /// that rule yields is not told from here.
    pub foreign: bool,
    /// RDATE.
    pub dates: Vec<Period<'c>>,
    /// EXDATE.
    pub exceptions: Vec<Moment<'c>>,
}

/// Checks that a calendar may be stored as one resource.
///
/// # Errors
/// [`ResourceFault::Data`] for a wrong VERSION, a date, duration or rule that cannot be read, a
/// property that may stand only once, a VEVENT without DTSTART; [`ResourceFault::Resource`] for
/// METHOD, no component, two component types, no UID, two UIDs, two masters, two overrides of
/// one instance (RFC 4791 §4.1, §5.3.2.1).
pub fn check_resource<'c>(calendar: &'c Calendar<'c>) -> Result<Object<'c>, ResourceFault> {
    check_header(calendar.root())?;
    if calendar.root().property("METHOD").is_some() {
        return ResourceFault::resource("METHOD may not stand in a stored object");
    }
    check(calendar, Entry::read)
}

/// The same of a scheduling message, which may have a METHOD, and whose VEVENTs may lack a DTSTART: an
/// answer or a cancellation need not say when (RFC 5545 §3.6.1, RFC 5546 §3.2.3, §3.2.5).
///
/// # Errors
/// See [`check_resource`].
pub fn check_message<'c>(calendar: &'c Calendar<'c>) -> Result<Object<'c>, ResourceFault> {
    check(calendar, Entry::read_anywhere)
}

/// How a component is read.
type Read<'c> = fn(Component<'c>, Kind) -> Result<Entry<'c>, Malformed>;

fn check<'c>(calendar: &'c Calendar<'c>, read: Read<'c>) -> Result<Object<'c>, ResourceFault> {
    let root = calendar.root();
    check_header(root)?;
    let components: Vec<_> = root.children().filter(|c| !c.is("VTIMEZONE")).collect();
    let Some(first) = components.first() else {
        return ResourceFault::resource("the calendar holds no component");
    };
    let Some(kind) = Kind::of(first.name()) else {
        return ResourceFault::resource(format!("{} cannot be stored", shown(first.name())));
    };
    if let Some(other) = components.iter().find(|c| Kind::of(c.name()) != Some(kind)) {
        let (a, b) = (first.name(), shown(other.name()));
        return ResourceFault::resource(format!("more than one component type: {a} and {b}"));
    }
    let uid = one_uid(&components)?;
    let mut object = Object { uid, kind, master: None, overrides: Vec::new() };
    for component in components {
        let entry = read(component, kind)?;
        if entry.recurrence_id.is_some() {
            object.overrides.push(entry);
        } else if object.master.replace(entry).is_some() {
            return ResourceFault::resource("more than one component without RECURRENCE-ID");
        }
    }
    check_overrides(&object.overrides)?;
    Ok(object)
}

fn check_header(root: Component<'_>) -> Result<(), ResourceFault> {
    match root.property("VERSION") {
        Some(line) if line.value().trim() == "2.0" => {}
        Some(line) => {
            let why = format!("VERSION must be 2.0, not {}", shown(line.value()));
            return Err(Malformed::new(line.number, why).into());
        }
        None => return Err(Malformed::new(root.number(), "VERSION is missing").into()),
    }
    if let Some(line) = root.property("CALSCALE")
        && !line.value().trim().eq_ignore_ascii_case("GREGORIAN")
    {
        return Err(Malformed::new(line.number, "CALSCALE must be GREGORIAN").into());
    }
    Ok(())
}

fn one_uid<'c>(components: &[Component<'c>]) -> Result<Cow<'c, str>, ResourceFault> {
    let mut found: Option<&'c str> = None;
    for component in components {
        let mut uids = component.all("UID").map(|l| l.value().trim()).filter(|v| !v.is_empty());
        let Some(uid) = uids.next() else {
            return ResourceFault::resource(format!("a {} has no UID", component.name()));
        };
        if uids.chain(found).any(|other| other != uid) {
            return ResourceFault::resource(
                "more than one UID: a calendar's own address takes whole calendars apart",
            );
        }
        found = Some(uid);
    }
    Ok(value::text(found.unwrap_or("")))
}

fn check_overrides(overrides: &[Entry<'_>]) -> Result<(), ResourceFault> {
    let mut seen = HashSet::with_capacity(overrides.len());
    for id in overrides.iter().filter_map(|entry| entry.recurrence_id) {
        if !seen.insert(id) {
            return ResourceFault::resource("two components override the same instance");
        }
    }
    Ok(())
}

/// The properties that an entry reads. Those that may stand only once come first.
const NAMES: [&str; 8] =
    ["DTSTART", "DTEND", "DUE", "DURATION", "RECURRENCE-ID", "RRULE", "RDATE", "EXDATE"];
const SINGLE: usize = 5;
const RRULE: usize = 5;
const RDATE: usize = 6;
const EXDATE: usize = 7;

impl<'c> Entry<'c> {
    /// Reads them.
    pub(super) fn read(component: Component<'c>, kind: Kind) -> Result<Self, Malformed> {
        let entry = Self::read_anywhere(component, kind)?;
        if kind == Kind::Event && entry.start.is_none() {
            return Err(Malformed::new(component.number(), "a VEVENT has no DTSTART"));
        }
        Ok(entry)
    }

    /// Reads them, wherever on the time line it is.
    fn read_anywhere(component: Component<'c>, kind: Kind) -> Result<Self, Malformed> {
        let mut single: [Option<&'c Line<'c>>; SINGLE] = [None; SINGLE];
        let mut lists: Vec<(usize, &'c Line<'c>)> = Vec::new();
        for line in component.properties() {
            let name = line.full_name();
            let Some(at) = NAMES.iter().position(|n| n.eq_ignore_ascii_case(name)) else {
                continue;
            };
            match single.get_mut(at) {
                Some(Some(_)) => {
                    return Err(Malformed::new(line.number, format!("a second {name}")));
                }
                Some(slot) => *slot = Some(line),
                None => lists.push((at, line)),
            }
        }
        let [start, dtend, due, duration, id] = single;
        let end = if kind == Kind::Todo { due } else { dtend };
        // In a VFREEBUSY it would mean something else (RFC 4791 §9.9).
        let duration = duration.filter(|_| kind != Kind::FreeBusy);
        let mut entry = Self {
            component,
            start: start.map(value::moment).transpose()?,
            end: end.map(value::moment).transpose()?,
            duration: duration.map(value::duration).transpose()?,
            recurrence_id: id.map(value::moment).transpose()?,
            and_future: id.is_some_and(says_future),
            rules: Vec::new(),
            foreign: false,
            dates: Vec::new(),
            exceptions: Vec::new(),
        };
        if entry.recurrence_id.is_none() {
            lists.into_iter().try_for_each(|(at, line)| entry.take_list(at, line))?;
        }
        Ok(entry)
    }

    fn take_list(&mut self, at: usize, line: &'c Line<'c>) -> Result<(), Malformed> {
        match at {
            RRULE if line.value().trim().is_empty() => {}
            RRULE => match Rule::parse(line.value()) {
                Ok(rule) => self.rules.push(rule),
                Err(RuleError::UnsupportedScale(_)) => self.foreign = true,
                Err(fault) => return Err(Malformed::new(line.number, fault.to_string())),
            },
            RDATE => self.dates.extend(value::periods(line)?),
            EXDATE => self.exceptions.extend(value::periods(line)?.iter().map(|p| p.start)),
            _ => {}
        }
        Ok(())
    }

    /// Whether it has instances besides DTSTART.
    pub fn recurs(&self) -> bool {
        self.foreign || !self.rules.is_empty() || !self.dates.is_empty()
    }
}

fn says_future(line: &Line<'_>) -> bool {
    line.param("RANGE").is_some_and(|p| p.value().eq_ignore_ascii_case("THISANDFUTURE"))
}

#[cfg(test)]
mod tests;
