//! What a report's `CARDDAV:address-data` asks for (RFC 6352 §10.4): media type, version, parts.

use crate::format::ical::project::Prop;
use crate::format::vcard::Version;
use crate::format::vcard::convert::convert;
use crate::format::vcard::filter::project;
use crate::format::vcard::json::{MEDIA_TYPE, jcard};
use crate::format::xml::{Element, Ns};
use crate::kernel::fault::{Fault, Outcome};
use std::borrow::Cow;

/// How cards are wanted.
#[derive(Clone, Debug)]
pub struct AddressData {
    /// The version; none: that in which each is kept. The DTD's default of 3.0 is not read into
    /// an element that names none: clients which name none read both, and what they store again
    /// would have lost what 3.0 cannot say.
    version: Option<Version>,
    /// As jCard (RFC 7095), which is of version 4.0.
    json: bool,
    /// The properties; none: all.
    parts: Option<Vec<Prop>>,
}

impl AddressData {
    /// Reads it; the REPORT method has refused types and versions that are not served.
    ///
    /// # Errors
    /// `Malformed` for what RFC 6352 §10.4 does not allow.
    pub fn read(asked: &Element) -> Outcome<Self> {
        let media = asked.attribute("content-type").and_then(|media| media.split(';').next());
        let json = media.is_some_and(|media| media.trim().eq_ignore_ascii_case(MEDIA_TYPE));
        let version = match json {
            true => Some(Version::V4),
            false => asked.attribute("version").and_then(Version::named),
        };
        Ok(Self { version, json, parts: parts(asked)? })
    }

    /// A card as it is wanted. One that cannot be read any more was valid once: it is given whole.
    pub fn of<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let whole = match self.version.map(|version| convert(text, version)) {
            Some(Ok(converted)) => converted,
            _ => Cow::Borrowed(text),
        };
        let asked = match &self.parts {
            Some(parts) => Cow::Owned(project(&whole, parts)),
            None => whole,
        };
        match self.json.then(|| jcard(&asked)) {
            Some(Ok(json)) => Cow::Owned(json),
            _ => asked,
        }
    }
}

/// The properties that it names; none: all.
fn parts(asked: &Element) -> Outcome<Option<Vec<Prop>>> {
    let mut parts = Vec::new();
    for child in asked.elements().filter(|e| *e.name.ns() == Ns::CardDav) {
        match (child.name.local(), child.attribute("name").map(str::trim)) {
            ("allprop", _) => return Ok(None),
            ("prop", Some(name)) if !name.is_empty() => {
                let bare = child.attribute("novalue") == Some("yes");
                parts.push(Prop { name: name.to_owned(), bare });
            }
            ("prop", _) => return Err(Fault::malformed("address-data: prop without a name")),
            (other, _) => {
                return Err(Fault::malformed(format!("address-data holds no {other}")));
            }
        }
    }
    // Evolution and KDE write `DAV:allprop` and nothing else.
    Ok(Some(parts).filter(|parts| !parts.is_empty()))
}
