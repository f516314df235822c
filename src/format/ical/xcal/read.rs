//! xCal to iCalendar (RFC 6321 §4), by way of jCal's tree, whose reader checks names and values.

use super::{NAMESPACE, parts_of};
use crate::format::ical::jcal;
use crate::format::json::native;
use crate::format::line::{Malformed, shown};
use crate::format::xml::{self, Element, Node};
use crate::kernel::limits::{CALENDAR_OBJECT_MAX, COMPONENT_DEPTH_MAX};
use serde_json::{Map, Value};

type Read<T> = Result<T, Malformed>;

fn bad<T>(why: impl Into<std::borrow::Cow<'static, str>>) -> Read<T> {
    Err(Malformed::new(0, why))
}

/// The one object of a document as iCalendar.
///
/// # Errors
/// What is no xCal, holds several objects, or goes beyond a limit.
pub fn icalendar(octets: &[u8]) -> Read<String> {
    match objects(octets)?.as_slice() {
        [only] => jcal::written_tree(only),
        all => bad(format!("{} vcalendar elements instead of one", all.len())),
    }
}

/// All objects of a document, one after the other (RFC 6321 §3.2).
///
/// # Errors
/// What is no xCal, or goes beyond a limit.
pub fn stream(octets: &[u8]) -> Read<String> {
    objects(octets)?.iter().map(jcal::written_tree).collect()
}

fn objects(octets: &[u8]) -> Read<Vec<Value>> {
    let root = match xml::parse(octets) {
        Ok(root) => root,
        Err(fault) => return bad(format!("not XML: {fault}")),
    };
    if !root.is(NAMESPACE, "icalendar") {
        return bad(format!("not xCal: it does not begin with icalendar in {NAMESPACE}"));
    }
    let mut room = CALENDAR_OBJECT_MAX;
    let objects: Vec<Value> =
        own(&root)?.map(|it| component(it, 0, &mut room)).collect::<Read<_>>()?;
    if objects.is_empty() { bad("no vcalendar element") } else { Ok(objects) }
}

/// The elements inside one that holds elements only. Those of other namespaces are ignored
/// (RFC 6321 §4.1).
fn own(it: &Element) -> Read<impl Iterator<Item = &Element>> {
    let text = |node: &Node| matches!(node, Node::Text(text) if !text.trim_ascii().is_empty());
    match it.children.iter().any(text) {
        true => bad(format!("{}: a text where elements belong", shown(it.name.local()))),
        false => Ok(it.elements().filter(|inside| inside.name.ns() == NAMESPACE)),
    }
}

/// RFC 6321 §3.3. `room`: octets that foreign elements may still have, each of which repeats the
/// namespaces that it uses.
fn component(it: &Element, depth: usize, room: &mut usize) -> Read<Value> {
    if depth >= COMPONENT_DEPTH_MAX {
        return bad("components are nested too deeply");
    }
    let (mut properties, mut inside) = (Vec::new(), Vec::new());
    for part in own(it)? {
        match part.name.local() {
            "properties" => {
                for element in part.elements() {
                    properties.push(match element.name.ns() == NAMESPACE {
                        true => property(element)?,
                        false => foreign(element, room)?,
                    });
                }
                own(part).map(drop)?;
            }
            "components" => {
                for element in own(part)? {
                    inside.push(component(element, depth + 1, room)?);
                }
            }
            other => {
                let (of, other) = (shown(it.name.local()), shown(other));
                return bad(format!("{of} holds properties and components, not {other}"));
            }
        }
    }
    Ok(Value::from(vec![Value::from(it.name.local()), properties.into(), inside.into()]))
}

/// RFC 6321 §4.1, §4.2.
fn foreign(it: &Element, room: &mut usize) -> Read<Value> {
    let (none, text) = (Value::Object(Map::new()), it.to_standalone());
    let Some(left) = room.checked_sub(text.len()) else {
        return bad("elements of other namespaces are larger than allowed");
    };
    *room = left;
    Ok(Value::from(vec![Value::from("xml"), none, Value::from("text"), text.into()]))
}

