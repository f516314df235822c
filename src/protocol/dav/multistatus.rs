//! What a client wants to see of resources, and one `DAV:response` for each.
//!
//! Invariant (CLIENTS-SOURCE §3): the propstat with 200 comes first, its status line is exactly
//! `HTTP/1.1 200 OK` on every version of HTTP, and removals are response-level statuses.

use super::extension::Registry;
use super::fault::{Verdict, write_error};
use super::name::PROP;
use super::property::{Need, Row, Shown};
use super::subject::Subject;
use crate::domain::collection::list::Want;
use crate::format::xml::{Element, Name, Ns, Writer};
use crate::kernel::fault::{Fault, Outcome};
use http::StatusCode;

/// One property that was asked for by name.
pub struct Slot {
    /// The element as the client wrote it: some properties take parameters.
    pub asked: Element,
    /// Its row; none for a dead property.
    pub row: Option<&'static Row>,
}

/// What a client wants to see.
pub struct Wanted {
    mode: Mode,
    slots: Vec<Slot>,
    /// What must be loaded.
    pub need: Need,
    /// Leave out properties that are not there (`Prefer: return=minimal`, `Brief: t`).
    pub minimal: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Named,
    All,
    Names,
}

impl Wanted {
    /// From a PROPFIND's body (RFC 4918 §9.1); none is `allprop`.
    ///
    /// # Errors
    /// `Malformed` for a body that is not a propfind.
    pub fn of_propfind(
        registry: &Registry,
        root: Option<&Element>,
        minimal: bool,
    ) -> Outcome<Self> {
        let Some(root) = root else { return Ok(Self::all(registry, None, minimal)) };
        let wrong = |why: &str| Err(Fault::malformed(why));
        if !root.is("DAV:", "propfind") {
            return wrong("the body must be a DAV:propfind");
        }
        let one = |name| root.elements().filter(|e| e.is("DAV:", name)).count() == 1;
        match (one("prop"), one("allprop"), one("propname")) {
            (true, false, false) => {
                Ok(Self::of_prop(registry, root.child("DAV:", "prop"), minimal))
            }
            (false, true, false) => Ok(Self::all(registry, root.child("DAV:", "include"), minimal)),
            (false, false, true) => {
                let need = all_needs(registry);
                Ok(Self { mode: Mode::Names, slots: Vec::new(), need, minimal })
            }
            _ => wrong("a propfind holds one of prop, allprop and propname"),
        }
    }

    /// From a `DAV:prop` element; without one nothing is wanted.
    pub fn of_prop(registry: &Registry, prop: Option<&Element>, minimal: bool) -> Self {
        let mut wanted = Self { mode: Mode::Named, slots: Vec::new(), need: Need::NONE, minimal };
        wanted.add(registry, prop);
        wanted
    }

    /// From a report's body: `DAV:prop`, `DAV:allprop` or `DAV:propname` among its children.
    pub fn of_report(registry: &Registry, root: &Element, minimal: bool) -> Self {
        if root.child("DAV:", "allprop").is_some() {
            return Self::all(registry, None, minimal);
        }
        if root.child("DAV:", "propname").is_some() {
            let need = all_needs(registry);
            return Self { mode: Mode::Names, slots: Vec::new(), need, minimal };
        }
        Self::of_prop(registry, root.child("DAV:", "prop"), minimal)
    }

    fn all(registry: &Registry, include: Option<&Element>, minimal: bool) -> Self {
        let rows = registry.rows.iter().filter(|row| row.allprop);
        let need = rows.fold(Need::STORED, |need, row| need.and(row.need));
        let mut wanted = Self { mode: Mode::All, slots: Vec::new(), need, minimal };
        wanted.add(registry, include);
        wanted
    }

    fn add(&mut self, registry: &Registry, prop: Option<&Element>) {
        for asked in prop.into_iter().flat_map(Element::elements) {
            let row = registry.row(&asked.name);
            self.need = self.need.and(row.map_or(Need::STORED, |row| row.need));
            let seen = self.slots.iter().any(|slot| slot.asked.name == asked.name);
            if !seen {
                self.slots.push(Slot { asked: asked.clone(), row });
            }
        }
    }

    /// Whether this property was asked for by name; the element as the client wrote it.
    pub fn asks_for(&self, name: &Name) -> Option<&Element> {
        self.slots.iter().map(|slot| &slot.asked).find(|asked| asked.name == *name)
    }

