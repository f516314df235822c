//! DELETE (RFC 4918 §9.6): a collection goes whole or not at all.

use crate::domain::collection::tree;
use crate::kernel::fault::{Fault, Outcome};
use crate::protocol::dav::Ask;
use crate::protocol::dav::answer::{blocked, empty};
use crate::protocol::dav::body::none;
use crate::protocol::dav::guard;
use crate::protocol::http::body::Body;
use crate::protocol::http::header::depth::{self, Depth};
use http::{Response, StatusCode};
use hyper::body::Incoming;
use std::sync::Arc;

/// Removes what is at the path.
pub async fn run(ask: Arc<Ask>, body: Incoming) -> Outcome<Response<Body>> {
    none(body).await?;
    let place = ask.need_place()?;
    // RFC 4918 §9.6.1: on a collection nothing but infinity makes sense. Clients also send 0 or
    // 1 when they delete a member, where it means nothing.
    if place.collection && !matches!(depth::parse(&ask.headers)?, None | Some(Depth::Infinity)) {
        return Err(Fault::malformed("a collection is deleted with Depth: infinity"));
    }
    match tree::remove(&ask.access, place, guard::of(&ask).await?).await {
        Ok(()) => Ok(empty(StatusCode::NO_CONTENT)),
        Err(fault) => blocked(&ask, fault, &[place]),
    }
}
