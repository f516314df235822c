//! Publishing a calendar as Apple's programs do (`CS:publish-calendar`, "Public Calendar"): a link
//! whose address its owner can see again.
//!
//! Standard: calendarserver.org's caldav-pubsub extension; the address is that of a link.

use crate::domain::link::{self, Detail, Link, Wish};
use crate::format::xml::{Element, Writer};
use crate::kernel::clock::Timestamp;
use crate::kernel::fault::Outcome;
use crate::kernel::privilege::Privilege;
use crate::protocol::dav::Ask;
use crate::protocol::dav::answer::{absolute, empty};
use crate::protocol::dav::name::names;
use crate::protocol::dav::property::Shown;
use crate::protocol::dav::space::link_path;
use crate::protocol::dav::subject::Subject;
use crate::protocol::http::body::Body;
use http::{Response, StatusCode};
use std::sync::Arc;

names! {
    PUBLISH = CalendarServer "publish-calendar",
    UNPUBLISH = CalendarServer "unpublish-calendar",
    PUBLISH_URL = CalendarServer "publish-url",
    SHARING_MODES = CalendarServer "allowed-sharing-modes",
    CAN_BE_PUBLISHED = CalendarServer "can-be-published",
}

/// Publishes a calendar, unless it is public already.
pub async fn publish(ask: Arc<Ask>, _: Element) -> Outcome<Response<Body>> {
    let place = ask.need_place()?;
    let all = link::all(&ask.access, place).await?;
    let now = ask.access.now;
    if !all.iter().any(|it| public(it, &place.path, now).is_some()) {
        let wish = Wish { label: "published".into(), public: true, ..Wish::default() };
        link::add(&ask.access, place, wish).await?;
    }
    Ok(empty(StatusCode::OK))
}

/// Takes every public link back.
pub async fn unpublish(ask: Arc<Ask>, _: Element) -> Outcome<Response<Body>> {
    link::remove(&ask.access, ask.need_place()?, |link| link.token.is_some()).await?;
    Ok(empty(StatusCode::OK))
}

/// The token of a link, if it shows all of the calendar at this path to everybody.
fn public<'l>((of, link): &'l (String, Link), path: &str, now: Timestamp) -> Option<&'l str> {
    let lasts = link.expires_at.is_none_or(|end| end > now);
    let whole = *of == path && Detail::from_number(link.detail) == Detail::Full;
    link.token.as_deref().filter(|_| lasts && whole)
}

/// The address of a public calendar.
pub fn publish_url(subject: &Subject<'_>, _: &Element, w: &mut Writer) -> Shown {
    let Some(it) = subject.collection() else { return Shown::No };
    if !subject.rights.has(Privilege::WriteAcl) {
        return Shown::No;
    }
    let now = subject.ask.access.now;
    let found = subject.around.links.iter().find_map(|link| public(link, &it.path, now));
    let Some(token) = found else { return Shown::No };
    w.open(&PUBLISH_URL);
    w.raw(b"<D:href>");
    w.text(&subject.ask.absolute(&link_path(token)));
    w.raw(b"</D:href>");
    w.close(&PUBLISH_URL);
    Shown::Yes
}

/// What its owner may do with a calendar.
pub fn sharing_modes(subject: &Subject<'_>, _: &Element, w: &mut Writer) -> Shown {
    if !subject.rights.has(Privilege::WriteAcl) {
        return Shown::No;
    }
    w.open(&SHARING_MODES);
    w.empty(&CAN_BE_PUBLISHED);
    w.close(&SHARING_MODES);
    Shown::Yes
}
