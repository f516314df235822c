//! iCalendar objects: the tree of components over the stored bytes, typed values on demand, what
//! may be stored as one resource, and what an object means on the time line.
//!
//! Invariant: parsing changes nothing and loses nothing; every property keeps the place of its
//! bytes. Standard: RFC 5545.
//!
//! | file | what it is |
//! |---|---|
//! | [`value`] | dates, durations, periods, texts, offsets |
//! | [`object`] | one calendar object resource, checked |
//! | [`zone`] | its time zones |
//! | [`definition`] | a known time zone written out |
//! | [`tailor`] | its VTIMEZONEs as a client wants them |
//! | [`series`] | a master and its overrides, made ready to count with |
//! | [`expand`] | instances, extent and time-range tests |
//! | [`bounds`] | its limits: dates, instances, attendees |
//! | [`filter`] | the filter language of calendar-query |
//! | [`attendance`] | whether somebody who is asked takes part in an event |
//! | [`busy`] | when somebody is busy, and the VFREEBUSY that tells it |
//! | [`availability`] | when somebody can be asked at all (VAVAILABILITY) |
//! | [`request`] | a request for free/busy |
//! | [`times`] | what an index keeps of an event's instances |
//! | [`exception`] | exceptions that come alone, put into the object of their series |
//! | [`project`] | parts of an object, and its instances one by one |
//! | [`merge`] | many objects as one text |
//! | [`attach`] | attachments that the server keeps, put into an object and taken out |
//! | [`redact`] | what people see who may not see everything |
//! | [`jcal`] | an object as JSON, and back |
//! | [`xcal`] | an object as XML, and back |
//! | [`form`] | these forms as a table, and a whole written piece by piece |

pub mod value;
pub mod object;
pub mod zone;
pub mod definition;
pub mod tailor;
pub mod series;
pub mod expand;
pub mod bounds;
pub mod filter;
pub mod exception;
pub mod attendance;
pub mod busy;
pub mod attach;
pub mod availability;
pub mod request;
pub mod redact;
pub mod times;
pub mod project;
pub mod merge;
pub mod jcal;
pub mod xcal;
pub mod form;

use crate::format::line::{Line, Lines, Malformed, shown};
use crate::kernel::limits::{COMPONENT_DEPTH_MAX, COMPONENTS_MAX};
use std::ops::Range;

/// One parsed VCALENDAR.
#[derive(Clone, Debug)]
pub struct Calendar<'a> {
    lines: Vec<Line<'a>>,
    nodes: Vec<Node>,
    head: usize,
}

/// A component: its lines `begin..=end`, its subtree the nodes up to `next`.
#[derive(Clone, Copy, Debug)]
struct Node {
    begin: usize,
    end: usize,
    next: usize,
}

impl<'a> Calendar<'a> {
    /// Reads a text that is exactly one VCALENDAR.
    ///
    /// # Errors
    /// The first line that breaks RFC 5545 §3.4, or a limit (lines, components, nesting).
    pub fn parse(input: &'a [u8]) -> Result<Self, Malformed> {
        let scanner = Lines::new(input);
        let head = scanner.head();
        let expected = (input.len() / 32).min(1 << 14);
        let mut tree = Tree { lines: Vec::with_capacity(expected), ..Tree::default() };
        for line in scanner {
            tree.take(line?)?;
        }
        tree.finish(head)
    }

    /// The VCALENDAR itself.
    pub fn root(&self) -> Component<'_> {
        Component { calendar: self, node: 0 }
    }

    /// Every line of the object in its order, BEGIN and END lines included.
    pub fn lines(&self) -> &[Line<'a>] {
        &self.lines
    }

    /// How many bytes stand before the first line.
    pub fn head(&self) -> usize {
        self.head
    }
}

/// A [`Calendar`] in the making.
#[derive(Default)]
struct Tree<'a> {
    lines: Vec<Line<'a>>,
    nodes: Vec<Node>,
    open: Vec<usize>,
}

impl<'a> Tree<'a> {
    fn take(&mut self, line: Line<'a>) -> Result<(), Malformed> {
        let number = line.number;
        let name = line.full_name();
        if name.eq_ignore_ascii_case("BEGIN") {
            self.begin(line.value().trim(), number)?;
        } else if self.open.is_empty() {
            return Err(Malformed::new(number, outside(&self.nodes)));
        } else if name.eq_ignore_ascii_case("END") {
            self.end(line.value().trim(), number)?;
        }
        self.lines.push(line);
        Ok(())
    }

    fn begin(&mut self, name: &str, number: usize) -> Result<(), Malformed> {
        if self.open.is_empty() && !self.nodes.is_empty() {
            return Err(Malformed::new(number, "more than one VCALENDAR"));
        }
        if self.open.is_empty() && !name.eq_ignore_ascii_case("VCALENDAR") {
            return Err(Malformed::new(number, outside(&self.nodes)));
        }
        if self.open.len() >= COMPONENT_DEPTH_MAX {
            return Err(Malformed::new(number, "components are nested too deeply"));
        }
        if self.nodes.len() >= COMPONENTS_MAX {
            return Err(Malformed::new(number, "more components than allowed"));
        }
        self.open.push(self.nodes.len());
        let begin = self.lines.len();
        self.nodes.push(Node { begin, end: begin, next: 0 });
        Ok(())
    }

