//! PROPFIND (RFC 4918 §9.1), Depth 0 and 1; infinity is refused with `propfind-finite-depth`.

use crate::domain::collection::tree::Found;
use crate::domain::collection::{Home, Place, list};
use crate::domain::delegation::{self, Level};
use crate::domain::directory::Kind;
use crate::domain::principals::{self, Search, View, see};
use crate::format::uri::encoded;
use crate::format::xml::{Name, Ns, Writer};
use crate::kernel::fault::{Fault, Outcome};
use crate::kernel::limits::PAGE_MEMBERS;
use crate::kernel::privilege::{Privilege, Privileges};
use crate::protocol::dav::Ask;
use crate::protocol::dav::answer::{
    Sheet, multistatus, of_verdict, set, streamed, tell_preferences,
};
use crate::protocol::dav::body::xml;
use crate::protocol::dav::fault::{Verdict, verdict};
use crate::protocol::dav::multistatus::{Wanted, write_response, write_status};
use crate::protocol::dav::space::{Target, home_path, place_path, principal_path, proxy_path};
use crate::protocol::dav::subject::{Node, Proxy, Subject, text_of};
use crate::protocol::http::body::Body;
use crate::protocol::http::header::accept::error_body;
use crate::protocol::http::header::depth::{self, Depth};
use crate::protocol::http::header::prefer::Preferences;
use http::header::CONTENT_LOCATION;
use http::{Response, StatusCode};
use hyper::body::Incoming;
use std::sync::Arc;

/// Answers with the properties of the resource, and with Depth 1 of its members.
pub async fn run(ask: Arc<Ask>, body: Incoming) -> Outcome<Response<Body>> {
    let depth = depth::parse(&ask.headers)?.unwrap_or(Depth::Infinity);
    let root = xml(&ask, body).await?;
    let preferences = Preferences::parse(&ask.headers);
    let minimal = preferences.minimal();
    let wanted = Wanted::of_propfind(ask.registry(), root.as_ref(), minimal)?;
    if depth == Depth::Infinity && has_members(&ask).await? {
        return Ok(infinite(&ask));
    }
    let members = depth == Depth::One;
    let alone = !(members && preferences.depth_noroot);
    let mut response = match &ask.target {
        Target::Entrance => entrance(ask.clone(), wanted, members, alone).await?,
        Target::Principal(kind, name) => {
            principal(&ask, &wanted, (*kind, name), members || depth == Depth::Infinity, alone)
                .await?
        }
        Target::Proxy(kind, name, level) => {
            let (it, path) = (proxy(&ask, *kind, name, *level).await?, &ask.path);
            multistatus(|w| write_response(&wanted, &bare(&ask, Node::Proxy(&it), path), w))
        }
        Target::Account(..) => {
            let (mut response, collection) = stored(ask.clone(), wanted, members, alone).await?;
            if collection {
                name_collection(&ask, &mut response);
            }
            response
        }
        Target::Nowhere => return Err(Fault::NotFound),
    };
    tell_preferences(&mut response, &preferences.of_listing(members));
    // macOS reads the classes here as well as from OPTIONS.
    set(&mut response, crate::protocol::dav::answer::DAV, &ask.registry().features);
    Ok(response)
}

/// Whether Depth means something here (RFC 4918 §10.2: without members it does not).
async fn has_members(ask: &Ask) -> Outcome<bool> {
    Ok(match &ask.target {
        Target::Entrance => true,
        // What is below a principal is little enough to be told with it.
        Target::Principal(..) | Target::Proxy(..) | Target::Nowhere => false,
        Target::Account(..) => {
            let sight = list::see(&ask.access, ask.need_place()?, list::Want::default()).await?;
            sight.found.collection().is_some()
        }
    })
}

fn infinite(ask: &Ask) -> Response<Body> {
    let verdict = Verdict {
        status: StatusCode::FORBIDDEN,
        condition: Some(Name::known(Ns::Dav, "propfind-finite-depth")),
        hrefs: Vec::new(),
        privilege: None,
    };
    of_verdict(&verdict, "give Depth: 0 or Depth: 1", error_body(&ask.headers))
}

