//! `CARDDAV:addressbook-query` (RFC 6352 §8.6): the cards that satisfy a filter.

use super::data::AddressData;
use super::property::ADDRESS_DATA;
use crate::domain::collection::{Kind, list};
use crate::domain::contacts::{Query, matching};
use crate::format::text_match::Collation;
use crate::format::vcard::filter::{Filter, PropFilter};
use crate::format::xml::{Element, Ns};
use crate::kernel::fault::Outcome;
use crate::protocol::dav::Ask;
use crate::protocol::dav::filter::{Reader, alone, invalid, misplaced};
use crate::protocol::dav::multistatus::Wanted;
use crate::protocol::dav::report::multiget::Shaper;
use crate::protocol::dav::report::query::{Matches, answer, may_hold, results_wanted, scopes};
use crate::protocol::http::body::Body;
use crate::protocol::http::header::prefer::Preferences;
use http::Response;
use std::sync::Arc;

/// Answers with the matching cards.
pub async fn run(ask: Arc<Ask>, root: Element) -> Outcome<Response<Body>> {
    let place = ask.need_place()?.clone();
    let minimal = Preferences::parse(&ask.headers).minimal();
    let wanted = Wanted::of_report(ask.registry(), &root, minimal);
    wanted.asks_for(&ADDRESS_DATA).map(AddressData::read).transpose()?;
    let children = place.depth() == 0;
    let want = list::Want { content: false, children, ..wanted.want() };
    let sight = list::see(&ask.access, &place, want).await?;
    let limit = results_wanted(&root, &Ns::CardDav);
    let filter = filter(&root)?;
    let mut query = Query { filter, contents: false, only: None, limit };
    let mut found = Vec::new();
    for scope in scopes(&ask, &place, &sight, Kind::Addressbook)? {
        query.contents = may_hold(&wanted, &found);
        query.only = scope.only;
        let objects = matching(&ask.access, (scope.it.account, scope.it.id), &query).await?;
        let (of, at, rights) = (scope.it.id, scope.at, scope.rights);
        found.push(Matches { of, at, rights, shape: None, objects });
    }
    Ok(answer(ask, wanted, sight, found, limit))
}

/// Checks what a multiget asks of cards; the property's row gives it, to every report alike.
///
/// # Errors
/// `Malformed` for what RFC 6352 §10.4 does not allow.
pub fn shaper(prop: Option<&Element>) -> Outcome<Option<Shaper>> {
    let asked = prop.and_then(|prop| prop.child(&Ns::CardDav, "address-data"));
    asked.map(AddressData::read).transpose()?;
    Ok(None)
}

/// The filter; a query without one asks for every card.
fn filter(root: &Element) -> Outcome<Filter> {
    let mut reader = Reader::new(Ns::CardDav, Collation::UnicodeCasemap);
    let mut filters = root.elements().filter(|e| e.is(&Ns::CardDav, "filter"));
    let Some(element) = filters.next() else { return Ok(Filter::default()) };
    if filters.next().is_some() {
        return invalid("more than one filter");
    }
    let mut filter = Filter { all: is_all(element)?, ..Filter::default() };
    for child in reader.own(element) {
        match child.name.local() {
            "prop-filter" => filter.props.push(property(&mut reader, child)?),
            other => return misplaced(other, element),
        }
    }
    Ok(filter)
}

fn property(reader: &mut Reader, element: &Element) -> Outcome<PropFilter> {
    let (name, all) = (reader.name(element)?, is_all(element)?);
    let mut it = PropFilter { name, all, ..PropFilter::default() };
    for child in reader.own(element) {
        match child.name.local() {
            "is-not-defined" => it.absent = true,
            "text-match" => it.texts.push(reader.text(child)?),
            "param-filter" => it.params.push(reader.parameter(child)?),
            other => return misplaced(other, element),
        }
    }
    alone(it.absent && !(it.texts.is_empty() && it.params.is_empty()), element)?;
    Ok(it)
}

/// RFC 6352 §10.5: any of the conditions, unless the client says all.
fn is_all(element: &Element) -> Outcome<bool> {
    match element.attribute("test") {
        None | Some("anyof") => Ok(false),
        Some("allof") => Ok(true),
        Some(other) => invalid(format!("test is anyof or allof, not {other}")),
    }
}
