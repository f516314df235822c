//! GET and HEAD (RFC 9110 §9.3.1, §13, §14): contents with ranges and conditions; for collections
//! a plain listing for people.

use crate::domain::collection::guard::Tags;
use crate::domain::collection::{Body as Content, Kind, Object, Place, item, list};
use crate::kernel::clock::Timestamp;
use crate::kernel::etag::ETag;
use crate::kernel::fault::{Fault, Outcome};
use crate::protocol::dav::Ask;
use crate::protocol::dav::answer::{empty, full, set};
use crate::protocol::dav::body::none;
use crate::protocol::dav::core::media_type;
use crate::protocol::dav::method::negotiate;
use crate::protocol::dav::space::{Target, place_path};
use crate::protocol::http::body::Body;
use crate::protocol::http::header::conditional::{self, IfRange};
use crate::protocol::http::header::range::{self, Ranges, content_range};
use bytes::Bytes;
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE,
    ETAG, LAST_MODIFIED, VARY,
};
use http::{Method, Response, StatusCode};
use hyper::body::Incoming;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::mpsc::channel;

/// Answers GET, and HEAD without the body.
pub async fn run(ask: Arc<Ask>, body: Incoming) -> Outcome<Response<Body>> {
    none(body).await?;
    let mut response = match &ask.target {
        Target::Entrance | Target::Principal(..) => greeting(&ask),
        Target::Nowhere => return Err(Fault::NotFound),
        Target::Account(..) => stored(&ask).await?,
    };
    if ask.method == Method::HEAD {
        let length = http_body::Body::size_hint(response.body()).exact();
        // A 304 has no content, so a length there would be that of the whole (RFC 9110 §8.6).
        let length = length.filter(|_| response.status() != StatusCode::NOT_MODIFIED);
        if let Some(length) = length {
            set(&mut response, CONTENT_LENGTH, &length.to_string());
        }
        *response.body_mut() = Body::Empty;
    }
    Ok(response)
}

fn greeting(ask: &Ask) -> Response<Body> {
    let text = format!(
        "This is Davenport, a server for calendars, contacts and files.\n\
         You are signed in as {}. Give a calendar or contacts program the address of this page.\n",
        ask.access.who.name
    );
    full(StatusCode::OK, "text/plain; charset=utf-8", text.into_bytes())
}

async fn stored(ask: &Ask) -> Outcome<Response<Body>> {
    let place = ask.need_place()?;
    match item::read(&ask.access, place).await? {
        Ok((kind, object, content)) => {
            let media = media_type(kind, object.media_type.as_deref()).to_owned();
            match kind {
                Kind::Addressbook => card(ask, &media, &object, content),
                _ => respond(ask, &media, &object, content),
            }
        }
        Err(_) => listing(ask).await,
    }
}

/// A card in the form that the client likes best. The ETag is the stored object's whatever the
/// form, as RFC 6352 §6.3.2.3 demands, so that a client can make its next PUT depend on it; because
/// of that a converted one is never given in ranges, which could be put together with others.
fn card(ask: &Ask, media: &str, object: &Object, content: Content) -> Outcome<Response<Body>> {
    let mut response = match negotiate::choose(&ask.headers, &content)? {
        None => respond(ask, media, object, content)?,
        Some((media, text)) => {
            let mut response = match unmet(ask, &object.etag, object.modified_at)? {
                Some(status) => empty(status),
                None => full(StatusCode::OK, media, text.into_bytes()),
            };
            validators(&mut response, object);
            set(&mut response, ACCEPT_RANGES, "none");
            response
        }
    };
    set(&mut response, VARY, "Accept");
    Ok(response)
}

fn respond(ask: &Ask, kind: &str, object: &Object, content: Content) -> Outcome<Response<Body>> {
    if let Some(status) = unmet(ask, &object.etag, object.modified_at)? {
        let mut response = empty(status);
        validators(&mut response, object);
        return Ok(response);
    }
    let wanted = match if_range_holds(ask, object) {
        true => range::parse(&ask.headers, object.size),
        false => Ranges::Whole,
    };
    let size = object.size;
    let mut response = match wanted {
        Ranges::Whole => send(StatusCode::OK, content, 0..size)?,
        Ranges::One(range) => {
            let mut part = send(StatusCode::PARTIAL_CONTENT, content, range.clone())?;
            set(&mut part, CONTENT_RANGE, &content_range(Some(&range), size));
            part
        }
        Ranges::Many(parts) => return multipart(kind, object, content, &parts),
        Ranges::Unsatisfiable => {
            let mut response = empty(StatusCode::RANGE_NOT_SATISFIABLE);
            set(&mut response, CONTENT_RANGE, &content_range(None, size));
            return Ok(response);
        }
    };
    set(&mut response, CONTENT_TYPE, kind);
    validators(&mut response, object);
    Ok(response)
}

/// An object as a GET without conditions gives it.
///
/// # Errors
/// As for a GET; `NotFound` for a collection.
pub async fn state(ask: &Ask, place: &Place) -> Outcome<Response<Body>> {
    let (kind, object, content) =
        item::read(&ask.access, place).await?.map_err(|_| Fault::NotFound)?;
    let mut response = send(StatusCode::OK, content, 0..object.size)?;
    set(&mut response, CONTENT_TYPE, media_type(kind, object.media_type.as_deref()));
    validators(&mut response, &object);
    Ok(response)
}

fn validators(response: &mut Response<Body>, object: &Object) {
    set(response, ETAG, &object.etag.to_string());
    set(response, LAST_MODIFIED, &object.modified_at.http_date());
    set(response, ACCEPT_RANGES, "bytes");
    if let (Some(tags), true) = (&object.language, response.status().is_success()) {
        set(response, CONTENT_LANGUAGE, tags);
    }
    // Shared caches must not keep what needs a sign-in; a client's own asks again each time.
    set(response, CACHE_CONTROL, "private, no-cache");
}

