//! What `CALDAV:calendar-multiget` (RFC 4791 §7.9) and `CARDDAV:addressbook-multiget` (RFC 6352
//! §8.7) share: many objects by their hrefs, in the order of the hrefs. Depth means nothing here.

use crate::domain::collection::tree::Found;
use crate::domain::collection::{Body as Content, Collection, Kind, Object, Place, list};
use crate::format::uri;
use crate::format::xml::Element;
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
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

/// Makes of a member's text what is asked for.
pub type Shape = Box<dyn Fn(&str) -> Outcome<String> + Send + Sync>;

/// Makes the shape for the members of a collection.
pub type Shaper = Box<dyn Fn(&list::Sight) -> Shape + Send + Sync>;

/// Answers with the members that the hrefs name; `kind` is what may hold them, and `shaper` reads
/// from `DAV:prop` how their contents are wanted, if not as they are kept.
pub async fn run(
    ask: Arc<Ask>,
    root: Element,
    kind: Kind,
    shaper: fn(Option<&Element>) -> Outcome<Option<Shaper>>,
) -> Outcome<Response<Body>> {
    let mut hrefs: Vec<String> = root
        .elements()
        .filter(|e| e.is("DAV:", "href"))
        .map(|e| e.text().trim().to_owned())
        .collect();
    if hrefs.len() > MULTIGET_MAX {
        return Err(Fault::malformed(format!("more than {MULTIGET_MAX} hrefs")));
    }
    // No resource stands twice in an answer (RFC 4918 §14.24), however its hrefs are spelt.
    let mut seen = HashSet::new();
    hrefs.retain(|href| seen.insert(path_of(href).unwrap_or_else(|| href.clone())));
    let shaper = shaper(root.child("DAV:", "prop"))?;
    let minimal = Preferences::parse(&ask.headers).minimal();
    let wanted = Wanted::of_report(ask.registry(), &root, minimal);
    let asked = Asked { wanted, kind, shaper };
    let paths = hrefs.iter().map(|href| path_of(href)).collect();
    Ok(streamed(move |sheet| async move {
        write(&ask, &asked, &hrefs, paths, sheet).await;
    }))
}

/// What is asked for of every member.
struct Asked {
    wanted: Wanted,
    kind: Kind,
    shaper: Option<Shaper>,
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
    /// How its members' contents are wanted, if not as they are kept.
    shape: Option<Shape>,
}

async fn write(
    ask: &Ask,
    asked: &Asked,
    hrefs: &[String],
    paths: Vec<Option<String>>,
    mut sheet: Sheet,
) {
    let mut parents = Parents::new();
    let all: Vec<_> = hrefs.iter().zip(&paths).collect();
    for batch in all.chunks(BATCH) {
        match write_batch(ask, asked, batch, &mut parents, &mut sheet).await {
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
    asked: &Asked,
    batch: &[(&String, &Option<String>)],
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
            let found = parent(ask, above, asked).await;
            parents.insert(above.to_owned(), found);
        }
        if let Some(Ok(parent)) = parents.get(above)
            && let Some(it) = parent.sight.found.collection()
        {
            let found = list::by_names(&ask.access, (it.account, it.id), names).await?;
            let named = found.into_iter().map(|found| (found.0.name.clone(), found));
            loaded.insert(above, named.collect());
        }
    }
    for (href, path) in batch {
        write_one(ask, asked, href, path.as_deref(), parents, &loaded, &mut sheet.writer);
        if sheet.flush().await.is_err() {
            return Ok(Err(Gone));
        }
    }
    Ok(Ok(()))
}

async fn parent(ask: &Ask, above: &str, asked: &Asked) -> Result<Parent, Fault> {
    let path = format!("{above}/");
    if !matches!(target(&path), Target::Account(..)) {
        return Err(Fault::NotFound);
    }
    let place = ask.place_of(&path).await?;
    let (properties, wanted) = (asked.shaper.is_some(), asked.wanted.want());
    let zone = properties || wanted.zone;
    let want = list::Want { properties, zone, content: false, children: false, ..wanted };
    let sight = list::see(&ask.access, &place, want).await?;
    match sight.found {
        Found::Collection(ref it) if holds(it, asked.kind) => {
            let stem = place_path(&place.at(&place.path, true));
            let shape = asked.shaper.as_ref().map(|shaper| shaper(&sight));
            Ok(Parent { place, sight, stem, shape })
        }
        _ => Err(Fault::NotFound),
    }
}

/// Whether the members of a collection are of the kind asked for. Those of an inbox are calendar
/// objects (RFC 6638 §2.2).
fn holds(it: &Collection, kind: Kind) -> bool {
    match Kind::from_number(it.kind) {
        Kind::Inbox => kind == Kind::Calendar,
        own => own == kind,
    }
}

fn write_one(
    ask: &Ask,
    asked: &Asked,
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
    let Some((object, body, Parent { place, sight, stem, shape })) = found else {
        let fault = parts.and_then(|(above, _)| parents.get(above)?.as_ref().err());
        let verdict = fault.map(|fault| verdict(fault, ask.about()));
        let status = verdict.as_ref().map_or(StatusCode::NOT_FOUND, |v| v.status);
        write_status(path.unwrap_or(href), status, verdict.as_ref(), w);
        return;
    };
    let mut text = text_of(body);
    let path = [stem.as_str(), &object.name].concat();
    if let (Some(shape), Some(whole)) = (shape, &text) {
        match shape(whole) {
            Ok(shaped) => text = Some(shaped.into()),
            Err(fault) => return write_refused(ask, &path, &fault, w),
        }
    }
    let subject = Subject {
        ask,
        node: Node::Object(object, text.as_deref()),
        path: &path,
        place: Some(place),
        rights: sight.rights_on_members(),
        stored: &[],
        around: &sight.around,
    };
    write_response(&asked.wanted, &subject, w);
}

/// A member whose content cannot be given in the form that is wanted.
pub fn write_refused(ask: &Ask, path: &str, fault: &Fault, w: &mut crate::format::xml::Writer) {
    let verdict = verdict(fault, ask.about());
    let status = match fault {
        Fault::Refused(Refusal::TooManyMatches) => StatusCode::INSUFFICIENT_STORAGE,
        _ => verdict.status,
    };
    write_status(path, status, Some(&verdict), w);
}
