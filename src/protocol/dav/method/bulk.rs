//! Many changes in one request, as Apple's programs make them (POST of an `MM:multiput`), and the
//! rows of its report, which a whole calendar sent to be taken apart shares.
//!
//! Invariant: each resource is stored, changed or refused by itself. Nothing that is stored differs
//! from what was sent, so its validator is told: but blanks before it, and line ends, which XML turns
//! into LF (XML 1.0 §2.11) and which are made CRLF again.
//!
//! Standard: calendarserver.org's calendarserver-bulk-change.

use super::proppatch::{demand_few, instruction, steps, write_refused};
use super::put::examined;
use crate::domain::collection::bulk::{self, Change};
use crate::domain::collection::guard::Tags;
use crate::domain::collection::import::{Item, target};
use crate::domain::collection::property::Instruction;
use crate::domain::collection::{Guard, Home, Place};
use crate::format::uri;
use crate::format::xml::{Element, Name, Ns, Writer};
use crate::kernel::etag::ETag;
use crate::kernel::fault::{Fault, Outcome, Refusal};
use crate::kernel::limits::{BULK_CHANGES_MAX, IMPORT_MAX, XML_BODY_MAX};
use crate::protocol::dav::Ask;
use crate::protocol::dav::answer::{multistatus, words};
use crate::protocol::dav::fault::{verdict, write_error_and};
use crate::protocol::dav::guard;
use crate::protocol::dav::multistatus::write_status_line;
use crate::protocol::dav::name::{RESPONSE_DESCRIPTION, names};
use crate::protocol::dav::property::Shown;
use crate::protocol::dav::space::place_path;
use crate::protocol::dav::subject::Subject;
use crate::protocol::http::body::Body;
use http::{Response, StatusCode};
use std::sync::Arc;

names! {
    MULTIPUT = Me "multiput",
    BULK_REQUESTS = Me "bulk-requests",
    SIMPLE = Me "simple",
    CRUD = Me "crud",
    MAX_RESOURCES = Me "max-resources",
    MAX_BYTES = Me "max-bytes",
    UID = CalendarServer "uid",
    ETAG = Dav "getetag",
    CALENDAR_DATA = CalDav "calendar-data",
    ADDRESS_DATA = CardDav "address-data",
}

/// The bounds of both kinds of requests (§5.1).
pub fn bulk_requests(_: &Subject<'_>, _: &Element, w: &mut Writer) -> Shown {
    w.open(&BULK_REQUESTS);
    let crud = (CRUD, BULK_CHANGES_MAX.to_string(), XML_BODY_MAX as u64);
    for (kind, resources, octets) in [(SIMPLE, String::new(), IMPORT_MAX), crud] {
        w.open(&kind);
        w.element(&MAX_RESOURCES, &resources);
        w.element(&MAX_BYTES, &octets.to_string());
        w.close(&kind);
    }
    w.close(&BULK_REQUESTS);
    Shown::Yes
}

/// What one `MM:resource` asks for.
struct Wish<'e> {
    element: &'e Element,
    /// As written; none for a new member.
    href: Option<String>,
    /// The UID of what is to be stored, once that is known.
    uid: Option<String>,
}

/// Why a resource was not changed, and the property that is to blame.
type Failure = (Fault, Option<Name>);

/// Carries out a multiput.
pub async fn run(ask: Arc<Ask>, root: Element) -> Outcome<Response<Body>> {
    let place = ask.need_place()?;
    let guard = guard::of(&ask).await?;
    target(&ask.access, place, &guard).await?;
    let tokens = guard.tokens_only();
    let elements = root.elements().filter(|e| e.is(&Ns::Me, "resource"));
    let wishes = elements.map(|element| Wish {
        element,
        href: element.child("DAV:", "href").map(|href| href.text().trim().to_owned()),
        uid: None,
    });
    let mut wishes: Vec<Wish<'_>> = wishes.collect();
    if wishes.is_empty() || wishes.len() > BULK_CHANGES_MAX {
        let why = format!("a multiput holds 1 to {BULK_CHANGES_MAX} resources");
        return Err(Fault::malformed(why));
    }
    demand_few(wishes.iter().map(|wish| steps(wish.element).len()).sum())?;
    let mut outcomes: Vec<Result<bulk::Changed, Failure>> = Vec::with_capacity(wishes.len());
    let (mut changes, mut of) = (Vec::new(), Vec::new());
    for (at, wish) in wishes.iter_mut().enumerate() {
        match change(&ask, place, wish, &tokens).await {
            Ok(change) => {
                changes.push(change);
                of.push(at);
                // Until its turn comes.
                outcomes.push(Err((Fault::NotFound, None)));
            }
            Err(failure @ (Fault::Refused(_) | Fault::NotFound | Fault::Denied { .. }, _)) => {
                outcomes.push(Err(failure));
            }
            Err((fault, _)) => return Err(fault),
        }
    }
    let done = bulk::apply_all(&ask.access, changes).await?;
    for (at, outcome) in of.into_iter().zip(done) {
        if let Some(slot) = outcomes.get_mut(at) {
            *slot = outcome.map_err(|fault| (fault, None));
        }
    }
    Ok(multistatus(|w| {
        for (wish, outcome) in wishes.iter().zip(&outcomes) {
            tell(&ask, wish, outcome, w);
        }
    }))
}

