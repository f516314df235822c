//! Listing members in pages, so that memory is bounded however large the collection.

use super::access::{Access, Rights};
use super::acl::{self, Granted};
use super::derived;
use super::kind::Kind;
use super::mount;
use super::personal;
use super::place::Place;
use super::privacy::veil;
use super::scheduling::{EVENTS, default_calendar};
use super::sync::{Change, Member};
use super::tree::{Found, locate, look};
use crate::kernel::fault::{Fault, Outcome};
use crate::kernel::ids::{BlobId, CollectionId, PrincipalId};
use crate::kernel::limits::{PAGE_MEMBERS, SCHEDULE_HISTORY_MAX};
use crate::kernel::privilege::{Privilege, Privileges};
use crate::store::blob::Body;
use crate::store::collection::{self, Collection};
use crate::store::feed::{self, Subscription};
use crate::store::itip::{self as letters, Told};
use crate::store::link::{self, Link};
use crate::store::lock::{self, Lock};
use crate::store::mount::{Invitation, Sharee, sharee_of, sharees, shown_in, strangers};
use crate::store::object::{self, Object};
use crate::store::principal;
use crate::store::property::{self, Property};
use crate::store::{Store, Tx, change_log};
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, LazyLock};

/// What a listing shall bring beside the rows; each costs a statement a page.
#[derive(Clone, Copy, Debug, Default)]
pub struct Want {
    /// Properties that clients set.
    pub properties: bool,
    /// Locks.
    pub locks: bool,
    /// The account's use of its quota.
    pub quota: bool,
    /// The collections directly in it (for a home's or folder's listing).
    pub children: bool,
    /// The content of a single object.
    pub content: bool,
    /// The grants on the account's collections.
    pub grants: bool,
    /// The links to the account's calendars.
    pub links: bool,
    /// The feeds that the account's calendars show.
    pub feeds: bool,
    /// The time zone of the account's owner.
    pub zone: bool,
    /// With whom the account's collections are shared, and who shares them.
    pub sharees: bool,
    /// The calendar that invitations come into.
    pub default_calendar: bool,
    /// The state of what others share that shows in a home.
    pub beside: bool,
    /// Who was told what about scheduling objects.
    pub told: bool,
}

impl Want {
    /// Whether anything is wanted of what is around a resource.
    fn around(self) -> bool {
        let most = [self.locks, self.quota, self.grants, self.links, self.feeds, self.zone];
        self.sharees || self.default_calendar || self.told || most.contains(&true)
    }
}

/// What surrounds every resource of an account, as far as it was wanted.
#[derive(Clone, Debug, Default)]
pub struct Around {
    /// The account's locks.
    pub locks: Vec<Lock>,
    /// Octets used by the account, and its quota.
    pub quota: Option<(i64, Option<i64>)>,
    /// The grants on the account's collections.
    pub grants: Vec<Granted>,
    /// The links to the account's calendars, each with the calendar's path.
    pub links: Vec<(String, Link)>,
    /// The feeds that the account's calendars show.
    pub feeds: Vec<Subscription>,
    /// The name of the time zone of the account's owner, if it has one.
    pub zone: Option<String>,
    /// With whom the account's collections are shared, where that was wanted.
    pub sharing: Sharing,
    /// The path of the calendar that invitations come into.
    pub default_calendar: Option<String>,
    /// Of a home in which others' collections show, their state; of what others share, the state of
    /// what is the asker's own in it.
    pub beside: Vec<(CollectionId, u64)>,
    /// Who was told what about scheduling objects, the newest first, by the object's content.
    pub told: HashMap<BlobId, Vec<Told>>,
}

/// With whom an account's collections are shared, and who shares them.
#[derive(Clone, Debug, Default)]
pub struct Sharing {
    /// Those whom the grants name.
    pub sharees: Vec<Sharee>,
    /// Those who are nobody here, each with the path of the collection.
    pub strangers: Vec<(String, Invitation)>,
    /// The owner's name for people, and his first address, if he has one.
    pub owner: (String, Option<String>),
}

