//! What is different between two versions of an object, as people would notice it.
//!
//! Invariant: the same said otherwise (another order of lines, another name of a zone, DURATION for
//! DTEND) is no difference. Standards: RFC 5546 §2.1.4, RFC 6638 §3.2.8.

use super::edit::is_in;
use super::sheet::{Part, Sheet};
use crate::format::ical::Component;
use crate::format::ical::object::Entry;
use crate::format::ical::series::Frame;
use crate::format::property::text;
use crate::format::recur::{Rule, Steps};
use crate::kernel::limits::RECURRENCE_STEPS_OBJECT;
use std::collections::{BTreeMap, BTreeSet};

/// Properties that are compared by what they mean, not by their text.
const BY_MEANING: [&str; 12] = [
    "DTSTART",
    "DTEND",
    "DUE",
    "DURATION",
    "RRULE",
    "RDATE",
    "EXDATE",
    "EXRULE",
    "RECURRENCE-ID",
    "ATTENDEE",
    "ORGANIZER",
    "UID",
];
/// Properties that say when a text was made and by whom.
const STAMPS: [&str; 4] = ["DTSTAMP", "LAST-MODIFIED", "CREATED", "SEQUENCE"];
/// What nobody else cares about in an organizer's copy.
const ORGANIZERS_OWN: [&str; 4] = ["CATEGORIES", "COLOR", "TRANSP", "REQUEST-STATUS"];
/// What is an attendee's own in his copy (RFC 6638 §3.2.2.1), and what people keep for themselves.
pub const ATTENDEES_OWN: [&str; 9] = [
    "CATEGORIES",
    "COLOR",
    "TRANSP",
    "REQUEST-STATUS",
    "PERCENT-COMPLETE",
    "COMPLETED",
    "COMMENT",
    "LAST-MODIFIED",
    "CREATED",
];

/// Whether a property is an extension's.
pub fn is_extension(name: &str) -> bool {
    name.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("X-"))
}

/// Whether a property belongs to the attendee whose copy it is in. Of a task the state is his too.
pub fn is_attendees_own(component: Component<'_>, name: &str) -> bool {
    let state = component.is("VTODO") && name.eq_ignore_ascii_case("STATUS");
    state || is_extension(name) || is_in(name, &ATTENDEES_OWN)
}

type Values<'c> = BTreeMap<String, Vec<String>>;

fn values(component: Component<'_>, counts: &dyn Fn(&str) -> bool) -> Values<'static> {
    let mut values = Values::new();
    for line in component.properties() {
        let name = line.full_name();
        if counts(name) && !line.value().trim().is_empty() {
            let value = text(line.value().trim()).trim().to_owned();
            values.entry(name.to_ascii_uppercase()).or_default().push(value);
        }
    }
    values.values_mut().for_each(|values| values.sort_unstable());
    values
}

/// The names of the properties that differ, of those that `counts` lets through; those that are
/// compared by meaning are left out.
pub fn names(a: Component<'_>, b: Component<'_>, counts: &dyn Fn(&str) -> bool) -> Vec<String> {
    let counts = |name: &str| !is_in(name, &BY_MEANING) && counts(name);
    let (a, b) = (values(a, &counts), values(b, &counts));
    let names: BTreeSet<_> = a.keys().chain(b.keys()).collect();
    names.into_iter().filter(|name| a.get(*name) != b.get(*name)).cloned().collect()
}

/// The properties of an organizer's copy that differ, of those that others would notice.
pub fn noticed(a: Component<'_>, b: Component<'_>) -> Vec<String> {
    names(a, b, &|name| {
        !is_extension(name) && !is_in(name, &STAMPS) && !is_in(name, &ORGANIZERS_OWN)
    })
}

/// How times and recurrence of a component are different.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shift {
    /// Not at all.
    #[default]
    None,
    /// Instances fell away, all others are where they were.
    Fewer,
    /// Instances came or moved (RFC 6638 §3.2.8: everybody is asked anew).
    Moved,
}

/// How the times of two components of the same instance are different.
pub fn shift(old: (&Sheet<'_>, &Part<'_>), new: (&Sheet<'_>, &Part<'_>)) -> Shift {
    if old.1.times != new.1.times || old.1.date != new.1.date {
        return Shift::Moved;
    }
    if old.1.key.is_some() || new.1.key.is_some() {
        return Shift::None;
    }
    recurrence(old.0, new.0)
}

fn recurrence(old: &Sheet<'_>, new: &Sheet<'_>) -> Shift {
    let (Some(a), Some(b)) = (&old.object.master, &new.object.master) else { return Shift::None };
    if !a.recurs() && !b.recurs() {
        return Shift::None;
    }
    let frames = (Frame::new(&old.object, &old.zones), Frame::new(&new.object, &new.zones));
    let from = new.master().and_then(|part| part.times).map_or(0, |times| times.0);
    if frames.0.offsets(from) != frames.1.offsets(from) {
        return Shift::Moved;
    }
    let rules = if a.foreign || b.foreign { foreign(a, b) } else { rules(a, b, &frames) };
    rules.max(set(&old.added, &new.added)).max(set(&new.excluded, &old.excluded))
}

/// The properties of recurrence that differ, apart from EXDATE, of which those hear who lose an
/// instance.
pub fn recurrence_names(old: &Sheet<'_>, new: &Sheet<'_>) -> Vec<String> {
    let (Some(a), Some(b)) = (&old.object.master, &new.object.master) else { return Vec::new() };
    let frames = (Frame::new(&old.object, &old.zones), Frame::new(&new.object, &new.zones));
    let rule = if a.foreign || b.foreign { foreign(a, b) } else { rules(a, b, &frames) };
    let found = [("RRULE", rule != Shift::None), ("RDATE", old.added != new.added)];
    found.iter().filter(|(_, differs)| *differs).map(|(name, _)| (*name).to_owned()).collect()
}

/// How a set of instances differs from an older one.
fn set(old: &BTreeSet<i64>, new: &BTreeSet<i64>) -> Shift {
    match (old == new, new.is_subset(old)) {
        (true, _) => Shift::None,
        (false, true) => Shift::Fewer,
        (false, false) => Shift::Moved,
    }
}

/// Rules that cannot be read are compared as they stand.
fn foreign(a: &Entry<'_>, b: &Entry<'_>) -> Shift {
    let rules = |entry: &Entry<'_>| {
        entry.component.all("RRULE").map(|l| l.value().trim().to_owned()).collect::<Vec<_>>()
    };
    if rules(a) == rules(b) { Shift::None } else { Shift::Moved }
}

fn rules(a: &Entry<'_>, b: &Entry<'_>, frames: &(Frame<'_>, Frame<'_>)) -> Shift {
    if a.rules.len() != b.rules.len() {
        return if b.rules.is_empty() { Shift::Fewer } else { Shift::Moved };
    }
    let mut steps = Steps::new(RECURRENCE_STEPS_OBJECT);
    let mut shift = Shift::None;
    for (old, new) in a.rules.iter().zip(&b.rules) {
        let endless = |rule: &Rule| Rule { count: None, until: None, ..rule.clone() };
        if old == new {
            continue;
        }
        if endless(old) != endless(new) {
            return Shift::Moved;
        }
        let lasts = (frames.0.last(old, &mut steps), frames.1.last(new, &mut steps));
        shift = shift.max(match lasts {
            (Ok(old), Ok(new)) if old == new => Shift::None,
            (Ok(None), Ok(Some(_))) => Shift::Fewer,
            (Ok(Some(old)), Ok(Some(new))) if new < old => Shift::Fewer,
            _ => Shift::Moved,
        });
    }
    shift
}
