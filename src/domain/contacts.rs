//! vCards: what may be stored as one resource (RFC 6352 §5.1, §6.3.2.1), what the index keeps of it,
//! and which cards satisfy a filter (§8.6).

use crate::domain::collection::{Access, Body, Index, Object, list};
use crate::format::vcard::filter::Filter;
use crate::format::vcard::{
    Card, check_resource, dates, index, json, old, parse_resource, uid_key,
};
use crate::kernel::fault::{Outcome, Refusal};
use crate::kernel::ids::{CollectionId, PrincipalId};
use crate::kernel::limits::{QUERY_CONTENT_HELD, QUERY_MATCHES_MAX, UID_MAX};
use crate::store::search;

/// Media types that clients give vCards.
pub static MEDIA_TYPES: [&str; 3] = ["text/vcard", "text/x-vcard", "text/directory"];

/// Whether a client may call a vCard this; it need not call it anything.
///
/// # Errors
/// `UnsupportedType`.
pub fn takes(media_type: Option<&str>) -> Outcome<()> {
    let known = |t: &&str| MEDIA_TYPES.iter().any(|m| m.eq_ignore_ascii_case(t));
    match media_type.filter(|t| !known(t)) {
        Some(other) => Err(Refusal::UnsupportedType(other.to_owned()).into()),
        None => Ok(()),
    }
}

/// Whether a client calls what it sends jCard (RFC 7095), which is converted before it is stored.
pub fn is_converted(media_type: Option<&str>) -> bool {
    media_type.is_some_and(|media| media.eq_ignore_ascii_case(json::MEDIA_TYPE))
}

/// What came as jCard, as it is stored: a vCard of version 4.0; none for what came otherwise. With
/// `several`, it may be more than one card.
///
/// # Errors
/// `InvalidData` with what is wrong.
pub fn converted(
    media_type: Option<&str>,
    octets: &[u8],
    several: bool,
) -> Outcome<Option<String>> {
    if !is_converted(media_type) {
        return Ok(None);
    }
    let made = if several { json::stream(octets) } else { json::vcard(octets) };
    Ok(Some(made.map_err(Refusal::from)?))
}

/// Validates a vCard and works out its index. UIDs that differ only by `urn:uuid:` are the same.
///
/// # Errors
/// `UnsupportedType` for another media type or version, `InvalidData` with the line.
pub fn examine(media_type: Option<&str>, bytes: &[u8]) -> Outcome<Index> {
    takes(media_type)?;
    let card = parse_resource(bytes).map_err(Refusal::from)?;
    let contact = check_resource(&card).map_err(Refusal::from)?;
    let uid = uid_key(&contact.uid);
    if uid.len() > UID_MAX {
        let why = format!("the UID is longer than {UID_MAX} octets");
        return Err(Refusal::InvalidResource(why).into());
    }
    let (text, dated) = (index::text(&card), !dates::days(&card).is_empty());
    Ok(Index { uid: Some(uid.to_owned()), text, dated, ..Index::default() })
}

/// The text by which the index knows a card, be it valid or not. One that cannot be read may have
/// anything in it.
pub fn text(bytes: &[u8]) -> Option<String> {
    match Card::parse(bytes) {
        Ok(card) => index::text(&card),
        Err(_) => unknown_text(),
    }
}

/// The text of a card of which nothing is known: every search looks at the card itself.
pub fn unknown_text() -> Option<String> {
    index::unknown()
}

/// As [`examine`], for a card that is taken out of a whole address book: one of version 2.1, which
/// telephones write, is stored as 3.0. Gives what is to be stored, and whether it was converted.
///
/// # Errors
/// As [`examine`].
pub fn examine_any(mut bytes: Vec<u8>) -> Outcome<(Vec<u8>, bool, Index)> {
    let converted = old::is_old(&bytes);
    if converted {
        bytes = old::upgrade(&bytes).map_err(Refusal::from)?.into_bytes();
    }
    let index = examine(None, &bytes)?;
    Ok((bytes, converted, index))
}

/// What an addressbook-query asks for.
#[derive(Clone, Debug)]
pub struct Query {
    /// What a card must satisfy.
    pub filter: Filter,
    /// Whether contents are wanted with the answer.
    pub contents: bool,
    /// The one member that is asked about; none: all.
    pub only: Option<String>,
    /// Matches after which no more are looked for.
    pub limit: usize,
}

/// The cards of an address book that match; if wanted with contents, but no more of these than fit
/// into [`QUERY_CONTENT_HELD`]. A card that cannot be read any more was valid once: it matches.
///
/// # Errors
/// `TooManyMatches` when there are more cards than one query may look at.
pub async fn matching(
    access: &Access,
    of: (PrincipalId, CollectionId),
    query: &Query,
) -> Outcome<Vec<(Object, Option<Body>)>> {
    let mut cards = candidates(access, of.1, query).await?;
    let (mut kept, mut held, mut seen) = (Vec::new(), 0, 0);
    loop {
        let page = cards.next(access, of).await?;
        seen += page.len();
        if seen > QUERY_MATCHES_MAX {
            return Err(Refusal::TooManyMatches.into());
        }
        for (object, body) in page {
            let rules_out =
                |bytes: &[u8]| Card::parse(bytes).is_ok_and(|card| !query.filter.holds(&card));
            if body.octets().is_ok_and(|bytes| rules_out(&bytes)) {
                continue;
            }
            let fits = query.contents && held < QUERY_CONTENT_HELD;
            held += object.size;
            kept.push((object, Some(body).filter(|_| fits)));
        }
        if cards.is_over() || kept.len() > query.limit {
            return Ok(kept);
        }
    }
}

/// The cards that are to be opened, a page at a time, in the order of their names.
enum Candidates {
    /// Those that the index names.
    Named(std::vec::IntoIter<String>),
    /// All after a name; none: that was all.
    All(Option<String>),
}

/// What the index does not rule out; where it cannot say, that is all.
async fn candidates(access: &Access, of: CollectionId, query: &Query) -> Outcome<Candidates> {
    if let Some(name) = &query.only {
        return Ok(Candidates::Named(vec![name.clone()].into_iter()));
    }
    let Some(wanted) = index::wanted(&query.filter) else {
        return Ok(Candidates::All(Some(String::new())));
    };
    let find = access.store.read(|tx| Box::pin(async move { search::find(tx, of, &wanted).await }));
    Ok(match find.await? {
        Some(names) => Candidates::Named(names.into_iter()),
        None => Candidates::All(Some(String::new())),
    })
}

/// Cards that are opened together.
const BATCH: usize = 64;

impl Candidates {
    async fn next(
        &mut self,
        access: &Access,
        of: (PrincipalId, CollectionId),
    ) -> Outcome<Vec<(Object, Body)>> {
        match self {
            Self::Named(names) => {
                let batch: Vec<String> = names.by_ref().take(BATCH).collect();
                let mut page = match batch.is_empty() {
                    true => Vec::new(),
                    false => list::by_names(access, of, batch).await?,
                };
                page.sort_by(|a, b| a.0.name.cmp(&b.0.name));
                Ok(page)
            }
            Self::All(after) => {
                let want = list::Want { content: true, ..list::Want::default() };
                let page = list::page(access, of, after.take().unwrap_or_default(), want).await?;
                *after = page.next;
                Ok(page.objects.into_iter().filter_map(|(o, body)| Some((o, body?))).collect())
            }
        }
    }

    fn is_over(&self) -> bool {
        match self {
            Self::Named(names) => names.len() == 0,
            Self::All(after) => after.is_none(),
        }
    }
}
