//! OPTIONS (RFC 9110 §9.3.7, RFC 4918 §10.1): the classes everywhere, the methods of this resource.

use crate::kernel::fault::Outcome;
use crate::protocol::dav::Ask;
use crate::protocol::dav::service::{options, presumed_class};
use crate::protocol::http::body::Body;
use http::Response;
use hyper::body::Incoming;
use std::sync::Arc;

/// Answers without looking the resource up: the path says enough, and nothing is told of what is
/// there.
pub async fn run(ask: Arc<Ask>, _body: Incoming) -> Outcome<Response<Body>> {
    Ok(options(ask.registry(), presumed_class(&ask)))
}
