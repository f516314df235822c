//! The time zone data distribution service (RFC 7808): the database that the server counts with,
//! for clients that keep no zones of their own.
//!
//! Invariant: it is public data, so nobody signs in (§9 advises clients not to), no answer depends
//! on who asks but that it is refused to whoever asks for too much, and no answer is longer or takes more work than a bound that is the same for all.
//!
//! | file | what it is |
//! |---|---|
//! | [`query`] | paths and parameters, from text to values |
//! | [`problem`] | errors |
//! | [`brake`] | how much one client is given |
//! | [`capabilities`] | what the service can do |
//! | [`zones`] | the actions list, find, get and expand |
//! | [`leap`] | leap seconds |

pub mod query;
pub mod problem;
pub mod brake;
pub mod capabilities;
pub mod zones;
pub mod leap;

use crate::domain::collection::guard::Tags;
use crate::kernel::clock;
use crate::protocol::http::TIME_ZONE_SERVICE;
use crate::protocol::http::body::Body;
use crate::protocol::http::header::conditional::if_none_match;
use crate::protocol::http::query::Query;
use brake::Brake;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_TYPE, ETAG, LOCATION, RETRY_AFTER, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use problem::{Problem, Why};
use query::Path;
use std::net::IpAddr;

/// The path that leads here (RFC 7808 §4.2.1.3).
const WELL_KNOWN: &str = "/.well-known/timezone";
/// Seconds that an answer may be kept: the data changes with the program only, and clients look
/// once a day (§4.1.4).
const KEEP: &str = "public, max-age=21600";
/// Seconds that the redirection may be kept.
const KEEP_REDIRECTION: &str = "public, max-age=86400";

/// Whether a path is this service's.
pub fn serves(path: &str) -> bool {
    let below = path.strip_prefix(TIME_ZONE_SERVICE);
    below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        || path.trim_end_matches('/') == WELL_KNOWN
}

/// What an action gives.
pub struct Given {
    /// The media type.
    pub media_type: &'static str,
    /// The strong validator, without its quotes.
    pub tag: String,
    /// The content.
    pub body: Vec<u8>,
}

/// JSON as an action gives it.
pub const JSON: &str = "application/json; charset=utf-8";

/// Answers a request of a client.
pub fn answer(request: &Parts, client: IpAddr, brake: &Brake) -> Response<Body> {
    let path = request.uri.path();
    let mut response = if ![Method::GET, Method::HEAD].contains(&request.method) {
        let why = Problem(Why::InvalidAction, StatusCode::METHOD_NOT_ALLOWED, "only GET is served");
        let mut response = why.answer();
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        response
    } else if path.trim_end_matches('/') == WELL_KNOWN {
        redirection()
    } else {
        let path = Path::read(path.strip_prefix(TIME_ZONE_SERVICE).unwrap_or(""));
        match path {
            Path::Zones | Path::Zone(_) | Path::Observances(_) => {
                braked(&path, request, client, brake)
            }
            _ => acted(&path, request),
        }
    };
    response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// What takes work, unless the client had too much of it (RFC 7808 §8, RFC 6585 §4).
fn braked(path: &Path, request: &Parts, client: IpAddr, brake: &Brake) -> Response<Body> {
    let at = clock::now();
    if let Some(seconds) = brake.held_up(client, at) {
        let status = StatusCode::TOO_MANY_REQUESTS;
        let mut response = Problem(Why::InvalidAction, status, "too many requests").answer();
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        return response;
    }
    let response = acted(path, request);
    if response.status() == StatusCode::OK {
        brake.count(client, at);
    }
    response
}

fn acted(path: &Path, request: &Parts) -> Response<Body> {
    match act(path, request.uri.query().unwrap_or(""), &request.headers) {
        Ok(given) => of(given, &request.headers),
        Err(problem) => problem.answer(),
    }
}

/// The actions (RFC 7808 §5).
fn act(path: &Path, query: &str, headers: &HeaderMap) -> Result<Given, Problem> {
    let query = Query(query);
    match path {
        Path::Capabilities => Ok(capabilities::give()),
        Path::Zones if query.has("pattern") => zones::find(&query),
        Path::Zones => zones::list(&query),
        Path::Zone(tzid) => zones::get(tzid, &query, headers),
        Path::Observances(tzid) => zones::expand(tzid, &query),
        Path::LeapSeconds => Ok(leap::give()),
        Path::Nothing => {
            Err(Problem(Why::InvalidAction, StatusCode::NOT_FOUND, "there is no such action"))
        }
    }
}

/// What is given, unless the client has it already.
fn of(given: Given, headers: &HeaderMap) -> Response<Body> {
    let tag = format!("\"{}\"", given.tag);
    let known = match if_none_match(headers) {
        Ok(Tags::Any) => true,
        Ok(Tags::These(tags)) => tags.iter().any(|it| it.trim_start_matches("W/") == tag),
        _ => false,
    };
    let body = if known { Body::Empty } else { Body::from(given.body) };
    let mut response = Response::new(body);
    let fields = response.headers_mut();
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        fields.insert(ETAG, tag);
    }
    fields.insert(CACHE_CONTROL, HeaderValue::from_static(KEEP));
    fields.insert(VARY, HeaderValue::from_static("Accept"));
    match known {
        true => *response.status_mut() = StatusCode::NOT_MODIFIED,
        false => {
            fields.insert(CONTENT_TYPE, HeaderValue::from_static(given.media_type));
        }
    }
    response
}

/// RFC 7808 §4.2.1.3: the service is not at the well-known path itself.
fn redirection() -> Response<Body> {
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = StatusCode::MOVED_PERMANENTLY;
    let fields = response.headers_mut();
    fields.insert(LOCATION, HeaderValue::from_static(TIME_ZONE_SERVICE));
    fields.insert(CACHE_CONTROL, HeaderValue::from_static(KEEP_REDIRECTION));
    response
}
