//! MKCALENDAR (RFC 4791 §5.3.1), with every body that clients send: also `DAV:mkcol` and a
//! `resourcetype` among the properties (CLIENTS-SOURCE §5).

use crate::domain::collection::Kind;
use crate::format::xml::{Name, Ns};
use crate::kernel::fault::{Fault, Outcome, Refusal};
use crate::protocol::dav::Ask;
use crate::protocol::dav::method::mkcol::{make, root};
use crate::protocol::http::body::Body;
use http::Response;
use hyper::body::Incoming;
use std::sync::Arc;

const RESPONSE: Name = Name::known(Ns::CalDav, "mkcalendar-response");

/// Makes a calendar.
pub async fn run(ask: Arc<Ask>, body: Incoming) -> Outcome<Response<Body>> {
    let roots = [("urn:ietf:params:xml:ns:caldav", "mkcalendar"), ("DAV:", "mkcol")];
    let root = root(&ask, body, &roots).await?;
    match make(&ask, root.as_ref(), Kind::Calendar, &RESPONSE).await {
        // RFC 4791 §5.3.1.1: resource-must-be-null is a precondition, so 403 and not MKCOL's 405.
        Err(Fault::Refused(Refusal::Exists)) => {
            let fault = Fault::Refused(Refusal::Exists);
            let mut verdict = crate::protocol::dav::fault::verdict(&fault, ask.about());
            verdict.status = http::StatusCode::FORBIDDEN;
            let wanted = crate::protocol::http::header::accept::error_body(&ask.headers);
            Ok(crate::protocol::dav::answer::of_verdict(&verdict, &fault.to_string(), wanted))
        }
        other => other,
    }
}
