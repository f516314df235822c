//! GET and HEAD (RFC 9110 §9.3.1, §13, §14): contents with ranges and conditions; for collections
//! a plain listing for people.

use super::whole;
use crate::domain::collection::guard::Tags;
use crate::domain::collection::{Body as Content, Kind, Object, Place, item, list};
use crate::format::ical::tailor::Zones;
use crate::kernel::change::ScheduleTag;
use crate::kernel::clock::Timestamp;
use crate::kernel::etag::ETag;
use crate::kernel::fault::{Fault, Outcome};
use crate::protocol::dav::Ask;
use crate::protocol::dav::answer::{SCHEDULE_TAG, empty, full, set, vary};
use crate::protocol::dav::body::none;
use crate::protocol::dav::core::media_type;
use crate::protocol::dav::method::negotiate;
use crate::protocol::dav::notification;
use crate::protocol::dav::space::{Target, place_path};
use crate::protocol::dav::subject::text_of;
use crate::protocol::http::body::Body;
use crate::protocol::http::header::caldav_timezones;
use crate::protocol::http::header::conditional::{self, IfRange};
use crate::protocol::http::header::range::{self, Ranges, content_range};
use bytes::Bytes;
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE,
    ETAG, LAST_MODIFIED,
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
        Target::Entrance | Target::Principal(..) | Target::Proxy(..) => greeting(&ask),
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
            let (chosen, content) = Chosen::of(ask, kind, object, content)?;
            respond(ask, &chosen, content)
        }
        Err(_) => listing(ask).await,
    }
}

/// The request fields that choose the form of a calendar object.
const EVENT_VARY: &str = "Accept, CalDAV-Timezones";

/// The representation of an object that a request's fields choose.
struct Chosen {
    object: Object,
    /// Its media type.
    media_type: String,
    /// Its octets, which need not be as many as are stored.
    size: u64,
    /// What its tag has more than that of the stored octets.
    mark: String,
    /// The request fields that choose.
    vary: Option<&'static str>,
    /// Whether parts of it may be asked for.
    ranges: bool,
    /// The Schedule-Tag of a scheduling object.
    schedule_tag: Option<ScheduleTag>,
}

impl Chosen {
    /// The stored octets; of a calendar object those with the VTIMEZONEs that the client wants
    /// (RFC 7809 §3.1.3); that or a card in the form that it likes best.
    fn of(ask: &Ask, kind: Kind, object: Object, content: Content) -> Outcome<(Self, Content)> {
        let media_type = media_type(kind, object.media_type.as_deref()).to_owned();
        let vary = match kind {
            Kind::Calendar => Some(EVENT_VARY),
            Kind::Addressbook | Kind::Notifications => Some("Accept"),
            _ => None,
        };
        let (size, mark) = (object.size, String::new());
        let epoch = || ask.access.store.epoch().clone();
        let schedule_tag = object.schedule_tag.map(|number| ScheduleTag { epoch: epoch(), number });
        let chosen = Self { object, media_type, size, mark, vary, ranges: true, schedule_tag };
        match kind {
            Kind::Calendar => Ok(chosen.event(ask, content)),
            Kind::Addressbook => chosen.card(ask, content),
            Kind::Notifications => Ok(chosen.notification(ask, content)),
            _ => Ok((chosen, content)),
        }
    }

    /// A calendar object with the zones that the client wants, in the form that it likes best.
    fn event(mut self, ask: &Ask, content: Content) -> (Self, Content) {
        let zones = caldav_timezones::parse(&ask.headers);
        let form = negotiate::event_form(&ask.headers);
        if zones == Zones::AsStored && form.is_none() {
            return (self, content);
        }
        let Some(stored) = text_of(&content) else { return (self, content) };
        let tailored = zones.of(&stored);
        if tailored.is_some() {
            self.mark = zones.mark();
        }
        let asked = tailored.as_deref().unwrap_or(&stored);
        // What cannot be read any more was valid once: it is given as it is.
        let made = match form.map(|form| (form, form.of(asked))) {
            Some((form, Ok(made))) => {
                self.mark.push_str(form.mark());
                form.media_type().clone_into(&mut self.media_type);
                Some(made)
            }
            _ => tailored,
        };
        let Some(made) = made else { return (self, content) };
        self.size = made.len() as u64;
        (self, Content::Inline(made.into_bytes()))
    }

