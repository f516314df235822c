//! Looking principals up, for protocols.

use super::Principal;
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
