//! The background work of the index that queries look into (`store::search`): segments of new
//! texts, and the texts and times of objects that were stored before the index kept them.
//!
//! Invariants: each call is a few short transactions, and contents are read and examined outside
//! them, so that writers are never held up; each bears being done twice, also by two nodes at the
//! same time; a collection is searched through whole until all its objects are entered; one whose
//! work fails holds up no other; what was worked out by other rules ([`version`]) is not trusted, and
//! is worked out anew.

use super::collection::{Body, Index, Kind, Object};
use super::retention::Progress;
use super::{calendar, contacts};
use crate::format::ical::redact::Class;
use crate::format::tz::database;
use crate::kernel::etag::ETag;
use crate::kernel::fault::{Fault, Outcome};
use crate::kernel::ids::{CollectionId, PrincipalId};
use crate::kernel::limits::{SEARCH_FILL, SEARCH_MARK, SEARCH_SEGMENT};
use crate::store::due::{self, Due};
use crate::store::search::{self, Next, Times, Written};
use crate::store::{Store, Tx, change_log, meta, object};

/// The rules by which texts, ranges and instances are worked out, beside those of the time zones.
/// Whoever changes what comes of an object gives them the next number.
const RULES: u32 = 2;

/// What the index of a store depends on beside its contents.
pub fn version() -> String {
    format!("{}/{RULES}", database::version())
}

/// Has the index worked out anew where this program's rules, or its time zones, are not those that it
/// was worked out by. Until that is done, queries look at the objects themselves. Nothing may be asked
/// of the index before this has been called; a call that was cut short is gone on with.
pub async fn begin(store: &Store) -> Outcome<()> {
    let (known, marking) = store.read(|tx| Box::pin(facts(tx))).await?;
    if known.as_deref() == Some(&version()) && marking.is_none() {
        return Ok(());
    }
    let mut next = Some(marking.unwrap_or_else(|| Marking::instead_of(known.as_deref())));
    while let Some(marking) = next {
        next = store.write(move |tx| Box::pin(marking.go_on(tx))).await?;
    }
    if let Some(known) = known {
        let now = version();
        tracing::info!(known, now, "what queries look into is being worked out anew");
    }
    Ok(())
}

/// The rules that the index was worked out by, and how far the marking has come that this program, or
/// another with the same rules, began.
async fn facts(tx: &mut Tx) -> Outcome<(Option<String>, Option<Marking>)> {
    let known = meta::fact(tx, meta::INDEX_VERSION).await?;
    let marking = meta::fact(tx, meta::INDEX_MARKING).await?;
    Ok((known, marking.as_deref().and_then(Marking::parse)))
}

/// Collections with an index, those that depend on time zones first.
const KINDS: [Kind; 2] = [Kind::Calendar, Kind::Addressbook];

/// The marking of collections whose objects are to be entered anew.
#[derive(Clone, Copy)]
struct Marking {
    /// So many of [`KINDS`] are marked.
    kinds: usize,
    /// It has come to this collection.
    after: CollectionId,
}

impl Marking {
    /// What is to be marked of an index that was worked out by these rules.
    fn instead_of(known: Option<&str>) -> Self {
        let rules = known.and_then(|known| known.rsplit_once('/')).map(|(_, rules)| rules);
        let zones_only = rules == Some(&RULES.to_string());
        let kinds = if zones_only { 1 } else { KINDS.len() };
        Self { kinds, after: CollectionId(i64::MIN) }
    }

    fn parse(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let ours = words.next() == Some(&version());
        let (kinds, after) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        ours.then_some(Self { kinds, after: CollectionId(after) })
    }

    /// Marks the next ones; none: that was all.
    async fn go_on(self, tx: &mut Tx) -> Outcome<Option<Self>> {
        // Whoever enters objects by other rules stops now.
        meta::set_fact(tx, meta::INDEX_VERSION, "").await?;
        let kinds: Vec<i64> = KINDS.iter().take(self.kinds).map(|kind| kind.number()).collect();
        let Some(after) = due::mark(tx, &kinds, self.after, SEARCH_MARK).await? else {
            meta::set_fact(tx, meta::INDEX_MARKING, "").await?;
            meta::set_fact(tx, meta::INDEX_VERSION, &version()).await?;
            return Ok(None);
        };
        let text = format!("{} {} {after}", version(), self.kinds);
        meta::set_fact(tx, meta::INDEX_MARKING, &text).await?;
        Ok(Some(Self { after, ..self }))
    }
}

