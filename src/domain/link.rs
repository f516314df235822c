//! Links to calendars: addresses that show a calendar to whoever knows them, all of it or only when
//! its owner is busy.
//!
//! Invariants: a secret link's token is shown once and kept nowhere, only its hash; what a link
//! shows is decided here, so that no protocol can show more. Only who may share a calendar may
//! make or take back its links.

use crate::domain::collection::tree::{Found, locate};
use crate::domain::collection::{Access, Collection, Kind, Place, Property, list};
use crate::format::ical::redact::redacted;
use crate::kernel::clock::Timestamp;
use crate::kernel::fault::{Fault, Outcome, Refusal};
use crate::kernel::ids::LinkId;
use crate::kernel::limits::{LINK_LABEL_MAX, LINK_USE_SECONDS, LINKS_MAX};
use crate::kernel::privilege::Privilege;
use crate::kernel::secret::{hex, random, sha256};
use crate::store::{Store, Tx, collection, link, property};
use std::borrow::Cow;

pub use crate::store::link::Link;

/// How much a link shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    /// Everything; of what is private or confidential only that the owner is busy.
    #[default]
    Full,
    /// Only when the owner is busy.
    Busy,
}

impl Detail {
    /// As it is stored.
    pub fn number(self) -> i64 {
        match self {
            Self::Full => 0,
            Self::Busy => 1,
        }
    }

    /// From the store; what a newer program wrote shows less rather than more.
    pub fn from_number(number: i64) -> Self {
        if number == 0 { Self::Full } else { Self::Busy }
    }

    /// What is shown of a calendar object; none: nothing. `salt`: see [`redacted`].
    pub fn of(self, octets: &[u8], salt: u128) -> Option<Cow<'_, [u8]>> {
        redacted(octets, self == Self::Busy, &salt.to_be_bytes())
    }
}

/// A link to be made.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// What to call it.
    pub label: String,
    /// How much it shows.
    pub detail: Detail,
    /// Whether its owner can see the address again: it is meant to be known.
    pub public: bool,
    /// When it ends; none: never.
    pub expires_at: Option<Timestamp>,
}

/// Makes a link to a calendar; gives it with its token.
///
/// # Errors
/// `Denied` for who may not share the calendar, `NotFound`, `Malformed` for a label that is too
/// long or an end in the past, `Directory` for too many links.
pub async fn add(access: &Access, place: &Place, wish: Wish) -> Outcome<(Link, String)> {
    if wish.label.len() > LINK_LABEL_MAX {
        let why = format!("a link's label is longer than {LINK_LABEL_MAX} octets");
        return Err(Fault::malformed(why));
    }
    if wish.expires_at.is_some_and(|end| end <= access.now) {
        return Err(Fault::malformed("the end is in the past"));
    }
    let token = hex(&random::<20>());
    let (access, place, given) = (access.clone(), place.clone(), token.clone());
    let store = access.store.clone();
    let made = store.write(move |tx| {
        Box::pin(async move {
            let it = shareable(tx, &access, &place).await?;
            let all = link::of_account(tx, place.account).await?;
            let ended = |link: &Link| link.expires_at.is_some_and(|end| end <= access.now);
            if all.iter().filter(|(_, link)| !ended(link)).count() >= LINKS_MAX {
                let why = format!("the account has {LINKS_MAX} links already: take some back");
                return Err(Refusal::Directory(why).into());
            }
            let mut new = Link {
                id: LinkId(0),
                token: wish.public.then(|| given.clone()),
                label: wish.label,
                detail: wish.detail.number(),
                created_at: access.now,
                expires_at: wish.expires_at,
                used_at: None,
            };
            new.id = link::insert(tx, it.id, &sha256(given.as_bytes()), &new).await?;
            Ok(new)
        })
    });
    Ok((made.await?, token))
}

/// The calendar at a place, for who may share it.
async fn shareable(tx: &mut Tx, access: &Access, place: &Place) -> Outcome<Collection> {
    access.demand(tx, place, Privilege::WriteAcl).await?;
    match locate(tx, place).await? {
        Found::Collection(it) if Kind::from_number(it.kind) == Kind::Calendar => Ok(it),
        Found::Collection(_) => Err(Fault::malformed("only calendars can be given away by a link")),
        _ => Err(Fault::NotFound),
    }
}

