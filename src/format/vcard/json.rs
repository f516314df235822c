//! jCard: a card of version 4.0 as JSON, and back (RFC 7095). What is stored is always vCard.
//!
//! Invariant: every property of the card is there, `version` first; what has no known type is
//! `unknown` and its value raw (§5.1).

mod read;

pub use read::{stream, vcard};

use super::Card;
use super::forms::json_date;
use crate::format::json::{Known, Shape, clean, known, native, params, parts, plain, single};
use crate::format::line::{Malformed, is_name};
use crate::format::property::{Property, split_unescaped};
use serde_json::Value;

/// Its media type (RFC 7095 §7.2).
pub const MEDIA_TYPE: &str = "application/vcard+json";

/// What the tag of something in this form has more than that of what is stored.
pub const MARK: &str = "-j1";

/// The card as jCard; the text is of version 4.0, and perhaps only some of its properties.
///
/// # Errors
/// A text that is not one card.
pub fn jcard(text: &str) -> Result<String, Malformed> {
    let card = Card::parse(text.as_bytes())?;
    let mut all = vec![property(&Property::new("VERSION", "4.0"))];
    let others = card.properties().map(Property::from).filter(|it| !it.is("VERSION"));
    all.extend(others.map(|it| property(&it)));
    Ok(Value::from(vec![Value::from("vcard"), Value::from(all)]).to_string())
}

/// Names, value types where none is said (RFC 6350 §6), and shapes.
static KNOWN: [Known; 8] = [
    (&["N", "ADR"], "text", Shape::Lists),
    (&["ORG", "GENDER", "CLIENTPIDMAP"], "text", Shape::Parts),
    (&["NICKNAME", "CATEGORIES"], "text", Shape::Many),
    (
        &[
            "VERSION",
            "FN",
            "EMAIL",
            "TEL",
            "TZ",
            "TITLE",
            "ROLE",
            "NOTE",
            "PRODID",
            "KIND",
            "XML",
            "EXPERTISE",
            "HOBBY",
            "INTEREST",
            "BIRTHPLACE",
            "DEATHPLACE",
            "GRAMGENDER",
            "PRONOUNS",
        ],
        "text",
        Shape::One,
    ),
    (
        &[
            "SOURCE",
            "PHOTO",
            "IMPP",
            "GEO",
            "LOGO",
            "MEMBER",
            "RELATED",
            "SOUND",
            "UID",
            "URL",
            "KEY",
            "FBURL",
            "CALADRURI",
            "CALURI",
            "ORG-DIRECTORY",
            "CONTACT-URI",
            "SOCIALPROFILE",
        ],
        "uri",
        Shape::One,
    ),
    (&["BDAY", "ANNIVERSARY", "DEATHDATE"], "date-and-or-time", Shape::One),
    (&["REV", "CREATED"], "timestamp", Shape::One),
    (&["LANG", "LANGUAGE"], "language-tag", Shape::One),
];

/// Parameters whose values are lists even in one pair of quotes (RFC 6350 §5).
static LISTS: [&str; 3] = ["TYPE", "SORT-AS", "PID"];

/// RFC 7095 §3.3.
fn property(it: &Property) -> Value {
    // Before anything is made of it: what reads the value back sees it so.
    let it = &Property { value: clean(&it.value), ..it.clone() };
    let (own, shape) = known(&KNOWN, &it.name);
    let said = it.param("VALUE").map(|said| said.trim().to_ascii_lowercase());
    let said = said.filter(|said| is_name(said) && said != "unknown");
    let kind = said.unwrap_or_else(|| own.to_owned());
    let name = it.name.to_ascii_lowercase();
    let mut out = vec![Value::from(name), grouped(it), Value::from(kind.as_str())];
    match shape {
        _ if kind != own => out.push(scalar(&kind, &it.value)),
        Shape::One => out.push(scalar(&kind, &it.value)),
        Shape::Many => {
            out.extend(split_unescaped(&it.value, b',').map(|part| scalar(&kind, part)));
        }
        Shape::Parts => out.push(single(parts(&it.value, b';'))),
        Shape::Lists => {
            let part = |part| single(parts(part, b','));
            out.push(Value::from_iter(split_unescaped(&it.value, b';').map(part)));
        }
    }
    Value::from(out)
}

/// RFC 7095 §3.4: the group is a parameter.
fn grouped(it: &Property) -> Value {
    let mut out = params(it, &LISTS);
    if let Some(group) = &it.group {
        out.insert("group".to_owned(), Value::from(group.to_ascii_lowercase()));
    }
    Value::from(out)
}

/// RFC 7095 §3.5: one value of a type.
fn scalar(kind: &str, value: &str) -> Value {
    match kind {
        "text" => plain(value),
        "integer" | "float" | "boolean" => native(kind, value),
        "date" | "time" | "date-time" | "date-and-or-time" | "timestamp" | "utc-offset" => {
            Value::from(json_date(kind, value.trim()))
        }
        _ => Value::from(value),
    }
}

#[cfg(test)]
mod tests;
