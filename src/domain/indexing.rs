//! The background work of the index that queries look into (`store::search`): segments of new
//! texts, and the texts and times of objects that were stored before the index kept them.
//!
//! Invariants: each call is a few short transactions, and contents are read and examined outside
//! them, so that writers are never held up; each bears being done twice, also by two nodes at the
//! same time; a collection is searched through whole until all its objects are entered; one whose
//! work fails holds up no other.

use super::collection::{Index, Kind};
use super::retention::Progress;
use super::{calendar, contacts};
use crate::kernel::etag::ETag;
use crate::kernel::fault::{Fault, Outcome};
use crate::kernel::ids::{CollectionId, PrincipalId};
use crate::kernel::limits::{SEARCH_FILL, SEARCH_SEGMENT};
use crate::store::due::{self, Due};
use crate::store::search::{self, Next, Written};
use crate::store::{Store, Tx, change_log, object};
use std::borrow::Cow;

/// Does the next piece of work on the index.
///
/// # Errors
/// What the work of a collection failed with, once no other has work.
pub async fn step(store: &Store) -> Outcome<Progress> {
    let (mut after, mut result) = (CollectionId(i64::MIN), Ok(Progress::Done));
    while let Some(due) = store.read(move |tx| Box::pin(due::next(tx, after))).await? {
        after = due.of;
        match piece(store, due).await {
            Ok(Progress::More) => return Ok(Progress::More),
            Ok(Progress::Done) => {}
            Err(fault @ Fault::Busy(_)) => return Err(fault),
            Err(fault) => result = Err(fault),
        }
    }
    result
}

/// Does a piece of work on the index of a collection; `Done`: another is at it.
async fn piece(store: &Store, due: Due) -> Outcome<Progress> {
    let of = due.of;
    let Some((account, kind)) = due.is else {
        store.write(move |tx| Box::pin(due::gone(tx, of))).await?;
        return Ok(Progress::More);
    };
    if let Some(after) = due.fill {
        fill(store, (account, of), Kind::from_number(kind), after).await?;
        return Ok(Progress::More);
    }
    let next = store.read(move |tx| Box::pin(search::next(tx, of, SEARCH_SEGMENT))).await?;
    if let Next::Make(run) = next {
        return make(store, (account, of), run).await;
    }
    let write = store.write(move |tx| {
        Box::pin(async move {
            change_log::hold(tx, account).await?;
            match next {
                Next::GiveUp => search::give_up(tx, of).await,
                Next::Purge => search::purge_postings(tx, of).await.map(drop),
                _ => search::settle(tx, of, SEARCH_SEGMENT).await,
            }
        })
    });
    write.await.map(|()| Progress::More)
}

/// Makes a segment.
async fn make(
    store: &Store,
    (account, of): (PrincipalId, CollectionId),
    run: search::Run,
) -> Outcome<Progress> {
    let reserve = store.write(move |tx| {
        Box::pin(async move {
            change_log::hold(tx, account).await?;
            search::reserve(tx, of, run).await
        })
    });
    let Some(mut segment) = reserve.await? else { return Ok(Progress::Done) };
    let fill = store.read(|tx| Box::pin(async move { segment.fill(tx).await.map(|()| segment) }));
    segment = fill.await?;
    loop {
        let write = store.write(move |tx| {
            Box::pin(async move { segment.write(tx).await.map(|written| (written, segment)) })
        });
        let written;
        (written, segment) = write.await?;
        match written {
            Written::More => {}
            Written::All => return Ok(Progress::More),
            Written::Lost => return Ok(Progress::Done),
        }
    }
}

/// What is to be entered of an object.
struct Entry {
    name: String,
    /// The content that was examined.
    etag: ETag,
    text: Text,
    /// What validation says; none where today's does not pass what an earlier one did, or where the
    /// content cannot be read.
    index: Option<Index>,
}

/// The text of an object, which does not depend on its validity.
enum Text {
    /// This.
    Known(Option<String>),
    /// That of the UID in the object's row.
    OfUid,
}

impl Entry {
    /// Enters it, unless its content is another one by now; gives whether it did or is gone.
    async fn enter(&self, tx: &mut Tx, of: CollectionId) -> Outcome<bool> {
        match object::find(tx, of, &self.name).await? {
            None => return Ok(true),
            Some(now) if now.etag != self.etag => return Ok(false),
            Some(_) => {}
        }
        let text = match &self.text {
            Text::Known(text) => text.clone(),
            Text::OfUid => {
                object::uid_of(tx, of, &self.name).await?.and_then(|uid| calendar::text(&uid))
            }
        };
        let times = self.index.as_ref().map(|it| (it.range, it.times.as_deref()));
        search::enter(tx, of, &self.name, text.as_deref(), times).await.map(|()| true)
    }
}

/// Enters some objects into the index, in the order of their names.
async fn fill(
    store: &Store,
    (account, of): (PrincipalId, CollectionId),
    kind: Kind,
    after: String,
) -> Outcome<()> {
    let (files, first) = (store.files().clone(), after.clone());
    let page = store.read(move |tx| {
        Box::pin(async move { object::page_content(tx, of, &first, SEARCH_FILL, &files).await })
    });
    let page = page.await?;
    let full = page.len() == SEARCH_FILL;
    let examined = page.into_iter().map(|(it, body)| {
        let is_calendar = kind == Kind::Calendar || it.component != 0;
        let (text, index) = examine(is_calendar, body.octets());
        Entry { name: it.name, etag: it.etag, text, index }
    });
    let entries: Vec<Entry> = examined.collect();
    let enter = store.write(move |tx| {
        Box::pin(async move {
            // The account's lock: nobody else gives the collection's texts their places meanwhile.
            change_log::hold(tx, account).await?;
            let mut last = Some(after.as_str());
            for entry in &entries {
                if !entry.enter(tx, of).await? {
                    // It is examined again, with those after it.
                    return due::filled(tx, of, &after, last).await;
                }
                last = Some(&entry.name);
            }
            due::filled(tx, of, &after, last.filter(|_| full)).await
        })
    });
    enter.await
}

/// Validates a content; gives its text whatever comes of that.
fn examine(is_calendar: bool, octets: Outcome<Cow<'_, [u8]>>) -> (Text, Option<Index>) {
    if is_calendar {
        let index = octets.and_then(|octets| calendar::examine(None, &octets));
        return (Text::OfUid, index.ok());
    }
    let text = octets.as_ref().ok().and_then(|octets| contacts::text(octets));
    let index = octets.and_then(|octets| contacts::examine(None, &octets));
    (Text::Known(text), index.ok())
}
