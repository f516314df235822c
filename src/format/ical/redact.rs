//! What people see who may not see everything: that somebody is busy, and nothing of why.
//!
//! Invariant: of what is hidden only times, the rules of recurrence, its state and whether it takes
//! time are left, each held against its grammar, so that no text can hide in them.
//! Standard: RFC 5545 §3.8.1.3 (CLASS); calendarserver.org's caldav-privateevents
//! (X-CALENDARSERVER-ACCESS), which says the same of a whole object.

use super::object::Kind;
use super::{Calendar, Component};
use crate::format::line::{Line, Param, append_folded};
use crate::format::recur::{Rule, RuleError};
use crate::kernel::secret::{hex, sha256};
use memchr::memmem;
use std::borrow::Cow;

/// How much of a component its owner hides, the least first (RFC 5545 §3.8.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// PUBLIC, also when nothing is said.
    Public,
    /// CONFIDENTIAL.
    Confidential,
    /// PRIVATE, and whatever is not known.
    Private,
}

impl Class {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Public, Self::Confidential, Self::Private];

    /// As it is stored.
    pub fn number(self) -> i64 {
        match self {
            Self::Public => 0,
            Self::Confidential => 1,
            Self::Private => 2,
        }
    }

    /// From the store; what is not known there is private.
    pub fn from_number(number: Option<i64>) -> Self {
        let known = Self::ALL.into_iter().find(|class| Some(class.number()) == number);
        known.unwrap_or(Self::Private)
    }

    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Public => "PUBLIC",
            Self::Confidential => "CONFIDENTIAL",
            Self::Private => "PRIVATE",
        }
    }

    /// The value of a property: an empty one says nothing.
    fn written(value: &str) -> Self {
        let value = value.trim();
        // What Apple's servers show more of than of something confidential counts as that.
        let known = Self::ALL.into_iter().find(|it| it.name().eq_ignore_ascii_case(value));
        match known {
            Some(class) => class,
            None if value.is_empty() => Self::Public,
            None if value.eq_ignore_ascii_case("RESTRICTED") => Self::Confidential,
            None => Self::Private,
        }
    }

    /// The strictest of a component's own values of a property.
    fn of(component: Component<'_>, property: &str) -> Self {
        let all = component.all(property).map(|line| Self::written(line.value()));
        all.max().unwrap_or(Self::Public)
    }
}

/// The classes of an object's components.
struct Classes {
    /// That of the object as a whole, and of the series.
    floor: Class,
}

impl Classes {
    fn of(calendar: &Calendar<'_>) -> Self {
        let whole = Class::of(calendar.root(), "X-CALENDARSERVER-ACCESS");
        let masters = components(calendar).filter(|c| c.property("RECURRENCE-ID").is_none());
        let series = masters.map(|master| Class::of(master, "CLASS")).max();
        Self { floor: series.unwrap_or(Class::Public).max(whole) }
    }

    /// An override hides at least what its series does: often it does not repeat the class, and
    /// what it says would tell of all the others.
    fn class(&self, component: Component<'_>) -> Class {
        Class::of(component, "CLASS").max(self.floor)
    }
}

/// What stands in an object but time zones.
fn components<'c>(calendar: &'c Calendar<'_>) -> impl Iterator<Item = Component<'c>> {
    calendar.root().children().filter(|c| !c.is("VTIMEZONE"))
}

/// The class of an object: the strictest of its components'.
pub fn class_of(calendar: &Calendar<'_>) -> Class {
    let classes = Classes::of(calendar);
    components(calendar).map(|it| classes.class(it)).max().unwrap_or(classes.floor)
}

/// Times, what is left of a hidden component, each with only those parameters that say when.
const TIMES: [&str; 11] = [
    "DTSTAMP",
    "DTSTART",
    "DTEND",
    "DUE",
    "COMPLETED",
    "DURATION",
    "RDATE",
    "EXDATE",
    "RECURRENCE-ID",
    "SEQUENCE",
    "FREEBUSY",
];
/// The octets of times, which are no words.
const OF_TIMES: &[u8] = b"0123456789TZPWDHMS+-/,";
/// Rules, which are left without parameters.
const RULES: [&str; 2] = ["RRULE", "EXRULE"];
/// Words, left where they are these.
const WORDS: [(&str, &[&str]); 3] = [
    ("BUSYTYPE", &["BUSY", "BUSY-UNAVAILABLE", "BUSY-TENTATIVE"]),
    ("TRANSP", &["OPAQUE", "TRANSPARENT"]),
    (
        "STATUS",
        &[
            "TENTATIVE",
            "CONFIRMED",
            "CANCELLED",
            "NEEDS-ACTION",
            "COMPLETED",
            "IN-PROCESS",
            "DRAFT",
            "FINAL",
        ],
    ),
];
/// What is left of a time zone.
const OF_ZONES: [&str; 8] =
    ["BEGIN", "END", "TZID", "DTSTART", "RRULE", "RDATE", "TZOFFSETFROM", "TZOFFSETTO"];
