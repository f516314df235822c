//! A meeting as a room sees it that answers by itself: its instances in time, and the copy with the
//! answers written into it.
//!
//! Invariant: an answer changes nothing of a copy but the room's own PARTSTAT, TRANSP and private
//! comment, and the exceptions that carry an answer of their own. Standards: RFC 5546 §3.2.3,
//! RFC 6638 §3.2.2.

use super::derive::Deriver;
use super::edit::{Becomes, Edits, folded, is_in, rewrite};
use super::message::ends;
use super::request::with_tail;
use super::sheet::{Part, Sheet, says, utf8};
use super::{IsMe, Role, Unusable, role};
use crate::format::ical::Calendar;
use crate::format::ical::expand::{Occurrence, extent, occurrences};
use crate::format::ical::object::Kind;
use crate::format::ical::value::Form;
use crate::format::property::escaped;
use crate::format::recur::Steps;
use crate::format::tz::Zone;
use crate::kernel::limits::RECURRENCE_STEPS_OBJECT;
use std::collections::HashMap;
use std::ops::{ControlFlow, Range};

/// A component: the series or an exception.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The original start of the instance; none: the series.
    pub key: Option<i64>,
    /// What the owner answered; none: he is not invited to it.
    pub partstat: Option<String>,
    /// It takes no time: cancelled, or marked as free.
    pub free: bool,
}

/// An instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// Which component describes it.
    pub part: usize,
    /// Its original start, if it recurs.
    pub key: Option<i64>,
    /// When it is.
    pub time: Range<i64>,
}

/// A meeting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meeting {
    /// What the owner is in it.
    pub role: Role,
    /// Its components, the series first.
    pub parts: Vec<Said>,
    /// Its instances after a moment.
    pub instances: Vec<Instance>,
    /// There are more, which were not counted.
    pub more: bool,
}

impl Meeting {
    /// The instances that take the owner's time: those that he accepted, or, where nobody invites him,
    /// all.
    pub fn occupied(&self) -> impl Iterator<Item = &Instance> {
        self.instances.iter().filter(|it| {
            let part = self.parts.get(it.part);
            part.is_some_and(|part| !part.free && (self.role != Role::Attendee || accepted(part)))
        })
    }
}

fn accepted(part: &Said) -> bool {
    part.partstat.as_deref() == Some("ACCEPTED")
}

/// Reads a meeting: its instances that end after `from`, at most `most` of them. Days and times
/// without a zone are in `zone`. What is no event has no instances.
///
/// # Errors
/// `Malformed` for what cannot be read or takes too much work.
pub fn meeting(
    text: &[u8],
    is_me: IsMe<'_>,
    zone: &Zone,
    from: i64,
    most: usize,
) -> Result<Meeting, Unusable> {
    let wrong = |why: &str| Unusable::Malformed(why.to_owned());
    let text = utf8(text).ok_or_else(|| wrong("not UTF-8"))?;
    let calendar = Calendar::parse(text.as_bytes()).map_err(|it| wrong(&it.to_string()))?;
    let sheet = Sheet::new(&text, &calendar, is_me).map_err(|why| wrong(&why))?;
    let said = |part: &Part<'_>| Said {
        key: part.key,
        partstat: part.me().map(|me| me.partstat()),
        free: part.cancelled || says(part.component, "TRANSP", "TRANSPARENT"),
    };
    let mut found = Meeting {
        role: role(&calendar, is_me),
        parts: sheet.parts.iter().map(said).collect(),
        instances: Vec::new(),
        more: false,
    };
    if sheet.object.kind != Kind::Event {
        return Ok(found);
    }
    let numbers = sheet.parts.iter().enumerate().map(|(at, part)| (part.component.number(), at));
    let numbers: HashMap<usize, usize> = numbers.collect();
    let recurs = sheet.object.master.as_ref().is_none_or(|master| master.recurs());
    let mut steps = Steps::new(RECURRENCE_STEPS_OBJECT);
    let work = |_| wrong("its times take too much work");
    extent(&sheet.object, &sheet.zones, &mut steps).map_err(work)?;
    // The zone of days may be a day away from UTC.
    let window = from.saturating_sub(DAY)..i64::MAX;
    occurrences(&sheet.object, &sheet.zones, window, &mut steps, &mut |it| {
        let time = time(&it, zone);
        if time.end <= from || time.is_empty() {
            return ControlFlow::Continue(());
        }
        if found.instances.len() >= most {
            found.more = true;
            return ControlFlow::Break(());
        }
        let key = it.recurrence_id.filter(|_| recurs).map(|original| original.instant);
        if let Some(part) = numbers.get(&it.component.number()) {
            found.instances.push(Instance { part: *part, key, time });
        }
        ControlFlow::Continue(())
    })
    .map_err(work)?;
    Ok(found)
}

