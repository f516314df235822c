//! `DAV:principal-match` (RFC 3744 §9.3): what inside a collection is the current user, or names
//! the current user in a property.

use super::resource::{Resource, demand_depth_zero, fetch, inside, own_homes, write_truncated};
use crate::domain::collection::list::{self, Want};
use crate::domain::collection::{Object, Place};
use crate::domain::delegation;
use crate::domain::directory::{Kind, lookup};
use crate::format::xml::{Element, Writer};
use crate::kernel::fault::{Fault, Outcome};
use crate::kernel::limits::{PRINCIPAL_MATCHES_MAX, QUERY_MATCHES_MAX};
use crate::protocol::dav::Ask;
use crate::protocol::dav::answer::{XML, full};
use crate::protocol::dav::method::propfind::each_child;
use crate::protocol::dav::multistatus::{Wanted, show, write_response};
use crate::protocol::dav::name::MULTISTATUS;
use crate::protocol::dav::property::Shown;
use crate::protocol::dav::space::{place_path, principal_path, proxy_path};
use crate::protocol::dav::subject::{Node, Subject};
use crate::protocol::http::body::Body;
use crate::protocol::http::header::prefer::Preferences;
use http::{Response, StatusCode};
use std::sync::Arc;

/// Answers with what matches.
pub async fn run(ask: Arc<Ask>, root: Element) -> Outcome<Response<Body>> {
    demand_depth_zero(&ask)?;
    let own = root.child("DAV:", "self").is_some();
    let property = root.child("DAV:", "principal-property");
    let property = property.and_then(|e| e.elements().next());
    if own == property.is_some() {
        let why = "a principal-match holds either self or principal-property with a property";
        return Err(Fault::malformed(why));
    }
    let minimal = Preferences::parse(&ask.headers).minimal();
    let mut wanted = Wanted::of_report(ask.registry(), &root, minimal);
    if let Some(property) = property {
        wanted.need = wanted.need.and(
            ask.registry()
                .row(&property.name)
                .map_or(crate::protocol::dav::property::Need::STORED, |row| row.need),
        );
    }
    let store = &ask.access.store;
    let mut me = lookup::oneself(store, &ask.access.who).await?;
    // Whoever has not signed in is nobody.
    me.retain(|_| !ask.access.is_anonymous());
    let mut me: Vec<String> = me.iter().map(|p| principal_path(Kind::of(p), &p.name)).collect();
    // Delegates are members of groups below those for whom they act (caldav-proxy §5.2).
    let acts_for = delegation::owners_of(store, ask.access.who.id).await?;
    for bond in acts_for {
        let path = proxy_path(bond.kind, &bond.name, bond.level);
        if !me.contains(&path) {
            me.push(path);
        }
    }
    let mut writer = Writer::with_capacity(2048);
    writer.document_start(&MULTISTATUS);
    let (looks, left) = (QUERY_MATCHES_MAX, PRINCIPAL_MATCHES_MAX);
    let mut search = Search { ask: &ask, wanted, property, me, looks, left, writer };
    let whole = search.run().await?;
    let mut writer = search.writer;
    if !whole {
        write_truncated(&ask, &mut writer);
    }
    writer.close(&MULTISTATUS);
    Ok(full(StatusCode::MULTI_STATUS, XML, writer.out))
}

struct Search<'a> {
    ask: &'a Ask,
    wanted: Wanted,
    /// The property that shall name the user; none: the user's own principals are looked for.
    property: Option<&'a Element>,
    /// The paths of the user's principals.
    me: Vec<String>,
    /// How many more may be looked at.
    looks: usize,
    /// How many more may match.
    left: usize,
    writer: Writer,
}

