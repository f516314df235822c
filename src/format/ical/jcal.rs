//! jCal: a calendar object as JSON, and back (RFC 7265). What is stored is always iCalendar.
//!
//! Invariant: every property of the object is there with its parameters. What is not of the form
//! that its type demands stays as it stands, so that it comes back as it was. Written again and
//! again, an object changes no more after the first time.

mod read;

pub(super) use crate::format::json::read::written;
pub(super) use read::written_tree;
pub use read::{icalendar, stream};

use super::{Calendar, Component};
use crate::format::json::{Known, Shape, clean, known, native, params, parts, single};
use crate::format::line::{Line, Malformed, is_name};
use crate::format::property::{Property, escaped, split_unescaped};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

/// Its media type (RFC 7265 §7).
pub const MEDIA_TYPE: &str = "application/calendar+json";

/// What the tag of an object in this form has more than that of the stored octets. The number goes
/// up whenever the same object would be written otherwise than before.
pub const MARK: &str = "-j1";

/// The object as jCal; perhaps only some of its properties.
///
/// # Errors
/// A text that is not one calendar object.
pub fn jcal(text: &str) -> Result<String, Malformed> {
    Ok(tree(text)?.to_string())
}

/// The same before it is written: it is also what xCal is made of.
///
/// # Errors
/// As [`jcal`].
pub(super) fn tree(text: &str) -> Result<Value, Malformed> {
    let calendar = Calendar::parse(text.as_bytes())?;
    Ok(component(calendar.root()))
}

/// RFC 7265 §3.3.
pub(super) fn component(it: Component<'_>) -> Value {
    let name = Value::from(clean(&it.name().to_ascii_lowercase()).trim());
    let properties: Vec<Value> = it.properties().map(property).collect();
    let inside: Vec<Value> = it.children().map(component).collect();
    Value::from(vec![name, Value::from(properties), Value::from(inside)])
}

/// Value types where none is said (RFC 5545 §3.7, §3.8; RFC 2445 §4.8.5.2; RFC 6321 §4.2; RFC 7808 §7; RFC 7953
/// §3.2; RFC 7986 §5; RFC 9073 §6; RFC 9074 §6, §8; RFC 9253 §8), and shapes.
static KNOWN: [Known; 13] = [
    (
        &[
            "CALSCALE",
            "METHOD",
            "PRODID",
            "VERSION",
            "CLASS",
            "COMMENT",
            "DESCRIPTION",
            "LOCATION",
            "STATUS",
            "SUMMARY",
            "TRANSP",
            "TZID",
            "TZNAME",
            "CONTACT",
            "RELATED-TO",
            "UID",
            "ACTION",
            "TZID-ALIAS-OF",
            "BUSYTYPE",
            "NAME",
            "COLOR",
            "PARTICIPANT-TYPE",
            "RESOURCE-TYPE",
            "PROXIMITY",
            "REFID",
            "XML",
        ],
        "text",
        Shape::One,
    ),
    (&["CATEGORIES", "RESOURCES", "LOCATION-TYPE"], "text", Shape::Many),
    (&["REQUEST-STATUS"], "text", Shape::Parts),
    (&["GEO"], "float", Shape::Parts),
    (&["PERCENT-COMPLETE", "PRIORITY", "REPEAT", "SEQUENCE"], "integer", Shape::One),
    (
        &[
            "COMPLETED",
            "DTEND",
            "DUE",
            "DTSTART",
            "RECURRENCE-ID",
            "CREATED",
            "DTSTAMP",
            "LAST-MODIFIED",
            "TZUNTIL",
            "ACKNOWLEDGED",
        ],
        "date-time",
        Shape::One,
    ),
    (&["EXDATE", "RDATE"], "date-time", Shape::Many),
    (&["DURATION", "TRIGGER", "REFRESH-INTERVAL"], "duration", Shape::One),
    (&["FREEBUSY"], "period", Shape::Many),
    (&["RRULE", "EXRULE"], "recur", Shape::One),
    (&["TZOFFSETFROM", "TZOFFSETTO"], "utc-offset", Shape::One),
    (&["ATTENDEE", "ORGANIZER", "CALENDAR-ADDRESS"], "cal-address", Shape::One),
    (&["ATTACH", "TZURL", "URL", "SOURCE", "IMAGE", "CONFERENCE", "CONCEPT"], "uri", Shape::One),
];

/// Types whose values hold no comma, so that one always stands between two of them.
static LISTED: [&str; 9] = [
    "date",
    "date-time",
    "time",
    "period",
    "duration",
    "utc-offset",
    "integer",
    "float",
    "boolean",
];

/// The same digits as iCalendar writes them and as jCal does; `0` is any digit.
type Forms = &'static [(&'static str, &'static str)];

/// RFC 7265 §3.6.4, §3.6.5.
static DATES: Forms = &[
    ("00000000", "0000-00-00"),
    ("00000000T000000", "0000-00-00T00:00:00"),
    ("00000000T000000Z", "0000-00-00T00:00:00Z"),
];

/// RFC 7265 §3.6.12.
static TIMES: Forms = &[("000000", "00:00:00"), ("000000Z", "00:00:00Z")];

/// RFC 7265 §3.6.14.
static OFFSETS: Forms =
    &[("+0000", "+00:00"), ("-0000", "-00:00"), ("+000000", "+00:00:00"), ("-000000", "-00:00:00")];

/// The forms of a type's values.
fn forms(kind: &str) -> Forms {
    match kind {
        "date" | "date-time" | "period" | "recur" => DATES,
        "time" => TIMES,
        "utc-offset" => OFFSETS,
        _ => &[],
    }
}

