//! Attachments of events over HTTP: `GET /attachments/SECRET/NAME`, without a sign-in, for whoever
//! has found the address in an event (RFC 8607 §3.10, §3.12.2).
//!
//! Invariants: an attachment can only be read here (§3.8, §3.9); a browser keeps it and never shows
//! it as a page of this server, whatever it says it is; nothing is said over a connection on which
//! others can listen.

use crate::domain::attachment::{self, Attachment};
use crate::domain::collection::guard::Tags;
use crate::domain::collection::{Body as Content, Store};
use crate::kernel::fault::{Fault, Outcome};
use crate::kernel::secret::hex;
use crate::protocol::dav::answer::{empty, plainly, set, words};
use crate::protocol::dav::method::get::send;
use crate::protocol::dav::space::ATTACHMENT_ROOT;
use crate::protocol::http::body::Body;
use crate::protocol::http::header::conditional;
use crate::protocol::http::header::content_disposition;
use crate::protocol::http::peer::Peer;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY,
    CONTENT_TYPE, ETAG, LAST_MODIFIED, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use hyper::body::Incoming;

/// Answers a request for an attachment.
pub async fn serve(store: Store, request: Request<Incoming>, peer: Peer) -> Response<Body> {
    let headers = request.headers();
    if !peer.private {
        let why = "this address is a secret: use https, so that nobody on the way learns it";
        return plainly(headers, StatusCode::FORBIDDEN, why);
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let why = "an attachment can only be read here: its event changes it";
        let mut response = plainly(headers, StatusCode::METHOD_NOT_ALLOWED, why);
        set(&mut response, ALLOW, "GET, HEAD");
        return response;
    }
    let below = request.uri().path().strip_prefix(ATTACHMENT_ROOT).unwrap_or_default();
    let token = below.split('/').next().unwrap_or_default();
    let mut response = match given(&store, token, headers).await {
        Ok(response) => response,
        Err(Fault::NotFound) => plainly(headers, StatusCode::NOT_FOUND, NOTHING),
        Err(fault @ Fault::Refused(_)) => plainly(headers, StatusCode::BAD_REQUEST, &words(&fault)),
        Err(fault) => plainly(headers, StatusCode::SERVICE_UNAVAILABLE, &words(&fault)),
    };
    if *request.method() == Method::HEAD {
        let length = http_body::Body::size_hint(response.body()).exact();
        if let Some(length) = length.filter(|_| response.status() != StatusCode::NOT_MODIFIED) {
            set(&mut response, CONTENT_LENGTH, &length.to_string());
        }
        *response.body_mut() = Body::Empty;
    }
    response
}

const NOTHING: &str = "there is no such attachment: it is gone, or never was one";

async fn given(store: &Store, token: &str, headers: &HeaderMap) -> Outcome<Response<Body>> {
    let (it, hash, content) = attachment::open(store, token).await?;
    let tag = format!("\"{}\"", hex(hash.get(..16).unwrap_or_default()));
    let same = match conditional::if_none_match(headers)? {
        Tags::Any => true,
        Tags::These(tags) => tags.contains(&tag),
        Tags::Unset => false,
    };
    let mut response = match same {
        true => empty(StatusCode::NOT_MODIFIED),
        false => whole(&it, content)?,
    };
    set(&mut response, ETAG, &tag);
    set(&mut response, LAST_MODIFIED, &it.created_at.http_date());
    set(&mut response, CACHE_CONTROL, "private, no-cache");
    Ok(response)
}

fn whole(it: &Attachment, content: Content) -> Outcome<Response<Body>> {
    let mut response = send(StatusCode::OK, content, 0..it.size)?;
    let name = content_disposition::attachment(it.filename.as_deref());
    set(&mut response, CONTENT_TYPE, &it.media_type);
    set(&mut response, CONTENT_DISPOSITION, &name);
    set(&mut response, X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(&mut response, CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox");
    set(&mut response, REFERRER_POLICY, "no-referrer");
    Ok(response)
}