const DAY: i64 = 86_400;

/// When an instance is, for somebody in this zone.
fn time(it: &Occurrence<'_>, zone: &Zone) -> Range<i64> {
    match it.form {
        Form::Date | Form::Floating => zone.to_utc(it.local)..zone.to_utc(it.local_end()),
        Form::Utc | Form::Zone(_) => it.start..it.end,
    }
}

/// What the owner answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// The PARTSTAT of each component and why; none: it stays.
    pub parts: Vec<Option<(&'static str, String)>>,
    /// Instances of the series that are declined, by their original starts, and why.
    pub but: Vec<(i64, String)>,
}

/// For the organizer's eyes; his copy gets it as the comment of this attendee.
const WHY: &str = "X-CALENDARSERVER-PRIVATE-COMMENT";

/// The copy with the owner's answers in it.
///
/// # Errors
/// `Malformed` for what cannot be read, or has no such instances.
pub fn answered(text: &[u8], is_me: IsMe<'_>, verdict: &Verdict) -> Result<String, Unusable> {
    let wrong = |why: &str| Unusable::Malformed(why.to_owned());
    let text = utf8(text).ok_or_else(|| wrong("not UTF-8"))?;
    let calendar = Calendar::parse(text.as_bytes()).map_err(|it| wrong(&it.to_string()))?;
    let sheet = Sheet::new(&text, &calendar, is_me).map_err(|why| wrong(&why))?;
    let crlf = ends(&sheet);
    let mut edits = Edits::default();
    for (part, said) in sheet.parts.iter().zip(&verdict.parts) {
        let (Some((partstat, why)), Some(me)) = (said, part.me()) else { continue };
        let line = folded(&me.with(&[("PARTSTAT", Some(partstat))]), crlf);
        edits.put(me.line.start..me.line.end, line);
        let had = part.component.property(WHY).is_some();
        for line in part.component.properties().filter(|line| is_in(line.full_name(), &OWN)) {
            edits.remove(line);
        }
        // Of what was said before, the organizer is told that it does not hold any more.
        let why = if why.is_empty() && had { "booked" } else { why };
        if !why.is_empty() {
            let line = folded(&format!("{WHY}:{}", escaped(why)), crlf);
            edits.append(&text, part.component, line);
        }
    }
    let mut deriver = Deriver::new(&sheet);
    let mut tail = String::new();
    for (key, why) in &verdict.but {
        let series = sheet.master().and_then(|it| Some((it, it.me()?, deriver.of(*key)?)));
        let (series, me, derived) = series.ok_or_else(|| wrong("it has no such instance"))?;
        let declined = me.with(&[("PARTSTAT", Some("DECLINED"))]);
        let more = [derived.id.clone(), format!("{WHY}:{}", escaped(why))];
        let each = |line: &crate::format::line::Line<'_>| match derived.becomes(line) {
            _ if line.start == me.line.start => Becomes::Line(declined.clone()),
            _ if is_in(line.full_name(), &OWN) => Becomes::Gone,
            becomes => becomes,
        };
        tail.push_str(&rewrite(&text, series.component, &each, &|c| !c.is("VALARM"), &more));
    }
    Ok(with_tail(edits.apply(&text), &tail))
}

/// What an answer writes anew. A room is taken by what it accepts, whatever the organizer is.
const OWN: [&str; 2] = [WHY, "TRANSP"];

/// A reply that says in a COMMENT, too, why (RFC 5546 §3.2.3), and in its REQUEST-STATUS, if that why
/// is one of those that `statuses` gives one for (RFC 5545 §3.8.8.3).
pub fn commented(text: &str, statuses: &[(&str, &str)]) -> String {
    let Ok(calendar) = Calendar::parse(text.as_bytes()) else { return text.to_owned() };
    let (mut edits, crlf) = (Edits::default(), super::edit::is_crlf(text));
    for component in calendar.root().children() {
        let Some(why) = component.property(WHY) else { continue };
        edits.append(text, component, folded(&format!("COMMENT:{}", why.value()), crlf));
        let status = statuses.iter().find(|(of, _)| escaped(of) == *why.value());
        if let (Some((_, status)), Some(old)) = (status, component.property("REQUEST-STATUS")) {
            let line = folded(&format!("REQUEST-STATUS:{status}"), crlf);
            edits.put(old.start..old.end, line);
        }
    }
    edits.apply(text)
}
