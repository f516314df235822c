//! PUT (RFC 9110 §9.3.4, RFC 4918 §9.7, RFC 4791 §5.3.2, RFC 6352 §6.3.2).
//!
//! The ETag is given because the stored octets are exactly those sent (DESIGN promise 1); what came
//! as jCal, xCal or jCard is stored as iCalendar or vCard, so its answer has none.

use crate::domain::collection::item::{self, Stored};
use crate::domain::collection::{Content, Home, Index, Place, Spool};
use crate::domain::exception::{self, Joined};
use crate::domain::{calendar, contacts};
use crate::format::uri::encoded;
use crate::kernel::change::ScheduleTag;
use crate::kernel::fault::{Fault, Outcome, Refusal};
use crate::kernel::limits::BLOB_INLINE_MAX;
use crate::protocol::dav::Ask;
use crate::protocol::dav::answer::{self, SCHEDULE_TAG, empty, set, tell_preferences};
use crate::protocol::dav::body::{collect, refusal};
use crate::protocol::dav::guard;
use crate::protocol::dav::method::{get, import};
use crate::protocol::dav::space::place_path;
use crate::protocol::http::body::Body;
use crate::protocol::http::header::prefer::Preferences;
use crate::protocol::http::header::{content_language, content_type};
use crate::protocol::http::intake::{Pace, next_chunk};
use http::header::{CONTENT_LOCATION, CONTENT_RANGE, ETAG, EXPECT, LOCATION};
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
    // A calendar or an address book is one with or without the slash at its end.
    if place.depth() == 1 && place.home != Home::Files {
        return import::run(ask, body).await;
    }
    if place.collection {
        return Err(Refusal::Exists.into());
    }
    let guard = guard::of(&ask).await?;
    // Conditions and rights are asked before a large body is taken, so that a client that waits
    // for 100 Continue need not send what would be refused.
    let announced = http_body::Body::size_hint(&body).exact();
    let early = announced.is_none_or(|n| n > BLOB_INLINE_MAX as u64);
    if (early || ask.headers.contains_key(EXPECT))
        && let Err(fault) = item::precheck(&ask.access, place, &guard).await
    {
        return failed(&ask, place, fault).await;
    }
    let (content, index) = receive(&ask, place, body).await?;
    // Only what recurs can be an exception of something else.
    let recurs = index.recurring && content.data.is_some();
    let spare = recurs.then(|| (content.data.clone().unwrap_or_default(), guard.clone()));
    match (item::put(&ask.access, place, content, index, guard).await, spare) {
        (Ok(stored), _) => done(&ask, place, &stored, None).await,
        (Err(fault @ Fault::Refused(Refusal::UidConflict { .. })), Some((sent, guard))) => {
            match exception::join(&ask.access, place, &sent, &guard).await? {
                Some(joined) => Ok(elsewhere(&ask, &joined)),
                None => Err(fault),
            }
        }
        (Err(fault), _) => failed(&ask, place, fault).await,
    }
}

/// The answer to an exception that became a part of its series: where it is, as an absolute URL,
/// for KDE's programs take no other with a fragment; and no ETag, for nothing is where it was put.
fn elsewhere(ask: &Ask, joined: &Joined) -> Response<Body> {
    let mut response = empty(StatusCode::CREATED);
    let scheme = if ask.peer.secure { "https" } else { "http" };
    let host = ask.authority.as_deref();
    let mut location = host.map(|host| format!("{scheme}://{host}")).unwrap_or_default().into();
    crate::format::uri::encode_path(&place_path(&joined.series), &mut location);
    location.push(b'#');
    crate::format::uri::encode_fragment(&joined.instance, &mut location);
    set(&mut response, LOCATION, &String::from_utf8_lossy(&location));
    response
}

/// The answer to a stored object, with its new state where the client prefers that
/// (RFC 8144 §3.1); `location` when the server chose the name.
pub async fn done(
    ask: &Ask,
    place: &Place,
    stored: &Stored,
    location: Option<&str>,
) -> Outcome<Response<Body>> {
    let mut response = answer(stored, location);
    if let Some(number) = stored.schedule_tag {
        let tag = ScheduleTag { epoch: ask.access.store.epoch().clone(), number };
        set(&mut response, SCHEDULE_TAG, &tag.to_string());
    }
    if is_converted(ask, place.home) || !stored.as_sent {
        // RFC 9110 §9.3.4, RFC 6638 §3.2.10: what is stored is not what was sent.
        response.headers_mut().remove(ETAG);
    }
    let preferences = Preferences::parse(&ask.headers).of_resource();
    if preferences.representation() {
        let (mut state, etag) = get::state(ask, place).await?;
        if etag == stored.etag {
            *state.status_mut() = if stored.created { StatusCode::CREATED } else { StatusCode::OK };
            set(&mut state, CONTENT_LOCATION, &encoded(&place_path(place)));
            if let Some(location) = response.headers_mut().remove(LOCATION) {
                state.headers_mut().insert(LOCATION, location);
            }
            response = state;
            tell_preferences(&mut response, &preferences);
        }
    }
    Ok(response)
}

