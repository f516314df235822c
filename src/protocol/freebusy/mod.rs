//! The free/busy read URL (CalConnect CC/S 0903): `GET /freebusy/NAME`, when NAME is busy, for who has
//! signed in, for who has the token of a link to one of NAME's calendars, and if the operator so says
//! for everybody.
//!
//! Invariant: who may not know, and somebody who does not exist, are answered alike.

mod query;

use crate::domain::availability::{self, Answer, Open, Question};
use crate::domain::collection::Access;
use crate::domain::{directory, link};
use crate::format::ical::busy::BusyTimes;
use crate::format::uri;
use crate::kernel::clock;
use crate::kernel::fault::{Fault, Outcome};
use crate::kernel::secret::{hex, sha256};
use crate::protocol::dav::answer::{full, plainly, set, words};
use crate::protocol::dav::method::whole::validated;
use crate::protocol::dav::service::{self, Service, challenge, in_the_clear};
use crate::protocol::http::body::Body;
use crate::protocol::http::peer::Peer;
use http::header::ALLOW;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use query::{Asked, Why};
use std::sync::Arc;

/// Where it is.
const ROOT: &str = "/freebusy";

/// Whether a path is one of it.
pub fn serves(path: &str) -> bool {
    path.strip_prefix(ROOT).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Answers a request. `public`: everybody may know what everybody who signs in may.
pub async fn serve(
    service: Arc<Service>,
    request: Request<Incoming>,
    peer: Peer,
    public: bool,
) -> Response<Body> {
    let headers = request.headers();
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let why = "free/busy can only be read";
        let mut response = plainly(headers, StatusCode::METHOD_NOT_ALLOWED, why);
        set(&mut response, ALLOW, "GET, HEAD");
        return response;
    }
    if !peer.private {
        return in_the_clear(headers);
    }
    let rest = request.uri().path().strip_prefix(ROOT).unwrap_or_default();
    let asked = Asked::read(&name(rest), request.uri().query().unwrap_or_default(), clock::now());
    let asked = match asked {
        Ok(asked) => asked,
        Err(Why { status, words }) => return plainly(headers, status, &words),
    };
    let answered = told(&service, headers, peer, (&asked, public)).await;
    match answered {
        Ok(Ok(times)) => shown(headers, times).unwrap_or_else(|fault| failed(headers, &fault)),
        Ok(Err(response)) => response,
        Err(fault) => failed(headers, &fault),
    }
}

/// The name in a path, without the ending that some programs want.
fn name(rest: &str) -> String {
    let name = uri::decode_path(rest).unwrap_or_default();
    let name = name.trim_matches('/');
    let bare = [".ifb", ".vfb", ".ics"].iter().find_map(|ending| name.strip_suffix(ending));
    bare.unwrap_or(name).to_owned()
}

const NOTHING: &str = "there is nothing to be told of this user";

fn failed(headers: &HeaderMap, fault: &Fault) -> Response<Body> {
    let status = match fault {
        Fault::NotFound => return plainly(headers, StatusCode::NOT_FOUND, NOTHING),
        Fault::Refused(_) => StatusCode::BAD_REQUEST,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    };
    plainly(headers, status, &words(fault))
}

fn shown(headers: &HeaderMap, times: BusyTimes) -> Outcome<Response<Body>> {
    // Neither the moment nor the UID of the answer makes it another one.
    let same = sha256(times.clone().to_text(0, "").as_bytes());
    let tag = hex(same.get(..16).unwrap_or_default());
    validated(headers, (format!("W/\"{tag}\""), None), || {
        let text = times.to_text(clock::now().seconds(), &tag);
        full(StatusCode::OK, "text/calendar; charset=utf-8", text.into_bytes())
    })
}

/// When the one who is asked about is busy; or a challenge.
async fn told(
    service: &Arc<Service>,
    headers: &HeaderMap,
    peer: Peer,
    (asked, public): (&Asked, bool),
) -> Outcome<Result<BusyTimes, Response<Body>>> {
    let (store, now) = (&service.store, clock::now());
    if let Some(token) = &asked.token {
        return of_link(service, asked, token).await.map(Ok);
    }
    let access = match service::known(service, headers, peer).await? {
        Ok(Some(who)) => Access::new(store.clone(), who, "", now),
        Ok(None) if public => Access::of_nobody(store, now),
        Ok(None) => return Ok(Err(challenge(headers))),
        Err(response) => return Ok(Err(response)),
    };
    let open = Open(service.policy.open_free_busy.0);
    let question = Question::about(asked.window.clone())?;
    let answers =
        availability::ask(&access, open, std::slice::from_ref(&asked.user), &question).await?;
    match answers.into_iter().next() {
        Some(Answer::Times(times)) => Ok(Ok(times)),
        Some(Answer::TooMuch) => Err(Fault::malformed("too much in this time: ask for less")),
        _ => Err(Fault::NotFound),
    }
}

/// What a link's calendar says; whose it is, is said or left out.
async fn of_link(service: &Service, asked: &Asked, token: &str) -> Outcome<BusyTimes> {
    let (store, now) = (&service.store, clock::now());
    let opened = link::open(store, token, now).await?.ok_or(Fault::NotFound)?;
    let account = opened.calendar.account;
    let owner = directory::lookup::by_id(store, account).await?.ok_or(Fault::NotFound)?;
    if !asked.user.is_empty() && directory::name::fold(&asked.user) != owner.name {
        return Err(Fault::NotFound);
    }
    Question::about(asked.window.clone())?;
    let owned = (vec![(opened.calendar.clone(), opened.properties.clone())], owner.zone);
    let server = Access::of_server(store, now);
    availability::of_calendars(&server, account, owned, asked.window.clone(), None).await
}
