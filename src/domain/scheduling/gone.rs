//! A calendar that was removed, by itself or with its account: whoever is invited to what was in it hears that, as if each meeting
//! had been removed by itself (RFC 6638 §3.2.3.2).
//!
//! Invariant: the removal itself writes one note; it is worked off here page by page, each page in
//! one transaction with the note of the next, so every meeting is told once. A note says whose the
//! calendar was, and retention purges none that a note waits for, so neither has to be there still.

use crate::domain::collection::Access;
use crate::domain::collection::implicit::{self, Gone, status};
use crate::domain::directory::calendar_user::CalendarUser;
use crate::format::ical::Calendar;
use crate::format::itip::{self, Message, Role};
use crate::kernel::clock::Timestamp;
use crate::kernel::fault::Outcome;
use crate::kernel::ids::CollectionId;
use crate::kernel::limits::GONE_BATCH;
use crate::store::itip::{self as letters, Letter};
use crate::store::{Tx, blob, object, principal};

/// Whose calendar a note is about; none: nobody knows any more.
pub async fn owner(tx: &mut Tx, access: &Access, note: &Letter) -> Outcome<Option<CalendarUser>> {
    if let Some(it) = principal::by_id(tx, note.account).await? {
        return CalendarUser::of(tx, it.id, &it.name).await.map(Some);
    }
    let Some(content) = note.content else { return Ok(None) };
    let lines = blob::read(tx, content, access.store.files()).await?.octets()?.into_owned();
    Ok(Some(CalendarUser::from_lines(note.account, &String::from_utf8_lossy(&lines))))
}

/// Tells of a page of meetings; what follows is noted anew.
pub async fn step(
    tx: &mut Tx,
    access: &Access,
    owner: &CalendarUser,
    note: &Letter,
) -> Outcome<(&'static str, String)> {
    let Ok(id) = note.recipient.parse() else {
        return Ok((status::FAILED, "it names no calendar".into()));
    };
    let (of, replies) = (CollectionId(id), note.method == implicit::GONE);
    let page = letters::scheduled(tx, of, &note.about, GONE_BATCH).await?;
    let by = implicit::deputy(tx, note.by, owner.id).await?;
    for it in &page {
        let text = blob::read(tx, it.content, access.store.files()).await?;
        let messages = farewell(owner, &text.octets()?, (replies, by.as_deref()), access.now);
        let about = (owner.id, note.by, it.uid.as_str());
        implicit::send_all(tx, about, &messages, access.now).await?;
        object::set_schedule_tag(tx, of, &it.name, None).await?;
    }
    if let Some(last) = page.last().filter(|_| page.len() == GONE_BATCH) {
        let (after, method) = (last.name.as_str(), note.method.as_str());
        let rest = Gone { of, after, method, by: note.by };
        implicit::note_gone(tx, owner, rest, access.now).await?;
    }
    Ok((status::DELIVERED, format!("{} meetings told", page.len())))
}

/// What others are told of a meeting that its owner has no more.
fn farewell(
    owner: &CalendarUser,
    text: &[u8],
    (replies, by): (bool, Option<&str>),
    now: Timestamp,
) -> Vec<Message> {
    let is_me = |address: &str| owner.is(address);
    let Ok(calendar) = Calendar::parse(text) else { return Vec::new() };
    let role = itip::role(&calendar, &is_me);
    let change = match role {
        Role::Organizer => itip::organize(Some(text), None, &is_me, now),
        Role::Attendee => itip::attend(Some(text), None, &is_me, replies, now),
        Role::Nobody => return Vec::new(),
    };
    let Ok(mut change) = change else { return Vec::new() };
    itip::sent_by(&mut change, role, (Some(text), None), &is_me, by);
    change.messages
}
