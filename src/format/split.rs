//! A whole calendar or address book in one text, taken apart into objects of one UID each, while
//! it arrives: nothing is kept of it but where its parts stand.
//!
//! Invariant: the memory used depends on how many parts there are, never on how large they are;
//! the octets of a part come back as they were. Standards: RFC 5545 §3.4, §3.6, RFC 6350 §3.3.

use super::ical::{Calendar, Component};
use super::line::{Malformed, append, shown};
use super::tz::Zone;
use crate::kernel::limits::{COMPONENT_DEPTH_MAX, IMPORT_OBJECTS_MAX, UID_MAX};
use crate::kernel::secret::sha256;
use std::collections::HashMap;
use std::ops::Range;

/// What is taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// One or more VCALENDARs.
    Calendars,
    /// vCards.
    Cards,
}

impl Stream {
    fn root(self) -> &'static str {
        match self {
            Self::Calendars => "VCALENDAR",
            Self::Cards => "VCARD",
        }
    }

    /// Whether two calendar objects have the same components, whatever they say of zones that
    /// everybody knows and of the program that wrote them.
    pub fn same_calendar(one: &[u8], other: &[u8]) -> bool {
        let (Ok(a), Ok(b)) = (Calendar::parse(one), Calendar::parse(other)) else { return false };
        let of = |calendar: &Calendar<'_>, text: &[u8]| {
            let known = |c: &Component<'_>| {
                let tzid = c.property("TZID").filter(|_| c.is("VTIMEZONE"));
                tzid.is_some_and(|tzid| Zone::named(tzid.value().trim()).is_some())
            };
            let own = calendar.root().children().filter(|c| !known(c));
            own.filter_map(|c| text.get(c.span()).map(|t| t.trim_ascii_end().to_vec()))
                .collect::<Vec<_>>()
        };
        of(&a, one) == of(&b, other)
    }

    /// Whether two cards are the same but for blank lines at their end.
    pub fn same_card(one: &[u8], other: &[u8]) -> bool {
        one.trim_ascii_end() == other.trim_ascii_end()
    }

    /// How many components stand around a part.
    fn depth(self) -> usize {
        match self {
            Self::Calendars => 1,
            Self::Cards => 0,
        }
    }
}

/// A component by itself: an event with its alarms, a card.
#[derive(Clone, Debug)]
struct Part {
    at: Range<u64>,
    scope: usize,
    name: String,
}

/// What is known of one VCALENDAR besides its components.
#[derive(Clone, Debug, Default)]
struct Scope {
    /// Lines that its objects keep: PRODID and CALSCALE.
    head: Vec<Range<u64>>,
    /// Where each zone is written out, by its name; of several the first.
    zones: HashMap<String, Range<u64>>,
}

/// Octets of a line that are looked at: no name, UID or TZID that counts is longer.
const SEEN: usize = UID_MAX + 64;

/// Takes a text in pieces and notes where its parts are.
#[derive(Debug)]
pub struct Splitter {
    stream: Stream,
    /// The beginning of the logical line under way, where it began, and its number.
    line: Vec<u8>,
    start: u64,
    number: usize,
    /// The physical line: whether its first octet is still to come, whether it is a continuation.
    fresh: bool,
    /// Octets and physical lines taken.
    taken: u64,
    physical: usize,
    open: Vec<String>,
    begun: u64,
    id: Option<String>,
    scopes: Vec<Scope>,
    found: Found,
}

/// The objects of a text.
#[derive(Debug, Default)]
struct Found {
    groups: Vec<(Option<String>, Vec<Part>)>,
    /// By the hash of the UID.
    by_uid: HashMap<[u8; 32], usize>,
    parts: usize,
}

impl Splitter {
    /// One that has taken nothing.
    pub fn new(stream: Stream) -> Self {
        Self {
            stream,
            line: Vec::new(),
            start: 0,
            number: 1,
            fresh: true,
            taken: 0,
            physical: 0,
            open: Vec::new(),
            begun: 0,
            id: None,
            scopes: Vec::new(),
            found: Found::default(),
        }
    }

