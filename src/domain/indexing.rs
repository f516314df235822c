//! The background work of the index that queries look into (`store::search`): segments of new
//! texts, and the texts of objects that were stored before there was an index.
//!
//! Invariants: each call is a few short transactions, so that writers are never held up; each bears
//! being done twice, also by two nodes at the same time; a collection is searched through whole
//! until all its objects are entered.

use super::collection::{Index, Kind};
use super::retention::Progress;
use super::{calendar, contacts};
use crate::kernel::fault::Outcome;
use crate::kernel::limits::{SEARCH_FILL, SEARCH_SEGMENT};
use crate::store::search::{self, Due, Next};
use crate::store::{Store, change_log, object};

/// Does the next piece of work on the index.
pub async fn step(store: &Store) -> Outcome<Progress> {
    let Some(due) = store.read(|tx| Box::pin(search::due(tx))).await? else {
        return Ok(Progress::Done);
    };
    if due.fill.is_some() {
        fill(store, due).await?;
        return Ok(Progress::More);
    }
    let of = due.of;
    match store.read(move |tx| Box::pin(search::next(tx, of, SEARCH_SEGMENT))).await? {
        Next::Make(mut segment) => loop {
            let write = store.write(move |tx| {
                Box::pin(async move { segment.write(tx).await.map(|done| (done, segment)) })
            });
            let done;
            (done, segment) = write.await?;
            if done {
                break;
            }
        },
        Next::GiveUp => store.write(move |tx| Box::pin(search::give_up(tx, of))).await?,
        Next::Purge => {
            let purge = store.write(move |tx| Box::pin(search::purge_postings(tx, of)));
            purge.await.map(drop)?;
        }
        Next::Nothing => store.write(move |tx| Box::pin(search::not_due(tx, of))).await?,
    }
    Ok(Progress::More)
}

/// Enters some objects into the index, in the order of their names.
async fn fill(store: &Store, due: Due) -> Outcome<()> {
    let (of, after) = (due.of, due.fill.unwrap_or_default());
    let Some((account, kind)) = due.is else {
        return store.write(move |tx| Box::pin(search::not_due(tx, of))).await;
    };
    let (files, kind) = (store.files().clone(), Kind::from_number(kind));
    let fill = store.write(move |tx| {
        Box::pin(async move {
            // The account's lock: nobody else gives the collection's texts their places meanwhile.
            change_log::hold(tx, account).await?;
            let page = object::page_content(tx, of, &after, SEARCH_FILL, &files).await?;
            for (it, body) in &page {
                // What cannot be read any more is found by nothing, and holds up nothing.
                let index = body.octets().and_then(|octets| examine(kind, &octets));
                let index = index.unwrap_or_default();
                let kept = (index.text.as_deref(), index.times.as_deref());
                search::enter(tx, of, &it.name, kept).await?;
            }
            let last = page.last().filter(|_| page.len() == SEARCH_FILL);
            search::filled_to(tx, of, last.map(|(it, _)| it.name.as_str())).await
        })
    });
    fill.await
}

fn examine(kind: Kind, octets: &[u8]) -> Outcome<Index> {
    match kind {
        Kind::Calendar => calendar::examine(None, octets),
        _ => contacts::examine(None, octets),
    }
}