/// RFC 6321 §3.4.
fn property(it: &Element) -> Read<Value> {
    let name = it.name.local().to_ascii_lowercase();
    let of = |why: &str| bad(format!("{}: {why}", shown(&name)));
    let mut params = Map::new();
    let (mut kind, mut values, mut parts) = (None, Vec::new(), Vec::new());
    for element in own(it)? {
        match element.name.local() {
            "parameters" => {
                for param in own(element)? {
                    parameter(param, &mut params)?;
                }
                continue;
            }
            part if parts_of(&name).contains(&part) => {
                parts.push(Value::from(&*element.text()));
                continue;
            }
            _ => {}
        }
        let own = element.name.local().to_ascii_lowercase();
        if kind.get_or_insert_with(|| own.clone()) != &own {
            return of("values of several types");
        }
        values.push(value(&own, element)?);
    }
    let kind = match (kind, parts.is_empty()) {
        (Some(kind), true) => kind,
        (None, false) => {
            values.push(Value::from(parts));
            if name == "geo" { "float" } else { "text" }.to_owned()
        }
        (None, true) => return of("no value"),
        (Some(_), false) => return of("values of several types"),
    };
    let mut all = vec![Value::from(name), Value::Object(params), Value::from(kind)];
    all.append(&mut values);
    Ok(Value::from(all))
}

/// RFC 6321 §3.5, §5.
fn parameter(it: &Element, params: &mut Map<String, Value>) -> Read<()> {
    let name = it.name.local().to_ascii_lowercase();
    let mut values = Vec::new();
    for element in own(it)? {
        let text = leaf(element)?;
        values.push(Value::from(match element.name.local() {
            "boolean" => text.trim().to_ascii_uppercase(),
            _ => text,
        }));
    }
    match params.insert(name, Value::from(values)) {
        Some(_) => bad(format!("{}: a parameter twice", shown(it.name.local()))),
        None => Ok(()),
    }
}

/// The text of an element that holds nothing else.
fn leaf(it: &Element) -> Read<String> {
    match it.elements().next() {
        Some(inside) => {
            let (of, inside) = (shown(it.name.local()), shown(inside.name.local()));
            bad(format!("{of}: {inside} where a text belongs"))
        }
        None => Ok(it.text().into_owned()),
    }
}

/// RFC 6321 §3.6.
fn value(kind: &str, it: &Element) -> Read<Value> {
    match kind {
        "period" if it.elements().next().is_some() => {
            let texts: Vec<Value> =
                own(it)?.map(|part| Ok(leaf(part)?.trim().into())).collect::<Read<_>>()?;
            match texts.len() {
                2 => Ok(Value::from(texts)),
                _ => bad("a period is a start, and an end or a duration"),
            }
        }
        "recur" if it.elements().next().is_some() => recur(it),
        "text" | "unknown" => Ok(Value::from(leaf(it)?)),
        "binary" => Ok(Value::from(leaf(it)?.split_ascii_whitespace().collect::<String>())),
        _ => {
            let text = leaf(it)?;
            // Blanks may belong to a value; line ends only make a document nice to look at.
            let text = if text.contains('\n') { text.trim() } else { &text };
            Ok(native(kind, text).as_str().map_or_else(|| native(kind, text), |_| text.into()))
        }
    }
}

/// RFC 6321 §3.6.10: what may stand in a list is repeated.
fn recur(it: &Element) -> Read<Value> {
    let mut rule: Map<String, Value> = Map::new();
    for part in own(it)? {
        let name = part.name.local().to_ascii_lowercase();
        let text = leaf(part)?;
        let text = text.trim();
        let number = !matches!(name.as_str(), "freq" | "until" | "wkst" | "byday");
        let value = if number { native("integer", text) } else { text.into() };
        match rule.get_mut(&name) {
            Some(Value::Array(values)) => values.push(value),
            Some(slot) => *slot = Value::from(vec![slot.take(), value]),
            None => drop(rule.insert(name, value)),
        }
    }
    Ok(Value::from(rule))
}