    /// Takes the next piece.
    ///
    /// # Errors
    /// A line that cannot stand where it does, or more parts than [`IMPORT_OBJECTS_MAX`].
    pub fn take(&mut self, mut piece: &[u8]) -> Result<(), Malformed> {
        while let Some(first) = piece.first() {
            if self.fresh {
                self.fresh = false;
                self.physical += 1;
                if matches!(first, b' ' | b'\t') && self.physical > 1 {
                    (self.taken, piece) = (self.taken + 1, piece.get(1..).unwrap_or_default());
                    continue;
                }
                self.complete(self.taken)?;
                (self.start, self.number) = (self.taken, self.physical);
            }
            let end = memchr::memchr(b'\n', piece);
            let text = piece.get(..end.unwrap_or(piece.len())).unwrap_or_default();
            let room = SEEN.saturating_sub(self.line.len()).min(text.len());
            self.line.extend_from_slice(text.get(..room).unwrap_or_default());
            if end.is_some() {
                self.fresh = true;
                while self.line.last() == Some(&b'\r') {
                    self.line.pop();
                }
            }
            let used = text.len() + usize::from(end.is_some());
            self.taken += used as u64;
            piece = piece.get(used..).unwrap_or_default();
        }
        Ok(())
    }

    /// The objects, once everything was taken.
    ///
    /// # Errors
    /// As [`Splitter::take`], and a text that ends inside a component or holds none.
    pub fn finish(mut self) -> Result<Objects, Malformed> {
        self.complete(self.taken)?;
        if !self.open.is_empty() {
            return Err(Malformed::new(self.number, "the text ends inside a component"));
        }
        if self.scopes.is_empty() {
            let why = format!("the text does not begin with BEGIN:{}", self.stream.root());
            return Err(Malformed::new(0, why));
        }
        Ok(Objects { stream: self.stream, scopes: self.scopes, groups: self.found.groups })
    }

    /// Looks at a logical line that ends before this octet.
    fn complete(&mut self, end: u64) -> Result<(), Malformed> {
        let mut line = std::mem::take(&mut self.line);
        while line.last() == Some(&b'\r') {
            line.pop();
        }
        let result = self.look(&line, end);
        line.clear();
        self.line = line;
        result
    }

    fn look(&mut self, line: &[u8], end: u64) -> Result<(), Malformed> {
        let mut line = line;
        if let (0, Some(rest)) = (self.start, line.strip_prefix(b"\xEF\xBB\xBF")) {
            (self.start, line) = (3, rest);
        }
        if line.is_empty() {
            return Ok(());
        }
        let name = line.iter().position(|b| matches!(b, b':' | b';')).unwrap_or(line.len());
        let (name, rest) = line.split_at(name);
        let name = match (self.stream, name.iter().position(|b| *b == b'.')) {
            (Stream::Cards, Some(dot)) => name.get(dot + 1..).unwrap_or_default(),
            _ => name,
        };
        let is = |other: &str| name.eq_ignore_ascii_case(other.as_bytes());
        let value = || {
            let at = rest.iter().position(|b| *b == b':').map_or(rest.len(), |at| at + 1);
            String::from_utf8_lossy(rest.get(at..).unwrap_or_default()).trim().to_owned()
        };
        let depth = self.stream.depth();
        if is("BEGIN") {
            self.begin(&value())
        } else if is("END") && !self.open.is_empty() {
            self.end(&value(), end)
        } else if self.open.is_empty() {
            let text = String::from_utf8_lossy(line).into_owned();
            let why = format!("{} stands outside of every {}", shown(&text), self.stream.root());
            Err(Malformed::new(self.number, why))
        } else {
            let wanted = if self.part_is("VTIMEZONE") { "TZID" } else { "UID" };
            if self.open.len() == depth + 1 && is(wanted) {
                self.id = Some(value()).filter(|id| !id.is_empty());
            }
            let kept = is("PRODID") || is("CALSCALE");
            if depth == 1
                && self.open.len() == 1
                && kept
                && let Some(scope) = self.scopes.last_mut()
                && scope.head.len() < 2
            {
                scope.head.push(self.start..end);
            }
            Ok(())
        }
    }