/// A subject that no account owns.
pub fn bare<'a>(ask: &'a Ask, node: Node<'a>, path: &'a str) -> Subject<'a> {
    let rights = match node {
        Node::Principal(it) => it.rights,
        Node::Proxy(it) => it.rights,
        _ => Privileges::READ.union(Privilege::ReadAcl.into()),
    };
    Subject { ask, node, path, place: None, rights, stored: &[], around: &list::NOTHING_AROUND }
}

async fn entrance(
    ask: Arc<Ask>,
    wanted: Wanted,
    members: bool,
    itself: bool,
) -> Outcome<Response<Body>> {
    if let (true, Some(kind)) = (members, principals_at(&ask)) {
        return Ok(people(ask, wanted, kind, itself));
    }
    let below = if members { below_entrance(&ask) } else { Vec::new() };
    Ok(multistatus(|w| {
        if itself {
            write_response(&wanted, &bare(&ask, Node::Entrance, &ask.path), w);
        }
        for path in &below {
            write_response(&wanted, &bare(&ask, Node::Entrance, path), w);
        }
    }))
}

/// The path with a slash at its end.
fn here(ask: &Ask) -> String {
    if ask.path.ends_with('/') { ask.path.clone() } else { format!("{}/", ask.path) }
}

/// The kind of the principals that are directly below.
fn principals_at(ask: &Ask) -> Option<Kind> {
    let here = here(ask);
    Kind::ALL.into_iter().find(|kind| here == format!("/dav/principals/{}/", kind.segment()))
}

/// The principals of a kind that the asker sees, page by page.
fn people(ask: Arc<Ask>, wanted: Wanted, kind: Kind, itself: bool) -> Response<Body> {
    streamed(move |mut sheet| async move {
        if itself {
            let subject = bare(&ask, Node::Entrance, &ask.path);
            write_response(&wanted, &subject, &mut sheet.writer);
        }
        match write_people(&ask, &wanted, kind, &mut sheet).await {
            Ok(true) => sheet.finish().await,
            Ok(false) => {}
            Err(fault) => sheet.break_off(&fault).await,
        }
    })
}

/// Writes principals page by page; `false` when the client went away.
async fn write_people(ask: &Ask, wanted: &Wanted, kind: Kind, sheet: &mut Sheet) -> Outcome<bool> {
    let search = Arc::new(Search { kinds: vec![kind], text: String::new() });
    let mut after = Some(String::new());
    while let Some(from) = after {
        let page =
            principals::search(&ask.access, ask.open(), &search, &from, PAGE_MEMBERS).await?;
        for it in &principals::complete(&ask.access, page.views).await? {
            let path = principal_path(kind, &it.profile.principal.name);
            write_response(wanted, &bare(ask, Node::Principal(it), &path), &mut sheet.writer);
            if sheet.flush().await.is_err() {
                return Ok(false);
            }
        }
        after = page.next;
    }
    Ok(true)
}

/// What is directly below a collection that nobody owns: of homes only the asker's own.
fn below_entrance(ask: &Ask) -> Vec<String> {
    let name = &ask.access.who.name;
    let mut all = vec!["/dav/".to_owned(), "/dav/principals/".to_owned()];
    all.extend(Kind::ALL.map(|kind| format!("/dav/principals/{}/", kind.segment())));
    all.extend(Home::DAV.map(|home| format!("/dav/{}/", home.segment())));
    all.extend(Home::DAV.map(|home| home_path(home, name)));
    let here = here(ask);
    all.retain(|path| {
        let rest = path.strip_prefix(&here).and_then(|rest| rest.strip_suffix('/'));
        rest.is_some_and(|rest| !rest.is_empty() && !rest.contains('/'))
    });
    all
}

/// The principal of this kind and name, as the asker sees it.
///
/// # Errors
/// For those who may not see it the same whether or not it exists: `NotFound` where whoever exists is
/// seen, otherwise `Denied`.
pub async fn visible(ask: &Ask, kind: Kind, name: &str) -> Outcome<View> {
    match see(&ask.access, ask.open(), kind, name).await? {
        Some(it) => Ok(it),
        None if ask.access.who.administrator || ask.open() => Err(Fault::NotFound),
        None => {
            let path = format!("principals/{}/{name}/", kind.segment());
            Err(Fault::Denied { path, privilege: Privilege::Read })
        }
    }
}