/// Nothing of it, as for what no account owns.
pub static NOTHING_AROUND: LazyLock<Around> = LazyLock::new(Around::default);

impl Around {
    /// Loads it for an account in which `me` is whoever a mount belongs to, or who asks. Who may read no
    /// list there is told of no others, so that it costs him the same however many they are.
    async fn load(
        tx: &mut Tx,
        access: &Access,
        (account, me): (PrincipalId, PrincipalId),
        want: Want,
    ) -> Outcome<Self> {
        let mut it = Self::default();
        let lists = (want.grants || want.sharees)
            && access.rights_in(tx, account).await?.any_has(Privilege::ReadAcl);
        if want.locks {
            it.locks = lock::of_account(tx, account, access.now).await?;
        }
        if want.quota {
            let (_, used) = change_log::current(tx, account).await?;
            let owner = principal::by_id(tx, account).await?;
            it.quota = Some((used, owner.and_then(|p| p.quota)));
        }
        if want.grants && lists {
            it.grants = acl::granted(tx, account).await?;
        }
        if want.links {
            it.links = link::of_account(tx, account).await?;
        }
        if want.feeds {
            it.feeds = feed::of_account(tx, account).await?;
        }
        if want.zone {
            it.zone = principal::zone(tx, account).await?;
        }
        if want.sharees {
            let owner = principal::by_id(tx, account).await?.map(|owner| owner.display_name);
            let address = principal::addresses(tx, account).await?.into_iter().next();
            let (sharees, strangers) = match lists {
                true => (sharees(tx, account).await?, strangers(tx, account).await?),
                false => (sharee_of(tx, account, me).await?, Vec::new()),
            };
            it.sharing =
                Sharing { sharees, strangers, owner: (owner.unwrap_or_default(), address) };
        }
        if want.default_calendar {
            it.default_calendar = default_calendar(tx, account, EVENTS).await?.map(|c| c.path);
        }
        Ok(it)
    }
}

/// The resource itself, with what was wanted.
#[derive(Clone, Debug)]
pub struct Sight {
    /// What is there.
    pub found: Found,
    /// The asker's rights on it.
    pub rights: Privileges,
    /// Its properties that clients set.
    pub properties: Vec<Property>,
    /// The account's locks, quota and grants.
    pub around: Around,
    /// The collections in it, each with its properties.
    pub children: Vec<(Collection, Vec<Property>)>,
    /// The content, for an object when wanted.
    pub body: Option<Body>,
    /// What the mounts among the children show.
    pub mounts: Mounts,
    /// The asker's rights on the children.
    reach: Rights,
}

/// What mounts show, by the identity of the collection that is the mount. Those that show nothing,
/// or nothing that the asker may read, are not among them.
pub type Mounts = HashMap<CollectionId, Mounted>;

/// What a mount shows.
#[derive(Clone, Debug)]
pub struct Mounted {
    /// The owner's place, to be written as the mount.
    pub place: Place,
    /// The shared collection.
    pub target: Collection,
    /// The asker's rights on it.
    pub rights: Privileges,
    /// What surrounds it in its owner's account.
    pub around: Arc<Around>,
}

/// Whether a collection is a mount.
pub fn is_mount(it: &Collection) -> bool {
    Kind::from_number(it.kind) == Kind::Mount
}

