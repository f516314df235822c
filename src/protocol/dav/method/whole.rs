//! GET of a calendar or an address book: all its objects as one text, or as jCal, xCal or jCard,
//! written while it is sent.
//!
//! Invariant: memory is bounded by a page of objects, however many there are. A browser gets the
//! listing instead, since it prefers HTML. Standards: RFC 5545 §3.4, RFC 6350 §3.3, RFC 7986 §5,
//! RFC 7265 §3.2, RFC 6321 §3.2, RFC 7095 §3.2.

use super::negotiate;
use crate::domain::collection::guard::Tags;
use crate::domain::collection::property::text_of;
use crate::domain::collection::{Collection, Kind, Property, list, personal, privacy};
use crate::format::ical::form::{Form, Pieces};
use crate::format::ical::merge::{self, Merger};
use crate::format::ical::{jcal, xcal, zone};
use crate::format::tz::database;
use crate::format::vcard::json;
use crate::format::xml::Writer;
use crate::kernel::change::Epoch;
use crate::kernel::clock::Timestamp;
use crate::kernel::fault::Outcome;
use crate::protocol::dav::Ask;
use crate::protocol::dav::answer::{Gone, empty, poured, set};
use crate::protocol::http::body::Body;
use crate::protocol::http::header::{accept, conditional};
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, ETAG, LAST_MODIFIED, VARY};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use std::sync::Arc;

/// How a whole is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// As a text.
    Text,
    /// A calendar in another form.
    Calendar(Form),
    /// An address book as an array of jCards.
    Cards,
}

impl How {
    const ALL: [Self; 4] =
        [Self::Text, Self::Calendar(Form::Json), Self::Calendar(Form::Xml), Self::Cards];

    fn mark(self) -> &'static str {
        match self {
            Self::Text => "",
            Self::Calendar(form) => form.mark(),
            Self::Cards => json::MARK,
        }
    }

    /// The media type, the end of the whole, and that of a file's name.
    fn frame(self, calendar: bool) -> (&'static str, &'static [u8], &'static str) {
        match self {
            Self::Text if calendar => ("text/calendar; charset=utf-8", merge::TAIL, ".ics"),
            Self::Text => ("text/vcard; charset=utf-8", b"", ".vcf"),
            Self::Calendar(form) => {
                let ending = if form == Form::Json { ".json" } else { ".xcs" };
                (form.media_type(), Pieces::tail(form), ending)
            }
            Self::Cards => (json::MEDIA_TYPE, b"]\n", ".json"),
        }
    }
}

/// How the client would like the whole; none if it would rather have a page to look at. Among equals
/// it is a text.
pub fn wanted(headers: &HeaderMap, kind: Kind) -> Option<How> {
    const PAGE: &[&str] = &["text/html", "application/xhtml+xml"];
    const CARDS: &[&str] = &["text/vcard", "text/x-vcard", "text/directory"];
    let offers: &[(How, &[&str])] = match kind {
        Kind::Calendar => &[
            (How::Text, &["text/calendar"]),
            (How::Text, PAGE),
            (How::Calendar(Form::Json), &[jcal::MEDIA_TYPE]),
            (How::Calendar(Form::Xml), &[xcal::MEDIA_TYPE]),
        ],
        Kind::Addressbook => {
            &[(How::Text, CARDS), (How::Text, PAGE), (How::Cards, &[json::MEDIA_TYPE])]
        }
        _ => return None,
    };
    let names: Vec<&[&str]> = offers.iter().map(|(_, names)| *names).collect();
    match accept::best(headers, &names) {
        Some(1) => None,
        found => offers.get(found.unwrap_or(0)).map(|(how, _)| *how),
    }
}

/// What is known of a collection beside its row: its properties that clients set, and the name of
/// the time zone of its owner, where it may be told.
pub type Known<'p> = (&'p [Property], Option<&'p str>);

