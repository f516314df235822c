//! Which form of a card or calendar object a GET gives (RFC 6352 §5.1.1, RFC 9110 §12.5.1).
//!
//! Invariant: a client that does not tell versions apart gets the stored octets.

use crate::domain::collection::Body;
use crate::domain::contacts::MEDIA_TYPES;
use crate::format::ical::form::Form as EventForm;
use crate::format::line::Malformed;
use crate::format::vcard::convert::convert;
use crate::format::vcard::{Version, json};
use crate::kernel::fault::{Outcome, Refusal};
use crate::protocol::dav::subject::text_of;
use crate::protocol::http::header::accept::Accept;
use http::HeaderMap;
use std::borrow::Cow;

/// The form of a calendar object that the client likes better than iCalendar; among equals the
/// first. One that accepts none of them gets what is stored: many clients name what they expect of
/// other requests.
pub fn event_form(headers: &HeaderMap) -> Option<EventForm> {
    let accept = Accept::parse(headers)?;
    let mut best = (accept.quality("text/calendar", "2.0"), None);
    for form in EventForm::ALL {
        let quality = accept.quality(form.media_type(), "2.0");
        if quality > best.0 {
            best = (quality, Some(form));
        }
    }
    best.1
}

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
    let json = accept.quality(json::MEDIA_TYPE, Version::V4.number());
    let best = match () {
        () if json > old.max(new) => Form::Json,
        () if old == 0 && new == 0 => {
            return Err(Refusal::UnsupportedConversion("what is accepted".to_owned()).into());
        }
        () if old == new => return Ok(None),
        () if old > new => Form::Text(Version::V3),
        () => Form::Text(Version::V4),
    };
    let text = text_of(content);
    text.and_then(|text| given(&text, best).ok()).ok_or_else(|| {
        Refusal::UnsupportedConversion(format!("{} from what is stored", best.media_type())).into()
    })
}

/// A card as one of many: in the version that the client likes best, or as it is.
pub fn version(headers: &HeaderMap, content: &Body) -> Option<Other> {
    choose(headers, content).ok().flatten().filter(|(media, _)| media.starts_with("text/vcard"))
}

/// A card as jCard; none for one that cannot be read any more.
pub fn as_jcard(content: &Body) -> Option<Other> {
    given(&text_of(content)?, Form::Json).ok().flatten()
}

/// A form of a card.
#[derive(Clone, Copy)]
enum Form {
    /// A vCard of this version.
    Text(Version),
    /// jCard (RFC 7095).
    Json,
}

impl Form {
    fn media_type(self) -> &'static str {
        match self {
            Self::Text(Version::V3) => "text/vcard; charset=utf-8; version=3.0",
            Self::Text(Version::V4) => "text/vcard; charset=utf-8; version=4.0",
            Self::Json => json::MEDIA_TYPE,
        }
    }
}

/// A card in a form; none if that is the one it has.
fn given(text: &str, form: Form) -> Result<Option<Other>, Malformed> {
    let made = match form {
        Form::Json => Cow::Owned(json::jcard(&convert(text, Version::V4)?)?),
        Form::Text(version) => convert(text, version)?,
    };
    Ok(match made {
        Cow::Owned(made) => Some((form.media_type(), made)),
        Cow::Borrowed(_) => None,
    })
}
