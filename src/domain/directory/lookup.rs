//! Looking principals up, for protocols.

use super::admin::Profile;
use super::{Kind, Principal};
use crate::kernel::fault::Outcome;
use crate::kernel::ids::PrincipalId;
use crate::store::{Store, principal};

/// The principal of this name (folded), if there is one.
pub async fn by_name(store: &Store, name: &str) -> Outcome<Option<Principal>> {
    let name = name.to_owned();
    store.read(move |tx| Box::pin(async move { principal::by_name(tx, &name).await })).await
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
                let addresses = principal::addresses(tx, principal.id).await?;
                let groups = principal::groups(tx, principal.id).await?;
                let members = principal::members(tx, principal.id).await?;
                Ok(Some(Profile { principal, addresses, groups, members }))
            })
        })
        .await
}

/// The groups that a principal is in, directly or through other groups.
pub async fn groups_of(store: &Store, id: PrincipalId) -> Outcome<Vec<PrincipalId>> {
    store.read(move |tx| Box::pin(async move { principal::all_groups(tx, id).await })).await
}
