//! What is shared with somebody: worked out from the grants, by the same gate that his requests pass.

use crate::domain::collection::mount::{INVITED, can_be_shared};
use crate::domain::collection::property::text_of;
use crate::domain::collection::{Access, Collection, Home, Place};
use crate::domain::directory::Principal;
use crate::kernel::fault::Outcome;
use crate::kernel::ids::CollectionId;
use crate::kernel::privilege::{Privilege, Privileges};
use crate::store::{Tx, collection, mount, principal, property};
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// A collection that is shared with somebody.
pub struct Offer {
    /// The collection.
    pub target: Collection,
    /// What he may do with it.
    pub rights: Privileges,
}

/// Everything that is shared with a principal, by name or as a member of groups, and what the groups
/// own that he is in.
pub async fn offers(tx: &mut Tx, access: &Access, who: &Principal) -> Outcome<Vec<Offer>> {
    // What an administrator may do anyway is not shared with him.
    let asker = Principal { administrator: false, ..who.clone() };
    let asker = Access { who: asker, ..access.clone() };
    let groups = principal::all_groups(tx, who.id).await?;
    let mut found: HashMap<CollectionId, Collection> = HashMap::new();
    for id in groups.iter().copied().chain([who.id]) {
        for (it, _) in mount::granted(tx, id).await? {
            found.insert(it.id, it);
        }
    }
    for id in groups {
        for home in [Home::Calendars, Home::Addressbooks] {
            let below = collection::all_below(tx, id, home.segment()).await?;
            found.extend(below.into_iter().map(|it| (it.id, it)));
        }
    }
    found.retain(|_, it| it.account != who.id && can_be_shared(it));
    let (mut offers, mut owners) = (Vec::new(), HashMap::new());
    for (_, target) in found {
        let rights = match owners.entry(target.account) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(asker.rights_in(tx, target.account).await?),
        };
        let rights = rights.on(&target.path);
        if rights.has(Privilege::Read) {
            offers.push(Offer { target, rights });
        }
    }
    offers.sort_by_key(|offer| offer.target.id);
    Ok(offers)
}

/// Something that is shared with somebody, as he and its owner know it.
pub struct Received {
    /// The owner's name.
    pub owner: String,
    /// Where the owner has it.
    pub place: Place,
    /// The owner's name for it; empty: it has none.
    pub title: String,
    /// What the asker may do with it.
    pub rights: Privileges,
    /// What he made of it: the state of his mount.
    pub state: i64,
}

/// What is shared with the asker, by name or as a member of groups.
///
/// # Errors
/// The store's own.
pub async fn received(access: &Access) -> Outcome<Vec<Received>> {
    let (access, store) = (access.clone(), access.store.clone());
    store
        .read(move |tx| {
            Box::pin(async move {
                let (offered, mut all) = (offers(tx, &access, &access.who).await?, Vec::new());
                for Offer { target, rights } in offered {
                    let Some(owner) = principal::by_id(tx, target.account).await? else { continue };
                    let mount = mount::of_pair(tx, access.who.id, target.id).await?;
                    let properties = property::of(tx, target.id, "").await?;
                    let title = properties.iter().find(|p| p.name == "displayname");
                    let home = target.path.split('/').next().and_then(Home::from_segment);
                    let at =
                        Place::new(owner.id, &owner.name, home.unwrap_or(Home::Calendars), "/")?;
                    all.push(Received {
                        place: at.at(&target.path, true),
                        owner: owner.name,
                        title: title.and_then(text_of).unwrap_or_default(),
                        rights,
                        state: mount.map_or(INVITED, |mount| mount.state),
                    });
                }
                Ok(all)
            })
        })
        .await
}
