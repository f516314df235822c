//! Locking and unlocking (RFC 4918 §6, §7, §9.10, §9.11).
//!
//! Invariant: no two locks of which one is exclusive ever cover the same resource.

use super::access::Access;
use super::derived;
use super::guard::{Guard, covers, root_of};
use super::item::write;
use super::kind::Home;
use super::place::{Place, path_covers};
use super::tree::{Found, locate};
use crate::kernel::fault::{Fault, Outcome, Refusal};
use crate::kernel::limits::{LOCK_SECONDS_MAX, LOCKS_MAX};
use crate::kernel::privilege::Privilege;
use crate::kernel::secret;
use crate::store::blob::Content;
use crate::store::lock::{self, Lock};
use crate::store::object::Index;
use crate::store::{Tx, change_log};

/// A lock that a client asks for.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Exclusive, or shared.
    pub exclusive: bool,
    /// Cover everything below as well.
    pub infinite: bool,
    /// `DAV:owner` as XML; empty if none.
    pub owner: String,
    /// For how many seconds; bounded by the server.
    pub seconds: i64,
}

/// A lock as it was given.
#[derive(Clone, Debug)]
pub struct Given {
    /// The lock.
    pub lock: Lock,
    /// Whether the resource asked for is a collection.
    pub collection: bool,
    /// Whether an empty file was made for it.
    pub made: bool,
}

/// Takes a lock. A free name becomes an empty file, in the same transaction (RFC 4918 §7.3).
///
/// # Errors
/// `LockConflict` with the place of the lock in the way, `ConditionFailed`, `NoParent`, `Denied`
/// without the right to write; calendars and address books hold no empty objects, so there a free
/// name cannot be locked.
pub async fn take(access: &Access, place: &Place, wish: Wish, guard: Guard) -> Outcome<Given> {
    let (access, place) = (access.clone(), place.clone());
    let store = access.store.clone();
    store
        .write(move |tx| {
            Box::pin(async move {
                access.demand(tx, &place, Privilege::WriteContent).await?;
                // Taking the account's lock makes two LOCK requests follow each other.
                change_log::take(tx, place.account).await.map(drop)?;
                let found = locate(tx, &place).await?;
                guard.check(tx, &access, &place, &found).await?;
                derived::demand(&place, &found, Privilege::WriteContent)?;
                nothing_meets(tx, &access, &place, &wish).await?;
                if !found.exists() {
                    reserve(tx, &access, &place, &found, &guard).await?;
                }
                let lock = Lock {
                    token: format!("urn:uuid:{}", secret::uuid().to_ascii_lowercase()),
                    path: place.path.clone(),
                    infinite: wish.infinite,
                    exclusive: wish.exclusive,
                    owner: wish.owner,
                    principal: access.who.id,
                    expires_at: access.now.plus_seconds(bounded(wish.seconds)),
                };
                lock::insert(tx, place.account, &lock).await?;
                let collection = found.collection().is_some();
                Ok(Given { lock, collection, made: !found.exists() })
            })
        })
        .await
}

/// Demands that no other lock conflicts with the one wished for.
async fn nothing_meets(tx: &mut Tx, access: &Access, place: &Place, wish: &Wish) -> Outcome<()> {
    let now = lock::of_account(tx, place.account, access.now).await?;
    if now.len() >= LOCKS_MAX * LOCKS_MAX {
        return Err(Fault::Busy("too many locks in this account".into()));
    }
    let meets =
        |l: &&Lock| covers(l, &place.path) || (wish.infinite && path_covers(&place.path, &l.path));
    match now.iter().filter(meets).find(|l| l.exclusive || wish.exclusive) {
        Some(l) => Err(Refusal::LockConflict { path: root_of(tx, place, l).await? }.into()),
        None => Ok(()),
    }
}

fn bounded(seconds: i64) -> i64 {
    seconds.clamp(1, LOCK_SECONDS_MAX)
}

/// Makes an empty file at a free name of a file tree.
async fn reserve(
    tx: &mut Tx,
    access: &Access,
    place: &Place,
    found: &Found,
    guard: &Guard,
) -> Outcome<()> {
    if place.home != Home::Files && !matches!(found, Found::NoParent) {
        let why = "an empty object is neither a calendar object nor a vCard";
        return Err(Refusal::InvalidResource(why.to_owned()).into());
    }
    let empty = Content::inline(Vec::new());
    write(tx, access, place, &empty, &Index::default(), guard).await.map(drop)
}

/// Gives a lock that the request shows in `If` a new time (RFC 4918 §9.10.2).
///
/// # Errors
/// `ConditionFailed` when the request shows no lock of this resource that is the asker's.
pub async fn refresh(access: &Access, place: &Place, seconds: i64, guard: Guard) -> Outcome<Given> {
    let (access, place) = (access.clone(), place.clone());
    let store = access.store.clone();
    store
        .write(move |tx| {
            Box::pin(async move {
                access.demand(tx, &place, Privilege::WriteContent).await?;
                let found = locate(tx, &place).await?;
                guard.check(tx, &access, &place, &found).await?;
                let tokens = guard.tokens();
                let locks = lock::of_account(tx, place.account, access.now).await?;
                let mine = locks.into_iter().find(|l| {
                    covers(l, &place.path)
                        && tokens.contains(&l.token.as_str())
                        && l.principal == access.who.id
                });
                let mut it = mine.ok_or(Refusal::ConditionFailed)?;
                it.expires_at = access.now.plus_seconds(bounded(seconds));
                lock::refresh(tx, &it.token, it.expires_at).await?;
                let collection = found.collection().is_some();
                Ok(Given { lock: it, collection, made: false })
            })
        })
        .await
}

/// Ends a lock. Its holder may; so may whoever has the right to unlock others' (RFC 3744 §3.5).
///
/// # Errors
/// `NoSuchLock` when the token names no lock that covers the resource, `Denied` when it is
/// somebody else's.
pub async fn release(access: &Access, place: &Place, token: &str) -> Outcome<()> {
    let (access, place, token) = (access.clone(), place.clone(), token.to_owned());
    let store = access.store.clone();
    store
        .write(move |tx| {
            Box::pin(async move {
                let rights = access.demand(tx, &place, Privilege::Read).await?;
                let locks = lock::of_account(tx, place.account, access.now).await?;
                let it = locks.iter().find(|l| l.token == token && covers(l, &place.path));
                let it = it.ok_or(Refusal::NoSuchLock)?;
                if it.principal != access.who.id && !rights.has(Privilege::Unlock) {
                    let path = place.dav_path();
                    return Err(Fault::Denied { path, privilege: Privilege::Unlock });
                }
                lock::remove(tx, &token).await
            })
        })
        .await
}