/// Looks up what those of the collections show that are mounts; `home` is a place of their account.
/// An owner is asked once, however much of his is shown.
async fn mounted<'c>(
    tx: &mut Tx,
    access: &Access,
    home: &Place,
    rows: impl Iterator<Item = &'c Collection>,
    want: Want,
) -> Outcome<Mounts> {
    let paths: HashMap<_, _> = rows.filter(|it| is_mount(it)).map(|it| (it.id, &it.path)).collect();
    let (mut all, mut owners) = (Mounts::new(), HashMap::new());
    if paths.is_empty() {
        return Ok(all);
    }
    let mut rows = shown_in(tx, home.account).await?;
    rows.retain(|(shown, _)| paths.contains_key(&shown.row));
    let own: Vec<_> = rows
        .iter()
        .filter_map(|(shown, target)| Some((target.id, shown.own?.unsigned_abs())))
        .collect();
    for (shown, target) in rows {
        let Some(path) = paths.get(&shown.row) else { continue };
        let (rights, around) = match owners.entry(shown.owner) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let rights = access.rights_in(tx, shown.owner).await?;
                let of = (shown.owner, home.account);
                let mut around = Around::load(tx, access, of, want).await?;
                around.beside.clone_from(&own);
                new.insert((rights, Arc::new(around)))
            }
        };
        let rights = derived::left_on(rights.on(&target.path), &target);
        if rights.has(Privilege::Read) {
            let place = mount::through(&home.at(path, true), path, &shown);
            all.insert(shown.row, Mounted { place, target, rights, around: around.clone() });
        }
    }
    Ok(all)
}

impl Sight {
    /// The asker's rights on one of the children: at least those on the resource itself.
    pub fn rights_on(&self, child: &Collection) -> Privileges {
        derived::left_on(self.rights.union(self.reach.on(&child.path)), child)
    }

    /// The asker's rights on the objects in it.
    pub fn rights_on_members(&self) -> Privileges {
        let of = self.found.collection().map_or(0, |it| it.derived);
        derived::left_on_members(self.rights, of)
    }

    fn new(found: Found, rights: Privileges) -> Self {
        Self {
            found,
            rights,
            properties: Vec::new(),
            around: Around::default(),
            children: Vec::new(),
            body: None,
            mounts: Mounts::new(),
            reach: Rights::nowhere(),
        }
    }
}

/// Looks at one place.
///
/// # Errors
/// `NotFound`, `Denied`.
pub async fn see(access: &Access, place: &Place, want: Want) -> Outcome<Sight> {
    let (access, place) = (access.clone(), place.clone());
    let store = access.store.clone();
    store
        .read(move |tx| {
            Box::pin(async move {
                let (found, rights) = look(tx, &access, &place).await?;
                let mut sight = Sight::new(found, rights);
                fill(tx, &access, &place, want, &mut sight).await?;
                Ok(sight)
            })
        })
        .await
}

/// Looks at a collection that one may not read, for the collections in it that one may: what a
/// sharee finds of another's home. Who may read none of them is told what [`see`] tells.
///
/// # Errors
/// `Denied`.
pub async fn see_shared(access: &Access, place: &Place, want: Want) -> Outcome<Sight> {
    let (access, place) = (access.clone(), place.clone());
    let store = access.store.clone();
    store
        .read(move |tx| {
            Box::pin(async move {
                let denied = Fault::Denied { path: place.dav_path(), privilege: Privilege::Read };
                let reach = access.rights_in(tx, place.account).await?;
                if !reach.any() {
                    return Err(denied);
                }
                let Found::Collection(it) = locate(tx, &place).await? else { return Err(denied) };
                let rights = derived::left_on(reach.on(&it.path), &it);
                let mut sight = Sight::new(Found::Collection(it), rights);
                fill(tx, &access, &place, Want { children: true, ..want }, &mut sight).await?;
                sight.children.retain(|(child, _)| reach.on(&child.path).has(Privilege::Read));
                match sight.children.is_empty() {
                    true => Err(denied),
                    false => Ok(sight),
                }
            })
        })
        .await
}

/// Collections with their properties, and the name of the time zone of their owner.
pub type Owned = (Vec<(Collection, Vec<Property>)>, Option<String>);