    fn part_is(&self, name: &str) -> bool {
        self.open.get(self.stream.depth()).is_some_and(|part| part.eq_ignore_ascii_case(name))
    }

    fn begin(&mut self, name: &str) -> Result<(), Malformed> {
        if self.open.is_empty() && !name.eq_ignore_ascii_case(self.stream.root()) {
            let why = format!("BEGIN:{} where BEGIN:{} belongs", shown(name), self.stream.root());
            return Err(Malformed::new(self.number, why));
        }
        if self.open.len() >= COMPONENT_DEPTH_MAX {
            return Err(Malformed::new(self.number, "components are nested too deeply"));
        }
        if self.open.is_empty() && (self.scopes.is_empty() || self.stream == Stream::Calendars) {
            self.scopes.push(Scope::default());
        }
        if self.open.len() == self.stream.depth() {
            (self.begun, self.id) = (self.start, None);
            self.found.parts += 1;
            if self.found.parts > IMPORT_OBJECTS_MAX {
                let why = format!("more than {IMPORT_OBJECTS_MAX} components");
                return Err(Malformed::new(self.number, why));
            }
        }
        self.open.push(shown(name).to_owned());
        Ok(())
    }

    fn end(&mut self, name: &str, end: u64) -> Result<(), Malformed> {
        let opened = self.open.pop().unwrap_or_default();
        if !opened.eq_ignore_ascii_case(shown(name)) {
            let why = format!("END:{} ends nothing that is open", shown(name));
            return Err(Malformed::new(self.number, why));
        }
        if self.open.len() != self.stream.depth() {
            return Ok(());
        }
        let scope = self.scopes.len().saturating_sub(1);
        let is_zone = opened.eq_ignore_ascii_case("VTIMEZONE");
        let id = self.id.take();
        if is_zone {
            if let (Some(scope), Some(id)) = (self.scopes.last_mut(), id) {
                scope.zones.entry(id).or_insert(self.begun..end);
            }
        } else {
            self.found.add(id, Part { at: self.begun..end, scope, name: opened });
        }
        Ok(())
    }
}

impl Found {
    fn add(&mut self, uid: Option<String>, part: Part) {
        let hash = uid.as_ref().map(|uid| sha256(uid.as_bytes()));
        let known = hash.and_then(|hash| self.by_uid.get(&hash));
        match known.and_then(|at| self.groups.get_mut(*at)) {
            Some((_, parts)) => parts.push(part),
            None => {
                if let Some(hash) = hash {
                    self.by_uid.insert(hash, self.groups.len());
                }
                self.groups.push((uid, vec![part]));
            }
        }
    }
}

/// The objects found in a text.
#[derive(Debug)]
pub struct Objects {
    stream: Stream,
    scopes: Vec<Scope>,
    groups: Vec<(Option<String>, Vec<Part>)>,
}

/// One of them, put together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whole {
    /// Its text, as it can be stored.
    pub text: Vec<u8>,
    /// Its UID: as the text has it, else made of its octets, so that it is the same each time.
    pub uid: String,
}

