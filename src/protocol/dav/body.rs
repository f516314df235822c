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
        Intake::Stalled => Fault::malformed("the body stopped coming"),
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
    let parsed = xml::parse(&bytes);
    parsed.map(Some).map_err(|e| Fault::malformed(format!("the body is not usable XML: {e}")))
}

/// Demands that there is no body: one that nobody expects is refused, not ignored
/// (RFC 4918 §8.4); gives whether it was empty.
pub async fn none(body: Incoming) -> Outcome<bool> {
    match intake::collect(body, 0).await {
        Ok(_) => Ok(true),
        Err(Intake::TooLarge) => Ok(false),
        Err(why) => Err(refusal(why, 0)),
    }
}