    /// The same with every property but these denied: what may be told of principals that one
    /// meets in a list but may not look at.
    pub fn limited_to(&self, names: &[Name]) -> Self {
        static DENIED: Row = super::property::row(
            PROP,
            super::subject::On::ALL,
            super::property::Listing::Named,
            Need::NONE,
            |_, _, _| Shown::Denied,
        );
        let slots = self.slots.iter().map(|slot| {
            let row = if names.contains(&slot.asked.name) { slot.row } else { Some(&DENIED) };
            Slot { asked: slot.asked.clone(), row }
        });
        let (slots, minimal) = (slots.collect(), self.minimal);
        Self { mode: Mode::Named, slots, need: self.need, minimal }
    }

    /// What a listing must load.
    pub fn want(&self) -> Want {
        Want {
            properties: self.need.has(Need::STORED),
            locks: self.need.has(Need::LOCKS),
            quota: self.need.has(Need::QUOTA),
            children: false,
            content: self.need.has(Need::CONTENT),
            grants: self.need.has(Need::GRANTS),
            links: self.need.has(Need::LINKS),
            feeds: self.need.has(Need::FEEDS),
            zone: self.need.has(Need::ZONE),
            sharees: self.need.has(Need::SHAREES),
            default_calendar: self.need.has(Need::DEFAULT_CALENDAR),
            beside: self.need.has(Need::BESIDE),
            told: self.need.has(Need::TOLD),
        }
    }
}

fn all_needs(registry: &Registry) -> Need {
    let costly = |row: &&Row| row.need.has(Need::CONTENT) || row.need.has(Need::TOLD);
    let rows = registry.rows.iter().filter(|row| !costly(row));
    rows.fold(Need::STORED, |need, row| need.and(row.need))
}

const OK_END: &[u8] = b"</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat>";
const MISSING_END: &[u8] = b"</D:prop><D:status>HTTP/1.1 404 Not Found</D:status></D:propstat>";
const DENIED_END: &[u8] = b"</D:prop><D:status>HTTP/1.1 403 Forbidden</D:status>\
<D:error><D:need-privileges/></D:error></D:propstat>";

/// Writes the response for one resource.
pub fn write_response(wanted: &Wanted, subject: &Subject<'_>, writer: &mut Writer) {
    writer.raw(b"<D:response>");
    writer.href(subject.path);
    let before = writer.out.len();
    writer.raw(b"<D:propstat><D:prop>");
    let inside = writer.out.len();
    let (missing, denied) = match wanted.mode {
        Mode::Names => {
            write_names(subject, writer);
            (Vec::new(), Vec::new())
        }
        Mode::All => {
            write_all(subject, writer);
            write_slots(wanted, subject, writer)
        }
        Mode::Named => write_slots(wanted, subject, writer),
    };
    let nothing_shown = writer.out.len() == inside;
    let others = !denied.is_empty() || (!missing.is_empty() && !wanted.minimal);
    if nothing_shown && others {
        writer.out.truncate(before);
    } else {
        writer.raw(OK_END);
    }
    if !wanted.minimal {
        write_absent(&missing, MISSING_END, writer);
    }
    write_absent(&denied, DENIED_END, writer);
    writer.raw(b"</D:response>");
}

/// Shows one property, live or dead.
pub fn show(subject: &Subject<'_>, asked: &Element, writer: &mut Writer) -> Shown {
    match subject.ask.registry().row(&asked.name) {
        Some(row) if row.on.has(subject.class()) => (row.show)(subject, asked, writer),
        Some(_) => Shown::No,
        None => super::property::show_kept(subject, asked, writer),
    }
}

/// Writes the response for one resource from properties that were shown before: name, outcome,
/// and the whole element.
pub fn write_shown(
    path: &str,
    properties: &[(Name, Shown, Vec<u8>)],
    minimal: bool,
    writer: &mut Writer,
) {
    let named = |outcome| {
        let those = properties.iter().filter(move |p| p.1 == outcome);
        those.map(|(name, ..)| name).collect::<Vec<_>>()
    };
    let (missing, denied) = (named(Shown::No), named(Shown::Denied));
    let nothing_shown = properties.iter().all(|p| p.1 != Shown::Yes);
    let others = !denied.is_empty() || (!missing.is_empty() && !minimal);
    writer.raw(b"<D:response>");
    writer.href(path);
    if !(nothing_shown && others) {
        writer.raw(b"<D:propstat><D:prop>");
        properties.iter().filter(|p| p.1 == Shown::Yes).for_each(|p| writer.raw(&p.2));
        writer.raw(OK_END);
    }
    if !minimal {
        write_absent(&missing, MISSING_END, writer);
    }
    write_absent(&denied, DENIED_END, writer);
    writer.raw(b"</D:response>");
}

type Absent<'w> = Vec<&'w Name>;

