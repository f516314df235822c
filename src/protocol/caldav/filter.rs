//! The filter of a calendar-query, from its XML (RFC 4791 §9.7-9.9).
//!
//! Elements of other namespaces are passed over (RFC 4918 §17); what breaks the grammar is
//! `valid-filter`, a collation that is not served is `supported-collation`.

use crate::format::ical::filter::{CompFilter, ParamFilter, PropFilter};
use crate::format::ical::value::Moment;
use crate::format::text_match::{Collation, Relation, TextMatch};
use crate::format::xml::{Element, Ns};
use crate::kernel::fault::{Outcome, Refusal};
use crate::kernel::limits::FILTER_CONDITIONS_MAX;
use std::ops::Range;

/// CalDAV's namespace.
pub const CALDAV: &str = "urn:ietf:params:xml:ns:caldav";

/// The filters of a report's body, all of which must hold. RFC 4791 §9.5 wants one; clients that
/// send none mean everything.
///
/// # Errors
/// `InvalidFilter`, `UnsupportedCollation`, `UnsupportedFilter` for one with too many conditions.
pub fn read(root: &Element) -> Outcome<Vec<CompFilter>> {
    let mut reader = Reader { left: FILTER_CONDITIONS_MAX };
    let filters = root.elements().filter(|e| e.is(CALDAV, "filter"));
    let mut all = Vec::new();
    for element in filters.flat_map(own) {
        match element.name.local() {
            "comp-filter" => all.push(reader.component(element)?),
            other => return invalid(format!("a filter holds comp-filter, not {other}")),
        }
    }
    Ok(all)
}

/// The child elements of CalDAV's own.
fn own(element: &Element) -> impl Iterator<Item = &Element> {
    element.elements().filter(|e| *e.name.ns() == Ns::CalDav)
}

fn invalid<T>(why: impl Into<String>) -> Outcome<T> {
    Err(Refusal::InvalidFilter(why.into()).into())
}

struct Reader {
    left: usize,
}

impl Reader {
    /// The name of what a condition is about.
    fn name(&mut self, element: &Element) -> Outcome<String> {
        self.left = match self.left.checked_sub(1) {
            Some(left) => left,
            None => {
                let what = format!("more than {FILTER_CONDITIONS_MAX} conditions");
                return Err(Refusal::UnsupportedFilter(what).into());
            }
        };
        match element.attribute("name").map(str::trim) {
            Some(name) if !name.is_empty() => Ok(name.to_owned()),
            _ => invalid(format!("{} without a name", element.name.local())),
        }
    }

    fn component(&mut self, element: &Element) -> Outcome<CompFilter> {
        let mut it = CompFilter { name: self.name(element)?, ..CompFilter::default() };
        for child in own(element) {
            match child.name.local() {
                "is-not-defined" => it.absent = true,
                "time-range" if it.range.is_none() => it.range = Some(range(child)?),
                "prop-filter" => it.props.push(self.property(child)?),
                "comp-filter" => it.comps.push(self.component(child)?),
                other => return misplaced(other, element),
            }
        }
        let more = it.range.is_some() || !it.props.is_empty() || !it.comps.is_empty();
        alone(it.absent && more, element)?;
        Ok(it)
    }

    fn property(&mut self, element: &Element) -> Outcome<PropFilter> {
        let mut it = PropFilter { name: self.name(element)?, ..PropFilter::default() };
        for child in own(element) {
            match child.name.local() {
                "is-not-defined" => it.absent = true,
                "time-range" if it.range.is_none() => it.range = Some(range(child)?),
                "text-match" if it.text.is_none() => it.text = Some(text(child)?),
                "param-filter" => it.params.push(self.parameter(child)?),
                other => return misplaced(other, element),
            }
        }
        if it.range.is_some() && it.text.is_some() {
            return invalid("a prop-filter has a time-range or a text-match, not both");
        }
        let more = it.range.is_some() || it.text.is_some() || !it.params.is_empty();
        alone(it.absent && more, element)?;
        Ok(it)
    }

    fn parameter(&mut self, element: &Element) -> Outcome<ParamFilter> {
        let mut it = ParamFilter { name: self.name(element)?, ..ParamFilter::default() };
        for child in own(element) {
            match child.name.local() {
                "is-not-defined" => it.absent = true,
                "text-match" if it.text.is_none() => it.text = Some(text(child)?),
                other => return misplaced(other, element),
            }
        }
        alone(it.absent && it.text.is_some(), element)?;
        Ok(it)
    }
}

fn misplaced<T>(what: &str, inside: &Element) -> Outcome<T> {
    invalid(format!("{what} cannot stand there in {}", inside.name.local()))
}

fn alone(broken: bool, element: &Element) -> Outcome<()> {
    match broken {
        true => invalid(format!("is-not-defined stands alone in {}", element.name.local())),
        false => Ok(()),
    }
}

/// RFC 4791 §9.7.5: a part of the value, unless the collation says otherwise without case.
fn text(element: &Element) -> Outcome<TextMatch> {
    let collation = match element.attribute("collation") {
        None | Some("default") => Collation::AsciiCasemap,
        Some(name) => match Collation::named(name) {
            Some(collation) => collation,
            None => return Err(Refusal::UnsupportedCollation(name.to_owned()).into()),
        },
    };
    let negated = match element.attribute("negate-condition") {
        None | Some("no") => false,
        Some("yes") => true,
        Some(other) => return invalid(format!("negate-condition is yes or no, not {other}")),
    };
    Ok(TextMatch::new(&element.text(), collation, Relation::Contains, negated))
}

/// A time range, start inclusive, end exclusive; at least one of both is there (RFC 4791 §9.9).
///
/// # Errors
/// `InvalidFilter`.
pub fn range(element: &Element) -> Outcome<Range<i64>> {
    let side = |name: &str, open: i64| match element.attribute(name).map(str::trim) {
        None => Ok(open),
        Some(text) => match Moment::read(text, None, false) {
            Some(moment) if text.ends_with(['Z', 'z']) => Ok(moment.civil.seconds()),
            _ => invalid(format!("time-range {name}: {text:?} is not a UTC time")),
        },
    };
    let range = side("start", i64::MIN)?..side("end", i64::MAX)?;
    match range.start < range.end {
        true if range == (i64::MIN..i64::MAX) => invalid("a time-range without start and end"),
        true => Ok(range),
        false => invalid("time-range: the end is not after the start"),
    }
}
