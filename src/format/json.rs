//! JSON of content lines: what jCard (RFC 7095) and jCal (RFC 7265) share.

pub mod read;

use super::line::{Malformed, is_name};
use super::property::{Property, split_unescaped, text};
use crate::kernel::limits::JSON_VALUES_MAX;
use serde_json::{Map, Value};

/// A text of JSON, if it has no more values than [`JSON_VALUES_MAX`].
///
/// # Errors
/// What is not JSON, or too much of it.
pub fn parsed(octets: &[u8]) -> Result<Value, Malformed> {
    if count(octets) > JSON_VALUES_MAX {
        return Err(Malformed::new(0, "more JSON values than allowed"));
    }
    serde_json::from_slice(octets).map_err(|why| Malformed::new(0, format!("not JSON: {why}")))
}

/// How many values a text of JSON has at most.
fn count(octets: &[u8]) -> usize {
    let (mut quoted, mut escaped, mut count) = (false, false, 1);
    for octet in octets {
        match octet {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b',' | b'[' | b'{' | b':' if !quoted => count += 1,
            _ => {}
        }
    }
    count
}

/// How a property's value is made of parts (RFC 7095 §3.3.1.3, RFC 7265 §3.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One value.
    One,
    /// Values between commas, each an element of the property.
    Many,
    /// Components between semicolons.
    Parts,
    /// Components between semicolons, each perhaps several values between commas.
    Lists,
}

/// Names, value types where none is said, and shapes.
pub type Known = (&'static [&'static str], &'static str, Shape);

/// The value type and the shape of a property; what the table does not know is `unknown`.
pub fn known(table: &[Known], name: &str) -> (&'static str, Shape) {
    let is_it = |names: &[&str]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
    let found = table.iter().find(|(names, _, _)| is_it(names));
    found.map_or(("unknown", Shape::One), |(_, kind, shape)| (*kind, *shape))
}

/// A text with its escapes undone.
pub fn plain(part: &str) -> Value {
    Value::from(text(part))
}

/// The parts of a structured value, texts with their escapes undone.
pub fn parts(value: &str, separator: u8) -> impl Iterator<Item = Value> {
    split_unescaped(value, separator).map(plain)
}

/// An array, or what alone is in it.
pub fn single(values: impl IntoIterator<Item = Value>) -> Value {
    let mut values: Vec<Value> = values.into_iter().collect();
    match values.len() {
        1 => values.pop().unwrap_or_default(),
        _ => Value::from(values),
    }
}

/// The parameters but VALUE, which is the type (RFC 7095 §3.4, RFC 7265 §3.5). Those of `lists` are
/// lists even in one pair of quotes.
pub fn params(it: &Property, lists: &[&str]) -> Map<String, Value> {
    let mut all: Map<String, Value> = Map::new();
    for param in it.params.iter().filter(|p| !p.name.eq_ignore_ascii_case("VALUE")) {
        let name = param.name.to_ascii_lowercase();
        if !is_name(&name) {
            continue;
        }
        let split = lists.iter().any(|list| list.eq_ignore_ascii_case(&name));
        let values = param.values.iter().flat_map(|value| match split {
            true => value.split(',').collect(),
            false => vec![value.as_str()],
        });
        let slot = all.entry(name).or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(slot) = slot {
            slot.extend(values.map(|value| Value::from(clean(value))));
        }
    }
    for (_, value) in &mut all {
        if let Value::Array(values) = value.take() {
            *value = single(values);
        }
    }
    all
}

/// A text without control characters, which no content line can hold, but for those that have an
/// escape: line feeds, tabs.
pub fn clean(text: &str) -> String {
    text.chars().filter(|c| !c.is_ascii_control() || matches!(c, '\n' | '\t')).collect()
}

/// Digits that a number keeps: more than a place on Earth needs, and few enough that JSON's readers
/// do not change them.
const DIGITS: usize = 15;
/// Octets of a number as content lines write it, without an exponent.
const NUMBER_MAX: usize = 40;

/// A FLOAT as content lines write it; none if there is none that is not very long.
pub fn written_float(number: f64) -> Option<String> {
    let rounded: f64 = format!("{number:.*e}", DIGITS - 1).parse().ok()?;
    Some(rounded.to_string()).filter(|text| rounded.is_finite() && text.len() <= NUMBER_MAX)
}

/// A value of a type that JSON has of its own: a number, a truth. What it cannot say stays text.
pub fn native(kind: &str, value: &str) -> Value {
    let value = value.trim();
    let made = match kind {
        "integer" => value.parse::<i64>().ok().map(Value::from),
        "float" => {
            let number = value.parse::<f64>().ok().and_then(written_float);
            number.and_then(|text| text.parse::<f64>().ok()).map(Value::from)
        }
        "boolean" => value.to_ascii_lowercase().parse::<bool>().ok().map(Value::from),
        _ => None,
    };
    made.unwrap_or_else(|| Value::from(value))
}
