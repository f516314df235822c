//! Principals as somebody sees them.
//!
//! Invariant: everybody sees himself, the groups that he is in, those for whom he acts and those who
//! act for him; administrators see everyone; where the directory is open, so does whoever signs in,
//! but for those who may not sign in. Of others than oneself and one's groups only what the directory
//! says is seen: who they are and how to write to them, not what they belong to.

use super::collection::Access;
use super::delegation::{self, Bond};
use super::directory::admin::Profile;
use super::directory::{Kind, Principal, resource};
use crate::kernel::fault::Outcome;
use crate::kernel::ids::PrincipalId;
use crate::kernel::privilege::{Privilege, Privileges};
use crate::store::Tx;
use crate::store::principal::{self, Sought};
use std::sync::Arc;

/// A principal in somebody's eyes.
#[derive(Clone, Debug)]
pub struct View {
    /// The principal. Its groups and members are empty where they are not to be seen.
    pub profile: Profile,
    /// The asker's rights on it: with `DAV:read-acl` what it belongs to is seen.
    pub rights: Privileges,
    /// For whom it acts, where that is to be seen.
    pub acts_for: Vec<Bond>,
}

/// What is seen of everyone who is seen at all.
const OF_OTHERS: Privileges = Privileges::READ;

/// What is seen of oneself.
fn of_oneself() -> Privileges {
    Privileges::READ.union(Privilege::ReadAcl.into())
}

/// Whom somebody knows by himself.
#[derive(Clone, Debug)]
pub struct Circle {
    /// The asker and the groups that he is in.
    me: Vec<PrincipalId>,
    /// Those for whom he acts, and those who act for him.
    bound: Vec<PrincipalId>,
    /// Whether he sees everything of everyone.
    everything: bool,
    /// Whether he sees everyone.
    everyone: bool,
}

impl Circle {
    async fn of(tx: &mut Tx, access: &Access, open: bool) -> Outcome<Self> {
        let id = access.who.id;
        let mut me = principal::all_groups(tx, id).await?;
        me.push(id);
        let mut bound = delegation::delegates(tx, id).await?;
        bound.extend(delegation::owners(tx, id).await?);
        let bound = bound.into_iter().map(|bond| bond.id).collect();
        let everything = access.who.administrator;
        Ok(Self { me, bound, everything, everyone: everything || open && !access.is_anonymous() })
    }

    /// The asker's rights on a principal; none: it is not seen.
    fn rights(&self, it: &Principal) -> Option<Privileges> {
        match it.id {
            id if self.everything || self.me.contains(&id) => Some(of_oneself()),
            id if self.bound.contains(&id) => Some(OF_OTHERS),
            _ => (self.everyone && !it.locked).then_some(OF_OTHERS),
        }
    }
}

/// The principal of this kind and name, if it is to be seen.
pub async fn see(access: &Access, open: bool, kind: Kind, name: &str) -> Outcome<Option<View>> {
    let (access, name) = (access.clone(), name.to_owned());
    let store = access.store.clone();
    store
        .read(move |tx| {
            Box::pin(async move {
                let found = principal::by_name(tx, &name).await?;
                let Some(it) = found.filter(|p| Kind::of(p) == kind) else { return Ok(None) };
                let rights = match it.id == access.who.id {
                    true => Some(of_oneself()),
                    false => Circle::of(tx, &access, open).await?.rights(&it),
                };
                let Some(rights) = rights else { return Ok(None) };
                let addresses = principal::addresses(tx, it.id).await?;
                view(tx, it, addresses, rights).await.map(Some)
            })
        })
        .await
}

/// Several principals, in this order: those that are not to be seen with no rights.
pub async fn see_all(
    access: &Access,
    open: bool,
    names: Vec<(Kind, String)>,
) -> Outcome<Vec<View>> {
    let access = access.clone();
    let store = access.store.clone();
    store
        .read(move |tx| {
            Box::pin(async move {
                let circle = Circle::of(tx, &access, open).await?;
                let mut all = Vec::with_capacity(names.len());
                for (kind, name) in names {
                    let found = principal::by_name(tx, &name).await?;
                    let Some(it) = found.filter(|p| Kind::of(p) == kind) else { continue };
                    let rights = circle.rights(&it).unwrap_or(Privileges::NONE);
                    let addresses = principal::addresses(tx, it.id).await?;
                    all.push(view(tx, it, addresses, rights).await?);
                }
                Ok(all)
            })
        })
        .await
}