/// Parameters that say when, and how busy.
const PARAMETERS: [&str; 4] = ["TZID", "VALUE", "RANGE", "FBTYPE"];

/// The words of some of them.
const PARAMETER_WORDS: [(&str, &[&str]); 3] = [
    ("VALUE", &["DATE", "DATE-TIME", "PERIOD", "DURATION"]),
    ("RANGE", &["THISANDFUTURE", "THISANDPRIOR"]),
    ("FBTYPE", &["FREE", "BUSY", "BUSY-UNAVAILABLE", "BUSY-TENTATIVE"]),
];
/// The parts of a rule (RFC 5545 §3.3.10, RFC 7529 §4).
const PARTS: [&str; 16] = [
    "FREQ",
    "UNTIL",
    "COUNT",
    "INTERVAL",
    "BYSECOND",
    "BYMINUTE",
    "BYHOUR",
    "BYDAY",
    "BYMONTHDAY",
    "BYYEARDAY",
    "BYWEEKNO",
    "BYMONTH",
    "BYSETPOS",
    "WKST",
    "RSCALE",
    "SKIP",
];

const HEAD: &[u8] = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Davenport//EN\r\n";
const TAIL: &[u8] = b"END:VCALENDAR\r\n";

fn is_in(name: &str, names: &[&str]) -> bool {
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// A calendar object for somebody who may see the components of some classes. The others keep their
/// UID and class beside their times, so that a program can keep the object like any other. What
/// cannot be read is not shown at all.
pub fn veiled(octets: &[u8], may_see: impl Fn(Class) -> bool) -> Cow<'_, [u8]> {
    let Ok(calendar) = Calendar::parse(octets) else {
        return Cow::Owned([HEAD, TAIL].concat());
    };
    let classes = Classes::of(&calendar);
    let seen = |it: &Component<'_>| may_see(classes.class(*it));
    if may_see(classes.floor) && components(&calendar).all(|it| seen(&it)) {
        return Cow::Borrowed(octets);
    }
    if !components(&calendar).any(|it| seen(&it)) {
        let mut hidden = Vec::new();
        components(&calendar).for_each(|it| write(it, &known(it, &classes), &mut hidden));
        return Cow::Owned(framed(&calendar, &hidden));
    }
    let (mut out, mut at) = (Vec::with_capacity(octets.len()), 0);
    for it in components(&calendar).filter(|it| !seen(it)) {
        let span = it.span();
        out.extend_from_slice(octets.get(at..span.start).unwrap_or_default());
        write(it, &known(it, &classes), &mut out);
        at = span.end;
    }
    out.extend_from_slice(octets.get(at..).unwrap_or_default());
    Cow::Owned(out)
}

/// The lines by which a program knows a hidden component.
fn known(component: Component<'_>, classes: &Classes) -> String {
    let uid = component.property("UID").map_or("", Line::value);
    let mut lines = Vec::new();
    append_folded(&format!("UID:{uid}"), &mut lines);
    append_folded(&format!("CLASS:{}", classes.class(component).name()), &mut lines);
    String::from_utf8_lossy(&lines).into_owned()
}

/// A calendar object for strangers, who may see what is public, or, if `all` is hidden, only when
/// somebody is busy. None: there is nothing for them. An object that has a private or confidential
/// component is hidden as a whole; of tasks, journals and times that are free nothing is left, and
/// the UID becomes one that says nothing, the same for all components of an object.
/// `salt` is nothing that they know, so that they cannot tell a UID that they do know.
pub fn redacted<'t>(octets: &'t [u8], all: bool, salt: &[u8]) -> Option<Cow<'t, [u8]>> {
    let calendar = Calendar::parse(octets).ok()?;
    if !all && class_of(&calendar) == Class::Public {
        return Some(Cow::Borrowed(octets));
    }
    let hidden = |c: &Component<'_>| Kind::of(c.name()) == Some(Kind::Event) && takes_time(*c);
    let mut events = Vec::new();
    for event in components(&calendar).filter(hidden) {
        let uid = event.property("UID").map_or("", |uid| uid.value().trim());
        let uid = sha256(&[salt, uid.as_bytes()].concat());
        let uid = hex(uid.get(..16).unwrap_or_default());
        write(event, &format!("UID:{uid}\r\n"), &mut events);
    }
    (!events.is_empty()).then(|| Cow::Owned(framed(&calendar, &events)))
}

