//! One property of jCal or jCard as a content line (RFC 7265 §4, RFC 7095 §4).
//!
//! Invariant: no value becomes more than one line, or a line of another property: control
//! characters are refused where nothing escapes them, and names are names.

use super::{Known, known, written_float};
use crate::format::line::{Malformed, is_name, shown};
use crate::format::property::{Parameter, Property, escaped};
use serde_json::{Map, Number, Value};

type Read<T> = Result<T, Malformed>;

/// What tells the two apart.
pub struct Grammar {
    /// Types and shapes of properties.
    pub table: &'static [Known],
    /// A value of a type as content lines write it, if that is otherwise than JSON does.
    pub basic: fn(&str, &str) -> Option<String>,
    /// Whether it is jCard: with groups, and with lists inside of structured values.
    pub cards: bool,
    /// Octets of a property at most.
    pub max: usize,
}

fn bad<T>(why: impl Into<std::borrow::Cow<'static, str>>) -> Read<T> {
    Err(Malformed::new(0, why))
}

/// RFC 7265 §3.4, §3.5.1; RFC 7095 §3.3, §3.4.
///
/// # Errors
/// What is no property, or cannot be written as one.
pub fn property(value: &Value, grammar: &Grammar) -> Read<Property> {
    let parts = value.as_array().map(Vec::as_slice);
    let Some([Value::String(name), Value::Object(params), Value::String(kind), values @ ..]) =
        parts
    else {
        return bad("a property is an array of name, parameters, type and values");
    };
    let framing = ["BEGIN", "END"].iter().any(|frame| name.eq_ignore_ascii_case(frame));
    if !is_name(name) || framing {
        return bad(format!("{:?} is no name of a property", shown(name)));
    }
    let kind = kind.to_ascii_lowercase();
    if !is_name(&kind) {
        return bad(format!("{}: {:?} is no type", shown(name), shown(&kind)));
    }
    let mut it = Property::new(&name.to_ascii_uppercase(), "");
    it.params = parameters(name, params)?;
    if grammar.cards {
        it.group = it.take("GROUP").pop();
        if it.group.as_ref().is_some_and(|group| !is_name(group) || group.contains('.')) {
            return bad(format!("{}: this is no name of a group", shown(name)));
        }
    }
    if values.is_empty() {
        return bad(format!("{} has no value", shown(name)));
    }
    for (n, value) in values.iter().enumerate() {
        it.value.push_str(if n > 0 { "," } else { "" });
        let written = element(grammar, &kind, value, &mut it.value);
        written.map_err(|why| Malformed::new(0, format!("{}: {why}", shown(name))))?;
        if it.value.len() > grammar.max {
            return bad("a value that is larger than allowed");
        }
    }
    // Said where the name does not say it, or where the form would say something else.
    let as_period = !grammar.cards && kind == "date-time" && it.value.contains('/');
    if kind != "unknown" && (kind != known(grammar.table, name).0 || as_period) {
        // As the examples of RFC 6350 and RFC 5545 have it.
        let said = if grammar.cards { kind } else { kind.to_ascii_uppercase() };
        it.params.insert(0, one("VALUE", &said));
    }
    Ok(it)
}

fn one(name: &str, value: &str) -> Parameter {
    Parameter { name: name.to_owned(), values: vec![value.to_owned()] }
}

/// RFC 7265 §3.5.
fn parameters(of: &str, params: &Map<String, Value>) -> Read<Vec<Parameter>> {
    let mut all = Vec::with_capacity(params.len());
    for (name, value) in params {
        if !is_name(name) || name.eq_ignore_ascii_case("VALUE") {
            return bad(format!("{}: {:?} is no parameter here", shown(of), shown(name)));
        }
        let values: Option<Vec<String>> = match value {
            Value::Array(values) => {
                values.iter().map(|value| value.as_str().map(str::to_owned)).collect()
            }
            value => value.as_str().map(|value| vec![value.to_owned()]),
        };
        match values {
            Some(values) if values.is_empty() => {}
            Some(values) => all.push(Parameter { name: name.to_ascii_uppercase(), values }),
            None => return bad(format!("{}: {} is no text", shown(of), shown(name))),
        }
    }
    Ok(all)
}

/// One value of a property (RFC 7265 §3.6).
fn element(
    grammar: &Grammar,
    kind: &str,
    value: &Value,
    out: &mut String,
) -> Result<(), &'static str> {
    match value {
        Value::Array(parts) => {
            // RFC 7265 §3.4.1, §3.6.9.
            let separator = if kind == "period" { "/" } else { ";" };
            for (n, part) in parts.iter().enumerate() {
                out.push_str(if n > 0 { separator } else { "" });
                // RFC 7095 §3.3.1.3.
                let list = part.as_array().filter(|_| grammar.cards);
                for (n, value) in
                    list.map_or(std::slice::from_ref(part), Vec::as_slice).iter().enumerate()
                {
                    out.push_str(if n > 0 { "," } else { "" });
                    scalar(grammar, kind, value, out)?;
                }
            }
            Ok(())
        }
        Value::Object(parts) if kind == "recur" => recur(grammar, parts, out),
        other => scalar(grammar, kind, other, out),
    }
}

fn scalar(
    grammar: &Grammar,
    kind: &str,
    value: &Value,
    out: &mut String,
) -> Result<(), &'static str> {
    match value {
        Value::String(text) if kind == "text" => {
            let lines = |c: &char| !c.is_ascii_control() || matches!(c, '\r' | '\n' | '\t');
            out.push_str(&escaped(&text.chars().filter(lines).collect::<String>()));
        }
        Value::String(text) if text.contains(|c: char| c.is_ascii_control() && c != '\t') => {
            return Err("a control character in a value that cannot hold one");
        }
        Value::String(text) => {
            out.push_str((grammar.basic)(kind, text).as_deref().unwrap_or(text));
        }
        Value::Number(number) => {
            let text = written(number).ok_or("a number that is too large or too small")?;
            if kind == "integer" && text.contains('.') {
                return Err("a number that is no integer");
            }
            out.push_str(&text);
        }
        Value::Bool(truth) => out.push_str(if *truth { "TRUE" } else { "FALSE" }),
        _ => return Err("a value of a kind that none of its type has"),
    }
    Ok(())
}

/// A number as iCalendar writes it; none if that is very long.
pub fn written(number: &Number) -> Option<String> {
    match number.is_f64() {
        true => number.as_f64().and_then(written_float),
        false => Some(number.to_string()),
    }
}

/// RFC 7265 §3.6.10; FREQ stands first (RFC 5545 §3.3.10).
fn recur(
    grammar: &Grammar,
    parts: &Map<String, Value>,
    out: &mut String,
) -> Result<(), &'static str> {
    const WHY: &str = "this is no recurrence rule";
    let first = |(name, _): &(&String, &Value)| name.eq_ignore_ascii_case("freq");
    let ordered = parts.iter().filter(first).chain(parts.iter().filter(|part| !first(part)));
    for (n, (name, value)) in ordered.enumerate() {
        if !is_name(name) {
            return Err(WHY);
        }
        out.push_str(if n > 0 { ";" } else { "" });
        out.push_str(&name.to_ascii_uppercase());
        out.push('=');
        let values = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        for (n, value) in values.iter().enumerate() {
            out.push_str(if n > 0 { "," } else { "" });
            if value.as_str().is_some_and(|text| text.contains(';')) || value.is_boolean() {
                return Err(WHY);
            }
            scalar(grammar, "recur", value, out)?;
        }
    }
    Ok(())
}
