//! What the server lets go of, and when: replaced and deleted contents, buried collections,
//! contents that nothing refers to, left-over files, ended locks (DESIGN promise 5).
//!
//! Invariants: nothing goes before its time; each call is one short transaction, so that writers
//! are never held up; and each bears being done twice, also by two nodes at the same time.

use crate::kernel::clock::Timestamp;
use crate::kernel::fault::Outcome;
use crate::kernel::ids::{CollectionId, PrincipalId};
use crate::kernel::limits::{BLOB_GRACE_SECONDS, BLOB_ORPHAN_SECONDS, RETENTION_BATCH};
use crate::store::{
    Store, Tx, ace, attachment, blob, change_log, collection, feed, link, lock, mailbox, message,
    meta, mount, object, personal, property, push, search,
};

/// Whether a call left something for the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Call again.
    More,
    /// There is nothing more at this time.
    Done,
}

/// After a batch of so many: a full one was not the last.
fn after(batch: usize) -> Progress {
    if batch as i64 >= RETENTION_BATCH { Progress::More } else { Progress::Done }
}

/// The moment whose past is forgotten.
fn cutoff(now: Timestamp, history_days: u32) -> Timestamp {
    now.plus_seconds(-i64::from(history_days) * 86_400)
}

/// Lets go of a batch of contents that were replaced or deleted, and of messages that were expunged, before
/// the retention time.
pub async fn forget_history(store: &Store, now: Timestamp, history_days: u32) -> Outcome<Progress> {
    let before = cutoff(now, history_days);
    let forget = store.write(move |tx| {
        Box::pin(async move {
            let replaced = change_log::forget(tx, before, now, RETENTION_BATCH).await?;
            Ok(replaced.max(message::forget(tx, before, now, RETENTION_BATCH).await?))
        })
    });
    Ok(after(forget.await?))
}

/// Purges a batch of what is in a collection that was buried before the retention time, and the
/// collection itself once it is empty.
pub async fn purge_buried(store: &Store, now: Timestamp, history_days: u32) -> Outcome<Progress> {
    let before = cutoff(now, history_days);
    store
        .write(move |tx| {
            Box::pin(async move {
                match collection::expired(tx, before, 1).await?.pop() {
                    Some((id, account)) => purge(tx, id, account, (before, now)).await,
                    None => Ok(Progress::Done),
                }
            })
        })
        .await
}

/// One batch: objects and messages, then tombstones, then their index, then the history of an account that is gone, then the
/// collection's own row with what hangs on it.
async fn purge(
    tx: &mut Tx,
    id: CollectionId,
    account: PrincipalId,
    (before, now): (Timestamp, Timestamp),
) -> Outcome<Progress> {
    if object::purge(tx, id, now, RETENTION_BATCH).await? > 0
        || message::purge(tx, id, now, RETENTION_BATCH).await? > 0
        || object::purge_tombstones(tx, id, RETENTION_BATCH).await? > 0
        || search::purge(tx, id, RETENTION_BATCH).await? > 0
    {
        return Ok(Progress::More);
    }
    // Entries younger than that may belong to a collection that can still be brought back.
    if !change_log::exists(tx, account).await?
        && change_log::purge(tx, account, (before, now), RETENTION_BATCH).await? > 0
    {
        return Ok(Progress::More);
    }
    property::purge(tx, id).await?;
    personal::purge(tx, id).await?;
    ace::purge(tx, id).await?;
    link::purge(tx, id).await?;
    mount::purge(tx, id).await?;
    push::purge(tx, id).await?;
    feed::purge(tx, id).await?;
    mailbox::purge(tx, id).await?;
    collection::remove(tx, id).await?;
    Ok(Progress::More)
}

/// Removes a batch of contents that nothing has referred to for the time of grace: their rows,
/// and once that is durable their files; and of attachments that no content names any more.
pub async fn collect_contents(store: &Store, now: Timestamp) -> Outcome<Progress> {
    let before = now.plus_seconds(-BLOB_GRACE_SECONDS);
    let attachments = store.write(move |tx| {
        Box::pin(async move { attachment::collect(tx, before, now, RETENTION_BATCH).await })
    });
    let attachments = attachments.await?;
    let collect = store
        .write(move |tx| Box::pin(async move { blob::collect(tx, before, RETENTION_BATCH).await }));
    let (gone, files) = collect.await?;
    for hash in files {
        store.files().remove(&hash, before);
    }
    Ok(after(gone.max(attachments)))
}

/// Removes what crashes left among the incoming files; gives how many.
pub fn sweep_incoming(store: &Store, now: Timestamp) -> usize {
    store.files().sweep(now.plus_seconds(-BLOB_GRACE_SECONDS))
}

/// Removes files that no row refers to, of those whose hash begins with `first`; gives how many.
/// An upload that was refused leaves one, and so does a crash between a file and its row.
pub async fn sweep_orphans(store: &Store, now: Timestamp, first: u8) -> Outcome<usize> {
    let before = now.plus_seconds(-BLOB_ORPHAN_SECONDS);
    let mut gone = 0;
    for hash in store.files().older(first, before) {
        let known = hash.clone();
        let known = store.read(|tx| Box::pin(async move { blob::exists(tx, &known).await }));
        // Whoever makes the row after this look has received the file anew.
        if !known.await? && store.files().remove(&hash, before) {
            gone += 1;
        }
    }
    Ok(gone)
}

/// Forgets locks that have ended by themselves.
pub async fn expire_locks(store: &Store, now: Timestamp) -> Outcome<()> {
    store.write(move |tx| Box::pin(async move { lock::expire(tx, now).await.map(drop) })).await
}

/// Has the engine look anew at what the tables hold.
pub async fn optimize(store: &Store) -> Outcome<()> {
    store.write(|tx| Box::pin(meta::optimize(tx))).await
}