impl Search<'_> {
    /// Goes through everything inside; `false` when there is more than one answer holds.
    async fn run(&mut self) -> Outcome<bool> {
        let (ask, inside) = (self.ask, inside(self.ask));
        let resource = fetch(ask, &ask.path, Want::default()).await?;
        for path in self.me.clone() {
            if path.starts_with(&inside) && !self.principal(&path).await? {
                return Ok(false);
            }
        }
        if self.property.is_none() {
            return Ok(true);
        }
        let mut places = Vec::new();
        match resource {
            Resource::Stored(place, _) => places.push(place),
            Resource::Principal(..) | Resource::Proxy(..) => {}
            Resource::Entrance(_) => {
                for home in own_homes(ask, &inside) {
                    let place = ask.place_of(&home).await?;
                    if !self.home(&place).await? {
                        return Ok(false);
                    }
                    places.push(place);
                }
            }
        }
        while let Some(place) = places.pop() {
            if !self.collection(&place, &mut places).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// One of the user's own principals.
    async fn principal(&mut self, path: &str) -> Outcome<bool> {
        let it = fetch(self.ask, path, Want::default()).await?;
        Ok(it.with(self.ask, |subject| self.visit(subject)).unwrap_or(true))
    }

    async fn home(&mut self, place: &Place) -> Outcome<bool> {
        let it = fetch(self.ask, &place_path(place), self.wanted.want()).await?;
        Ok(it.with(self.ask, |subject| self.visit(subject)).unwrap_or(true))
    }

    /// The members of a collection; the collections among them are put down for later.
    async fn collection(&mut self, place: &Place, places: &mut Vec<Place>) -> Outcome<bool> {
        let want = Want { children: true, content: false, ..self.wanted.want() };
        let sight = list::see(&self.ask.access, place, want).await?;
        let mut whole = true;
        each_child(self.ask, place, &sight, |subject| whole = whole && self.visit(subject));
        places.extend(sight.children.iter().map(|(child, _)| place.at(&child.path, true)));
        let Some(it) = sight.found.collection() else { return Ok(whole) };
        let mut after = Some(String::new());
        while let (true, Some(from)) = (whole, after) {
            let page = list::page(&self.ask.access, (it.account, it.id), from, want).await?;
            whole = page.objects.iter().all(|(o, _)| self.object(place, &sight, &page, o));
            after = page.next;
        }
        Ok(whole)
    }

    fn object(
        &mut self,
        place: &Place,
        sight: &list::Sight,
        page: &list::Page,
        object: &Object,
    ) -> bool {
        let own = page.properties.iter().filter(|(name, _)| *name == object.name);
        let stored: Vec<_> = own.map(|(_, p)| p.clone()).collect();
        let path = place_path(&place.child(&object.name, false));
        self.visit(&Subject {
            ask: self.ask,
            node: Node::Object(object, None),
            path: &path,
            place: Some(place),
            rights: sight.rights_on_members(),
            stored: &stored,
            around: &sight.around,
        })
    }

    /// Writes a resource that matches; `false` when the answer is full, or took too much work.
    fn visit(&mut self, subject: &Subject<'_>) -> bool {
        let Some(looks) = self.looks.checked_sub(1) else { return false };
        self.looks = looks;
        let matches = match self.property {
            None => matches!(subject.node, Node::Principal(_) | Node::Proxy(_)),
            Some(property) => self.names_me(subject, property),
        };
        if !matches {
            return true;
        }
        let Some(left) = self.left.checked_sub(1) else { return false };
        self.left = left;
        write_response(&self.wanted, subject, &mut self.writer);
        true
    }

    fn names_me(&self, subject: &Subject<'_>, property: &Element) -> bool {
        let mut shown = Writer::with_capacity(256);
        if show(subject, property, &mut shown) != Shown::Yes {
            return false;
        }
        let shown = String::from_utf8_lossy(&shown.out);
        self.me.iter().any(|path| {
            let mut href = Writer::with_capacity(128);
            href.href(path);
            shown.contains(&*String::from_utf8_lossy(&href.out))
        })
    }
}
