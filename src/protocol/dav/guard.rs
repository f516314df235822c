//! The conditions of a request, from headers to the domain's [`Guard`].

use super::context::Ask;
use crate::domain::collection::Guard;
use crate::domain::collection::guard::{IfLists, IfResource};
use crate::format::uri;
use crate::kernel::fault::{Fault, Outcome};
use crate::protocol::http::header::destination::same_authority;
use crate::protocol::http::header::{conditional, if_header};

/// Reads `If-Match`, `If-None-Match`, `If-Unmodified-Since`, `If-Schedule-Tag-Match` and
/// `If`; tags of `If` are resolved to places.
///
/// # Errors
/// `Malformed` for a header that cannot be read.
pub async fn of(ask: &Ask) -> Outcome<Guard> {
    let mut guard = Guard {
        if_match: conditional::if_match(&ask.headers)?,
        if_none_match: conditional::if_none_match(&ask.headers)?,
        schedule_tag: ask.header("if-schedule-tag-match").map(str::to_owned),
        unmodified_since: conditional::if_unmodified_since(&ask.headers),
        ..Guard::default()
    };
    for raw in if_header::parse(&ask.headers)? {
        let on = match &raw.tag {
            None => IfResource::Request,
            Some(tag) => resource(ask, tag).await?,
        };
        guard.if_lists.push(IfLists { on, lists: raw.lists });
    }
    Ok(guard)
}

async fn resource(ask: &Ask, tag: &str) -> Outcome<IfResource> {
    let Some((authority, path)) = uri::parse_reference(tag) else {
        return Ok(IfResource::Elsewhere);
    };
    let own = ask.authority.as_deref();
    if authority.is_some_and(|named| !own.is_some_and(|own| same_authority(own, named))) {
        return Ok(IfResource::Elsewhere);
    }
    let Some(path) = uri::decode_path(path) else { return Ok(IfResource::Elsewhere) };
    match ask.place_of(&path).await {
        Ok(place) => Ok(IfResource::Place(Box::new(place))),
        Err(Fault::NotFound | Fault::Refused(_)) => Ok(IfResource::Elsewhere),
        Err(fault) => Err(fault),
    }
}
