//! A group as an attendee: its members come into the organizer's object as attendees of their own.
//!
//! Invariant: a group is expanded once, when its line is new to a component or the client demands it,
//! so whom the organizer takes out afterwards stays out; who was invited by a line of his own keeps
//! it, and goes with no group. Standards: RFC 5545 §3.2.11 (MEMBER), §3.2.3 (CUTYPE); RFC 6638 §7.2.

use super::IsMe;
use super::edit::{Edits, folded, quoted, with_params};
use super::message::ends;
use super::person::{Agent, Person, address};
use super::settle::says;
use super::sheet::{Part, Sheet, utf8};
use crate::format::ical::Calendar;
use crate::kernel::limits::ATTENDEES_MAX;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A member of a group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Member {
    /// The address by which he is invited.
    pub address: String,
    /// All his addresses, as [`Known`] gives them.
    pub names: Vec<String>,
    /// His name for people.
    pub name: String,
    /// His CUTYPE.
    pub kind: &'static str,
}

/// What an address says of whom it means, so that two forms of one are the same; none: nothing that
/// could be compared.
pub type Known<'k> = &'k dyn Fn(&str) -> Option<String>;

/// The addresses of an organizer's new text that may be groups to expand, as they are written.
pub fn newcomers(old: Option<&[u8]>, new: &[u8], is_me: IsMe<'_>) -> Vec<String> {
    let mut found = BTreeMap::new();
    with_sheets(old, new, is_me, |old, new| {
        for part in &new.parts {
            let base = base(old, part);
            for person in part.attendees.iter().filter(|it| may_expand(it, base)) {
                let written = || person.line.value().trim().to_owned();
                found.entry(person.who.clone()).or_insert_with(written);
            }
        }
    });
    found.into_values().collect()
}

/// The new text with the members of these groups (by their addresses as they are written) as
/// attendees, and without those who came by a group alone that is gone. None: it stays as it is.
///
/// # Errors
/// More attendees than a component may have: how many.
pub fn expand(
    old: Option<&[u8]>,
    new: &[u8],
    (is_me, known): (IsMe<'_>, Known<'_>),
    groups: &HashMap<String, Vec<Member>>,
) -> Result<Option<String>, usize> {
    let mentions = |text: &[u8]| memchr::memmem::find(text, b"MEMBER").is_some();
    if groups.is_empty() && !old.is_some_and(mentions) {
        return Ok(None);
    }
    let groups: HashMap<String, &[Member]> =
        groups.iter().map(|(who, members)| (address(who), members.as_slice())).collect();
    let made = with_sheets(old, new, is_me, |old, new| {
        let mut edits = Edits::default();
        for part in &new.parts {
            let mut work = Expanding::new(new, part, base(old, part), known);
            work.recall();
            work.forget();
            work.expand(&groups)?;
            work.write(&mut edits);
        }
        let text = edits.apply(new.text);
        Ok((text != new.text).then_some(text))
    });
    made.unwrap_or(Ok(None))
}

fn with_sheets<T>(
    old: Option<&[u8]>,
    new: &[u8],
    is_me: IsMe<'_>,
    work: impl FnOnce(Option<&Sheet<'_>>, &Sheet<'_>) -> T,
) -> Option<T> {
    let before = old.and_then(utf8);
    let was = before.as_deref().and_then(|text| Calendar::parse(text.as_bytes()).ok());
    let was = before.as_deref().zip(was.as_ref());
    let was = was.and_then(|(text, calendar)| Sheet::new(text, calendar, is_me).ok());
    let text = utf8(new)?;
    let calendar = Calendar::parse(text.as_bytes()).ok()?;
    let sheet = Sheet::new(&text, &calendar, is_me).ok()?;
    Some(work(was.as_ref(), &sheet))
}

/// What a component was before: of a new exception, the series.
fn base<'s, 'c>(old: Option<&'s Sheet<'c>>, part: &Part<'_>) -> Option<&'s Part<'c>> {
    let old = old?;
    old.part(part.key).or(old.master())
}

/// Whether a line is to be expanded, if it is a group's.
fn may_expand(person: &Person<'_>, base: Option<&Part<'_>>) -> bool {
    let known = base.is_some_and(|base| base.attendee(&person.who).is_some());
    !person.me && person.agent() == Agent::Server && (!known || person.forces(REQUEST))
}