/// The delegates of a principal that the asker may see; who they are is told to whoever may read the
/// list of the calendar home, which they are made of, and changed by whoever may write it.
///
/// # Errors
/// Those of [`visible`].
pub async fn proxy(ask: &Ask, kind: Kind, name: &str, level: Level) -> Outcome<Proxy> {
    let of = visible(ask, kind, name).await?;
    proxies(ask, of, &[level]).await?.pop().ok_or(Fault::NotFound)
}

async fn proxies(ask: &Ask, of: View, levels: &[Level]) -> Outcome<Vec<Proxy>> {
    let owner = &of.profile.principal;
    let held = list::rights_in(&ask.access, &delegation::home(owner)?).await?;
    let held = held.on(&delegation::home(owner)?.path);
    let mut rights = Privileges::READ;
    let mut bonds = Vec::new();
    if held.has(Privilege::ReadAcl) {
        rights = rights.union(Privilege::ReadAcl.into());
        bonds = delegation::of(&ask.access, owner).await?;
    }
    if held.has(Privilege::WriteAcl) {
        rights = rights.union(Privilege::WriteProperties.into());
    }
    let one = |level: &Level| {
        let members = bonds.iter().filter(|bond| bond.level == *level).cloned().collect();
        Proxy { of: of.clone(), level: *level, members, rights }
    };
    Ok(levels.iter().map(one).collect())
}

async fn principal(
    ask: &Ask,
    wanted: &Wanted,
    (kind, name): (Kind, &str),
    members: bool,
    itself: bool,
) -> Outcome<Response<Body>> {
    let view = visible(ask, kind, name).await?;
    let below = match members {
        true => proxies(ask, view.clone(), &Level::ALL).await?,
        false => Vec::new(),
    };
    let path = principal_path(kind, name);
    Ok(multistatus(|w| {
        if itself {
            write_response(wanted, &bare(ask, Node::Principal(&view), &path), w);
        }
        for it in &below {
            let path = proxy_path(kind, name, it.level);
            write_response(wanted, &bare(ask, Node::Proxy(it), &path), w);
        }
    }))
}

async fn stored(
    ask: Arc<Ask>,
    wanted: Wanted,
    members: bool,
    itself: bool,
) -> Outcome<(Response<Body>, bool)> {
    let place = ask.need_place()?.clone();
    let want = list::Want { children: members, ..wanted.want() };
    let sight = match list::see(&ask.access, &place, want).await {
        Err(Fault::Denied { .. }) if members => {
            return Ok((shared(&ask, &place, &wanted, want, itself).await?, true));
        }
        seen => seen?,
    };
    let collection = sight.found.collection().is_some();
    if !members || !collection {
        let response = multistatus(|w| write_sight(&ask, &place, &sight, &wanted, w));
        return Ok((response, collection));
    }
    let response = streamed(move |mut sheet| async move {
        if itself {
            write_sight(&ask, &place, &sight, &wanted, &mut sheet.writer);
        }
        write_children(&ask, &place, &sight, &wanted, &mut sheet.writer);
        match write_members(&ask, &place, &sight, &wanted, &mut sheet).await {
            Ok(true) => sheet.finish().await,
            Ok(false) => {}
            Err(fault) => sheet.break_off(&fault).await,
        }
    });
    Ok((response, collection))
}

/// Tells who asked without the slash which URL is the collection's own (RFC 4918 §5.2).
pub fn name_collection(ask: &Ask, response: &mut Response<Body>) {
    if ask.path.ends_with('/') {
        return;
    }
    set(response, CONTENT_LOCATION, &encoded(&format!("{}/", ask.path)));
}

/// The answer about a collection that one may not read, but some of whose members: it is 403
/// itself, they are shown.
async fn shared(
    ask: &Ask,
    place: &Place,
    wanted: &Wanted,
    want: list::Want,
    itself: bool,
) -> Outcome<Response<Body>> {
    let sight = list::see_shared(&ask.access, place, want).await?;
    let path = place.at(&place.path, true).dav_path();
    let denied = verdict(&Fault::Denied { path, privilege: Privilege::Read }, ask.about());
    Ok(multistatus(|w| {
        if itself {
            let path = place_path(&place.at(&place.path, true));
            write_status(&path, StatusCode::FORBIDDEN, Some(&denied), w);
        }
        write_children(ask, place, &sight, wanted, w);
    }))
}

