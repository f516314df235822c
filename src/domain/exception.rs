//! An exception of a series that a client puts as a resource of its own, as KDE's programs do
//! (CLIENTS §KDE): refused, it would stay on that client for ever. It becomes a part of the resource
//! that has the series, for the components of one UID are one resource (RFC 4791 §4.1).
//!
//! Invariant: nothing is stored at the name asked for; the series changes in one transaction, and
//! only if it still is what the exception was put into.

use super::calendar::examine;
use super::collection::{Access, Guard, Index, Place, item, privacy};
use crate::format::ical::exception::Exceptions;
use crate::kernel::fault::{Fault, Outcome};
use crate::kernel::privilege::Privilege;
use crate::store::{collection, object};

/// How often it is tried while others change the series.
const TRIES: usize = 3;

/// What became of an exception.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joined {
    /// The resource of the series.
    pub series: Place,
    /// The UID and the original start of the instance, as KDE's programs name an exception in the
    /// fragment of its address.
    pub instance: String,
}

/// Puts exceptions into the series that has their UID, whose name conflicts with the one asked for.
/// `None` when the text is something else, or does not fit there.
///
/// # Errors
/// As [`item::put`], of either name; `Busy` when the series does not hold still.
pub async fn join(
    access: &Access,
    asked: &Place,
    sent: &[u8],
    guard: &Guard,
) -> Outcome<Option<Joined>> {
    let Some(exceptions) = Exceptions::read(sent) else { return Ok(None) };
    for _ in 0..TRIES {
        let Some((name, old, stored)) = series(access, asked, &exceptions.uid).await? else {
            return Ok(None);
        };
        let Some(joined) = exceptions.into_series(&stored) else { return Ok(None) };
        let index = Index { language: old.language, ..examine(None, &joined)? };
        let content = item::content(&access.store, joined)?;
        let path = asked.parent_path().map(|above| format!("{above}/{name}")).unwrap_or_default();
        let series = asked.at(&path, false);
        let instead = (&series, old.etag);
        if item::put_instead(access, asked, instead, content, index, guard.clone()).await? {
            let instance = format!("{}{}", exceptions.uid, exceptions.instance);
            return Ok(Some(Joined { series, instance }));
        }
    }
    Err(Fault::Busy("the series keeps changing".to_owned()))
}

/// The member of the same collection that has the UID: its name, row and octets.
async fn series(
    access: &Access,
    asked: &Place,
    uid: &str,
) -> Outcome<Option<(String, object::Object, Vec<u8>)>> {
    let (access, asked, uid) = (access.clone(), asked.clone(), uid.to_owned());
    let (store, files) = (access.store.clone(), access.store.files().clone());
    let found = store
        .read(move |tx| {
            Box::pin(async move {
                access.demand(tx, &asked, Privilege::Read).await?;
                let above = asked.parent_path().unwrap_or_default();
                let Some(parent) = collection::at(tx, asked.account, above).await? else {
                    return Ok(None);
                };
                let Some(name) = object::with_uid(tx, parent.id, &uid).await? else {
                    return Ok(None);
                };
                let found = object::by_names(tx, parent.id, &[name], &files).await?;
                let Some((mut it, mut body)) = found.into_iter().next() else { return Ok(None) };
                let seen = [(parent.id, &mut it, Some(&mut body))];
                privacy::veil(tx, &access, asked.account, seen).await?;
                match it.hidden {
                    true => privacy::refused(&asked.at(&parent.path, true).child(&it.name, false)),
                    false => Ok(Some((it, body))),
                }
            })
        })
        .await?;
    let Some((object, body)) = found else { return Ok(None) };
    let octets = body.octets()?.into_owned();
    Ok(Some((object.name.clone(), object, octets)))
}
