//! What `CALDAV:calendar-multiget` (RFC 4791 §7.9) and `CARDDAV:addressbook-multiget` (RFC 6352
//! §8.7) share: many objects by their hrefs, in the order of the hrefs. Depth means nothing here.

use crate::domain::collection::tree::Found;
use crate::domain::collection::{Body as Content, Kind, Object, Place, list};
use crate::format::uri;
use crate::format::xml::{Element, Ns};
use crate::kernel::fault::{Fault, Outcome, Refusal};
use crate::kernel::limits::MULTIGET_MAX;
use crate::protocol::dav::Ask;
use crate::protocol::dav::answer::{Gone, Sheet, streamed};
use crate::protocol::dav::fault::verdict;
use crate::protocol::dav::multistatus::{Wanted, write_response, write_status};
use crate::protocol::dav::space::{Target, place_path, target};
use crate::protocol::dav::subject::{Node, Subject, text_of};
use crate::protocol::http::body::Body;
use crate::protocol::http::header::prefer::Preferences;
use http::{Response, StatusCode};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Answers with the members that the hrefs name; `kind` is what may hold them.
pub async fn run(ask: Arc<Ask>, root: Element, kind: Kind) -> Outcome<Response<Body>> {
    let hrefs: Vec<String> = root
        .elements()
        .filter(|e| e.is("DAV:", "href"))
        .map(|e| e.text().trim().to_owned())
        .collect();
    if hrefs.len() > MULTIGET_MAX {
        return Err(Fault::malformed(format!("more than {MULTIGET_MAX} hrefs")));
    }
    if root.child("DAV:", "prop").is_some_and(expands) {
        let what = "expand and the limits of recurrence and free-busy sets";
        return Err(Refusal::UnsupportedFilter(what.to_owned()).into());
    }
    let minimal = Preferences::parse(&ask.headers).minimal();
    let wanted = Wanted::of_report(ask.registry(), &root, minimal);
    let paths = hrefs.iter().map(|href| path_of(href)).collect();
    Ok(streamed(move |sheet| async move {
        write(&ask, &wanted, &hrefs, paths, kind, sheet).await;
    }))
}

/// Whether contents are wanted otherwise than they are kept (RFC 4791 §9.6.5-9.6.7), which is
/// refused rather than passed over. Parts of them (`comp`, `prop`) are: more is given then.
fn expands(prop: &Element) -> bool {
    let data = prop.elements().filter(|e| *e.name.ns() == Ns::CalDav);
    data.flat_map(Element::elements).any(|e| !matches!(e.name.local(), "comp" | "prop"))
}

/// The decoded path of an href: absolute URIs are taken by their path alone, because a client
/// behind a proxy may know another host name.
fn path_of(href: &str) -> Option<String> {
    let (_, path) = uri::parse_reference(href)?;
    uri::decode_path(path)
}

/// Hrefs that are looked up together.
const BATCH: usize = 64;

/// Members with their contents, by the path of their collection and by their name.
type Loaded<'b> = HashMap<&'b str, HashMap<String, (Object, Content)>>;

/// What is known of a collection that hrefs point into, or why nothing is.
type Parents = HashMap<String, Result<Parent, Fault>>;

struct Parent {
    place: Place,
    sight: list::Sight,
    /// Its path as members' paths begin.
    stem: String,
}

async fn write(
    ask: &Ask,
    wanted: &Wanted,
    hrefs: &[String],
    paths: Vec<Option<String>>,
    kind: Kind,
    mut sheet: Sheet,
) {
    let mut parents = Parents::new();
    let all: Vec<_> = hrefs.iter().zip(&paths).collect();
    for batch in all.chunks(BATCH) {
        match write_batch(ask, wanted, batch, kind, &mut parents, &mut sheet).await {
            Ok(Ok(())) => {}
            Ok(Err(Gone)) => return,
            Err(fault) => return sheet.break_off(&fault).await,
        }
    }
    sheet.finish().await;
}

fn split(path: &str) -> Option<(&str, &str)> {
    path.rsplit_once('/').filter(|(_, name)| !name.is_empty())
}

async fn write_batch(
    ask: &Ask,
    wanted: &Wanted,
    batch: &[(&String, &Option<String>)],
    kind: Kind,
    parents: &mut Parents,
    sheet: &mut Sheet,
) -> Outcome<Result<(), Gone>> {
    let mut by_parent: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (above, name) in batch.iter().filter_map(|(_, path)| split(path.as_deref()?)) {
        by_parent.entry(above).or_default().push(name.to_owned());
    }
    let mut loaded = Loaded::new();
    for (above, names) in by_parent {
        if !parents.contains_key(above) {
            let found = parent(ask, above, kind, wanted).await;
            parents.insert(above.to_owned(), found);
        }
        if let Some(Ok(parent)) = parents.get(above)
            && let Some(it) = parent.sight.found.collection()
        {
            let found = list::by_names(&ask.access, it.id, names).await?;
            let named = found.into_iter().map(|found| (found.0.name.clone(), found));
            loaded.insert(above, named.collect());
        }
    }
    for (href, path) in batch {
        write_one(ask, wanted, href, path.as_deref(), parents, &loaded, &mut sheet.writer);
        if sheet.flush().await.is_err() {
            return Ok(Err(Gone));
        }
    }
    Ok(Ok(()))
}

async fn parent(ask: &Ask, above: &str, kind: Kind, wanted: &Wanted) -> Result<Parent, Fault> {
    let path = format!("{above}/");
    if !matches!(target(&path), Target::Account(..)) {
        return Err(Fault::NotFound);
    }
    let place = ask.place_of(&path).await?;
    let want = list::Want { properties: false, content: false, children: false, ..wanted.want() };
    let sight = list::see(&ask.access, &place, want).await?;
    match sight.found {
        Found::Collection(ref it) if Kind::from_number(it.kind) == kind => {
            let stem = place_path(&place.at(&place.path, true));
            Ok(Parent { place, sight, stem })
        }
        _ => Err(Fault::NotFound),
    }
}

fn write_one(
    ask: &Ask,
    wanted: &Wanted,
    href: &str,
    path: Option<&str>,
    parents: &Parents,
    loaded: &Loaded<'_>,
    w: &mut crate::format::xml::Writer,
) {
    let parts = path.and_then(split);
    let found = parts.and_then(|(above, name)| {
        let (object, body) = loaded.get(above)?.get(name)?;
        Some((object, body, parents.get(above)?.as_ref().ok()?))
    });
    let Some((object, body, Parent { place, sight, stem })) = found else {
        let fault = parts.and_then(|(above, _)| parents.get(above)?.as_ref().err());
        let verdict = fault.map(|fault| verdict(fault, ask.about()));
        let status = verdict.as_ref().map_or(StatusCode::NOT_FOUND, |v| v.status);
        write_status(path.unwrap_or(href), status, verdict.as_ref(), w);
        return;
    };
    let text = text_of(body);
    let path = [stem.as_str(), &object.name].concat();
    let subject = Subject {
        ask,
        node: Node::Object(object, text.as_deref()),
        path: &path,
        place: Some(place),
        rights: sight.rights,
        stored: &[],
        locks: &sight.locks,
        quota: sight.quota,
        grants: &sight.grants,
    };
    write_response(wanted, &subject, w);
}
