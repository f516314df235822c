//! xCal: a calendar object as XML, and back (RFC 6321). What is stored is always iCalendar.
//!
//! Invariant: types, values and their forms are those of jCal, which has them from here: the tree
//! that [`jcal`](super::jcal) makes and reads stands between iCalendar and XML, so that the three say
//! the same. What has a name that no XML element can have is left out: no standard has such names.

mod read;

pub use read::{icalendar, stream};

use super::jcal;
use crate::format::line::Malformed;
use crate::format::xml::{self, Name, Ns, Writer};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

/// Its media type (RFC 6321 §7.2).
pub const MEDIA_TYPE: &str = "application/calendar+xml";

/// As [`jcal::MARK`](super::jcal::MARK).
pub const MARK: &str = "-x1";

/// The namespace of its elements (RFC 6321 §7.1).
pub const NAMESPACE: &str = "urn:ietf:params:xml:ns:icalendar-2.0";

/// How a document begins and ends (RFC 6321 §3.2). It declares a default namespace, so the names of
/// elements are written without a prefix.
pub const HEAD: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
                        <icalendar xmlns=\"urn:ietf:params:xml:ns:icalendar-2.0\">";
/// See [`HEAD`].
pub const TAIL: &str = "</icalendar>\n";

/// The object as xCal; perhaps only some of its properties.
///
/// # Errors
/// A text that is not one calendar object.
pub fn xcal(text: &str) -> Result<String, Malformed> {
    let mut w = Writer::with_capacity(2 * text.len());
    w.raw(HEAD.as_bytes());
    component(&jcal::tree(text)?, &mut w);
    w.raw(TAIL.as_bytes());
    Ok(String::from_utf8(w.out)
        .unwrap_or_else(|bad| String::from_utf8_lossy(bad.as_bytes()).into_owned()))
}

/// Types of parameters' values (RFC 6321 §A; RFC 7986 §6, RFC 9073 §5, RFC 9253 §6).
static PARAMETERS: [(&[&str], &str); 6] = [
    (&["altrep", "dir", "schema", "linkrel"], "uri"),
    (&["delegated-from", "delegated-to", "member", "sent-by"], "cal-address"),
    (&["rsvp", "derived"], "boolean"),
    (&["order"], "integer"),
    (&["gap"], "duration"),
    (
        &[
            "cn", "cutype", "display", "email", "encoding", "fbtype", "feature", "fmttype",
            "label", "language", "partstat", "range", "related", "reltype", "role", "tzid",
        ],
        "text",
    ),
];

/// The elements that stand for the parts of these properties (RFC 6321 §3.4.1.2, §3.4.1.3).
static PARTS: [(&str, &[&str]); 2] =
    [("geo", &["latitude", "longitude"]), ("request-status", &["code", "description", "data"])];

fn parts_of(name: &str) -> &'static [&'static str] {
    PARTS.iter().find(|(own, _)| *own == name).map_or(&[], |(_, parts)| parts)
}

/// The parts of a rule in their order; all others come last (RFC 6321 §A, 3.3.10).
static RULE: [&str; 4] = ["freq", "until", "count", "interval"];

/// The name of an element in the document's default namespace; none for what cannot be one.
fn element(name: &str) -> Option<Name> {
    Name::new(Ns::None, name)
}

/// RFC 6321 §3.3.
pub fn component(it: &Value, w: &mut Writer) {
    let parts = it.as_array().map(Vec::as_slice);
    let Some([Value::String(name), Value::Array(properties), Value::Array(inside)]) = parts else {
        return;
    };
    let Some(name) = element(name) else { return };
    w.open(&name);
    listed(
        "properties",
        properties,
        |it, w| {
            let _ = property(it, w);
        },
        w,
    );
    listed("components", inside, component, w);
    w.close(&name);
}

/// An element with others in it; nothing of one without.
fn listed(name: &'static str, all: &[Value], one: fn(&Value, &mut Writer), w: &mut Writer) {
    let name = Name::known(Ns::None, name);
    let begun = w.out.len();
    w.open(&name);
    let empty = w.out.len();
    all.iter().for_each(|it| one(it, w));
    match w.out.len() == empty {
        true => w.out.truncate(begun),
        false => w.close(&name),
    }
}

