//! Which form of a card a GET gives (RFC 6352 §5.1.1, RFC 9110 §12.5.1).
//!
//! Invariant: a client that does not tell versions apart gets the stored octets.

use crate::domain::collection::Body;
use crate::domain::contacts::MEDIA_TYPES;
use crate::format::vcard::convert::convert;
use crate::format::vcard::{Card, Version};
use crate::kernel::fault::{Outcome, Refusal};
use crate::protocol::http::header::accept::Accept;
use http::HeaderMap;
use std::borrow::Cow;

/// A card in a form that is not the stored one: its media type and its text.
pub type Other = (&'static str, String);

/// The form that the client likes best; none for the stored octets, which win among equals.
///
/// # Errors
/// `UnsupportedConversion` when none of the forms is accepted.
pub fn choose(headers: &HeaderMap, content: &Body) -> Outcome<Option<Other>> {
    let Some(accept) = Accept::parse(headers) else { return Ok(None) };
    let quality = |version: Version| {
        let of = |media: &&str| accept.quality(media, version.number());
        MEDIA_TYPES.iter().map(of).max().unwrap_or(0)
    };
    let [old, new] = Version::ALL.map(quality);
    if old == 0 && new == 0 {
        return Err(Refusal::UnsupportedConversion("what is accepted".to_owned()).into());
    }
    if old == new {
        return Ok(None);
    }
    let better = if old > new { Version::V3 } else { Version::V4 };
    let octets = content.octets()?;
    let text = String::from_utf8_lossy(&octets);
    let own = Card::parse(text.as_bytes()).ok();
    let own = own.as_ref().and_then(|card| Version::named(card.property("VERSION")?.value()));
    if own == Some(better) {
        return Ok(None);
    }
    match convert(&text, better) {
        Ok(Cow::Owned(text)) => Ok(Some((media_type(better), text))),
        Ok(Cow::Borrowed(_)) => Ok(None),
        Err(_) => {
            let what = format!("vCard version {}", better.number());
            Err(Refusal::UnsupportedConversion(what).into())
        }
    }
}

fn media_type(version: Version) -> &'static str {
    match version {
        Version::V3 => "text/vcard; charset=utf-8; version=3.0",
        Version::V4 => "text/vcard; charset=utf-8; version=4.0",
    }
}
