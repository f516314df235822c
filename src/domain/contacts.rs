//! vCards: what may be stored as one resource (RFC 6352 §5.1, §6.3.2.1), what the index keeps of it,
//! and which cards satisfy a filter (§8.6).

use crate::domain::collection::{Access, Body, Index, Object, list};
use crate::format::vcard::filter::Filter;
use crate::format::vcard::{Card, check_resource, parse_resource, uid_key};
use crate::kernel::fault::{Outcome, Refusal};
use crate::kernel::ids::CollectionId;
use crate::kernel::limits::{QUERY_CONTENT_HELD, QUERY_MATCHES_MAX, UID_MAX};

/// Media types that clients give vCards.
pub static MEDIA_TYPES: [&str; 3] = ["text/vcard", "text/x-vcard", "text/directory"];

/// Validates a vCard and works out its index. UIDs that differ only by `urn:uuid:` are the same.
///
/// # Errors
/// `UnsupportedType` for another media type or version, `InvalidData` with the line.
pub fn examine(media_type: Option<&str>, bytes: &[u8]) -> Outcome<Index> {
    let known = |t: &&str| MEDIA_TYPES.iter().any(|m| m.eq_ignore_ascii_case(t));
    if let Some(other) = media_type.filter(|t| !known(t)) {
        return Err(Refusal::UnsupportedType(other.to_owned()).into());
    }
    let card = parse_resource(bytes).map_err(Refusal::from)?;
    let contact = check_resource(&card).map_err(Refusal::from)?;
    let uid = uid_key(&contact.uid);
    if uid.len() > UID_MAX {
        let why = format!("the UID is longer than {UID_MAX} octets");
        return Err(Refusal::InvalidResource(why).into());
    }
    Ok(Index { uid: Some(uid.to_owned()), ..Index::default() })
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
    of: CollectionId,
    query: &Query,
) -> Outcome<Vec<(Object, Option<Body>)>> {
    let want = list::Want { content: true, ..list::Want::default() };
    let (mut kept, mut held, mut seen) = (Vec::new(), 0, 0);
    let mut after = query.only.is_none().then(String::new);
    let mut page = match &query.only {
        Some(name) => list::by_names(access, of, vec![name.clone()]).await?,
        None => Vec::new(),
    };
    loop {
        if let Some(from) = after.take() {
            let next = list::page(access, of, from, want).await?;
            after = next.next;
            page.extend(next.objects.into_iter().filter_map(|(o, body)| Some((o, body?))));
        }
        seen += page.len();
        if seen > QUERY_MATCHES_MAX {
            return Err(Refusal::TooManyMatches.into());
        }
        for (object, body) in page.drain(..) {
            let bytes = body.octets()?;
            if Card::parse(&bytes).is_ok_and(|card| !query.filter.holds(&card)) {
                continue;
            }
            drop(bytes);
            let fits = query.contents && held < QUERY_CONTENT_HELD;
            held += object.size;
            kept.push((object, Some(body).filter(|_| fits)));
        }
        if after.is_none() || kept.len() > query.limit {
            return Ok(kept);
        }
    }
}