    /// A notification in the words of Apple's programs, or in the drafts' for who likes them better.
    fn notification(mut self, ask: &Ask, content: Content) -> (Self, Content) {
        let made = notification::form(&ask.headers, &content, ask.place.as_ref());
        let Some(made) = made else { return (self, content) };
        self.mark.push_str(notification::MARK);
        notification::MEDIA_TYPE.clone_into(&mut self.media_type);
        self.size = made.len() as u64;
        (self, Content::Inline(made))
    }

    /// A card in the form that the client likes best. The ETag is the stored object's whatever the
    /// form, as RFC 6352 §6.3.2.3 demands, so that a client can make its next PUT depend on it;
    /// because of that a converted one is never given in ranges, which could be put together with
    /// others.
    fn card(mut self, ask: &Ask, content: Content) -> Outcome<(Self, Content)> {
        let Some((media_type, text)) = negotiate::choose(&ask.headers, &content)? else {
            return Ok((self, content));
        };
        (self.media_type, self.size) = (media_type.to_owned(), text.len() as u64);
        self.ranges = false;
        Ok((self, Content::Inline(text.into_bytes())))
    }

    /// Whether a tag of a condition is this representation's, not only this content's.
    fn is_named(&self, tag: &str) -> bool {
        self.object.etag.variant(tag).is_some_and(|mark| mark == self.mark)
    }
}

fn respond(ask: &Ask, chosen: &Chosen, content: Content) -> Outcome<Response<Body>> {
    if let Some(status) = unmet(ask, chosen)? {
        let mut response = empty(status);
        validators(&mut response, chosen);
        return Ok(response);
    }
    let wanted = match chosen.ranges && if_range_holds(ask, chosen) {
        true => range::parse(&ask.headers, chosen.size),
        false => Ranges::Whole,
    };
    let size = chosen.size;
    let mut response = match wanted {
        Ranges::Whole => send(StatusCode::OK, content, 0..size)?,
        Ranges::One(range) => {
            let mut part = send(StatusCode::PARTIAL_CONTENT, content, range.clone())?;
            set(&mut part, CONTENT_RANGE, &content_range(Some(&range), size));
            part
        }
        Ranges::Many(parts) => return multipart(chosen, content, &parts),
        Ranges::Unsatisfiable => {
            let mut response = empty(StatusCode::RANGE_NOT_SATISFIABLE);
            set(&mut response, CONTENT_RANGE, &content_range(None, size));
            return Ok(response);
        }
    };
    set(&mut response, CONTENT_TYPE, &chosen.media_type);
    validators(&mut response, chosen);
    Ok(response)
}

/// An object as a GET without conditions gives it, and the tag of its stored octets.
///
/// # Errors
/// As for a GET; `NotFound` for a collection.
pub async fn state(ask: &Ask, place: &Place) -> Outcome<(Response<Body>, ETag)> {
    let (kind, object, content) =
        item::read(&ask.access, place).await?.map_err(|_| Fault::NotFound)?;
    let (chosen, content) = Chosen::of(ask, kind, object, content)?;
    let mut response = send(StatusCode::OK, content, 0..chosen.size)?;
    set(&mut response, CONTENT_TYPE, &chosen.media_type);
    validators(&mut response, &chosen);
    Ok((response, chosen.object.etag))
}

fn validators(response: &mut Response<Body>, chosen: &Chosen) {
    let object = &chosen.object;
    set(response, ETAG, &object.etag.marked(&chosen.mark));
    if let Some(fields) = chosen.vary {
        vary(response, fields);
    }
    if let Some(tag) = &chosen.schedule_tag {
        set(response, SCHEDULE_TAG, &tag.to_string());
    }
    set(response, LAST_MODIFIED, &object.modified_at.http_date());
    set(response, ACCEPT_RANGES, if chosen.ranges { "bytes" } else { "none" });
    if let (Some(tags), true) = (&object.language, response.status().is_success()) {
        set(response, CONTENT_LANGUAGE, tags);
    }
    // Shared caches must not keep what needs a sign-in; a client's own asks again each time.
    set(response, CACHE_CONTROL, "private, no-cache");
}

