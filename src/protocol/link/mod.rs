//! Links to calendars over HTTP: `GET /links/TOKEN.ics`, without a sign-in, for programs that
//! subscribe to a calendar by its address (RFC 5545 as text, RFC 9110 conditions).
//!
//! Invariant: an address that never was one, one that has ended and one that was taken back are
//! answered alike; nothing is said over a connection on which others can listen.

use crate::domain::collection::{Kind, Store};
use crate::domain::link::{self, Detail};
use crate::kernel::clock;
use crate::kernel::fault::{Fault, Outcome};
use crate::kernel::secret::{hex, sha256};
use crate::protocol::dav::answer::{plainly, set, words};
use crate::protocol::dav::method::whole::{self, How, poured_whole, validated};
use crate::protocol::dav::space::LINK_ROOT;
use crate::protocol::http::body::Body;
use crate::protocol::http::peer::Peer;
use http::header::ALLOW;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use std::sync::Arc;

/// Answers a request for a link.
pub async fn serve(store: Store, request: Request<Incoming>, peer: Peer) -> Response<Body> {
    let headers = request.headers();
    if !peer.private {
        let why = "this address is a secret: use https, so that nobody on the way learns it";
        return plainly(headers, StatusCode::FORBIDDEN, why);
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let why = "a link can only be read";
        let mut response = plainly(headers, StatusCode::METHOD_NOT_ALLOWED, why);
        set(&mut response, ALLOW, "GET, HEAD");
        return response;
    }
    let name = request.uri().path().strip_prefix(LINK_ROOT).unwrap_or_default();
    let token = name.strip_suffix(".ics").unwrap_or(name);
    match shown(&store, token, headers).await {
        Ok(response) => response,
        Err(Fault::NotFound) => plainly(headers, StatusCode::NOT_FOUND, NOTHING),
        Err(fault @ Fault::Refused(_)) => plainly(headers, StatusCode::BAD_REQUEST, &words(&fault)),
        Err(fault) => plainly(headers, StatusCode::SERVICE_UNAVAILABLE, &words(&fault)),
    }
}

const NOTHING: &str = "there is no such link: it was taken back, has ended, or never was one";

async fn shown(store: &Store, token: &str, headers: &HeaderMap) -> Outcome<Response<Body>> {
    let found = link::open(store, token, clock::now()).await?;
    let opened = Arc::new(found.ok_or(Fault::NotFound)?);
    let (it, full) = (&opened.calendar, opened.detail() == Detail::Full);
    // Change numbers count all that the owner does, so strangers do not see them.
    let how = whole::wanted(headers, Kind::Calendar).unwrap_or(How::Text);
    let state = (whole::tag(store.epoch(), it, how), opened.salt, opened.link.detail, FORM);
    let tag = sha256(format!("{state:?}").as_bytes());
    let tag = format!("W/\"{}\"", hex(tag.get(..16).unwrap_or_default()));
    validated(headers, (tag, full.then_some(it.modified_at)), || {
        let (store, of) = (store.clone(), opened.clone());
        let pages = move |after| {
            let (store, of) = (store.clone(), of.clone());
            async move { link::page(&store, &of, after).await }
        };
        poured_whole(it, how, (&opened.properties, None), full.then_some(it.name.as_str()), pages)
    })
}

/// Changes when a program of a later version shows the same calendar otherwise.
const FORM: u32 = 1;
