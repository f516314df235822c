//! What all messages that come have in common.
//!
//! Standards: RFC 5546 §2.1.5, §6.1.

use super::keep::same_organizer;
use super::sheet::{Part, Sheet};
use super::{IsMe, Received, Unusable};

/// A message that changes nothing.
pub fn nothing(about: &str) -> Received {
    Received::Nothing { news: false, about: about.to_owned() }
}

/// Whether a component of a message is newer than what is stored (RFC 5546 §2.1.5). What was
/// cancelled comes back by a later message of no older version (§4.2.9).
pub fn is_newer(message: &Part<'_>, stored: &Part<'_>) -> bool {
    let back = stored.cancelled && message.sequence >= stored.sequence;
    message.version() > stored.version() || back && message.stamp > stored.stamp
}

/// Whether a component of a message is newer than a series that has no such component. Each component
/// counts its SEQUENCE for itself, so those of two say nothing of each other; DTSTAMP does.
pub fn is_later(message: &Part<'_>, series: &Part<'_>) -> bool {
    (message.stamp, message.sequence) > (series.stamp, series.sequence)
}

/// That a message is by the organizer of what is stored, and not by the recipient himself.
///
/// # Errors
/// [`Unusable`] otherwise.
pub fn from_organizer(
    message: &Sheet<'_>,
    stored: Option<&Sheet<'_>>,
    is_me: IsMe<'_>,
) -> Result<(), Unusable> {
    let Some(organizer) = message.organizer() else {
        return Err(Unusable::Malformed("there is no ORGANIZER".to_owned()));
    };
    if !message.has_one_organizer() {
        return Err(Unusable::Malformed("it names different ORGANIZERs".to_owned()));
    }
    if is_me(organizer.value().trim()) {
        return Err(Unusable::Foreign("its ORGANIZER is the recipient".to_owned()));
    }
    match stored {
        Some(stored) if !same_organizer(stored, message) => {
            Err(Unusable::Foreign("the ORGANIZER of what is stored is another".to_owned()))
        }
        _ => Ok(()),
    }
}

/// That a message is for the organizer of what is stored.
///
/// # Errors
/// [`Unusable`] otherwise.
pub fn to_organizer(stored: Option<&Sheet<'_>>, is_me: IsMe<'_>) -> Result<(), Unusable> {
    let mine = |it: &Sheet<'_>| it.organizer().is_some_and(|line| is_me(line.value().trim()));
    match stored.is_none_or(mine) {
        true => Ok(()),
        false => Err(Unusable::Foreign("the recipient does not organize it".to_owned())),
    }
}