/// Does the next piece of work on the index.
///
/// # Errors
/// What the work of a collection failed with, once no other has work.
pub async fn step(store: &Store) -> Outcome<Progress> {
    // Another node may have been stopped in the middle of it.
    if store.read(|tx| Box::pin(facts(tx))).await?.1.is_some() {
        begin(store).await?;
    }
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
    let Some((account, _)) = due.is else {
        store.write(move |tx| Box::pin(due::gone(tx, of))).await?;
        return Ok(Progress::More);
    };
    if let Some(page) = Page::of(store, &due).await? {
        return page.enter(store).await;
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
    times: Times,
}

/// The text of an object, which does not depend on its validity.
enum Text {
    /// This.
    Known(Option<String>),
    /// That of the UID in the object's row.
    OfUid,
}

impl Entry {
    /// Works out what is to be entered of a content. A calendar object that today's limits do not pass,
    /// or that cannot be read, may be at any time: queries then look at the object itself.
    fn of(object: Object, body: &Body, kind: Kind) -> Self {
        let octets = body.octets();
        let (text, times) = if kind == Kind::Calendar || object.component != 0 {
            let index = octets.and_then(|octets| calendar::examine(None, &octets));
            let class = Class::Private.number();
            let known = |it: Index| Times {
                range: it.range,
                kept: it.times,
                recurring: it.recurring,
                class: it.class,
            };
            let range = Some((i64::MIN, i64::MAX));
            let always = Times { range, kept: None, recurring: true, class };
            (Text::OfUid, index.map_or(always, known))
        } else {
            let text = octets.map_or_else(|_| contacts::unknown_text(), |it| contacts::text(&it));
            (Text::Known(text), Times::default())
        };
        Self { name: object.name, etag: object.etag, text, times }
    }

    /// Enters it, unless its content is another one by now; gives whether it did or is gone.
    async fn enter(&self, tx: &mut Tx, of: CollectionId) -> Outcome<bool> {
        match object::find(tx, of, &self.name).await? {
            None => return Ok(true),
            Some(now) if now.etag != self.etag => return Ok(false),
            Some(_) => {}
        }
        let uid = object::uid_of(tx, of, &self.name).await?;
        let text = match &self.text {
            Text::Known(text) => text.clone(),
            Text::OfUid => uid.as_deref().and_then(calendar::text),
        };
        let texts = (text.as_deref(), uid.as_deref());
        search::enter(tx, of, &self.name, texts, &self.times).await.map(|()| true)
    }
}

/// Some objects, in the order of their names, that have been looked into and are to be entered.
pub struct Page {
    account: PrincipalId,
    of: CollectionId,
    after: String,
    entries: Vec<Entry>,
    /// There may be more objects after these.
    full: bool,
}

impl Page {
    /// Reads and examines the first objects of a collection that are still to be entered; none: it has
    /// no such objects.
    pub async fn of(store: &Store, due: &Due) -> Outcome<Option<Self>> {
        let (Some((account, kind)), Some(after)) = (due.is, due.fill.clone()) else {
            return Ok(None);
        };
        let (of, files, first) = (due.of, store.files().clone(), after.clone());
        let page = store.read(move |tx| {
            Box::pin(async move { object::page_content(tx, of, &first, SEARCH_FILL, &files).await })
        });
        let page = page.await?;
        let full = page.len() == SEARCH_FILL;
        let kind = Kind::from_number(kind);
        let entries = page.into_iter().map(|(it, body)| Entry::of(it, &body, kind)).collect();
        Ok(Some(Self { account, of, after, entries, full }))
    }

    /// Enters them; `Done`: the index of this store is kept by a program with other rules.
    pub async fn enter(self, store: &Store) -> Outcome<Progress> {
        let Self { account, of, after, entries, full } = self;
        let enter = store.write(move |tx| {
            Box::pin(async move {
                // The account's lock: nobody else gives the collection's texts their places meanwhile.
                change_log::hold(tx, account).await?;
                let rules = meta::fact_kept(tx, meta::INDEX_VERSION).await?;
                if rules.is_some_and(|rules| rules != version()) {
                    return Ok(Progress::Done);
                }
                let (mut last, mut whole) = (Some(after.as_str()), true);
                for entry in &entries {
                    whole = entry.enter(tx, of).await?;
                    if !whole {
                        // It is examined again, with those after it.
                        break;
                    }
                    last = Some(&entry.name);
                }
                due::filled(tx, of, &after, last.filter(|_| full || !whole)).await?;
                Ok(Progress::More)
            })
        });
        enter.await
    }
}
