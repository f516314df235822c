//! jCard to a vCard of version 4.0 (RFC 7095 §4), by the reader that jCal has too.

use super::KNOWN;
use crate::format::json::parsed;
use crate::format::json::read::{Grammar, property};
use crate::format::line::Malformed;
use crate::format::property::Property;
use crate::format::vcard::forms::json_basic;
use crate::kernel::limits::CARD_MAX;
use serde_json::Value;

type Read<T> = Result<T, Malformed>;

/// What is particular to jCard.
static GRAMMAR: Grammar = Grammar { table: &KNOWN, basic: json_basic, cards: true, max: CARD_MAX };

fn bad<T>(why: &'static str) -> Read<T> {
    Err(Malformed::new(0, why))
}

/// One card as a vCard.
///
/// # Errors
/// What is no jCard, or goes beyond a limit. That it may be stored is for others to check.
pub fn vcard(octets: &[u8]) -> Read<String> {
    card(&parsed(octets)?)
}

/// One card or an array of several, one after the other (RFC 7095 §3.2).
///
/// # Errors
/// As [`vcard`].
pub fn stream(octets: &[u8]) -> Read<String> {
    let root = parsed(octets)?;
    match &root {
        Value::Array(all) if all.first().is_some_and(Value::is_array) => {
            all.iter().map(card).collect()
        }
        one => card(one),
    }
}

fn card(value: &Value) -> Read<String> {
    let parts = value.as_array().map(Vec::as_slice);
    let Some([Value::String(name), Value::Array(properties)]) = parts else {
        return bad("a card is an array of \"vcard\" and its properties");
    };
    if !name.eq_ignore_ascii_case("vcard") {
        return bad("not jCard: it does not begin with \"vcard\"");
    }
    let mut out = "BEGIN:VCARD\r\nVERSION:4.0\r\n".to_owned();
    let mut versions = 0;
    for it in properties {
        let it = property(it, &GRAMMAR)?;
        // RFC 7095 §3.3.1.1.
        match it.is("VERSION") {
            true if it.value == "4.0" => versions += 1,
            true => return bad("a version other than 4.0, which is what jCard is of"),
            false => it.write(&mut out),
        }
        if out.len() > CARD_MAX {
            return bad("as a vCard it is larger than allowed");
        }
    }
    if versions != 1 {
        return bad("a card has one version");
    }
    Property::new("END", "VCARD").write(&mut out);
    Ok(out)
}