impl Objects {
    /// How many.
    pub fn len(&self) -> usize {
        self.groups.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// The UID of one, if it has one, and its octets without what is shared with others.
    pub fn about(&self, number: usize) -> (Option<&str>, u64) {
        let Some((uid, parts)) = self.groups.get(number) else { return (None, 0) };
        (uid.as_deref(), parts.iter().map(|part| part.at.end - part.at.start).sum())
    }

    /// Puts one together; `read` gives octets of the text. `None` for one of more than `max` octets:
    /// it is not read then, whatever of it is shared with others.
    ///
    /// # Errors
    /// Those of `read`.
    pub fn whole<E>(
        &self,
        number: usize,
        max: u64,
        mut read: impl FnMut(Range<u64>) -> Result<Vec<u8>, E>,
    ) -> Result<Option<Whole>, E> {
        let none = (None, Vec::new());
        let (uid, parts) = self.groups.get(number).unwrap_or(&none);
        let mut left = max.checked_sub(self.about(number).1);
        if left.is_none() {
            return Ok(None);
        }
        let mut octets = Vec::new();
        for part in parts {
            append(&read(part.at.clone())?, &mut octets);
        }
        let uid = match uid {
            Some(uid) => uid.clone(),
            None => {
                let uid = uid_of(&octets);
                octets = with_uid(&octets, parts.first().map_or("", |part| &part.name), &uid);
                uid
            }
        };
        if self.stream == Stream::Cards {
            return Ok(Some(Whole { text: octets, uid }));
        }
        let mut scopes: Vec<usize> = parts.iter().map(|part| part.scope).collect();
        scopes.dedup();
        scopes.truncate(SCOPES);
        let scopes: Vec<&Scope> = scopes.iter().filter_map(|at| self.scopes.get(*at)).collect();
        let mut shared: Vec<Range<u64>> =
            scopes.first().map_or_else(Vec::new, |scope| scope.head.clone());
        let headless = shared.is_empty();
        for zone in zones_in(&octets) {
            shared.extend(scopes.iter().find_map(|scope| scope.zones.get(&zone)).cloned());
        }
        let mut text = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n".to_vec();
        if headless {
            append(b"PRODID:-//Davenport//import//EN", &mut text);
        }
        for at in shared {
            left = left.and_then(|left| left.checked_sub(at.end - at.start));
            if left.is_none() {
                return Ok(None);
            }
            append(&read(at)?, &mut text);
        }
        text.extend_from_slice(&octets);
        append(b"END:VCALENDAR", &mut text);
        Ok(Some(Whole { text, uid }))
    }
}

/// VCALENDARs in which the zones of one object are looked for, and zones that are.
const SCOPES: usize = 16;
const ZONES: usize = 500;

/// The names of the zones that components refer to, each once.
fn zones_in(components: &[u8]) -> Vec<String> {
    let text = [b"BEGIN:VCALENDAR\r\n", components, b"END:VCALENDAR\r\n"].concat();
    let Ok(calendar) = Calendar::parse(&text) else { return Vec::new() };
    let named = calendar.lines().iter().filter_map(|line| line.param("TZID"));
    let mut zones: Vec<String> = named.map(|zone| zone.value().into_owned()).collect();
    zones.sort_unstable();
    zones.dedup();
    zones.truncate(ZONES);
    zones
}

/// A component with a UID before its end.
fn with_uid(octets: &[u8], name: &str, uid: &str) -> Vec<u8> {
    let end = format!("END:{name}");
    let tail = octets.trim_ascii_end();
    let at = tail.len().saturating_sub(end.len());
    let (before, after) = octets.split_at(at);
    if !after.get(..end.len()).is_some_and(|tail| tail.eq_ignore_ascii_case(end.as_bytes())) {
        return octets.to_vec();
    }
    [before, b"UID:", uid.as_bytes(), b"\r\n", after].concat()
}

/// A UID made of octets, always the same for the same.
pub fn uid_of(octets: &[u8]) -> String {
    Uid(sha256(octets)).to_string()
}

/// A name in the form of a UUID made of a hash (RFC 9562 §5.8).
struct Uid([u8; 32]);

impl std::fmt::Display for Uid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (at, mut octet) in self.0.iter().copied().take(16).enumerate() {
            match at {
                6 => octet = octet & 0x0f | 0x80,
                8 => octet = octet & 0x3f | 0x80,
                _ => {}
            }
            if matches!(at, 4 | 6 | 8 | 10) {
                f.write_str("-")?;
            }
            write!(f, "{octet:02x}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
