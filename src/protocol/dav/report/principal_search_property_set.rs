//! `DAV:principal-search-property-set` (RFC 3744 §9.5): which properties can be searched. The
//! answer is 200 with a root of its own, no multistatus.

use super::principal_property_search::SEARCHABLE;
use super::resource::{demand_depth_zero, fetch};
use crate::domain::collection::list::Want;
use crate::format::xml::{Element, Writer};
use crate::kernel::fault::Outcome;
use crate::protocol::dav::Ask;
use crate::protocol::dav::answer::{XML, full};
use crate::protocol::dav::name::{PROP, names};
use crate::protocol::http::body::Body;
use http::{Response, StatusCode};
use std::sync::Arc;

names! {
    SET = Dav "principal-search-property-set",
    ENTRY = Dav "principal-search-property",
    DESCRIPTION = Dav "description",
}

/// Answers with the properties that are served, described in English, the one language there is.
pub async fn run(ask: Arc<Ask>, _root: Element) -> Outcome<Response<Body>> {
    demand_depth_zero(&ask)?;
    fetch(&ask, &ask.path, Want::default()).await?;
    let mut writer = Writer::with_capacity(1024);
    writer.document_start(&SET);
    for (name, description) in &SEARCHABLE {
        if ask.registry().row(name).is_none() {
            continue;
        }
        writer.open(&ENTRY);
        writer.open(&PROP);
        writer.empty(name);
        writer.close(&PROP);
        writer.open_with(&DESCRIPTION, &[("xml:lang", "en")]);
        writer.text(description);
        writer.close(&DESCRIPTION);
        writer.close(&ENTRY);
    }
    writer.close(&SET);
    Ok(full(StatusCode::OK, XML, writer.out))
}
