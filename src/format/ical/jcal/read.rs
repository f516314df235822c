//! jCal to iCalendar (RFC 7265 §4).
//!
//! Invariant: as of the reader of properties, which this shares with jCard.

use super::{KNOWN, forms, is_of, reshaped};
use crate::format::json::parsed;
use crate::format::json::read::{Grammar, property};
use crate::format::line::{Malformed, shown};
use crate::format::property::Property;
use crate::kernel::limits::{CALENDAR_OBJECT_MAX, COMPONENT_DEPTH_MAX};
use serde_json::Value;

type Read<T> = Result<T, Malformed>;

/// What is particular to jCal.
static GRAMMAR: Grammar = Grammar {
    table: &KNOWN,
    basic: |kind, text| {
        let (basic, _) = forms(kind).iter().find(|(_, extended)| is_of(text, extended))?;
        Some(reshaped(text, basic))
    },
    cards: false,
    max: CALENDAR_OBJECT_MAX,
};

fn bad<T>(why: impl Into<std::borrow::Cow<'static, str>>) -> Read<T> {
    Err(Malformed::new(0, why))
}

/// The object as iCalendar.
///
/// # Errors
/// What is no jCal, or goes beyond a limit. That it may be stored is for others to check.
pub fn icalendar(octets: &[u8]) -> Read<String> {
    written_tree(&parsed(octets)?)
}

/// One object or an array of several, one after the other (RFC 7265 §3.2).
///
/// # Errors
/// As [`icalendar`].
pub fn stream(octets: &[u8]) -> Read<String> {
    let root = parsed(octets)?;
    match &root {
        Value::Array(all) if all.first().is_some_and(Value::is_array) => {
            all.iter().map(written_tree).collect()
        }
        one => written_tree(one),
    }
}

/// An object's tree as iCalendar.
///
/// # Errors
/// As [`icalendar`].
pub fn written_tree(root: &Value) -> Read<String> {
    let mut out = String::new();
    component(root, 0, &mut out)?;
    Ok(out)
}

/// RFC 7265 §3.3.
fn component(value: &Value, depth: usize, out: &mut String) -> Read<()> {
    let parts = value.as_array().map(Vec::as_slice);
    let Some([Value::String(name), Value::Array(properties), Value::Array(inside)]) = parts else {
        return bad("a component is an array of its name, its properties and its components");
    };
    if depth == 0 && !name.eq_ignore_ascii_case("vcalendar") {
        return bad("not jCal: it does not begin with \"vcalendar\"");
    }
    if depth >= COMPONENT_DEPTH_MAX {
        return bad("components are nested too deeply");
    }
    if name.is_empty() || name.trim() != name || name.contains(|c: char| c.is_ascii_control()) {
        return bad(format!("{:?} is no name of a component", shown(name)));
    }
    let name = name.to_ascii_uppercase();
    Property::new("BEGIN", &name).write(out);
    for it in properties {
        property(it, &GRAMMAR)?.write(out);
        if out.len() > CALENDAR_OBJECT_MAX {
            return bad("as iCalendar it is larger than allowed");
        }
    }
    for it in inside {
        component(it, depth + 1, out)?;
    }
    Property::new("END", &name).write(out);
    Ok(())
}
