//! Groups that are invited: who comes for them (RFC 5545 §3.2.11, RFC 6638 §3.2.1).
//!
//! Invariants: a group's members are written into the organizer's object only for who may know them
//! anyhow; all groups of one change together are no more people than one event may have.

use crate::domain::directory::calendar_user::{CalendarUser, known, locals, standing};
use crate::domain::directory::{BOOK_ACCOUNT, BOOK_PATH, Kind, Principal};
use crate::format::itip::{self, Member};
use crate::kernel::fault::{CalendarLimit, Outcome, Refusal};
use crate::kernel::ids::PrincipalId;
use crate::kernel::limits::{ATTENDEES_MAX, CALENDAR_OBJECT_MAX};
use crate::store::{Tx, busy, collection, principal};
use std::collections::HashMap;

/// An organizer's new text with the members of new groups in it, and without those whose group is
/// gone. None: it stays as it is.
///
/// # Errors
/// `BeyondLimit` for more attendees than an event may have, `TooLarge`.
pub async fn expanded(
    tx: &mut Tx,
    owner: &CalendarUser,
    (old, new): (Option<&[u8]>, &[u8]),
) -> Outcome<Option<String>> {
    let is_me = |address: &str| owner.is(address);
    let asked = itip::newcomers(old, new, &is_me);
    let (mut groups, mut room) = (HashMap::new(), ATTENDEES_MAX);
    let found = if asked.is_empty() { Vec::new() } else { locals(tx, &asked).await? };
    for (address, it) in found {
        if Kind::of(&it) == Kind::Group && opens(tx, owner.id, it.id).await? {
            let members = members(tx, owner.id, it.id, &mut room).await?;
            groups.insert(address, members);
        }
    }
    let made = itip::expand(old, new, (&is_me, &known), &groups).map_err(too_many)?;
    match &made {
        Some(text) if text.len() > CALENDAR_OBJECT_MAX => {
            Err(Refusal::TooLarge { limit: CALENDAR_OBJECT_MAX as u64 }.into())
        }
        _ => Ok(made),
    }
}

fn too_many(count: usize) -> Refusal {
    let why = format!("with the members of its groups it has {count} attendees or more");
    Refusal::BeyondLimit(CalendarLimit::MaxAttendees, why)
}

/// Those who are invited when an organizer invites a group: its members, those of groups in it among
/// them, but for himself and for who may not sign in.
async fn members(
    tx: &mut Tx,
    organizer: PrincipalId,
    group: PrincipalId,
    room: &mut usize,
) -> Outcome<Vec<Member>> {
    let all = busy::members(tx, group, *room as i64 + 1).await?;
    *room = room.checked_sub(all.len()).ok_or_else(|| too_many(ATTENDEES_MAX + 1))?;
    let invited = |it: &Principal| Kind::of(it) != Kind::Group && !it.locked && it.id != organizer;
    let all: Vec<Principal> = all.into_iter().filter(invited).collect();
    let ids: Vec<i64> = all.iter().map(|it| it.id.0).collect();
    let mut addresses: HashMap<PrincipalId, Vec<String>> = HashMap::new();
    for (id, address) in busy::addresses(tx, &ids).await? {
        addresses.entry(id).or_default().push(address);
    }
    let member = |it: Principal| {
        let mut names = addresses.remove(&it.id).unwrap_or_default();
        let address = standing(&it, names.first().map(String::as_str));
        let kind = Kind::of(&it).calendar_user_type();
        names.push(it.name);
        Member { address, names, name: it.display_name, kind }
    };
    Ok(all.into_iter().map(member).collect())
}

/// Whether an organizer may know who is in a group: the directory's address book shows it to everyone,
/// or he is in it himself, or an administrator.
pub async fn opens(tx: &mut Tx, organizer: PrincipalId, group: PrincipalId) -> Outcome<bool> {
    if organizer == group || collection::at(tx, BOOK_ACCOUNT, BOOK_PATH).await?.is_some() {
        return Ok(true);
    }
    let inside = principal::all_groups(tx, organizer).await?.contains(&group);
    Ok(inside || principal::by_id(tx, organizer).await?.is_some_and(|it| it.administrator))
}
