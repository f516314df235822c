//! Publishing a calendar as Apple's programs do (`CS:publish-calendar`, "Public Calendar"): a link
//! whose address its owner can see again.
//!
//! Standard: calendarserver.org's caldav-pubsub extension; the address is that of a link.

use crate::domain::link::{self, Link, Wish};
use crate::format::xml::{Element, Writer};
use crate::kernel::fault::Outcome;
use crate::kernel::privilege::Privilege;
use crate::protocol::dav::Ask;
use crate::protocol::dav::answer::empty;
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
    if !all.iter().any(|(path, link)| *path == place.path && link.token.is_some()) {
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

/// The address of a public calendar.
pub fn publish_url(subject: &Subject<'_>, _: &Element, w: &mut Writer) -> Shown {
    let Some(it) = subject.collection() else { return Shown::No };
    let public = |(path, link): &(String, Link)| link.token.clone().filter(|_| *path == it.path);
    let Some(token) = subject.around.links.iter().find_map(public) else { return Shown::No };
    if !subject.rights.has(Privilege::WriteAcl) {
        return Shown::Denied;
    }
    w.open(&PUBLISH_URL);
    w.raw(b"<D:href>");
    w.text(&absolute(subject.ask, &link_path(&token)));
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

/// A path as others can use it: with the scheme and authority that the client used.
fn absolute(ask: &Ask, path: &str) -> String {
    let scheme = if ask.peer.secure { "https" } else { "http" };
    match &ask.authority {
        Some(authority) => format!("{scheme}://{authority}{path}"),
        None => path.to_owned(),
    }
}
