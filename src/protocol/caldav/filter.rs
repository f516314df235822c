//! The filter of a calendar-query, from its XML (RFC 4791 §9.7-9.9).

use crate::format::civil::Civil;
use crate::format::ical::filter::{CompFilter, PropFilter};
use crate::format::ical::value::Moment;
use crate::format::line::shown;
use crate::format::text_match::Collation;
use crate::format::xml::{Element, Ns};
use crate::kernel::fault::{CalendarLimit, Outcome, Refusal};
use crate::kernel::limits::CALENDAR_YEARS;
use crate::protocol::dav::filter::{Reader, alone, invalid, misplaced};
use std::ops::Range;

/// CalDAV's namespace.
pub const CALDAV: &str = "urn:ietf:params:xml:ns:caldav";

/// The filters of a report's body, all of which must hold. RFC 4791 §9.5 wants one; clients that
/// send none mean everything.
///
/// # Errors
/// `InvalidFilter`, `UnsupportedCollation`, `UnsupportedFilter` for one with too many conditions.
pub fn read(root: &Element) -> Outcome<Vec<CompFilter>> {
    let mut reader = Reader::new(Ns::CalDav, Collation::AsciiCasemap);
    let filters: Vec<&Element> = root.elements().filter(|e| e.is(CALDAV, "filter")).collect();
    let mut all = Vec::new();
    for element in filters.into_iter().flat_map(|filter| reader.own(filter)).collect::<Vec<_>>() {
        match element.name.local() {
            "comp-filter" => all.push(component(&mut reader, element)?),
            other => return invalid(format!("a filter holds comp-filter, not {other}")),
        }
    }
    Ok(all)
}

fn component(reader: &mut Reader, element: &Element) -> Outcome<CompFilter> {
    let mut it = CompFilter { name: reader.name(element)?, ..CompFilter::default() };
    for child in reader.own(element) {
        match child.name.local() {
            "is-not-defined" => it.absent = true,
            "time-range" if it.range.is_none() => it.range = Some(range(child)?),
            "prop-filter" => it.props.push(property(reader, child)?),
            "comp-filter" => it.comps.push(component(reader, child)?),
            other => return misplaced(other, element),
        }
    }
    let more = it.range.is_some() || !it.props.is_empty() || !it.comps.is_empty();
    alone(it.absent && more, element)?;
    Ok(it)
}

fn property(reader: &mut Reader, element: &Element) -> Outcome<PropFilter> {
    let mut it = PropFilter { name: reader.name(element)?, ..PropFilter::default() };
    for child in reader.own(element) {
        match child.name.local() {
            "is-not-defined" => it.absent = true,
            "time-range" if it.range.is_none() => it.range = Some(range(child)?),
            "text-match" if it.text.is_none() => it.text = Some(reader.text(child)?),
            "param-filter" => it.params.push(reader.parameter(child)?),
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

/// A time range, start inclusive, end exclusive; at least one of both is there (RFC 4791 §9.9).
///
/// # Errors
/// `InvalidFilter`, `BeyondLimit`.
pub fn range(element: &Element) -> Outcome<Range<i64>> {
    let side = |name: &str, open: i64| match element.attribute(name).map(str::trim) {
        None => Ok(open),
        Some(text) => match Moment::read(text, None, false) {
            Some(moment) if text.ends_with(['Z', 'z']) => accepted(moment.civil),
            _ => invalid(format!("time-range {name}: {:?} is not a UTC time", shown(text))),
        },
    };
    let range = side("start", i64::MIN)?..side("end", i64::MAX)?;
    match range.start < range.end {
        true if range == (i64::MIN..i64::MAX) => invalid("a time-range without start and end"),
        true => Ok(range),
        false => invalid("time-range: the end is not after the start"),
    }
}

/// RFC 4791 §7.8: a range lies within the dates that objects may have. No later one can be written.
fn accepted(at: Civil) -> Outcome<i64> {
    match at.date().0 >= CALENDAR_YEARS.0 {
        true => Ok(at.seconds()),
        false => {
            let why = "time-range: it begins before every date accepted".to_owned();
            Err(Refusal::BeyondLimit(CalendarLimit::MinDateTime, why).into())
        }
    }
}