    fn end(&mut self, name: &str, number: usize) -> Result<(), Malformed> {
        let next = self.nodes.len();
        let node = self.open.pop().and_then(|node| self.nodes.get_mut(node));
        let begin = node.as_ref().and_then(|n| self.lines.get(n.begin));
        if !begin.is_some_and(|b| b.value().trim().eq_ignore_ascii_case(name)) {
            let why = format!("END:{} ends nothing that is open", shown(name));
            return Err(Malformed::new(number, why));
        }
        if let Some(node) = node {
            node.end = self.lines.len();
            node.next = next;
        }
        Ok(())
    }

    fn finish(self, head: usize) -> Result<Calendar<'a>, Malformed> {
        let last = self.lines.last().map_or(0, |l| l.number);
        if !self.open.is_empty() {
            return Err(Malformed::new(last, "the text ends inside a component"));
        }
        if self.nodes.is_empty() {
            return Err(Malformed::new(0, outside(&self.nodes)));
        }
        Ok(Calendar { lines: self.lines, nodes: self.nodes, head })
    }
}

fn outside(nodes: &[Node]) -> &'static str {
    match nodes {
        [] => "not an iCalendar object: it does not begin with BEGIN:VCALENDAR",
        _ => "a line after END:VCALENDAR",
    }
}

/// One component of a calendar: a handle, cheap to copy.
#[derive(Clone, Copy, Debug)]
pub struct Component<'c> {
    calendar: &'c Calendar<'c>,
    node: usize,
}

impl<'c> Component<'c> {
    fn place(&self) -> Node {
        const NOWHERE: Node = Node { begin: usize::MAX, end: 0, next: 0 };
        self.calendar.nodes.get(self.node).copied().unwrap_or(NOWHERE)
    }

    /// Its BEGIN line.
    fn begin(&self) -> Option<&'c Line<'c>> {
        self.calendar.lines.get(self.place().begin)
    }

    /// Its name as written, such as `VEVENT`.
    pub fn name(&self) -> &'c str {
        self.begin().map_or("", |l| l.value().trim())
    }

    /// Whether this is its name, whatever the case.
    pub fn is(&self, name: &str) -> bool {
        self.name().eq_ignore_ascii_case(name)
    }

    /// The number of its BEGIN line.
    pub fn number(&self) -> usize {
        self.begin().map_or(0, |l| l.number)
    }

    /// Where its bytes stand in the input, BEGIN and END lines included.
    pub fn span(&self) -> Range<usize> {
        let place = self.place();
        let end = self.calendar.lines.get(place.end).map_or(0, |l| l.end);
        self.begin().map_or(0, |l| l.start)..end
    }

    /// Its own properties in their order, without those of the components inside it.
    pub fn properties(&self) -> Properties<'c> {
        let place = self.place();
        let line = place.begin.saturating_add(1);
        Properties { calendar: self.calendar, line, end: place.end, child: self.node + 1 }
    }

    /// The first property of this name, whatever the case.
    pub fn property(&self, name: &str) -> Option<&'c Line<'c>> {
        self.properties().find(|l| l.full_name().eq_ignore_ascii_case(name))
    }

    /// All properties of this name, whatever the case.
    pub fn all<'n>(&self, name: &'n str) -> impl Iterator<Item = &'c Line<'c>> + use<'c, 'n> {
        self.properties().filter(move |l| l.full_name().eq_ignore_ascii_case(name))
    }

    /// Whether this is that component, not only one like it.
    pub fn is_same(&self, other: &Component<'_>) -> bool {
        self.node == other.node && std::ptr::eq(self.calendar, other.calendar)
    }

    /// The components directly inside it.
    pub fn children(&self) -> Children<'c> {
        Children { calendar: self.calendar, node: self.node + 1, end: self.place().next }
    }
}

/// A component's own properties.
#[derive(Clone, Debug)]
pub struct Properties<'c> {
    calendar: &'c Calendar<'c>,
    line: usize,
    end: usize,
    child: usize,
}

impl<'c> Iterator for Properties<'c> {
    type Item = &'c Line<'c>;

    fn next(&mut self) -> Option<&'c Line<'c>> {
        while let Some(child) = self.calendar.nodes.get(self.child)
            && child.begin == self.line
        {
            (self.line, self.child) = (child.end + 1, child.next);
        }
        if self.line >= self.end {
            return None;
        }
        self.line += 1;
        self.calendar.lines.get(self.line - 1)
    }
}

/// The components directly inside another.
#[derive(Clone, Debug)]
pub struct Children<'c> {
    calendar: &'c Calendar<'c>,
    node: usize,
    end: usize,
}

impl<'c> Iterator for Children<'c> {
    type Item = Component<'c>;

    fn next(&mut self) -> Option<Component<'c>> {
        if self.node >= self.end {
            return None;
        }
        let child = Component { calendar: self.calendar, node: self.node };
        self.node = child.place().next.max(self.node + 1);
        Some(child)
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod zone_tests;
