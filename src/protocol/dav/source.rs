//! `CS:source`, by which a calendar is made that shows one of another server: MKCALENDAR and extended
//! MKCOL take it as an order to the server to fetch, unless the resource type says that the client
//! does that itself (`CS:subscribed`).

use super::name::names;
use crate::format::url::WebUrl;
use crate::format::xml::Element;

names! {
    SOURCE = CalendarServer "source",
}

/// The address that a `CS:source` names.
///
/// # Errors
/// What is wrong with it, as a clause.
pub fn address(element: &Element) -> Result<WebUrl, &'static str> {
    match element.child("DAV:", "href") {
        Some(href) => WebUrl::parse(&href.text()),
        None => WebUrl::parse(&element.text()),
    }
}