/// The status of a condition that does not hold (RFC 9110 §13.2.2).
fn unmet(ask: &Ask, etag: &ETag, modified: Timestamp) -> Outcome<Option<StatusCode>> {
    let headers = &ask.headers;
    let failed = Ok(Some(StatusCode::PRECONDITION_FAILED));
    let if_match = conditional::if_match(headers)?;
    if if_match != Tags::Unset && !if_match.matches(true, Some(etag)) {
        return failed;
    }
    let changed = |since: Timestamp| modified.seconds() > since.seconds();
    if conditional::if_unmodified_since(headers).is_some_and(changed) {
        return failed;
    }
    let same = conditional::if_none_match(headers)?.matches(true, Some(etag))
        || conditional::if_modified_since(headers).is_some_and(|since| !changed(since));
    Ok(same.then_some(StatusCode::NOT_MODIFIED))
}

fn if_range_holds(ask: &Ask, object: &Object) -> bool {
    match conditional::if_range(&ask.headers) {
        IfRange::Date(date) => date.seconds() == object.modified_at.seconds(),
        other => other.holds(Some(&object.etag)),
    }
}

fn send(status: StatusCode, content: Content, range: Range<u64>) -> Outcome<Response<Body>> {
    let body = match content {
        Content::Inline(bytes) => {
            let (from, to) = (range.start as usize, range.end as usize);
            Body::Full(Bytes::from(bytes).slice(from.min(to)..to))
        }
        Content::File { path, .. } => from_file(path, range),
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    Ok(response)
}

/// Octets that one read of a file takes.
const READ: usize = 128 << 10;

/// Streams a part of a file.
fn from_file(path: PathBuf, range: Range<u64>) -> Body {
    let (sink, pieces) = channel(1);
    let length = range.end.saturating_sub(range.start);
    let work = async move {
        let mut at = range.start;
        while at < range.end {
            let want = READ.min((range.end - at) as usize);
            let path = path.clone();
            let read = tokio::task::spawn_blocking(move || read_piece(&path, at, want)).await;
            let piece = read.map_err(std::io::Error::other).and_then(|r| r);
            let failed = piece.is_err();
            at += want as u64;
            if sink.send(piece).await.is_err() || failed {
                return;
            }
        }
    };
    Body::Worked(Some(Box::pin(work)), pieces, Some(length))
}

fn read_piece(path: &PathBuf, at: u64, want: usize) -> std::io::Result<Bytes> {
    let mut file = std::fs::File::open(path)?;
    file.seek(SeekFrom::Start(at))?;
    let mut piece = vec![0; want];
    file.read_exact(&mut piece)?;
    Ok(Bytes::from(piece))
}

/// `multipart/byteranges` (RFC 9110 §14.6) of a content small enough for the database; of a
/// file, the whole is sent instead, as §14.2 allows.
fn multipart(
    kind: &str,
    object: &Object,
    content: Content,
    parts: &[Range<u64>],
) -> Outcome<Response<Body>> {
    let Content::Inline(bytes) = content else {
        let mut response = send(StatusCode::OK, content, 0..object.size)?;
        set(&mut response, CONTENT_TYPE, kind);
        validators(&mut response, object);
        return Ok(response);
    };
    let boundary = crate::kernel::secret::hex(&crate::kernel::secret::random::<12>());
    let mut body = Vec::with_capacity(bytes.len() + parts.len() * 128);
    for range in parts {
        let head = format!(
            "\r\n--{boundary}\r\nContent-Type: {kind}\r\nContent-Range: {}\r\n\r\n",
            content_range(Some(range), object.size)
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(bytes.get(range.start as usize..range.end as usize).unwrap_or(&[]));
    }
    body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    let media_type = format!("multipart/byteranges; boundary={boundary}");
    let mut response = full(StatusCode::PARTIAL_CONTENT, &media_type, body);
    validators(&mut response, object);
    Ok(response)
}

/// Names shown in a listing for people; more are counted.
const LISTED: usize = 1_000;

async fn listing(ask: &Ask) -> Outcome<Response<Body>> {
    let place = ask.need_place()?;
    let want = list::Want { children: true, ..list::Want::default() };
    let sight = list::see(&ask.access, place, want).await?;
    let mut names: Vec<String> = sight.children.iter().map(|c| format!("{}/", c.0.name)).collect();
    if let Some(it) = sight.found.collection() {
        let page = list::page(&ask.access, it.id, String::new(), list::Want::default()).await?;
        names.extend(page.objects.into_iter().map(|o| o.0.name));
        names.truncate(LISTED);
    }
    let mut html = Vec::with_capacity(names.len() * 80 + 256);
    let title = place_path(&place.at(&place.path, true));
    html.extend_from_slice(b"<!DOCTYPE html><meta charset=\"utf-8\"><title>");
    crate::format::xml::write::escape_text(&title, &mut html);
    html.extend_from_slice(b"</title><ul>\n");
    for name in names {
        html.extend_from_slice(b"<li><a href=\"");
        crate::format::uri::encode_path(&format!("{title}{name}"), &mut html);
        html.extend_from_slice(b"\">");
        crate::format::xml::write::escape_text(&name, &mut html);
        html.extend_from_slice(b"</a>\n");
    }
    html.extend_from_slice(b"</ul>\n");
    let mut response = full(StatusCode::OK, "text/html; charset=utf-8", html);
    super::propfind::name_collection(ask, &mut response);
    let policy = http::HeaderName::from_static("content-security-policy");
    set(&mut response, policy, "default-src 'none'");
    Ok(response)
}