/// The whole of a collection that the asker may read.
pub async fn of(ask: &Ask, it: Collection, how: How, known: Known<'_>) -> Outcome<Response<Body>> {
    let mut tag = tag(ask.access.store.epoch(), &it, how);
    // Who sees less gets another whole.
    if let Some(mark) = privacy::viewer_of(&ask.access, it.account).await?.mark() {
        tag.truncate(tag.len() - 1);
        tag.push_str(&format!("{VEILED}{mark}\""));
    }
    if let Some(state) = personal::state_of(&ask.access, &it).await? {
        tag.truncate(tag.len() - 1);
        tag.push_str(&format!("{VEILED}{state}\""));
    }
    // It is written into the whole, and no change of the collection when the owner gets another.
    if let Some(zone) = known.1.filter(|_| Kind::from_number(it.kind) == Kind::Calendar) {
        tag.truncate(tag.len() - 1);
        tag.push_str(&format!("{ZONED}{zone}\""));
    }
    let about = (tag, Some(it.modified_at));
    validated(&ask.headers, about, || written(ask, &it, how, known))
}

/// What stands before the name of the owner's zone in a tag.
const ZONED: char = '@';

/// What stands before the mark of who sees less in a tag.
const VEILED: char = '~';

/// The tag of a whole, but for the owner's zone and what the asker may not see. Weak: the order of what is in it says nothing. Zones
/// are written as the database has them.
pub fn tag(epoch: &Epoch, it: &Collection, how: How) -> String {
    let (epoch, number, zones) = (epoch.as_str(), it.last_change, database::version());
    format!("W/\"{epoch}-{}-{number}-{zones}{}\"", it.id, how.mark())
}

/// Whether a tag is that of a whole, in any form, whatever the owner's zone and whoever
/// asked.
pub fn is_named(epoch: &Epoch, it: &Collection, given: &str) -> bool {
    let plain = given.split_once([ZONED, VEILED]).map(|(plain, _)| format!("{plain}\""));
    let given = plain.as_deref().unwrap_or(given);
    How::ALL.into_iter().any(|how| tag(epoch, it, how) == given)
}

/// The answer with its tag, and when it changed if that may be told; or 304.
pub fn validated(
    headers: &HeaderMap,
    (tag, modified): (String, Option<Timestamp>),
    whole: impl FnOnce() -> Response<Body>,
) -> Outcome<Response<Body>> {
    let mut response = match conditional::if_none_match(headers)? {
        Tags::Any => empty(StatusCode::NOT_MODIFIED),
        Tags::These(tags) if tags.contains(&tag) => empty(StatusCode::NOT_MODIFIED),
        _ => whole(),
    };
    set(&mut response, ETAG, &tag);
    if let Some(modified) = modified {
        set(&mut response, LAST_MODIFIED, &modified.http_date());
    }
    set(&mut response, CACHE_CONTROL, "private, no-cache");
    response.headers_mut().append(VARY, HeaderValue::from_static("Accept"));
    Ok(response)
}

fn written(ask: &Ask, it: &Collection, how: How, known: Known<'_>) -> Response<Body> {
    let (access, id, headers) =
        (ask.access.clone(), (it.account, it.id), Arc::new(ask.headers.clone()));
    let cards = Kind::from_number(it.kind) == Kind::Addressbook;
    let want = list::Want { content: true, ..list::Want::default() };
    let pages = move |after| {
        let (access, headers) = (access.clone(), headers.clone());
        async move {
            let page = list::page(&access, id, after, want).await?;
            let mut contents = Vec::new();
            for body in page.objects.into_iter().filter_map(|(_, body)| body) {
                // A card that cannot be converted comes as it is: it is one of many.
                let other = match (cards, how) {
                    (true, How::Cards) => negotiate::as_jcard(&body),
                    (true, _) => negotiate::version(&headers, &body),
                    (false, _) => None,
                };
                match (other, how) {
                    // What cannot be read any more has no other form.
                    (None, How::Cards) => {}
                    (Some((_, text)), _) => contents.push(text.into_bytes()),
                    (None, _) => contents.push(body.octets()?.into_owned()),
                }
            }
            Ok((contents, page.next))
        }
    };
    poured_whole(it, how, known, Some(&it.name), pages)
}