const REQUEST: &str = "REQUEST";
const MEMBER: &str = "MEMBER";

/// The groups by which somebody is invited, as they are written.
fn lists(person: &Person<'_>) -> Vec<String> {
    person.line.param(MEMBER).map_or(Vec::new(), |it| it.values().map(|v| v.into_owned()).collect())
}

fn names(lists: &[String], group: &str) -> bool {
    lists.iter().any(|list| address(list) == group)
}

/// A line of an attendee who is there, in the making.
struct Row<'s, 'c> {
    person: &'s Person<'c>,
    lists: Vec<String>,
    /// The line goes: he came by groups alone, and none is left.
    gone: bool,
    changes: Vec<(&'static str, &'static str)>,
}

struct Expanding<'s, 'c> {
    new: &'s Sheet<'c>,
    part: &'s Part<'c>,
    base: Option<&'s Part<'c>>,
    known: Known<'s>,
    rows: Vec<Row<'s, 'c>>,
    /// Lines that come, not folded.
    more: Vec<String>,
    /// What the addresses in them say, as far as they are not new.
    recalled: BTreeSet<String>,
}

impl<'s, 'c> Expanding<'s, 'c> {
    fn new(
        new: &'s Sheet<'c>,
        part: &'s Part<'c>,
        base: Option<&'s Part<'c>>,
        known: Known<'s>,
    ) -> Self {
        let row = |person: &'s Person<'c>| Row {
            person,
            lists: lists(person),
            gone: false,
            changes: Vec::new(),
        };
        let rows = part.attendees.iter().map(row).collect();
        Self { new, part, base, known, rows, more: Vec::new(), recalled: BTreeSet::new() }
    }

    /// A client that drops what it does not know does not make members people with lines of their own;
    /// and one that has not seen the members at all (it stores once more what it stored before they
    /// came) does not mean to take all of them out.
    fn recall(&mut self) {
        let Some(base) = self.base else { return };
        let had = base.by_address();
        for row in self.rows.iter_mut().filter(|row| row.lists.is_empty()) {
            row.lists = had.get(&*row.person.who).map_or(Vec::new(), |old| lists(old));
        }
        let unseen: Vec<String> = self
            .part
            .attendees
            .iter()
            .filter(|it| says(it, STATUS).is_none())
            .filter(|it| had.get(&*it.who).is_some_and(|old| says(old, STATUS).is_some()))
            .map(|it| it.who.clone())
            .filter(|group| !self.rows.iter().any(|row| names(&row.lists, group)))
            .collect();
        if unseen.is_empty() {
            return;
        }
        let here = self.part.by_address();
        let by_them = |old: &&Person<'_>| {
            let lists = lists(old);
            !here.contains_key(&*old.who) && unseen.iter().any(|group| names(&lists, group))
        };
        for line in base.attendees.iter().filter(by_them).map(|it| it.line) {
            self.recalled.extend((self.known)(line.value().trim()));
            self.more.push(line.text().to_owned());
        }
    }

    /// Groups that are gone take along who came by them alone.
    fn forget(&mut self) {
        let Some(base) = self.base else { return };
        let here = self.part.by_address();
        let was = base.attendees.iter().filter(|it| !here.contains_key(&*it.who));
        let gone: BTreeSet<&str> = was.map(|it| &*it.who).collect();
        if gone.is_empty() {
            return;
        }
        for row in self.rows.iter_mut().filter(|row| !row.lists.is_empty()) {
            row.lists.retain(|list| !gone.contains(&*address(list)));
            row.gone = row.lists.is_empty() && !row.person.me;
        }
    }

    fn expand(&mut self, groups: &HashMap<String, &[Member]>) -> Result<(), usize> {
        let mut came: Vec<(&Member, Vec<String>, String)> = Vec::new();
        for at in 0..self.rows.len() {
            let Some(group) = self.rows.get(at).map(|row| row.person) else { continue };
            let Some(members) = groups.get(&group.who) else { continue };
            if !may_expand(group, self.base) {
                continue;
            }
            let forced = group.forces(REQUEST);
            let done = self.rows.iter().any(|row| names(&row.lists, &group.who));
            if let Some(row) = self.rows.get_mut(at) {
                row.changes.push(("CUTYPE", "GROUP"));
            }
            // Whoever copies a meeting, or divides a series, has its members already.
            if self.base.is_none() && done && !forced {
                continue;
            }
            let here: HashMap<String, usize> = self.here();
            let written = group.line.value().trim().to_owned();
            for member in *members {
                let row = member.names.iter().find_map(|name| here.get(name));
                if let Some(row) = row.and_then(|at| self.rows.get_mut(*at)) {
                    join(row, &group.who, &written, forced);
                    continue;
                }
                if member.names.iter().any(|name| self.recalled.contains(name)) {
                    continue;
                }
                match came.iter_mut().find(|it| it.0.address == member.address) {
                    Some((_, lists, _)) => lists.push(written.clone()),
                    None => came.push((member, vec![written.clone()], role(group))),
                }
            }
        }
        self.more.extend(came.iter().map(|(member, lists, role)| line(member, lists, role)));
        let staying = self.rows.iter().filter(|row| !row.gone).count();
        match staying + self.more.len() {
            // Who brought in nobody is not told that there are too many.
            count if count > ATTENDEES_MAX && !self.more.is_empty() => Err(count),
            _ => Ok(()),
        }
    }

    /// The attendees by what their addresses say.
    fn here(&self) -> HashMap<String, usize> {
        let rows = self.rows.iter().enumerate().filter(|(_, row)| !row.gone);
        rows.filter_map(|(at, row)| Some(((self.known)(row.person.line.value().trim())?, at)))
            .collect()
    }

    fn write(&self, edits: &mut Edits) {
        let crlf = ends(self.new);
        for row in &self.rows {
            let line = row.person.line;
            if row.gone {
                edits.remove(line);
                continue;
            }
            let text = with_lists(row);
            if text != line.text() {
                edits.put(line.start..line.end, folded(&text, crlf));
            }
        }
        for line in &self.more {
            edits.append(self.new.text, self.part.component, folded(line, crlf));
        }
    }
}

