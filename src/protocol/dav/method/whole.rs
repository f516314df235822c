//! GET of a calendar or an address book: all its objects as one text, written while it is sent.
//!
//! Invariant: memory is bounded by a page of objects, however many there are. A browser gets the
//! listing instead, since it prefers HTML. Standards: RFC 5545 §3.4, RFC 6350 §3.3, RFC 7986 §5.

use super::negotiate;
use crate::domain::collection::guard::Tags;
use crate::domain::collection::property::text_of;
use crate::domain::collection::{Collection, Kind, Property, list};
use crate::format::ical::merge::{self, Merger};
use crate::format::ical::tailor::Zones;
use crate::format::xml::Writer;
use crate::kernel::change::Epoch;
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
    validated(&ask.headers, ask.access.store.epoch(), &it, || written(ask, &it, properties))
}

/// The answer with its validator, or 304.
pub fn validated(
    headers: &HeaderMap,
    epoch: &Epoch,
    it: &Collection,
    whole: impl FnOnce() -> Response<Body>,
) -> Outcome<Response<Body>> {
    // Weak: the order of what is in it says nothing.
    let tag = format!("W/\"{}-{}-{}\"", epoch.as_str(), it.id, it.last_change.0);
    let mut response = match conditional::if_none_match(headers)? {
        Tags::Any => empty(StatusCode::NOT_MODIFIED),
        Tags::These(tags) if tags.contains(&tag) => empty(StatusCode::NOT_MODIFIED),
        _ => whole(),
    };
    set(&mut response, ETAG, &tag);
    set(&mut response, LAST_MODIFIED, &it.modified_at.http_date());
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
                    Some((_, text)) => text.into_bytes(),
                    None => body.octets()?.into_owned(),
                });
            }
            Ok((contents, page.next))
        }
    };
    poured_whole(it, properties, pages)
}

/// Contents, and the name after which the next page goes on.
type Page = (Vec<Vec<u8>>, Option<String>);

/// All objects of a collection as one text, page by page.
pub fn poured_whole<F>(
    it: &Collection,
    properties: &[Property],
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
                    true => merger.add(&complete(octets), &mut sheet.writer.out),
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
    if it.name.chars().all(plain) {
        let name = format!("inline; filename=\"{}{ending}\"", it.name);
        set(&mut response, CONTENT_DISPOSITION, &name);
    }
    response
}

/// A calendar object with every zone that it names, also those that its client left out because
/// the server knows them (RFC 7809 §3.1.3): who takes the whole may not.
fn complete(octets: Vec<u8>) -> Vec<u8> {
    if memchr::memmem::find(&octets, b"TZID").is_none() {
        return octets;
    }
    let all = std::str::from_utf8(&octets).ok().and_then(|text| Zones::All.of(text));
    all.map_or(octets, String::into_bytes)
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