/// The links to an account's calendars that the asker may share, each with the calendar's path
/// from the account's root. The place says whose account; its path does not matter.
pub async fn all(access: &Access, place: &Place) -> Outcome<Vec<(String, Link)>> {
    let (access, place) = (access.clone(), place.clone());
    let store = access.store.clone();
    store
        .read(move |tx| {
            Box::pin(async move {
                let rights = access.rights_in(tx, place.account).await?;
                let mut all = link::of_account(tx, place.account).await?;
                all.retain(|(path, _)| rights.on(path).has(Privilege::WriteAcl));
                Ok(all)
            })
        })
        .await
}

/// Takes links back: those to the calendar at a place that `which` names.
///
/// # Errors
/// `Denied`, `NotFound` when there is no calendar.
pub async fn remove(
    access: &Access,
    place: &Place,
    which: impl Fn(&Link) -> bool + Send + 'static,
) -> Outcome<usize> {
    let (access, place) = (access.clone(), place.clone());
    let store = access.store.clone();
    store
        .write(move |tx| {
            Box::pin(async move {
                let it = shareable(tx, &access, &place).await?;
                let mut gone = 0;
                for (path, link) in link::of_account(tx, place.account).await? {
                    if path == it.path && which(&link) {
                        link::remove(tx, link.id).await?;
                        gone += 1;
                    }
                }
                Ok(gone)
            })
        })
        .await
}

/// What a link gives.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The link.
    pub link: Link,
    /// The calendar.
    pub calendar: Collection,
    /// Its properties that clients set, as far as they may be shown.
    pub properties: Vec<Property>,
    /// What nobody knows but who has the address: the tags and UIDs that a link shows are made with
    /// it, so that they say nothing to anybody.
    pub salt: u128,
}

impl Opened {
    /// How much the link shows.
    pub fn detail(&self) -> Detail {
        Detail::from_number(self.link.detail)
    }
}

/// Opens a link, if the token is one that has not ended; its use is noted.
pub async fn open(store: &Store, token: &str, now: Timestamp) -> Outcome<Option<Opened>> {
    let hash = sha256(token.as_bytes());
    let salt = sha256(format!("salt {token}").as_bytes());
    let salt = salt.first_chunk().map_or(0, |half| u128::from_be_bytes(*half));
    let found = store.read(move |tx| {
        Box::pin(async move {
            let Some((link, of)) = link::by_hash(tx, &hash).await? else { return Ok(None) };
            if link.expires_at.is_some_and(|end| end <= now) {
                return Ok(None);
            }
            let Some(calendar) = collection::by_id(tx, of).await? else { return Ok(None) };
            // Also what a calendar is called can be what its owner does not tell.
            let properties = match Detail::from_number(link.detail) {
                Detail::Full => property::of(tx, of, "").await?,
                Detail::Busy => Vec::new(),
            };
            Ok(Some(Opened { link, calendar, properties, salt }))
        })
    });
    let found = found.await?;
    if let Some(it) = &found {
        let old = now.plus_seconds(-LINK_USE_SECONDS);
        if it.link.used_at.is_none_or(|at| at < old) {
            let id = it.link.id;
            let note =
                store.write(move |tx| Box::pin(async move { link::used(tx, id, now).await }));
            // The calendar can be read whether or not that can be noted.
            if let Err(fault) = note.await {
                tracing::warn!(%fault, "the use of a link was not noted");
            }
        }
    }
    Ok(found)
}

/// A page of what an opened link shows: objects after a name, and the name to go on after.
///
/// # Errors
/// The store's own.
pub async fn page(
    store: &Store,
    it: &Opened,
    after: String,
) -> Outcome<(Vec<Vec<u8>>, Option<String>)> {
    let want = list::Want { content: true, ..list::Want::default() };
    let page = list::page_of(store, it.calendar.id, after, want).await?;
    let mut shown = Vec::new();
    for body in page.objects.iter().filter_map(|(_, body)| body.as_ref()) {
        if let Some(octets) = it.detail().of(&body.octets()?, it.salt) {
            shown.push(octets.into_owned());
        }
    }
    Ok((shown, page.next))
}
