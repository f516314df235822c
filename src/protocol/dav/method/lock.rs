//! LOCK and UNLOCK (RFC 4918 §9.10, §9.11).

use crate::domain::collection::lock::Given;
use crate::domain::collection::{Lock, Place, lock};
use crate::format::xml::{Element, Writer};
use crate::kernel::fault::{Fault, Outcome, Refusal};
use crate::kernel::limits::{LOCK_SECONDS_DEFAULT, PROPERTY_MAX};
use crate::protocol::dav::Ask;
use crate::protocol::dav::answer::{XML, empty, full, set};
use crate::protocol::dav::body;
use crate::protocol::dav::fault::{Verdict, verdict};
use crate::protocol::dav::guard;
use crate::protocol::dav::multistatus::write_status;
use crate::protocol::dav::name::{LOCK_DISCOVERY, PROP};
use crate::protocol::dav::space::place_path;
use crate::protocol::http::body::Body;
use crate::protocol::http::header::depth::{self, Depth};
use crate::protocol::http::header::{lock_token, timeout};
use http::{HeaderName, Response, StatusCode};
use hyper::body::Incoming;
use std::sync::Arc;

/// Takes a lock, or without a body gives one a new time.
pub async fn run(ask: Arc<Ask>, body: Incoming) -> Outcome<Response<Body>> {
    let place = ask.need_place()?;
    let seconds = timeout::parse(&ask.headers).unwrap_or(LOCK_SECONDS_DEFAULT);
    let guard = guard::of(&ask).await?;
    let Some(info) = body::xml(&ask, body).await? else {
        if guard.if_lists.is_empty() {
            return Err(Fault::malformed("a new lock needs a body, an old one its token in If"));
        }
        let given = lock::refresh(&ask.access, place, seconds, guard).await?;
        return Ok(granted(&ask, place, &given));
    };
    let infinite = match depth::parse(&ask.headers)? {
        None | Some(Depth::Infinity) => true,
        Some(Depth::Zero) => false,
        Some(Depth::One) => return Err(Fault::malformed("LOCK takes Depth 0 or infinity")),
    };
    let wish = lock::Wish { infinite, seconds, ..wish(&info)? };
    match lock::take(&ask.access, place, wish, guard).await {
        Ok(given) => {
            let mut response = granted(&ask, place, &given);
            let header = HeaderName::from_static("lock-token");
            set(&mut response, header, &format!("<{}>", given.lock.token));
            Ok(response)
        }
        Err(fault) => conflict(&ask, place, fault),
    }
}

/// A conflict with a member is told in a multistatus: the member is locked, the request failed
/// because of it (RFC 4918 §9.10.3); one with the resource itself is a plain 423.
fn conflict(ask: &Ask, place: &Place, fault: Fault) -> Outcome<Response<Body>> {
    let own = place_path(place);
    match &fault {
        Fault::Refused(Refusal::LockConflict { path })
            if format!("/dav/{path}").len() > own.len()
                && format!("/dav/{path}").starts_with(&own) =>
        {
            let verdict = verdict(&fault, ask.about());
            let path = format!("/dav/{path}");
            Ok(crate::protocol::dav::answer::multistatus(|w| {
                write_status(&path, StatusCode::LOCKED, Some(&verdict), w);
                write_status(&ask.path, StatusCode::FAILED_DEPENDENCY, None::<&Verdict>, w);
            }))
        }
        _ => Err(fault),
    }
}

fn wish(info: &Element) -> Outcome<lock::Wish> {
    let wrong = |why| Err(Fault::malformed(why));
    if !info.is("DAV:", "lockinfo") {
        return wrong("the body must be a DAV:lockinfo");
    }
    let scope = info.child("DAV:", "lockscope");
    let exclusive = scope.is_some_and(|s| s.child("DAV:", "exclusive").is_some());
    let shared = scope.is_some_and(|s| s.child("DAV:", "shared").is_some());
    let write = info.child("DAV:", "locktype").is_some_and(|t| t.child("DAV:", "write").is_some());
    if exclusive == shared || !write {
        return wrong("a lock is exclusive or shared, and of type write");
    }
    let owner = info.child("DAV:", "owner").map(Element::to_standalone).unwrap_or_default();
    if owner.len() > PROPERTY_MAX {
        return wrong("the lock's owner is too long");
    }
    Ok(lock::Wish { exclusive, infinite: true, owner, seconds: LOCK_SECONDS_DEFAULT })
}

fn granted(ask: &Ask, place: &Place, given: &Given) -> Response<Body> {
    let status = if given.made { StatusCode::CREATED } else { StatusCode::OK };
    let place = place.at(&place.path, given.collection);
    let mut writer = Writer::with_capacity(1024);
    writer.document_start(&PROP);
    writer.open(&LOCK_DISCOVERY);
    write_active_lock(ask, &place, &given.lock, &mut writer);
    writer.close(&LOCK_DISCOVERY);
    writer.close(&PROP);
    full(status, XML, writer.out)
}

/// Writes `DAV:activelock` (RFC 4918 §14.1). Only its holder sees the token: showing it is how a
/// holder proves to be one (§6.4). `place` is the resource, its slash saying what it is.
pub fn write_active_lock(ask: &Ask, place: &Place, lock: &Lock, w: &mut Writer) {
    w.raw(b"<D:activelock><D:locktype><D:write/></D:locktype><D:lockscope>");
    w.raw(if lock.exclusive { b"<D:exclusive/>" } else { b"<D:shared/>" });
    w.raw(b"</D:lockscope><D:depth>");
    w.raw(if lock.infinite { b"infinity" } else { b"0" });
    w.raw(b"</D:depth>");
    w.raw(lock.owner.as_bytes());
    let left = lock.expires_at.seconds().saturating_sub(ask.access.now.seconds()).max(0);
    w.raw(format!("<D:timeout>Second-{left}</D:timeout>").as_bytes());
    if lock.principal == ask.access.who.id {
        w.raw(b"<D:locktoken><D:href>");
        w.text(&lock.token);
        w.raw(b"</D:href></D:locktoken>");
    }
    w.raw(b"<D:lockroot>");
    // What a lock reaches from above is a collection.
    w.href(&place_path(&place.at(&lock.path, lock.path != place.path || place.collection)));
    w.raw(b"</D:lockroot></D:activelock>");
}

/// Ends the lock that `Lock-Token` names.
pub async fn unlock(ask: Arc<Ask>, body: Incoming) -> Outcome<Response<Body>> {
    body::none(body).await?;
    let place = ask.need_place()?;
    let token = lock_token::parse(&ask.headers)?;
    lock::release(&ask.access, place, &token).await?;
    Ok(empty(StatusCode::NO_CONTENT))
}
