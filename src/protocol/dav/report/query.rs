//! What `CALDAV:calendar-query` (RFC 4791 §7.8) and `CARDDAV:addressbook-query` (RFC 6352 §8.6)
//! share: which collections are asked, and the answer.

use super::multiget::{Shape, write_refused};
use crate::domain::collection::derived::left_on_members;
use crate::domain::collection::{
    Body as Content, Collection, Kind, Object, Place, Property, list, tree,
};
use crate::format::xml::{Element, Ns};
use crate::kernel::fault::Outcome;
use crate::kernel::ids::{CollectionId, PrincipalId};
use crate::kernel::limits::QUERY_CONTENT_HELD;
use crate::kernel::privilege::{Privilege, Privileges};
use crate::protocol::dav::Ask;
use crate::protocol::dav::answer::{Gone, Sheet, streamed};
use crate::protocol::dav::fault::Verdict;
use crate::protocol::dav::multistatus::{Wanted, write_response, write_status};
use crate::protocol::dav::name::NUMBER_OF_MATCHES;
use crate::protocol::dav::property::Need;
use crate::protocol::dav::space::place_path;
use crate::protocol::dav::subject::{Node, Subject, text_of};
use crate::protocol::http::body::Body;
use crate::protocol::http::header::depth::{self, Depth};
use http::{Response, StatusCode};
use std::collections::HashMap;
use std::sync::Arc;

/// A collection to ask.
pub struct Scope<'s> {
    /// Its row.
    pub it: &'s Collection,
    /// Its place.
    pub at: Place,
    /// The asker's rights on its members.
    pub rights: Privileges,
    /// Its properties that clients set.
    pub properties: &'s [Property],
    /// The member that alone is asked about; none: all.
    pub only: Option<String>,
}

/// The collections of a kind that a query is about. Of a calendar or address book all members are
/// asked about, whatever the Depth, because clients send none and mean them (CLIENTS-SOURCE); of a
/// home those of the collections in it, when Depth is infinity or absent; of a member itself.
pub fn scopes<'s>(
    ask: &Ask,
    place: &Place,
    sight: &'s list::Sight,
    kind: Kind,
) -> Outcome<Vec<Scope<'s>>> {
    let deep = depth::parse(&ask.headers)?.is_none_or(|depth| depth == Depth::Infinity);
    let is_asked = |it: &Collection| Kind::from_number(it.kind) == kind;
    // The messages in it are calendar objects too (RFC 6638 §2.2). Of a home they are no part.
    let is_inbox =
        |it: &Collection| kind == Kind::Calendar && Kind::from_number(it.kind) == Kind::Inbox;
    let scope = |it: &'s Collection, rights, properties, only| {
        let at = place.at(&it.path, true);
        Scope { it, at, rights: left_on_members(rights, it.derived), properties, only }
    };
    Ok(match &sight.found {
        tree::Found::Object(it, object) => {
            vec![scope(it, sight.rights, &[], Some(object.name.clone()))]
        }
        tree::Found::Collection(it) if is_asked(it) || is_inbox(it) => {
            vec![scope(it, sight.rights, &sight.properties, None)]
        }
        tree::Found::Collection(_) if deep => {
            let children = sight.children.iter().filter(|(it, _)| is_asked(it));
            let children = children.map(|(it, own)| scope(it, sight.rights_on(it), own, None));
            children.filter(|scope| scope.rights.has(Privilege::Read)).collect()
        }
        _ => Vec::new(),
    })
}

/// What matched in one collection.
pub struct Matches {
    /// The collection.
    pub of: CollectionId,
    /// Its place.
    pub at: Place,
    /// The asker's rights on its members.
    pub rights: Privileges,
    /// How contents are wanted, if not as they are kept.
    pub shape: Option<Shape>,
    /// The members, some with their contents; the others' are read when they are needed.
    pub objects: Vec<(Object, Option<Content>)>,
}