/// Contents, and the name after which the next page goes on.
type Page = (Vec<Vec<u8>>, Option<String>);

/// All objects of a collection as one text, page by page; `name` is one for a file, where it may be
/// told.
pub fn poured_whole<F>(
    it: &Collection,
    how: How,
    known: Known<'_>,
    name: Option<&str>,
    pages: impl Fn(String) -> F + Send + 'static,
) -> Response<Body>
where
    F: Future<Output = Outcome<Page>> + Send,
{
    let mut writer = Writer::with_capacity(4 << 10);
    let calendar = Kind::from_number(it.kind) == Kind::Calendar;
    let (media_type, tail, ending) = how.frame(calendar);
    let mut parts = Parts::begin(how, calendar, known, &mut writer.out);
    let mut response = poured(media_type, (writer, tail), |mut sheet| async move {
        let mut after = Some(String::new());
        while let Some(from) = after {
            let (contents, next) = match pages(from).await {
                Ok(page) => page,
                Err(fault) => return sheet.break_off(&fault).await,
            };
            for octets in contents {
                parts.add(&octets, &mut sheet.writer.out);
                if let Err(Gone) = sheet.flush().await {
                    return;
                }
            }
            after = next;
        }
        sheet.finish().await;
    });
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if let Some(name) = name.filter(|name| name.chars().all(plain)) {
        let file = format!("inline; filename=\"{name}{ending}\"");
        set(&mut response, CONTENT_DISPOSITION, &file);
    }
    response
}

/// The parts of a whole as they are written.
enum Parts {
    Calendar(Merger),
    Form(Merger, Pieces),
    Cards,
    /// jCards, and whether there was none yet.
    Array(bool),
}

impl Parts {
    fn begin(how: How, calendar: bool, known: Known<'_>, out: &mut Vec<u8>) -> Self {
        match how {
            How::Text if !calendar => Self::Cards,
            How::Text => {
                merge::head(&described(known), out);
                Self::Calendar(Merger::default())
            }
            How::Calendar(form) => {
                let mut head = Vec::new();
                merge::head(&described(known), &mut head);
                Self::Form(Merger::default(), Pieces::begin(form, &head, out))
            }
            How::Cards => {
                out.push(b'[');
                Self::Array(true)
            }
        }
    }

    fn add(&mut self, octets: &[u8], out: &mut Vec<u8>) {
        match self {
            Self::Calendar(merger) => merger.add(octets, out),
            Self::Form(merger, pieces) => {
                let mut components = Vec::with_capacity(octets.len());
                merger.add(octets, &mut components);
                pieces.add(&components, out);
            }
            Self::Cards => {
                out.extend_from_slice(octets.trim_ascii());
                out.extend_from_slice(b"\r\n");
            }
            Self::Array(first) => {
                out.extend_from_slice(if std::mem::take(first) { b"" } else { b",\n" });
                out.extend_from_slice(octets);
            }
        }
    }
}

/// Properties of the collection that have a name in iCalendar, and what clients read instead.
static NAMES: [(&str, &str); 5] = [
    ("displayname", "NAME"),
    ("displayname", "X-WR-CALNAME"),
    ("calendar-description", "DESCRIPTION"),
    ("calendar-description", "X-WR-CALDESC"),
    ("calendar-color", "X-APPLE-CALENDAR-COLOR"),
];

fn described((properties, owners): Known<'_>) -> Vec<(&'static str, String)> {
    let value = |name: &str| {
        let found = properties.iter().find(|p| p.name == name)?;
        text_of(found).filter(|text| !text.is_empty())
    };
    let own = || Some(zone::of_text(&value("calendar-timezone")?)?.0);
    let zone = own().or_else(|| owners.map(str::to_owned));
    let named = NAMES.iter().filter_map(|(dav, ical)| Some((*ical, value(dav)?)));
    named.chain(zone.map(|zone| ("X-WR-TIMEZONE", zone))).collect()
}