fn is_of(text: &str, form: &str) -> bool {
    let same = |(own, wanted): (u8, u8)| match wanted {
        b'0' => own.is_ascii_digit(),
        _ => own.eq_ignore_ascii_case(&wanted),
    };
    text.len() == form.len() && text.bytes().zip(form.bytes()).all(same)
}

/// The digits of a text in another form.
fn reshaped(text: &str, form: &str) -> String {
    let mut digits = text.chars().filter(char::is_ascii_digit);
    let letter = |c| if c == '0' { digits.next().unwrap_or('0') } else { c };
    form.chars().map(letter).collect()
}

/// A value as jCal writes it; as it stands if it is in no form of its type.
fn extended(kind: &str, text: &str) -> String {
    let found = forms(kind).iter().find(|(basic, _)| is_of(text, basic));
    found.map_or_else(|| text.to_owned(), |(_, wanted)| reshaped(text, wanted))
}

/// RFC 7265 §3.4.
fn property(line: &Line<'_>) -> Value {
    let name = line.full_name().to_owned();
    let mut it = Property { group: None, name, ..Property::from(line) };
    // Before anything is made of it: what reads the value back sees it so.
    it.value = clean(&it.value);
    let (own, shape) = known(&KNOWN, &it.name);
    let kind = kind(&it, own);
    if kind == "text" {
        decode(&mut it);
    }
    let name = Value::from(it.name.to_ascii_lowercase());
    let mut out = vec![name, Value::from(params(&it, &[])), Value::from(kind.as_str())];
    out.extend(values(&kind, shape, &it.value));
    Value::from(out)
}

/// RFC 7265 §3.1: texts are not in base64.
fn decode(it: &mut Property) {
    let decoded = || String::from_utf8(STANDARD.decode(it.value.trim()).ok()?).ok();
    let plain = it.says("ENCODING", "BASE64").then(decoded).flatten();
    if let Some(plain) = plain {
        it.value = escaped(&clean(&plain));
        it.take("ENCODING");
    }
}

/// RFC 7265 §3.5.1. Dates and periods that do not say that they are such are known by their form,
/// as in the example of §B.1.
fn kind(it: &Property, own: &str) -> String {
    let said = it.param("VALUE").map(|said| said.trim().to_ascii_lowercase());
    let said = said.filter(|said| is_name(said) && said != "unknown");
    let kind = said.as_deref().unwrap_or(own);
    let all_dates = || it.value.split(',').all(|value| is_of(value.trim(), "00000000"));
    match kind {
        // RFC 5545 §3.2.7: base64 says that it is binary.
        "uri" if said.is_none() && it.says("ENCODING", "BASE64") => "binary",
        "date-time" if all_dates() => "date",
        "date-time" if said.is_none() && it.value.contains('/') => "period",
        kind => kind,
    }
    .to_owned()
}

/// RFC 7265 §3.6.
fn values(kind: &str, shape: Shape, value: &str) -> Vec<Value> {
    let text = |text: &str| Value::from(clean(&crate::format::property::text(text)));
    match (kind, shape) {
        ("text", Shape::Many) => split_unescaped(value, b',').map(text).collect(),
        ("text", Shape::Parts) => vec![status(value)],
        ("text", _) => vec![text(value)],
        ("float", Shape::Parts) if place(value).is_some() => place(value).into_iter().collect(),
        ("recur", _) => vec![recur(value)],
        _ if LISTED.contains(&kind) => value.split(',').map(|part| scalar(kind, part)).collect(),
        _ => vec![raw(value)],
    }
}

/// A value as it stands; line feeds cannot be in it.
fn raw(value: &str) -> Value {
    Value::from(clean(value))
}

/// RFC 7265 §3.4.1.2: without additional data there is no third element.
fn status(value: &str) -> Value {
    let mut all: Vec<Value> = parts(&clean(value), b';').collect();
    while all.len() > 2 && all.last().is_some_and(|last| last == "") {
        all.pop();
    }
    Value::from(all)
}

/// RFC 7265 §3.4.1.1; none if it is not two numbers.
fn place(value: &str) -> Option<Value> {
    let (latitude, longitude) = value.split_once(';')?;
    let both = [latitude, longitude].map(|number| native("float", number));
    both.iter().all(Value::is_number).then(|| Value::from(both.to_vec()))
}

fn scalar(kind: &str, value: &str) -> Value {
    let value = clean(value);
    let value = value.trim();
    match (kind, value.split_once('/')) {
        ("integer" | "float" | "boolean", _) => native(kind, value),
        ("period", Some((start, end))) => {
            Value::from([start, end].map(|part| extended("period", part.trim())).to_vec())
        }
        // A day with a time is read as the day.
        ("date", _) if DATES.iter().skip(1).any(|(basic, _)| is_of(value, basic)) => {
            Value::from(extended(kind, value.get(..8).unwrap_or(value)))
        }
        _ => Value::from(extended(kind, value)),
    }
}

/// RFC 7265 §3.6.10. What is no rule stays as it stands.
fn recur(value: &str) -> Value {
    let mut out = Map::new();
    for part in value.split(';').filter(|part| !part.trim().is_empty()) {
        let Some((name, text)) = part.split_once('=') else { return raw(value) };
        let (name, text) = (name.trim().to_ascii_lowercase(), clean(text));
        let text = text.trim();
        let made = match name.as_str() {
            "until" => Value::from(extended("recur", text)),
            "count" | "interval" => native("integer", text),
            "byday" => single(text.split(',').map(|day| Value::from(day.trim()))),
            by if by.starts_with("by") => {
                single(text.split(',').map(|number| native("integer", number)))
            }
            _ => Value::from(text),
        };
        if !is_name(&name) || out.insert(name, made).is_some() {
            return raw(value);
        }
    }
    if out.is_empty() { raw(value) } else { Value::from(out) }
}

#[cfg(test)]
pub(super) mod tests;
