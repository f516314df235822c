//! Request bodies of DAV methods.

use super::context::Ask;
use crate::format::xml::{self, Element};
use crate::kernel::fault::{Fault, Outcome, Refusal};
use crate::kernel::limits::XML_BODY_MAX;
use crate::protocol::http::intake::{self, Intake};
use bytes::Bytes;
use hyper::body::Incoming;

/// The whole body, of at most `max` octets.
pub async fn collect(body: Incoming, max: usize) -> Outcome<Bytes> {
    intake::collect(body, max).await.map_err(|why| refusal(why, max as u64))
}

/// A body that could not be read, as a fault.
pub fn refusal(why: Intake, limit: u64) -> Fault {
    match why {
        Intake::TooLarge => Refusal::TooLarge { limit }.into(),
        Intake::Stalled => Refusal::Stalled.into(),
        Intake::Broken => Fault::malformed("the body broke off"),
    }
}

/// The body as XML; none when it is empty.
///
/// # Errors
/// `Malformed` with the place and the reason.
pub async fn xml(_ask: &Ask, body: Incoming) -> Outcome<Option<Element>> {
    let bytes = collect(body, XML_BODY_MAX).await?;
    if bytes.iter().all(u8::is_ascii_whitespace) && bytes.is_empty() {
        return Ok(None);
    }
    match xml::parse(&bytes) {
        Ok(root) => Ok(Some(root)),
        Err(_) if has_external_entity(&bytes) => Err(Refusal::ExternalEntity.into()),
        Err(e) => Err(Fault::malformed(format!("the body is not usable XML: {e}"))),
    }
}

/// Whether a refused document declares something outside of itself.
fn has_external_entity(bytes: &[u8]) -> bool {
    let has = |what: &[u8]| memchr::memmem::find(bytes, what).is_some();
    has(b"<!DOCTYPE") && (has(b" SYSTEM ") || has(b" PUBLIC "))
}

/// Demands that there is no body: one that nobody expects is refused, not ignored
/// (RFC 4918 §8.4).
///
/// # Errors
/// `UnexpectedBody`.
pub async fn none(body: Incoming) -> Outcome<()> {
    match intake::collect(body, 0).await {
        Ok(_) => Ok(()),
        Err(Intake::TooLarge) => Err(Refusal::UnexpectedBody.into()),
        Err(why) => Err(refusal(why, 0)),
    }
}