/// Whether contents that are found shall be kept: they are wanted, and what was kept in other
/// collections leaves room.
pub fn may_hold(wanted: &Wanted, found: &[Matches]) -> bool {
    let kept = found.iter().flat_map(|matches| &matches.objects).filter(|(_, body)| body.is_some());
    let held = kept.fold(0, |sum, (object, _)| object.size.saturating_add(sum));
    wanted.need.has(Need::CONTENT) && held < QUERY_CONTENT_HELD
}

/// How many results the client wants at most (`limit` with `nresults`; RFC 6352 §8.6.1).
pub fn results_wanted(root: &Element, ns: &Ns) -> usize {
    let limit = root.child(ns, "limit").and_then(|limit| limit.child(ns, "nresults"));
    let wanted = limit.and_then(|n| n.text().trim().parse().ok());
    wanted.filter(|n| *n > 0).unwrap_or(usize::MAX)
}

/// The multistatus; no more than `limit` members, and then one that says so for the collection
/// asked (RFC 6352 §8.6.1).
pub fn answer(
    ask: Arc<Ask>,
    wanted: Wanted,
    sight: list::Sight,
    mut found: Vec<Matches>,
    limit: usize,
) -> Response<Body> {
    let mut left = limit;
    let mut truncated = false;
    for matches in &mut found {
        truncated |= matches.objects.len() > left;
        matches.objects.truncate(left);
        left -= matches.objects.len();
    }
    streamed(move |mut sheet| async move {
        for matches in found {
            match write(&ask, &wanted, &sight, matches, &mut sheet).await {
                Ok(Ok(())) => {}
                Ok(Err(Gone)) => return,
                Err(fault) => return sheet.break_off(&fault).await,
            }
        }
        if truncated {
            let (status, condition) = (StatusCode::INSUFFICIENT_STORAGE, Some(NUMBER_OF_MATCHES));
            let verdict = Verdict { status, condition, hrefs: Vec::new(), privilege: None };
            write_status(&ask.path, status, Some(&verdict), &mut sheet.writer);
        }
        sheet.finish().await;
    })
}

/// Members whose missing contents are read together.
const BATCH: usize = 64;

async fn write(
    ask: &Ask,
    wanted: &Wanted,
    sight: &list::Sight,
    mut matches: Matches,
    sheet: &mut Sheet,
) -> Outcome<Result<(), Gone>> {
    let mut path = place_path(&matches.at);
    let stem = path.len();
    for batch in matches.objects.chunks_mut(BATCH) {
        if wanted.need.has(Need::CONTENT) {
            read_missing(ask, (matches.at.account, matches.of), batch).await?;
        }
        for (object, body) in batch {
            let body = body.take();
            let mut text = body.as_ref().and_then(text_of);
            path.truncate(stem);
            path.push_str(&object.name);
            if let (Some(shape), Some(whole)) = (&matches.shape, &text) {
                match shape(whole) {
                    Ok(shaped) => text = Some(shaped.into()),
                    Err(fault) => {
                        write_refused(ask, &path, &fault, &mut sheet.writer);
                        continue;
                    }
                }
            }
            let subject = Subject {
                ask,
                node: Node::Object(object, text.as_deref()),
                path: &path,
                place: Some(&matches.at),
                rights: matches.rights,
                stored: &[],
                around: &sight.around,
            };
            write_response(wanted, &subject, &mut sheet.writer);
            if sheet.flush().await.is_err() {
                return Ok(Err(Gone));
            }
        }
    }
    Ok(Ok(()))
}

/// Reads the contents that were not kept when they matched.
async fn read_missing(
    ask: &Ask,
    of: (PrincipalId, CollectionId),
    batch: &mut [(Object, Option<Content>)],
) -> Outcome<()> {
    let missing = batch.iter().filter(|(_, body)| body.is_none());
    let names: Vec<String> = missing.map(|(object, _)| object.name.clone()).collect();
    if names.is_empty() {
        return Ok(());
    }
    let read = list::by_names(&ask.access, of, names).await?;
    let mut read: HashMap<_, _> = read.into_iter().map(|(o, body)| (o.name, body)).collect();
    for (object, body) in batch.iter_mut().filter(|(_, body)| body.is_none()) {
        *body = read.remove(&object.name);
    }
    Ok(())
}
