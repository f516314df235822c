//! PUT (RFC 9110 §9.3.4, RFC 4918 §9.7, RFC 4791 §5.3.2, RFC 6352 §6.3.2).
//!
//! The ETag is given because the stored octets are exactly those sent (DESIGN promise 1).

use crate::domain::collection::item::{self, Stored};
use crate::domain::collection::{Content, Home, Index, Place};
use crate::domain::{calendar, contacts};
use crate::kernel::fault::{Fault, Outcome, Refusal};
use crate::kernel::limits::BLOB_INLINE_MAX;
use crate::protocol::dav::Ask;
use crate::protocol::dav::answer::{empty, set};
use crate::protocol::dav::body::{collect, refusal};
use crate::protocol::dav::guard;
use crate::protocol::http::body::Body;
use crate::protocol::http::header::content_type;
use crate::protocol::http::intake::{Pace, next_chunk};
use http::header::{CONTENT_RANGE, ETAG, EXPECT, LOCATION};
use http::{Response, StatusCode};
use hyper::body::Incoming;
use std::sync::Arc;

/// Stores the body at the path.
pub async fn run(ask: Arc<Ask>, body: Incoming) -> Outcome<Response<Body>> {
    let place = ask.need_place()?;
    if ask.headers.contains_key(CONTENT_RANGE) {
        // RFC 9110 §14.4: a partial PUT that is not understood must not be stored as a whole one.
        return Err(Fault::malformed("PUT of a part (Content-Range) is not served"));
    }
    if place.collection {
        return Err(Refusal::Exists.into());
    }
    let guard = guard::of(&ask).await?;
    // Conditions and rights are asked before a large body is taken, so that a client that waits
    // for 100 Continue need not send what would be refused.
    let announced = http_body::Body::size_hint(&body).exact();
    if announced.is_none_or(|n| n > BLOB_INLINE_MAX as u64) || ask.headers.contains_key(EXPECT) {
        item::precheck(&ask.access, place, &guard).await?;
    }
    let (content, index) = receive(&ask, place, body).await?;
    let stored = item::put(&ask.access, place, content, index, guard).await?;
    Ok(answer(&stored, None))
}

/// The answer to a stored object; `location` when the server chose the name.
pub fn answer(stored: &Stored, location: Option<&str>) -> Response<Body> {
    let status = if stored.created { StatusCode::CREATED } else { StatusCode::NO_CONTENT };
    let mut response = empty(status);
    set(&mut response, ETAG, &stored.etag.to_string());
    if let Some(path) = location {
        let mut encoded = Vec::new();
        crate::format::uri::encode_path(path, &mut encoded);
        set(&mut response, LOCATION, &String::from_utf8_lossy(&encoded));
    }
    response
}

/// Takes the body in, validates it for the tree that the place is in, and indexes it.
pub async fn receive(ask: &Ask, place: &Place, body: Incoming) -> Outcome<(Content, Index)> {
    let declared = content_type::parse(&ask.headers)?;
    let limit = place.home.child().member_max().unwrap_or(0);
    if place.home == Home::Files {
        let whole = ask.header("content-type").map(str::to_owned);
        let index = Index { media_type: declared.and(whole), ..Index::default() };
        return Ok((receive_file(ask, body, limit).await?, index));
    }
    let essence = declared.as_ref().map(|t| t.essence.as_str());
    let bytes = collect(body, limit as usize).await?;
    let index = match place.home {
        Home::Calendars => calendar::examine(essence, &bytes)?,
        _ => contacts::examine(essence, &bytes)?,
    };
    Ok((item::content(&ask.access.store, bytes.to_vec())?, index))
}

/// A file: small ones stay in memory, large ones go to the disk as they come.
async fn receive_file(ask: &Ask, mut body: Incoming, limit: u64) -> Outcome<Content> {
    let mut pace = Pace::default();
    let mut small = Vec::new();
    let mut large = None;
    let announced = http_body::Body::size_hint(&body).lower();
    if announced > limit {
        return Err(Refusal::TooLarge { limit }.into());
    }
    while let Some(piece) = next_chunk(&mut body, &mut pace).await.map_err(|e| refusal(e, limit))? {
        if pace.octets() > limit {
            return Err(Refusal::TooLarge { limit }.into());
        }
        if large.is_none() && small.len() + piece.len() > BLOB_INLINE_MAX {
            let mut incoming = ask.access.store.files().receive()?;
            incoming.write(&small)?;
            large = Some(incoming);
            small = Vec::new();
        }
        match &mut large {
            Some(incoming) => incoming.write(&piece)?,
            None => small.extend_from_slice(&piece),
        }
    }
    match large {
        None => Ok(Content::inline(small)),
        Some(incoming) => {
            let files = ask.access.store.files().clone();
            let finished = tokio::task::spawn_blocking(move || files.finish(incoming)).await;
            finished.map_err(Fault::internal)?
        }
    }
}