/// Hidden components as an object, with those time zones that they name.
fn framed(calendar: &Calendar<'_>, components: &[u8]) -> Vec<u8> {
    let mut out = HEAD.to_vec();
    for zone in calendar.root().children().filter(|c| c.is("VTIMEZONE")) {
        let name = zone.property("TZID").map_or("", |tzid| tzid.value().trim());
        if memmem::find(components, name.as_bytes()).is_some() {
            let span = zone.span();
            let inside = |l: &&Line<'_>| span.start <= l.start && l.end <= span.end;
            for it in calendar.lines().iter().filter(inside) {
                if is_in(it.full_name(), &OF_ZONES) {
                    line(it, &[], &mut out);
                }
            }
        }
    }
    out.extend_from_slice(components);
    out.extend_from_slice(TAIL);
    out
}

/// A component that takes no time is left out, unless leaving it out would bring back the
/// instance of its series that it stands for.
fn takes_time(component: Component<'_>) -> bool {
    let says = |name: &str, value: &str| {
        component.property(name).is_some_and(|l| l.value().trim().eq_ignore_ascii_case(value))
    };
    let free = says("TRANSP", "TRANSPARENT") || says("STATUS", "CANCELLED");
    !free || component.property("RECURRENCE-ID").is_some()
}

/// What is left of a hidden component, by the name of its kind; `known` are lines that it gets.
fn write(component: Component<'_>, known: &str, out: &mut Vec<u8>) {
    // Of other components nobody knows what in them says when.
    let Some(kind) = Kind::of(component.name()) else { return };
    out.extend_from_slice(format!("BEGIN:{}\r\n", kind.name()).as_bytes());
    write_times(component, out);
    out.extend_from_slice(known.as_bytes());
    // RFC 5545 §3.6.4: a VFREEBUSY has none.
    if kind != Kind::FreeBusy {
        out.extend_from_slice(b"SUMMARY:Busy\r\n");
    }
    // RFC 7953 §3.1: without them it would say that nobody is ever there.
    for available in component.children().filter(|it| it.is("AVAILABLE")) {
        out.extend_from_slice(b"BEGIN:AVAILABLE\r\n");
        write_times(available, out);
        let uid = available.property("UID").map_or("", Line::value);
        append_folded(&format!("UID:{uid}"), out);
        out.extend_from_slice(b"END:AVAILABLE\r\n");
    }
    out.extend_from_slice(format!("END:{}\r\n", kind.name()).as_bytes());
}

/// Those properties that say when, and how the time counts.
fn write_times(component: Component<'_>, out: &mut Vec<u8>) {
    for it in component.properties() {
        let (name, value) = (it.full_name(), it.value().trim());
        let word = WORDS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        let is_time = || value.bytes().all(|octet| OF_TIMES.contains(&octet));
        if is_in(name, &TIMES) && is_time() {
            line(it, &PARAMETERS, out);
        } else if is_in(name, &RULES) && is_rule(value) {
            append_folded(&format!("{name}:{}", rule(value)), out);
        } else if word.is_some_and(|(_, words)| is_in(value, words)) {
            line(it, &[], out);
        }
    }
}

fn is_rule(value: &str) -> bool {
    matches!(Rule::parse(value), Ok(_) | Err(RuleError::UnsupportedScale(_)))
}

/// A rule with those parts that say when: others are passed over by whoever reads it.
fn rule(value: &str) -> String {
    let known = |part: &&str| {
        let name = part.split_once('=').map_or(*part, |(name, _)| name);
        is_in(name.trim(), &PARTS)
    };
    value.split(';').filter(known).collect::<Vec<_>>().join(";")
}

/// Appends a line with no parameters but these, and those that are words only where they are known.
pub(super) fn line(it: &Line<'_>, parameters: &[&str], out: &mut Vec<u8>) {
    let mut text = it.full_name().to_owned();
    let is_word = |p: &Param<'_>| {
        let row = PARAMETER_WORDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(p.name));
        row.is_none_or(|(_, words)| is_in(p.bare(), words))
    };
    for parameter in it.params().filter(|p| is_in(p.name, parameters)).filter(is_word) {
        text.push_str(&format!(";{}={}", parameter.name, parameter.raw));
    }
    text.push(':');
    text.push_str(it.value());
    append_folded(&text, out);
}

#[cfg(test)]
mod tests;