fn write_slots<'w>(
    wanted: &'w Wanted,
    subject: &Subject<'_>,
    writer: &mut Writer,
) -> (Absent<'w>, Absent<'w>) {
    let (mut missing, mut denied) = (Vec::new(), Vec::new());
    let class = subject.class();
    let shown_already = |slot: &&Slot| {
        wanted.mode == Mode::All
            && match slot.row {
                Some(row) => row.allprop,
                None => {
                    let name = &slot.asked.name;
                    subject.value(name.ns().uri(), name.local()).is_some()
                }
            }
    };
    for Slot { asked, row } in wanted.slots.iter().filter(|slot| !shown_already(slot)) {
        let shown = match row {
            Some(row) if row.on.has(class) => (row.show)(subject, asked, writer),
            Some(_) => Shown::No,
            None => super::property::show_kept(subject, asked, writer),
        };
        match shown {
            Shown::Yes => {}
            Shown::No => missing.push(&asked.name),
            Shown::Denied => denied.push(&asked.name),
        }
    }
    (missing, denied)
}

fn write_absent(names: &[&Name], end: &[u8], writer: &mut Writer) {
    if names.is_empty() {
        return;
    }
    writer.raw(b"<D:propstat><D:prop>");
    names.iter().for_each(|name| writer.empty(name));
    writer.raw(end);
}

fn write_all(subject: &Subject<'_>, writer: &mut Writer) {
    let class = subject.class();
    let registry = subject.ask.registry();
    for row in registry.rows.iter().filter(|row| row.allprop && row.on.has(class)) {
        (row.show)(subject, &Element::new(row.name.clone()), writer);
    }
    for dead in subject.stored.iter().filter(|p| !is_live(registry, p.namespace.as_str(), &p.name))
    {
        writer.raw(dead.value.as_bytes());
    }
}

fn write_names(subject: &Subject<'_>, writer: &mut Writer) {
    let class = subject.class();
    let registry = subject.ask.registry();
    let mut scratch = Writer::with_capacity(1024);
    for row in registry.rows.iter().filter(|row| row.on.has(class)) {
        scratch.out.clear();
        let needs_content = row.need.has(Need::CONTENT) && row.need != Need::NONE;
        if needs_content {
            continue;
        }
        if (row.show)(subject, &Element::new(row.name.clone()), &mut scratch) == Shown::Yes {
            writer.empty(&row.name);
        }
    }
    for dead in subject.stored.iter().filter(|p| !is_live(registry, p.namespace.as_str(), &p.name))
    {
        if let Some(name) = Name::new(Ns::of(&dead.namespace), &dead.name) {
            writer.empty(&name);
        }
    }
}

fn is_live(registry: &Registry, namespace: &str, name: &str) -> bool {
    Name::new(Ns::of(namespace), name).is_some_and(|name| registry.row(&name).is_some())
}

/// Writes a response that is only a status (RFC 4918 §14.24, RFC 6578 §3.5.2), with its condition.
pub fn write_status(
    path: &str,
    status: StatusCode,
    verdict: Option<&Verdict>,
    writer: &mut Writer,
) {
    write_described(path, status, verdict, "", writer);
}

/// As [`write_status`], with words for people where there are any.
pub fn write_described(
    path: &str,
    status: StatusCode,
    verdict: Option<&Verdict>,
    words: &str,
    writer: &mut Writer,
) {
    writer.raw(b"<D:response>");
    writer.href(path);
    write_status_line(status, writer);
    if let Some(verdict) = verdict {
        write_error(verdict, writer);
    }
    if !words.is_empty() {
        writer.element(&super::name::RESPONSE_DESCRIPTION, words);
    }
    writer.raw(b"</D:response>");
}

/// Writes `DAV:status`.
pub fn write_status_line(status: StatusCode, writer: &mut Writer) {
    writer.raw(b"<D:status>HTTP/1.1 ");
    writer.raw(status.as_str().as_bytes());
    writer.raw(b" ");
    writer.raw(status.canonical_reason().unwrap_or("Unknown").as_bytes());
    writer.raw(b"</D:status>");
}

/// Writes one propstat for a list of names (PROPPATCH, MKCOL).
pub fn write_propstat<'n>(
    names: impl Iterator<Item = &'n Name>,
    status: StatusCode,
    verdict: Option<&Verdict>,
    description: Option<&str>,
    writer: &mut Writer,
) {
    let mut names = names.peekable();
    if names.peek().is_none() {
        return;
    }
    writer.raw(b"<D:propstat>");
    writer.open(&PROP);
    names.for_each(|name| writer.empty(name));
    writer.close(&PROP);
    write_status_line(status, writer);
    if let Some(verdict) = verdict {
        write_error(verdict, writer);
    }
    if let Some(text) = description {
        writer.element(&super::name::RESPONSE_DESCRIPTION, text);
    }
    writer.raw(b"</D:propstat>");
}