async fn view(
    tx: &mut Tx,
    principal: Principal,
    addresses: Vec<String>,
    rights: Privileges,
) -> Outcome<View> {
    let resource = resource::all(tx, std::slice::from_ref(&principal)).await?;
    let mut it = of_others(principal, addresses, rights);
    it.profile.resource = resource.into_values().next();
    if rights.has(Privilege::ReadAcl) {
        let id = it.profile.principal.id;
        it.profile.groups = principal::groups(tx, id).await?;
        it.profile.members = principal::members(tx, id).await?;
        it.acts_for = delegation::owners(tx, id).await?;
    }
    Ok(it)
}

fn of_others(principal: Principal, addresses: Vec<String>, rights: Privileges) -> View {
    let (groups, members) = (Vec::new(), Vec::new());
    let profile = Profile { principal, addresses, groups, members, resource: None };
    View { profile, rights, acts_for: Vec::new() }
}

/// Who is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    /// Of which kinds.
    pub kinds: Vec<Kind>,
    /// What is in the name, the display name or an address, in lower case; empty: anything. It only
    /// narrows what is looked at.
    pub text: String,
}

/// A page of what was found.
#[derive(Clone, Debug)]
pub struct Page {
    /// Those that are to be seen, by name, as others see them: without what they belong to.
    pub views: Vec<View>,
    /// After which name there may be more.
    pub next: Option<String>,
}

/// The next principals after a name that may be what is looked for, out of at most `limit` looked at.
pub async fn search(
    access: &Access,
    open: bool,
    search: &Arc<Search>,
    after: &str,
    limit: usize,
) -> Outcome<Page> {
    let (access, search, after) = (access.clone(), search.clone(), after.to_owned());
    let store = access.store.clone();
    store
        .read(move |tx| {
            Box::pin(async move {
                let circle = Circle::of(tx, &access, open).await?;
                let found = match circle.everyone {
                    true => {
                        let kinds = search.kinds.iter().map(|kind| 1 << kind.number()).sum();
                        let (text, locked) = (search.text.as_str(), circle.everything);
                        let sought = Sought { kinds, text, locked };
                        principal::search(tx, sought, &after, limit as i64).await?
                    }
                    false => known(tx, &circle, &search, &after, limit).await?,
                };
                let last = found.last().filter(|_| found.len() == limit);
                let next = last.map(|(it, _)| it.name.clone());
                let who: Vec<Principal> = found.iter().map(|(it, _)| it.clone()).collect();
                let mut resources = resource::all(tx, &who).await?;
                let views = found.into_iter().filter_map(|(it, addresses)| {
                    let rights = circle.rights(&it)?;
                    let resource = resources.remove(&it.id);
                    let mut view = of_others(it, addresses, rights);
                    view.profile.resource = resource;
                    Some(view)
                });
                Ok(Page { views: views.collect(), next })
            })
        })
        .await
}

async fn known(
    tx: &mut Tx,
    circle: &Circle,
    search: &Search,
    after: &str,
    limit: usize,
) -> Outcome<Vec<(Principal, Vec<String>)>> {
    let mut all = Vec::new();
    for id in circle.me.iter().chain(&circle.bound) {
        let found = principal::by_id(tx, *id).await?;
        all.extend(found.filter(|p| search.kinds.contains(&Kind::of(p)) && *p.name > *after));
    }
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all.dedup_by(|a, b| a.id == b.id);
    all.truncate(limit);
    let mut found = Vec::with_capacity(all.len());
    for it in all {
        let addresses = principal::addresses(tx, it.id).await?;
        found.push((it, addresses));
    }
    Ok(found)
}

/// The views with what their principals belong to, where that is to be seen.
pub async fn complete(access: &Access, views: Vec<View>) -> Outcome<Vec<View>> {
    let store = access.store.clone();
    store
        .read(move |tx| {
            Box::pin(async move {
                let mut all = Vec::with_capacity(views.len());
                for it in views {
                    let (profile, rights) = (it.profile, it.rights);
                    all.push(view(tx, profile.principal, profile.addresses, rights).await?);
                }
                Ok(all)
            })
        })
        .await
}
