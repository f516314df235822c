//! GET of a calendar or an address book: all its objects as one text, written while it is sent.
//!
//! Invariant: memory is bounded by a page of objects, however many there are. A browser gets the
//! listing instead, since it prefers HTML. Standards: RFC 5545 §3.4, RFC 6350 §3.3, RFC 7986 §5.

use crate::domain::collection::guard::Tags;
use crate::domain::collection::{Collection, Kind, Property, list};
use crate::format::ical::merge::{self, Merger};
use crate::format::xml::{Writer, parse};
use crate::kernel::fault::Outcome;
use crate::protocol::dav::Ask;
use crate::protocol::dav::answer::{Gone, Sheet, empty, poured, set};
use crate::protocol::http::body::Body;
use crate::protocol::http::header::{accept, conditional};
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, ETAG, LAST_MODIFIED, VARY};
use http::{HeaderValue, Response, StatusCode};

/// Whether the client would rather have the whole than a page to look at.
pub fn is_wanted(ask: &Ask, kind: Kind) -> bool {
    let own: &[&str] = match kind {
        Kind::Calendar => &["text/calendar"],
        Kind::Addressbook => &["text/vcard", "text/x-vcard", "text/directory"],
        _ => return false,
    };
    accept::best(&ask.headers, &[own, &["text/html", "application/xhtml+xml"]]) == Some(0)
}

/// The whole of a collection that the asker may read.
pub async fn of(ask: &Ask, it: Collection, properties: &[Property]) -> Outcome<Response<Body>> {
    // Weak: the order of what is in it says nothing.
    let (epoch, number) = (ask.access.store.epoch().as_str(), it.last_change.0);
    let tag = format!("W/\"{epoch}-{}-{number}\"", it.id.0);
    let mut response = match conditional::if_none_match(&ask.headers)? {
        Tags::Any => empty(StatusCode::NOT_MODIFIED),
        Tags::These(tags) if tags.contains(&tag) => empty(StatusCode::NOT_MODIFIED),
        _ => written(ask, &it, properties),
    };
    set(&mut response, ETAG, &tag);
    set(&mut response, LAST_MODIFIED, &it.modified_at.http_date());
    set(&mut response, CACHE_CONTROL, "private, no-cache");
    response.headers_mut().append(VARY, HeaderValue::from_static("accept"));
    Ok(response)
}

fn written(ask: &Ask, it: &Collection, properties: &[Property]) -> Response<Body> {
    let (access, id) = (ask.access.clone(), it.id);
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
        let want = list::Want { content: true, ..list::Want::default() };
        while let Some(from) = after {
            let page = match list::page(&access, id, from, want).await {
                Ok(page) => page,
                Err(fault) => return sheet.break_off(&fault).await,
            };
            for body in page.objects.iter().filter_map(|(_, body)| body.as_ref()) {
                let octets = match body.octets() {
                    Ok(octets) => octets,
                    Err(fault) => return sheet.break_off(&fault).await,
                };
                if calendar {
                    merger.add(&octets, &mut sheet.writer.out);
                } else {
                    card(&octets, &mut sheet);
                }
                if let Err(Gone) = sheet.flush().await {
                    return;
                }
            }
            after = page.next;
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
        let text = parse(found.value.as_bytes()).ok()?.text().trim().to_owned();
        Some(text).filter(|text| !text.is_empty())
    };
    NAMES.iter().filter_map(|(dav, ical)| Some((*ical, value(dav)?))).collect()
}