/// A collection and the collections in it, each with its properties, for which the asker may know
/// when their owner is busy (RFC 4791 §7.10).
///
/// # Errors
/// `NotFound` for whoever may not know it, whether or not something is there.
pub async fn see_busy(access: &Access, place: &Place) -> Outcome<Owned> {
    let (access, place) = (access.clone(), place.clone());
    let store = access.store.clone();
    store
        .read(move |tx| {
            Box::pin(async move {
                let rights = access.rights_in(tx, place.account).await?;
                let may = |path: &str| rights.on(path).has(Privilege::ReadFreeBusy);
                if !may(&place.path) {
                    return Err(Fault::NotFound);
                }
                let Found::Collection(it) = locate(tx, &place).await? else {
                    return Err(Fault::NotFound);
                };
                let mut all = collection::children(tx, it.id).await?;
                all.retain(|child| may(&child.path));
                all.insert(0, it);
                let all = with_their_properties(tx, all, true).await?;
                Ok((all, principal::zone(tx, place.account).await?))
            })
        })
        .await
}

async fn fill(
    tx: &mut Tx,
    access: &Access,
    place: &Place,
    want: Want,
    sight: &mut Sight,
) -> Outcome<()> {
    let target = match &sight.found {
        // A mount's properties are its own, so that everyone has his own name and colour for it.
        Found::Collection(it) => {
            Some((place.as_mount().map_or(it.id, |mount| mount.id), String::new()))
        }
        Found::Object(parent, it) => Some((parent.id, it.name.clone())),
        _ => None,
    };
    let me = place.mount.as_ref().map_or(access.who.id, |mount| mount.account);
    sight.around = Around::load(tx, access, (place.account, me), want).await?;
    if let (true, Found::Collection(it)) = (want.beside, &sight.found) {
        let state = match mount::beside(tx, it).await? {
            None => personal::state(tx, access, it).await?,
            state => state,
        };
        sight.around.beside.extend(state.map(|state| (it.id, state)));
    }
    if let (true, Found::Collection(it)) = (want.children, &sight.found) {
        sight.children = children(tx, it.id, want.properties).await?;
        sight.reach = access.rights_in(tx, place.account).await?;
        let rows = sight.children.iter().map(|(child, _)| child);
        sight.mounts = mounted(tx, access, place, rows, want).await?;
    }
    if let Found::Object(parent, it) = &mut sight.found {
        if want.content {
            sight.body = Some(crate::store::blob::read(tx, it.blob, access.store.files()).await?);
        }
        veil(tx, access, place.account, [(parent.id, &mut *it, sight.body.as_mut())]).await?;
        if it.hidden {
            return Ok(());
        }
    }
    if let Found::Object(parent, it) = &sight.found {
        let keys = [object::key(parent.id, &it.name)];
        sight.around.told = told(tx, place.account, &keys, want).await?;
    }
    if let (true, Some((id, name))) = (want.properties, &target) {
        sight.properties = property::of(tx, *id, name).await?;
    }
    Ok(())
}

/// Who was told what about objects, if that is wanted.
async fn told(
    tx: &mut Tx,
    account: PrincipalId,
    keys: &[String],
    want: Want,
) -> Outcome<HashMap<BlobId, Vec<Told>>> {
    let mut all: HashMap<BlobId, Vec<Told>> = HashMap::new();
    if want.told {
        for (content, it) in letters::of_objects(tx, account, keys, SCHEDULE_HISTORY_MAX).await? {
            all.entry(content).or_default().push(it);
        }
    }
    Ok(all)
}

async fn children(
    tx: &mut Tx,
    of: CollectionId,
    with_properties: bool,
) -> Outcome<Vec<(Collection, Vec<Property>)>> {
    let rows = collection::children(tx, of).await?;
    with_their_properties(tx, rows, with_properties).await
}

/// Brings collections together with their properties, in one statement for all.
pub async fn with_their_properties(
    tx: &mut Tx,
    rows: Vec<Collection>,
    wanted: bool,
) -> Outcome<Vec<(Collection, Vec<Property>)>> {
    let ids: Vec<i64> = rows.iter().map(|c| c.id.0).collect();
    let mut all: Vec<_> = rows.into_iter().map(|c| (c, Vec::new())).collect();
    if wanted && !ids.is_empty() {
        let mut index: Vec<(i64, usize)> = ids.into_iter().zip(0..).collect();
        index.sort_unstable();
        for (id, it) in
            property::of_many(tx, &index.iter().map(|i| i.0).collect::<Vec<_>>()).await?
        {
            let at = index.binary_search_by_key(&id.0, |i| i.0).map(|i| index[i].1);
            if let Some((_, properties)) = at.ok().and_then(|at| all.get_mut(at)) {
                properties.push(it);
            }
        }
    }
    Ok(all)
}

