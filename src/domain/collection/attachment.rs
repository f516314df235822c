//! Which attachments the objects of a calendar may name (RFC 8607 §3.7, §3.12.2).

use super::access::Access;
use super::derived::charged;
use super::item::within_quota;
use super::place::Place;
use crate::format::ical::attach;
use crate::kernel::fault::{AttachRule, Outcome, Refusal};
use crate::kernel::ids::{AttachmentId, BlobId};
use crate::store::attachment::{self, Attachment};
use crate::store::blob::Content;
use crate::store::collection::Collection;
use crate::store::object::{Index, Object};
use crate::store::{Tx, blob, change_log};
use memchr::memmem;

/// An attachment about to be kept.
#[derive(Clone, Debug)]
pub struct New {
    /// What is said of it.
    pub about: Attachment,
    /// Its octets.
    pub content: Content,
}

/// Keeps an attachment; it counts for the quota of the account.
///
/// # Errors
/// `QuotaExceeded`.
pub async fn keep(
    tx: &mut Tx,
    access: &Access,
    place: &Place,
    parent: &Collection,
    new: &New,
) -> Outcome<()> {
    let (_, used) = change_log::take(tx, place.account).await?;
    let growth = charged(parent, new.content.size as i64);
    within_quota(tx, access, place, used, growth).await?;
    let content = blob::keep(tx, &new.content, access.now).await?;
    attachment::insert(tx, &new.about, content).await?;
    change_log::charge(tx, place.account, growth).await
}

/// The attachments that an object about to be stored names: those that it named before, those of the
/// calendar's owner, and the asker's own.
///
/// # Errors
/// `Attachment`.
pub async fn admitted(
    tx: &mut Tx,
    access: &Access,
    place: &Place,
    old: Option<&Object>,
    index: &Index,
) -> Outcome<Vec<Attachment>> {
    if index.managed.is_empty() {
        return Ok(Vec::new());
    }
    let mut known = attachment::named(tx, &index.managed).await?;
    let before = match old {
        Some(old) => attachment::of_content(tx, old.blob).await?,
        None => Vec::new(),
    };
    let mut all = Vec::with_capacity(known.len());
    for id in &index.managed {
        let at = known.iter().position(|it| it.managed_id == *id);
        let may = |it: &Attachment| {
            access.is_server()
                || it.creator == access.who.id
                || it.account == place.account
                || before.iter().any(|old| old.id == it.id)
        };
        match at.map(|at| known.swap_remove(at)).filter(may) {
            Some(it) => all.push(it),
            // What comes from elsewhere by a feed may name what is kept there.
            None if access.is_server() => {}
            None => {
                let why = format!("there is no attachment {id:?} that this object may name");
                return Err(Refusal::Attachment(AttachRule::Parameter, why).into());
            }
        }
    }
    Ok(all)
}

/// The content with the right SIZE where it names an attachment with a wrong one (RFC 8607 §3.7).
pub fn sized(content: &Content, named: &[Attachment]) -> Option<Content> {
    let octets = content.data.as_ref().filter(|_| !named.is_empty())?;
    let size = |id: &str| Some(named.iter().find(|it| it.managed_id == id)?.size);
    attach::sized(octets, size).map(Content::inline)
}

/// Notes what a content names. One that scheduling has made of what was sent may name again what the
/// object named before.
pub async fn note(
    tx: &mut Tx,
    content: BlobId,
    named: &[Attachment],
    (old, made): (Option<&Object>, Option<&Content>),
) -> Outcome<()> {
    let mut all: Vec<AttachmentId> = named.iter().map(|it| it.id).collect();
    if let (Some(old), Some(Content { data: Some(octets), .. })) = (old, made) {
        for it in attachment::of_content(tx, old.blob).await? {
            let again = memmem::find(octets, it.managed_id.as_bytes()).is_some();
            if again && !all.contains(&it.id) {
                all.push(it.id);
            }
        }
    }
    for it in all {
        attachment::note(tx, content, it).await?;
    }
    Ok(())
}
