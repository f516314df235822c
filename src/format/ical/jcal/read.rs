//! jCal to iCalendar (RFC 7265 §4).
//!
//! Invariant: no value becomes more than one line, or a line of another property: control
//! characters are refused where nothing escapes them, and names are names.

use super::{KNOWN, forms, is_of, reshaped};
use crate::format::json::{known, written_float};
use crate::format::line::{Malformed, is_name, shown};
use crate::format::property::{Parameter, Property, escaped};
use crate::kernel::limits::{CALENDAR_OBJECT_MAX, COMPONENT_DEPTH_MAX, JSON_VALUES_MAX};
use serde_json::{Map, Number, Value};

type Read<T> = Result<T, Malformed>;

fn bad<T>(why: impl Into<std::borrow::Cow<'static, str>>) -> Read<T> {
    Err(Malformed::new(0, why))
}

/// The object as iCalendar.
///
/// # Errors
/// What is no jCal, or goes beyond a limit. That it may be stored is for others to check.
pub fn icalendar(octets: &[u8]) -> Read<String> {
    if count(octets) > JSON_VALUES_MAX {
        return bad("more JSON values than allowed");
    }
    let root: Value = match serde_json::from_slice(octets) {
        Ok(root) => root,
        Err(fault) => return bad(format!("not JSON: {fault}")),
    };
    let mut out = String::with_capacity(octets.len());
    component(&root, 0, &mut out)?;
    Ok(out)
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
        property(it)?.write(out);
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

/// RFC 7265 §3.4, §3.5.1.
fn property(value: &Value) -> Read<Property> {
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
    if values.is_empty() {
        return bad(format!("{} has no value", shown(name)));
    }
    for (n, value) in values.iter().enumerate() {
        it.value.push_str(if n > 0 { "," } else { "" });
        let written = element(&kind, value, &mut it.value);
        written.map_err(|why| Malformed::new(0, format!("{}: {why}", shown(name))))?;
        if it.value.len() > CALENDAR_OBJECT_MAX {
            return bad("as iCalendar it is larger than allowed");
        }
    }
    // Said where the name does not say it, or the form of the value says something else.
    let usual = known(&KNOWN, name).0;
    let taken_for = super::kind(&it, usual);
    if kind != "unknown" && (kind != usual || taken_for == "period" && kind != taken_for) {
        it.params.insert(0, one("VALUE", &kind.to_ascii_uppercase()));
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
fn element(kind: &str, value: &Value, out: &mut String) -> Result<(), &'static str> {
    match value {
        Value::Array(parts) => {
            // RFC 7265 §3.4.1, §3.6.9.
            let separator = if kind == "period" { "/" } else { ";" };
            for (n, part) in parts.iter().enumerate() {
                out.push_str(if n > 0 { separator } else { "" });
                scalar(kind, part, out)?;
            }
            Ok(())
        }
        Value::Object(parts) if kind == "recur" => recur(parts, out),
        other => scalar(kind, other, out),
    }
}

fn scalar(kind: &str, value: &Value, out: &mut String) -> Result<(), &'static str> {
    match value {
        Value::String(text) if kind == "text" => {
            let lines = |c: &char| !c.is_ascii_control() || matches!(c, '\r' | '\n' | '\t');
            out.push_str(&escaped(&text.chars().filter(lines).collect::<String>()));
        }
        Value::String(text) if text.contains(|c: char| c.is_ascii_control() && c != '\t') => {
            return Err("a control character in a value that cannot hold one");
        }
        Value::String(text) => {
            let found = forms(kind).iter().find(|(_, extended)| is_of(text, extended));
            match found {
                Some((basic, _)) => out.push_str(&reshaped(text, basic)),
                None => out.push_str(text),
            }
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

fn written(number: &Number) -> Option<String> {
    match number.is_f64() {
        true => number.as_f64().and_then(written_float),
        false => Some(number.to_string()),
    }
}

/// RFC 7265 §3.6.10; FREQ stands first (RFC 5545 §3.3.10).
fn recur(parts: &Map<String, Value>, out: &mut String) -> Result<(), &'static str> {
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
            scalar("recur", value, out)?;
        }
    }
    Ok(())
}