/// One page of a collection's objects.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// Objects by name, each with its content if wanted.
    pub objects: Vec<(Object, Option<Body>)>,
    /// Properties that clients set on them, by object name.
    pub properties: Vec<(String, Property)>,
    /// The name to go on after; none: this was the last page.
    pub next: Option<String>,
    /// See [`Around::told`].
    pub told: HashMap<BlobId, Vec<Told>>,
}

/// The page after a name. The caller has looked at the collection with [`see`] just before, so
/// rights are not asked again within one request.
pub async fn page(
    access: &Access,
    (account, of): (PrincipalId, CollectionId),
    after: String,
    want: Want,
) -> Outcome<Page> {
    let mut page = page_of(&access.store, of, after, want).await?;
    if want.told {
        let keys: Vec<_> = page.objects.iter().map(|(it, _)| object::key(of, &it.name)).collect();
        let read = access
            .store
            .read(move |tx| Box::pin(async move { told(tx, account, &keys, want).await }));
        page.told = read.await?;
    }
    let plain = |(it, _): &(Object, Option<Body>)| it.component == 0;
    if access.has_all(account) || page.objects.iter().all(plain) {
        return Ok(page);
    }
    let (access, store) = (access.clone(), access.store.clone());
    let seen = store.read(move |tx| {
        Box::pin(async move {
            let mut page = page;
            let all = page.objects.iter_mut().map(|(it, body)| (of, it, body.as_mut()));
            veil(tx, &access, account, all).await?;
            let hidden = page.objects.iter().filter(|(it, _)| it.hidden);
            let hidden: HashSet<&str> = hidden.map(|(it, _)| it.name.as_str()).collect();
            page.properties.retain(|(name, _)| !hidden.contains(name.as_str()));
            Ok(page)
        })
    });
    seen.await
}

/// As [`page`], where nobody has signed in: the caller knows that whoever asks may see it.
pub(in crate::domain) async fn page_of(
    store: &Store,
    of: CollectionId,
    after: String,
    want: Want,
) -> Outcome<Page> {
    let files = store.files().clone();
    // Contents are up to 64 KiB each, so fewer of them fit in one page's memory.
    let limit = if want.content { PAGE_MEMBERS / 8 } else { PAGE_MEMBERS };
    store
        .read(move |tx| {
            Box::pin(async move {
                let objects: Vec<_> = match want.content {
                    true => object::page_content(tx, of, &after, limit, &files)
                        .await?
                        .into_iter()
                        .map(|(o, b)| (o, Some(b)))
                        .collect(),
                    false => object::page(tx, of, &after, limit)
                        .await?
                        .into_iter()
                        .map(|o| (o, None))
                        .collect(),
                };
                let mut page =
                    Page { next: None, properties: Vec::new(), objects, told: HashMap::new() };
                if let (Some(first), Some(last)) = (page.objects.first(), page.objects.last()) {
                    if want.properties {
                        let (from, to) = (&first.0.name, &last.0.name);
                        page.properties = property::of_objects(tx, of, from, to).await?;
                    }
                    page.next = (page.objects.len() == limit).then(|| last.0.name.clone());
                }
                Ok(page)
            })
        })
        .await
}

/// Those of the names that are there, with contents if wanted (multiget), in no order.
pub async fn by_names(
    access: &Access,
    (account, of): (PrincipalId, CollectionId),
    names: Vec<String>,
) -> Outcome<Vec<(Object, Body)>> {
    let (access, store) = (access.clone(), access.store.clone());
    let read = store.read(move |tx| {
        Box::pin(async move { by_names_in(tx, &access, (account, of), &names).await })
    });
    read.await
}

