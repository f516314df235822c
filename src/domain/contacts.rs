//! vCards: what may be stored as one resource (RFC 6352 §5.1, §6.3.2.1), and what the index keeps.

use crate::domain::collection::Index;
use crate::format::vcard::{Card, check_resource, uid_key};
use crate::kernel::fault::{Outcome, Refusal};
use crate::kernel::limits::UID_MAX;

/// Media types that clients give vCards.
static MEDIA_TYPES: [&str; 3] = ["text/vcard", "text/x-vcard", "text/directory"];

/// Validates a vCard and works out its index. UIDs that differ only by `urn:uuid:` are the same.
///
/// # Errors
/// `UnsupportedType` for another media type or version, `InvalidData` with the line.
pub fn examine(media_type: Option<&str>, bytes: &[u8]) -> Outcome<Index> {
    let known = |t: &&str| MEDIA_TYPES.iter().any(|m| m.eq_ignore_ascii_case(t));
    if let Some(other) = media_type.filter(|t| !known(t)) {
        return Err(Refusal::UnsupportedType(other.to_owned()).into());
    }
    let card = Card::parse(bytes).map_err(Refusal::from)?;
    let contact = check_resource(&card).map_err(Refusal::from)?;
    let uid = uid_key(&contact.uid);
    if uid.len() > UID_MAX {
        let why = format!("the UID is longer than {UID_MAX} octets");
        return Err(Refusal::InvalidResource(why).into());
    }
    Ok(Index { uid: Some(uid.to_owned()), ..Index::default() })
}
