//! Looking principals up, for protocols.

use super::admin::{self, Profile};
use super::{Kind, Principal};
use crate::kernel::fault::Outcome;
use crate::kernel::ids::PrincipalId;
use crate::store::{Store, Tx, principal};

/// The principal of this name (folded), if there is one.
pub async fn by_name(store: &Store, name: &str) -> Outcome<Option<Principal>> {
    let name = name.to_owned();
    store.read(move |tx| Box::pin(async move { principal::by_name(tx, &name).await })).await
}

/// The principal with this identity, if there is one.
pub async fn by_id(store: &Store, id: PrincipalId) -> Outcome<Option<Principal>> {
    store.read(move |tx| Box::pin(async move { principal::by_id(tx, id).await })).await
}

/// The principal with its addresses, groups and members, if there is one of this kind and name.
pub async fn profile(store: &Store, kind: Kind, name: &str) -> Outcome<Option<Profile>> {
    let name = name.to_owned();
    store
        .read(move |tx| {
            Box::pin(async move {
                let found = principal::by_name(tx, &name).await?;
                let Some(principal) = found.filter(|p| Kind::of(p) == kind) else {
                    return Ok(None);
                };
                full(tx, principal).await.map(Some)
            })
        })
        .await
}

async fn full(tx: &mut Tx, principal: Principal) -> Outcome<Profile> {
    let addresses = principal::addresses(tx, principal.id).await?;
    let groups = principal::groups(tx, principal.id).await?;
    let members = principal::members(tx, principal.id).await?;
    Ok(Profile { principal, addresses, groups, members })
}

/// Oneself and the groups that one is in, directly or through other groups, in that order.
pub async fn oneself(store: &Store, who: &Principal) -> Outcome<Vec<Principal>> {
    let who = who.clone();
    store.read(move |tx| Box::pin(async move { oneself_in(tx, who).await })).await
}

async fn oneself_in(tx: &mut Tx, who: Principal) -> Outcome<Vec<Principal>> {
    let groups = principal::all_groups(tx, who.id).await?;
    let mut all = vec![who];
    for id in groups {
        all.extend(principal::by_id(tx, id).await?);
    }
    Ok(all)
}

/// The next principals of a kind, by name, that somebody may look at, at most `limit`: for an
/// administrator every one, for others themselves and their groups.
pub async fn visible_to(
    store: &Store,
    who: &Principal,
    kind: Kind,
    after: &str,
    limit: usize,
) -> Outcome<Vec<Profile>> {
    if who.administrator {
        return admin::list(store, kind, after, limit as i64).await;
    }
    let (who, after) = (who.clone(), after.to_owned());
    store
        .read(move |tx| {
            Box::pin(async move {
                let mut own = oneself_in(tx, who).await?;
                own.retain(|p| Kind::of(p) == kind && p.name > after);
                own.sort_by(|a, b| a.name.cmp(&b.name));
                own.truncate(limit);
                let mut profiles = Vec::with_capacity(own.len());
                for principal in own {
                    profiles.push(full(tx, principal).await?);
                }
                Ok(profiles)
            })
        })
        .await
}

/// The groups that a principal is in, directly or through other groups.
pub async fn groups_of(store: &Store, id: PrincipalId) -> Outcome<Vec<PrincipalId>> {
    store.read(move |tx| Box::pin(async move { principal::all_groups(tx, id).await })).await
}