/// Writes the response of the resource looked at.
pub fn write_sight(ask: &Ask, place: &Place, sight: &list::Sight, wanted: &Wanted, w: &mut Writer) {
    with_sight(ask, place, sight, |subject| write_response(wanted, subject, w));
}

/// Hands the resource looked at to `then`, if there is one.
pub fn with_sight<T>(
    ask: &Ask,
    place: &Place,
    sight: &list::Sight,
    then: impl FnOnce(&Subject<'_>) -> T,
) -> Option<T> {
    let collection = sight.found.collection().is_some();
    let path = place_path(&place.at(&place.path, collection));
    let text = sight.body.as_ref().and_then(text_of);
    let node = match &sight.found {
        Found::Collection(it) => Node::Collection(it),
        Found::Object(_, it) => Node::Object(it, text.as_deref()),
        Found::Nothing(_) | Found::NoParent => return None,
    };
    let subject = Subject {
        ask,
        node,
        path: &path,
        place: Some(place),
        rights: sight.rights,
        stored: &sight.properties,
        around: &sight.around,
    };
    Some(then(&subject))
}

fn write_children(ask: &Ask, place: &Place, sight: &list::Sight, wanted: &Wanted, w: &mut Writer) {
    each_child(ask, place, sight, |subject| write_response(wanted, subject, w));
}

/// Hands each of the collections in the one looked at to `visit`.
pub fn each_child(
    ask: &Ask,
    place: &Place,
    sight: &list::Sight,
    mut visit: impl FnMut(&Subject<'_>),
) {
    for (child, properties) in &sight.children {
        if list::is_mount(child) {
            let Some(shown) = sight.mounts.get(&child.id) else { continue };
            let path = place_path(&shown.place);
            visit(&Subject {
                ask,
                node: Node::Collection(&shown.target),
                path: &path,
                place: Some(&shown.place),
                rights: shown.rights,
                stored: properties,
                around: &shown.around,
            });
            continue;
        }
        let at = place.at(&child.path, true);
        let path = place_path(&at);
        let subject = Subject {
            ask,
            node: Node::Collection(child),
            path: &path,
            place: Some(&at),
            rights: sight.rights_on(child),
            stored: properties,
            around: &sight.around,
        };
        visit(&subject);
    }
}

/// Writes the objects page by page; `false` when the client went away.
async fn write_members(
    ask: &Ask,
    place: &Place,
    sight: &list::Sight,
    wanted: &Wanted,
    sheet: &mut Sheet,
) -> Outcome<bool> {
    let Some(it) = sight.found.collection() else { return Ok(true) };
    if it.member_count == 0 {
        return Ok(true);
    }
    let mut path = place_path(&place.at(&place.path, true));
    let stem = path.len();
    let mut after = Some(String::new());
    while let Some(from) = after {
        let page = list::page(&ask.access, (it.account, it.id), from, wanted.want()).await?;
        let told;
        let around = match page.told.is_empty() {
            true => &sight.around,
            false => {
                told = list::Around { told: page.told, ..sight.around.clone() };
                &told
            }
        };
        let mut properties = page.properties.as_slice();
        for (object, body) in &page.objects {
            let own;
            (own, properties) = split_own(properties, &object.name);
            let stored: Vec<_> = own.iter().map(|(_, p)| p.clone()).collect();
            let text = body.as_ref().and_then(text_of);
            path.truncate(stem);
            path.push_str(&object.name);
            let subject = Subject {
                ask,
                node: Node::Object(object, text.as_deref()),
                path: &path,
                place: Some(place),
                rights: sight.rights_on_members(),
                stored: &stored,
                around,
            };
            write_response(wanted, &subject, &mut sheet.writer);
            if sheet.flush().await.is_err() {
                return Ok(false);
            }
        }
        after = page.next;
    }
    Ok(true)
}

type Named = (String, crate::domain::collection::Property);

/// Splits off the properties of one object; both lists are ordered by name.
fn split_own<'p>(all: &'p [Named], name: &str) -> (&'p [Named], &'p [Named]) {
    let skip = all.iter().take_while(|(n, _)| n.as_str() < name).count();
    let all = all.get(skip..).unwrap_or(&[]);
    let own = all.iter().take_while(|(n, _)| n == name).count();
    all.split_at(own)
}