/// RFC 6321 §3.4; nothing is written of one whose name cannot be written.
fn property(it: &Value, w: &mut Writer) -> Option<()> {
    let [Value::String(name), Value::Object(params), Value::String(kind), values @ ..] =
        it.as_array()?.as_slice()
    else {
        return None;
    };
    if name == "xml" && params.keys().all(|param| param == "encoding") {
        let embedded = values.first().and_then(|value| embedded(kind, value.as_str()?));
        if let Some(embedded) = embedded {
            w.raw(embedded.as_bytes());
            return Some(());
        }
    }
    let (named, typed) = (element(name)?, element(kind)?);
    if kind == "parameters" || parts_of(name).contains(&kind.as_str()) {
        return None;
    }
    w.open(&named);
    parameters(params, w);
    for value in values {
        match value {
            Value::Array(parts) if kind == "period" => period(parts, w),
            Value::Array(parts) => {
                let names = parts_of(name);
                let names = names.iter().chain(names.last().into_iter().cycle());
                for (name, part) in names.zip(parts) {
                    w.element(&Name::known(Ns::None, name), &plain(part));
                }
            }
            Value::Object(rule) => recur(rule, w),
            value => w.element(&typed, &plain(value)),
        }
    }
    w.close(&named);
    Some(())
}

/// What an XML property holds, if that is one element of another namespace (RFC 6321 §4.2).
fn embedded(kind: &str, value: &str) -> Option<String> {
    let decoded = match kind {
        "binary" => STANDARD.decode(value).ok()?,
        "text" => value.as_bytes().to_vec(),
        _ => return None,
    };
    let root = xml::parse(&decoded).ok()?;
    let foreign = *root.name.ns() != Ns::None && root.name.ns() != NAMESPACE;
    foreign.then(|| root.to_standalone())
}

/// RFC 6321 §3.5, §5.
fn parameters(params: &Map<String, Value>, w: &mut Writer) {
    let mut all =
        params.iter().filter_map(|(name, value)| Some((element(name)?, value))).peekable();
    if all.peek().is_none() {
        return;
    }
    w.raw(b"<parameters>");
    for (name, value) in all {
        let is_it = |names: &&[&str]| names.contains(&name.local());
        let known = PARAMETERS.iter().find(|(names, _)| is_it(names));
        let kind = known.map_or("unknown", |(_, kind)| kind);
        w.open(&name);
        for value in value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice) {
            let text = plain(value);
            let truth = text.to_ascii_lowercase();
            match kind {
                "boolean" if matches!(truth.as_str(), "true" | "false") => {
                    w.element(&Name::known(Ns::None, kind), &truth);
                }
                "boolean" => w.element(&Name::known(Ns::None, "text"), &text),
                kind => w.element(&Name::known(Ns::None, kind), &text),
            }
        }
        w.close(&name);
    }
    w.raw(b"</parameters>");
}

/// RFC 6321 §3.6.9.
fn period(parts: &[Value], w: &mut Writer) {
    let [start, end] = parts else { return };
    let end = plain(end);
    let lasting = end.trim_start_matches(['+', '-']).starts_with(['P', 'p']);
    w.raw(b"<period>");
    w.element(&Name::known(Ns::None, "start"), &plain(start));
    w.element(&Name::known(Ns::None, if lasting { "duration" } else { "end" }), &end);
    w.raw(b"</period>");
}

/// RFC 6321 §3.6.10.
fn recur(rule: &Map<String, Value>, w: &mut Writer) {
    let first = RULE.iter().filter_map(|name| rule.get_key_value(*name));
    let others = rule.iter().filter(|(name, _)| !RULE.contains(&name.as_str()));
    w.raw(b"<recur>");
    for (name, value) in first.chain(others) {
        let Some(name) = element(name) else { continue };
        for value in value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice) {
            w.element(&name, &plain(value));
        }
    }
    w.raw(b"</recur>");
}

/// A value without structure as text.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => jcal::written(number).unwrap_or_else(|| number.to_string()),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests;
