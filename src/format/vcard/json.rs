//! jCard: a card of version 4.0 as JSON (RFC 7095). It is written only; what is stored is vCard.
//!
//! Invariant: every property of the card is there, `version` first; what has no known type is
//! `unknown` and its value raw (§5.1).

use super::Card;
use super::forms::json_date;
use crate::format::json::{Known, Shape, known, native, params, parts, plain, single};
use crate::format::line::Malformed;
use crate::format::property::{Property, split_unescaped};
use serde_json::Value;

/// Its media type (RFC 7095 §7.2).
pub const MEDIA_TYPE: &str = "application/vcard+json";

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
    let (own, shape) = known(&KNOWN, &it.name);
    let kind = it.param("VALUE").map_or_else(|| own.to_owned(), str::to_ascii_lowercase);
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
mod tests {
    use super::*;
    use serde_json::json;

    /// RFC 7095 §3, by its own examples.
    #[test]
    fn properties_as_the_standard_writes_them() {
        let table = [
            ("FN:John\\, Doe", json!(["fn", {}, "text", "John, Doe"])),
            ("FN;X-P=Q;x-q=\"a,b\":a", json!(["fn", {"x-p": "Q", "x-q": "a,b"}, "text", "a"])),
            ("CONTACT.FN:a", json!(["fn", {"group": "contact"}, "text", "a"])),
            (
                "CATEGORIES:computers,cam\\,eras",
                json!(["categories", {}, "text", "computers", "cam,eras"]),
            ),
            ("GENDER:F;grrrl", json!(["gender", {}, "text", ["F", "grrrl"]])),
            ("GENDER:M", json!(["gender", {}, "text", "M"])),
            (
                "ADR:;;My Street,Left Side;Hometown;PA;18252;U.S.A.",
                json!([
                    "adr",
                    {},
                    "text",
                    ["", "", ["My Street", "Left Side"], "Hometown", "PA", "18252", "U.S.A."]
                ]),
            ),
            (
                "N;SORT-AS=\"Harten,Rene\":van der Harten;Rene;J.;Sir;R.D.O.N.",
                json!(["n", {"sort-as": ["Harten", "Rene"]}, "text", ["van der Harten", "Rene", "J.", "Sir", "R.D.O.N."]]),
            ),
            (
                "ADR;LABEL=\"a^nb,c\":;;;;;;",
                json!(["adr", {"label": "a\nb,c"}, "text", ["", "", "", "", "", "", ""]]),
            ),
            (
                "TEL;VALUE=uri;TYPE=\"voice,home\";PREF=1:tel:+1",
                json!(["tel", {"type": ["voice", "home"], "pref": "1"}, "uri", "tel:+1"]),
            ),
            ("BDAY:19850412", json!(["bday", {}, "date-and-or-time", "1985-04-12"])),
            ("BDAY;VALUE=date:1985-04", json!(["bday", {}, "date", "1985-04"])),
            ("BDAY:--0412", json!(["bday", {}, "date-and-or-time", "--04-12"])),
            ("BDAY:---12", json!(["bday", {}, "date-and-or-time", "---12"])),
            ("BDAY;VALUE=text:circa 1800", json!(["bday", {}, "text", "circa 1800"])),
            (
                "ANNIVERSARY:20130214T1230",
                json!(["anniversary", {}, "date-and-or-time", "2013-02-14T12:30"]),
            ),
            ("ANNIVERSARY:T102200Z", json!(["anniversary", {}, "date-and-or-time", "T10:22:00Z"])),
            ("REV:20130214T123000Z", json!(["rev", {}, "timestamp", "2013-02-14T12:30:00Z"])),
            ("TZ;VALUE=utc-offset:-0500", json!(["tz", {}, "utc-offset", "-05:00"])),
            ("X-N;VALUE=integer:4", json!(["x-n", {}, "integer", 4])),
            ("X-N;VALUE=boolean:TRUE", json!(["x-n", {}, "boolean", true])),
            ("X-N;VALUE=float:-1.5", json!(["x-n", {}, "float", -1.5])),
            ("LANG;PREF=1:fr", json!(["lang", {"pref": "1"}, "language-tag", "fr"])),
            ("X-COLOR:a\\,b", json!(["x-color", {}, "unknown", "a\\,b"])),
            ("UID:urn:x", json!(["uid", {}, "uri", "urn:x"])),
        ];
        for (line, expected) in table {
            let text = format!("BEGIN:VCARD\r\n{line}\r\nVERSION:4.0\r\nEND:VCARD\r\n");
            let made: Value = serde_json::from_str(&jcard(&text).unwrap()).unwrap();
            let version = json!(["version", {}, "text", "4.0"]);
            assert_eq!(made, json!(["vcard", [version, expected]]), "{line}");
        }
        assert!(jcard("BEGIN:VCARD").is_err());
    }
}
