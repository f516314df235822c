//! GET of a calendar or an address book: all its objects as one text, written while it is sent.
//!
//! Invariant: memory is bounded by a page of objects, however many there are. A browser gets the
//! listing instead, since it prefers HTML. Standards: RFC 5545 §3.4, RFC 6350 §3.3, RFC 7986 §5.

use super::negotiate;
use crate::domain::collection::guard::Tags;
use crate::domain::collection::property::text_of;
use crate::domain::collection::{Collection, Kind, Property, list};
use crate::format::ical::merge::{self, Merger};
use crate::format::tz::database;
use crate::format::xml::Writer;
use crate::kernel::change::Epoch;
use crate::kernel::clock::Timestamp;
use crate::kernel::fault::Outcome;
use crate::protocol::dav::Ask;
use crate::protocol::dav::answer::{Gone, Sheet, empty, poured, set};
use crate::protocol::http::body::Body;
use crate::protocol::http::header::{accept, conditional};
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, ETAG, LAST_MODIFIED, VARY};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use std::sync::Arc;

/// Whether the client would rather have the whole than a page to look at.
pub fn is_wanted(ask: &Ask, kind: Kind) -> bool {
    let own: &[&str] = match kind {
        Kind::Calendar => &["text/calendar"],
        Kind::Addressbook => &["text/vcard", "text/x-vcard", "text/directory"],
        _ => return false,
    };
    accept::best(&ask.headers, &[own, &["text/html", "application/xhtml+xml"]]) != Some(1)
}

/// The whole of a collection that the asker may read.
pub async fn of(ask: &Ask, it: Collection, properties: &[Property]) -> Outcome<Response<Body>> {
    let about = (tag(ask.access.store.epoch(), &it), Some(it.modified_at));
    validated(&ask.headers, about, || written(ask, &it, properties))
}

/// The tag of a whole. Weak: the order of what is in it says nothing. Zones are written as the
/// database has them.
pub fn tag(epoch: &Epoch, it: &Collection) -> String {
    let (epoch, number, zones) = (epoch.as_str(), it.last_change, database::version());
    format!("W/\"{epoch}-{}-{number}-{zones}\"", it.id)
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

fn written(ask: &Ask, it: &Collection, properties: &[Property]) -> Response<Body> {
    let (access, id, headers) = (ask.access.clone(), it.id, Arc::new(ask.headers.clone()));
    let cards = Kind::from_number(it.kind) == Kind::Addressbook;
    let want = list::Want { content: true, ..list::Want::default() };
    let pages = move |after| {
        let (access, headers) = (access.clone(), headers.clone());
        async move {
            let page = list::page(&access, id, after, want).await?;
            let mut contents = Vec::new();
            for body in page.objects.into_iter().filter_map(|(_, body)| body) {
                // A card that cannot be converted comes as it is: it is one of many.
                let other = match cards {
                    true => negotiate::choose(&headers, &body).ok().flatten(),
                    false => None,
                };
                contents.push(match other {
                    Some((media, text)) if media.starts_with("text/vcard") => text.into_bytes(),
                    _ => body.octets()?.into_owned(),
                });
            }
            Ok((contents, page.next))
        }
    };
    poured_whole(it, properties, Some(&it.name), pages)
}

/// Contents, and the name after which the next page goes on.
type Page = (Vec<Vec<u8>>, Option<String>);

/// All objects of a collection as one text, page by page; `name` is one for a file, where it may be
/// told.
pub fn poured_whole<F>(
    it: &Collection,
    properties: &[Property],
    name: Option<&str>,
    pages: impl Fn(String) -> F + Send + 'static,
) -> Response<Body>
where
    F: Future<Output = Outcome<Page>> + Send,
{
    let mut writer = Writer::with_capacity(4 << 10);
    let calendar = Kind::from_number(it.kind) == Kind::Calendar;
    let (media_type, tail, ending) = match calendar {
        true => ("text/calendar; charset=utf-8", merge::TAIL, ".ics"),
        false => ("text/vcard; charset=utf-8", &b""[..], ".vcf"),
    };
    if calendar {
        merge::head(&described(properties), &mut writer.out);
    }
    let mut response = poured(media_type, (writer, tail), |mut sheet| async move {
        let (mut merger, mut after) = (Merger::default(), Some(String::new()));
        while let Some(from) = after {
            let (contents, next) = match pages(from).await {
                Ok(page) => page,
                Err(fault) => return sheet.break_off(&fault).await,
            };
            for octets in contents {
                match calendar {
                    true => merger.add(&octets, &mut sheet.writer.out),
                    false => card(&octets, &mut sheet),
                }
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

fn card(octets: &[u8], sheet: &mut Sheet) {
    sheet.writer.raw(octets.trim_ascii());
    sheet.writer.raw(b"\r\n");
}

/// Properties of the collection that have a name in iCalendar, and what clients read instead.
static NAMES: [(&str, &str); 6] = [
    ("displayname", "NAME"),
    ("displayname", "X-WR-CALNAME"),
    ("calendar-description", "DESCRIPTION"),
    ("calendar-description", "X-WR-CALDESC"),
    ("calendar-color", "X-APPLE-CALENDAR-COLOR"),
    ("calendar-timezone-id", "X-WR-TIMEZONE"),
];

fn described(properties: &[Property]) -> Vec<(&'static str, String)> {
    let value = |name: &str| {
        let found = properties.iter().find(|p| p.name == name)?;
        text_of(found).filter(|text| !text.is_empty())
    };
    NAMES.iter().filter_map(|(dav, ical)| Some((*ical, value(dav)?))).collect()
}