/// The change that a resource asks for.
async fn change(
    ask: &Ask,
    of: &Place,
    wish: &mut Wish<'_>,
    tokens: &Guard,
) -> Result<Change, Failure> {
    let element = wish.element;
    let place = match &wish.href {
        Some(href) => Some(member(ask, of, href).await.map_err(|fault| (fault, None))?),
        None => None,
    };
    let if_match = element.child(&Ns::Me, "if-match").and_then(|it| it.child("DAV:", "getetag"));
    let if_match = if_match.map_or(Tags::Unset, |tag| Tags::These(vec![tag.text().trim().into()]));
    let guard = Guard { if_match, ..tokens.clone() };
    if element.child(&Ns::Me, "delete").is_some() {
        return match place {
            Some(place) => Ok(Change::Delete { place, guard }),
            None => Err((Fault::malformed("a deletion names its resource (DAV:href)"), None)),
        };
    }
    let data = if of.home == Home::Calendars { CALENDAR_DATA } else { ADDRESS_DATA };
    let (mut item, mut properties) = (None, Vec::new());
    for (set, property) in steps(element) {
        let failed = |fault| (fault, Some(property.name.clone()));
        if property.name != data {
            properties.push(instruction(ask, set, property).map_err(failed)?);
        } else if set {
            item = Some(stored(ask, of.home, property, wish).map_err(failed)?);
        } else {
            return Err(failed(Refusal::Protected.into()));
        }
    }
    assemble(of, place, item, properties, guard).map_err(|fault| (fault, None))
}

fn assemble(
    of: &Place,
    place: Option<Place>,
    item: Option<Item>,
    properties: Vec<Instruction>,
    guard: Guard,
) -> Outcome<Change> {
    let ending = if of.home == Home::Calendars { ".ics" } else { ".vcf" };
    match (place, item) {
        (Some(_), None) if properties.is_empty() => Err(Fault::malformed(
            "the resource asks for nothing: no DAV:set, DAV:remove, MM:delete",
        )),
        (Some(place), item) => Ok(Change::Update { place, item, properties, guard }),
        (None, Some(item)) => {
            let of = of.at(&of.path, true);
            Ok(Change::Create { of, item, ending, properties, guard })
        }
        (None, None) => Err(Fault::malformed("a new resource needs its data in DAV:set")),
    }
}

/// The data of a resource, validated.
fn stored(ask: &Ask, home: Home, data: &Element, wish: &mut Wish<'_>) -> Outcome<Item> {
    let text = data.text();
    let text = text.trim_start().replace("\r\n", "\n").replace('\n', "\r\n");
    let (content, index) = examined(ask, home, None, text.into_bytes())?;
    wish.uid.clone_from(&index.uid);
    Ok(Item { content, index })
}

/// The member of the collection that an href names.
async fn member(ask: &Ask, of: &Place, href: &str) -> Outcome<Place> {
    let path = uri::parse_reference(href).and_then(|(_, path)| uri::decode_path(path));
    let place = match path {
        Some(path) => ask.place_of(&path).await?,
        None => return Err(Fault::malformed("the href is no path")),
    };
    match of.covers(&place) && place.depth() == of.depth() + 1 && place.home == of.home {
        true => Ok(place),
        false => Err(Fault::malformed("the href names no member of this collection")),
    }
}

/// Writes what became of a resource.
fn tell(ask: &Ask, wish: &Wish<'_>, outcome: &Result<bulk::Changed, Failure>, w: &mut Writer) {
    match outcome {
        Ok((place, etag)) => {
            let uid = wish.uid.as_deref().filter(|_| wish.href.is_none());
            write_done(&place_path(place), (uid, *etag), "", w);
        }
        Err((fault, Some(culprit))) if wish.href.is_some() => {
            let path = wish.href.as_deref().unwrap_or_default();
            let path = uri::decode_path(path).unwrap_or_default();
            write_refused(ask, &path, &steps(wish.element), Some(culprit), fault, w);
        }
        Err((fault, _)) => {
            let path = wish.href.as_deref().and_then(uri::decode_path).unwrap_or_default();
            write_failed(ask, &path, wish.uid.as_deref(), fault, w);
        }
    }
}

/// Writes the row of a resource that got a content, or of one that is gone or changed otherwise.
pub fn write_done(
    path: &str,
    (uid, etag): (Option<&str>, Option<ETag>),
    words: &str,
    w: &mut Writer,
) {
    w.raw(b"<D:response>");
    w.href(path);
    if uid.is_none() && etag.is_none() {
        write_status_line(StatusCode::OK, w);
    } else {
        w.raw(b"<D:propstat><D:prop>");
        if let Some(etag) = etag {
            w.element(&ETAG, &etag.to_string());
        }
        if let Some(uid) = uid {
            w.element(&UID, uid);
        }
        w.raw(b"</D:prop>");
        write_status_line(StatusCode::OK, w);
        w.raw(b"</D:propstat>");
    }
    if !words.is_empty() {
        w.element(&RESPONSE_DESCRIPTION, words);
    }
    w.raw(b"</D:response>");
}

/// Writes the row of a resource that was refused; its UID stands in the error (§3).
pub fn write_failed(ask: &Ask, path: &str, uid: Option<&str>, fault: &Fault, w: &mut Writer) {
    let verdict = verdict(fault, ask.about());
    let uid = uid.filter(|uid| !uid.is_empty());
    w.raw(b"<D:response>");
    w.href(path);
    write_status_line(verdict.status, w);
    write_error_and(&verdict, uid.map(|uid| (UID, uid)), w);
    let told = words(fault);
    w.element(&RESPONSE_DESCRIPTION, &uid.map_or(told.clone(), |uid| format!("{uid}: {told}")));
    w.raw(b"</D:response>");
}