/// The same within a transaction.
pub async fn by_names_in(
    tx: &mut Tx,
    access: &Access,
    (account, of): (PrincipalId, CollectionId),
    names: &[String],
) -> Outcome<Vec<(Object, Body)>> {
    let mut found = object::by_names(tx, of, names, access.store.files()).await?;
    let all = found.iter_mut().map(|(it, body)| (of, it, Some(body)));
    veil(tx, access, account, all).await?;
    Ok(found)
}

/// What was wanted of some members of a sync answer.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// The account's locks, quota and grants.
    pub around: Around,
    /// What the mounts among them show.
    pub mounts: Mounts,
    contents: HashMap<CollectionId, HashMap<String, Body>>,
    objects: HashMap<CollectionId, HashMap<String, Vec<Property>>>,
    collections: HashMap<CollectionId, Vec<Property>>,
}

impl Loaded {
    /// The properties that clients set on a member.
    pub fn properties_of(&self, member: &Member) -> &[Property] {
        let found = match &member.change {
            Change::Object(it) if it.hidden => None,
            Change::Object(it) => {
                self.objects.get(&member.holder.id).and_then(|all| all.get(&it.name))
            }
            Change::Collection(it) => self.collections.get(&it.id),
            Change::Gone(_) => None,
        };
        found.map_or(&[], Vec::as_slice)
    }

    /// The content of a member.
    pub fn content_of(&self, member: &Member) -> Option<&Body> {
        let Change::Object(it) = &member.change else { return None };
        self.contents.get(&member.holder.id)?.get(&it.name)
    }
}

/// Loads what is wanted of a batch of members, in one snapshot.
pub async fn load(
    access: &Access,
    place: &Place,
    members: &[Member],
    want: Want,
) -> Outcome<Loaded> {
    let mut mounts = Vec::new();
    for member in members {
        if let Change::Collection(it) = &member.change
            && is_mount(it)
        {
            mounts.push(it.clone());
        }
    }
    if !want.properties && !want.content && !want.around() && mounts.is_empty() {
        return Ok(Loaded::default());
    }
    let (access, place) = (access.clone(), place.clone());
    let mut keys = Vec::new();
    let mut children = Vec::new();
    for member in members {
        match &member.change {
            Change::Object(it) => keys.push(object::key(member.holder.id, &it.name)),
            Change::Collection(it) => children.push(it.id.0),
            Change::Gone(_) => {}
        }
    }
    let store = access.store.clone();
    store
        .read(move |tx| {
            Box::pin(async move {
                let mut loaded = Loaded::default();
                if want.content {
                    let mut found = object::by_keys(tx, &keys, access.store.files()).await?;
                    let all = found.iter_mut().map(|(of, object, it)| (*of, object, Some(it)));
                    veil(tx, &access, place.account, all).await?;
                    for (of, object, it) in found {
                        loaded.contents.entry(of).or_default().insert(object.name, it);
                    }
                }
                if want.properties && !children.is_empty() {
                    for (child, it) in property::of_many(tx, &children).await? {
                        loaded.collections.entry(child).or_default().push(it);
                    }
                }
                if want.properties && !keys.is_empty() {
                    for (of, name, it) in property::of_keys(tx, &keys).await? {
                        loaded.objects.entry(of).or_default().entry(name).or_default().push(it);
                    }
                }
                let me = place.mount.as_ref().map_or(access.who.id, |mount| mount.account);
                loaded.around = Around::load(tx, &access, (place.account, me), want).await?;
                loaded.around.told = told(tx, place.account, &keys, want).await?;
                loaded.mounts = mounted(tx, &access, &place, mounts.iter(), want).await?;
                Ok(loaded)
            })
        })
        .await
}

/// The asker's rights on every place of the account that a place is in.
pub async fn rights_in(access: &Access, place: &Place) -> Outcome<Rights> {
    if access.has_all(place.account) {
        return Ok(Rights::everywhere());
    }
    let (access, account) = (access.clone(), place.account);
    let store = access.store.clone();
    store.read(move |tx| Box::pin(async move { access.rights_in(tx, account).await })).await
}