const STATUS: &str = "SCHEDULE-STATUS";

/// Somebody who is there is a member of a group as well.
fn join(row: &mut Row<'_, '_>, group: &str, written: &str, forced: bool) {
    // Who has a line of his own is invited by that.
    if row.lists.is_empty() {
        return;
    }
    if !names(&row.lists, group) {
        row.lists.push(written.to_owned());
    }
    if forced {
        row.changes.push(("SCHEDULE-FORCE-SEND", REQUEST));
    }
}

/// The ROLE of a group is that of its members.
fn role(group: &Person<'_>) -> String {
    says(group, "ROLE").unwrap_or_default()
}

fn line(member: &Member, lists: &[String], role: &str) -> String {
    let mut line = "ATTENDEE".to_owned();
    if !member.name.is_empty() {
        line += ";CN=";
        crate::format::property::encode(&member.name, &mut line);
    }
    line += &format!(";CUTYPE={}{}", member.kind, written(lists));
    if !role.is_empty() {
        line += ";ROLE=";
        crate::format::property::encode(role, &mut line);
    }
    line + ";PARTSTAT=NEEDS-ACTION;RSVP=TRUE:" + &member.address
}

/// MEMBER with these values, each in quotes, as RFC 5545 §3.2.11 demands.
fn written(lists: &[String]) -> String {
    match lists {
        [] => String::new(),
        lists => {
            format!(";{MEMBER}={}", lists.iter().map(|it| quoted(it)).collect::<Vec<_>>().join(","))
        }
    }
}

/// The line of somebody who is there.
fn with_lists(row: &Row<'_, '_>) -> String {
    let line = row.person.line;
    let same = |(name, value): &&(&str, &str)| {
        says(row.person, name).is_some_and(|said| said.eq_ignore_ascii_case(value))
    };
    let changes: Vec<(&str, Option<&str>)> = row
        .changes
        .iter()
        .filter(|it| !same(it))
        .map(|(name, value)| (*name, Some(*value)))
        .collect();
    let changed =
        if changes.is_empty() { line.text().to_owned() } else { with_params(line, &changes) };
    if lists(row.person) == row.lists {
        return changed;
    }
    let mut all = changes;
    all.push((MEMBER, None));
    let mut text = with_params(line, &all);
    text.insert_str(line.full_name().len(), &written(&row.lists));
    text
}