/// The answer to a condition that does not hold tells the object's validator, and the object
/// where the client prefers that (RFC 8144 §3.2), to those who may read it.
pub async fn failed(ask: &Ask, place: &Place, fault: Fault) -> Outcome<Response<Body>> {
    if fault != Fault::Refused(Refusal::ConditionFailed) {
        return Err(fault);
    }
    let Ok((mut state, etag)) = get::state(ask, place).await else { return Err(fault) };
    let preferences = Preferences::parse(&ask.headers).of_resource();
    if preferences.representation() {
        *state.status_mut() = StatusCode::PRECONDITION_FAILED;
        tell_preferences(&mut state, &preferences);
        return Ok(state);
    }
    let mut response = answer::fault(ask, &fault);
    set(&mut response, ETAG, &etag.to_string());
    Ok(response)
}

/// The answer to a stored object; `location` when the server chose the name.
fn answer(stored: &Stored, location: Option<&str>) -> Response<Body> {
    let status = if stored.created { StatusCode::CREATED } else { StatusCode::NO_CONTENT };
    let mut response = empty(status);
    set(&mut response, ETAG, &stored.etag.to_string());
    if let Some(path) = location {
        set(&mut response, LOCATION, &encoded(path));
    }
    response
}

/// Takes the body in, validates it for the tree that the place is in, and indexes it.
pub async fn receive(ask: &Ask, place: &Place, body: Incoming) -> Outcome<(Content, Index)> {
    let declared = content_type::parse(&ask.headers)?;
    let limit = place.home.child().member_max().unwrap_or(0);
    if place.home == Home::Files {
        let whole = ask.header("content-type").map(str::to_owned);
        let language = content_language::parse(&ask.headers);
        let media_type = declared.and(whole);
        let index = Index { media_type, language, ..Index::default() };
        return Ok((receive_file(ask, body, limit).await?, index));
    }
    let essence = declared.as_ref().map(|t| t.essence.as_str());
    let bytes = collect(body, limit as usize).await?;
    match converted(place.home, essence, &bytes, false)? {
        Some(text) => examined(ask, place.home, None, text.into_bytes()),
        None => examined(ask, place.home, essence, bytes.to_vec()),
    }
}

/// What came in a form that is not stored, as it is stored; none for what is stored as it came.
///
/// # Errors
/// `InvalidData` with what is wrong.
pub fn converted(
    home: Home,
    media_type: Option<&str>,
    octets: &[u8],
    several: bool,
) -> Outcome<Option<String>> {
    match home {
        Home::Calendars => calendar::converted(media_type, octets, several),
        Home::Addressbooks => contacts::converted(media_type, octets, several),
        Home::Files | Home::Mail => Ok(None),
    }
}

/// Whether the body comes in a form that is not stored.
pub fn is_converted(ask: &Ask, home: Home) -> bool {
    let declared = content_type::parse(&ask.headers).ok().flatten();
    let media_type = declared.as_ref().map(|t| t.essence.as_str());
    match home {
        Home::Calendars => calendar::is_converted(media_type),
        Home::Addressbooks => contacts::is_converted(media_type),
        Home::Files | Home::Mail => false,
    }
}

/// Validates and indexes an object of a calendar or an address book.
pub fn examined(
    ask: &Ask,
    home: Home,
    media_type: Option<&str>,
    bytes: Vec<u8>,
) -> Outcome<(Content, Index)> {
    let known = match home {
        Home::Calendars => calendar::examine(media_type, &bytes)?,
        _ => contacts::examine(media_type, &bytes)?,
    };
    let index = Index { language: content_language::parse(&ask.headers), ..known };
    Ok((item::content(&ask.access.store, bytes)?, index))
}

/// A file: small ones stay in memory, large ones go to the disk as they come.
/// Takes a file in.
///
/// # Errors
/// `TooLarge`.
pub(super) async fn receive_file(ask: &Ask, mut body: Incoming, limit: u64) -> Outcome<Content> {
    let mut pace = Pace::default();
    let mut spool = Spool::new(ask.access.store.files());
    let announced = http_body::Body::size_hint(&body).lower();
    if announced > limit {
        return Err(Refusal::TooLarge { limit }.into());
    }
    while let Some(piece) = next_chunk(&mut body, &mut pace).await.map_err(|e| refusal(e, limit))? {
        if pace.octets() > limit {
            return Err(Refusal::TooLarge { limit }.into());
        }
        spool.write(&piece)?;
    }
    if spool.size() <= BLOB_INLINE_MAX as u64 {
        return spool.finish();
    }
    tokio::task::spawn_blocking(move || spool.finish()).await.map_err(Fault::internal)?
}