/// The status of a condition that does not hold (RFC 9110 §13.2.2).
fn unmet(ask: &Ask, chosen: &Chosen) -> Outcome<Option<StatusCode>> {
    let (headers, etag) = (&ask.headers, &chosen.object.etag);
    let modified = chosen.object.modified_at;
    let failed = Ok(Some(StatusCode::PRECONDITION_FAILED));
    let if_match = conditional::if_match(headers)?;
    if if_match != Tags::Unset && !if_match.matches(true, Some(etag)) {
        return failed;
    }
    let changed = |since: Timestamp| modified.seconds() > since.seconds();
    if conditional::if_unmodified_since(headers).is_some_and(changed) {
        return failed;
    }
    let same = match conditional::if_none_match(headers)? {
        Tags::These(tags) => tags.iter().any(|tag| chosen.is_named(tag)),
        other => other.matches(true, Some(etag)),
    };
    let same = same || conditional::if_modified_since(headers).is_some_and(|since| !changed(since));
    Ok(same.then_some(StatusCode::NOT_MODIFIED))
}

fn if_range_holds(ask: &Ask, chosen: &Chosen) -> bool {
    match conditional::if_range(&ask.headers) {
        IfRange::Date(date) => date.seconds() == chosen.object.modified_at.seconds(),
        IfRange::Tag(tag) if !chosen.is_named(&tag) => false,
        other => other.holds(Some(&chosen.object.etag)),
    }
}

/// An answer with a part of a content.
///
/// # Errors
/// None so far.
pub fn send(status: StatusCode, content: Content, range: Range<u64>) -> Outcome<Response<Body>> {
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
fn multipart(chosen: &Chosen, content: Content, parts: &[Range<u64>]) -> Outcome<Response<Body>> {
    let (kind, size) = (&chosen.media_type, chosen.size);
    let Content::Inline(bytes) = content else {
        let mut response = send(StatusCode::OK, content, 0..size)?;
        set(&mut response, CONTENT_TYPE, kind);
        validators(&mut response, chosen);
        return Ok(response);
    };
    let boundary = crate::kernel::secret::hex(&crate::kernel::secret::random::<12>());
    let mut body = Vec::with_capacity(bytes.len() + parts.len() * 128);
    for range in parts {
        let head = format!(
            "\r\n--{boundary}\r\nContent-Type: {kind}\r\nContent-Range: {}\r\n\r\n",
            content_range(Some(range), size)
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(bytes.get(range.start as usize..range.end as usize).unwrap_or(&[]));
    }
    body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    let media_type = format!("multipart/byteranges; boundary={boundary}");
    let mut response = full(StatusCode::PARTIAL_CONTENT, &media_type, body);
    validators(&mut response, chosen);
    Ok(response)
}

/// Names shown in a listing for people; more are counted.
const LISTED: usize = 1_000;

async fn listing(ask: &Ask) -> Outcome<Response<Body>> {
    let place = ask.need_place()?;
    let (children, properties, zone) = (true, true, true);
    let want = list::Want { children, properties, zone, ..list::Want::default() };
    let sight = list::see(&ask.access, place, want).await?;
    if let Some(it) = sight.found.collection()
        && let Some(how) = whole::wanted(&ask.headers, Kind::from_number(it.kind))
    {
        let known = (sight.properties.as_slice(), sight.around.zone.as_deref());
        let mut response = whole::of(ask, it.clone(), how, known).await?;
        super::propfind::name_collection(ask, &mut response);
        return Ok(response);
    }
    let mut names: Vec<String> = sight.children.iter().map(|c| format!("{}/", c.0.name)).collect();
    if let Some(it) = sight.found.collection() {
        let page =
            list::page(&ask.access, (it.account, it.id), String::new(), list::Want::default())
                .await?;
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
