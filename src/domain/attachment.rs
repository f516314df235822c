//! Managed attachments (RFC 8607): adding, replacing and taking away what the server keeps for an
//! event, as a change of the event.
//!
//! Invariants: who may change an event may change its attachments, but for attendees, who only read
//! them (§3.12.2); who can read an event finds in it the address of each, which has a secret that
//! nobody can guess, so attendees of other servers can follow it too and nobody else: there is no
//! second list of rights to keep in step with the events. An event names none but its creator's
//! (`collection::item`); a content is stored once however many name it, and goes with the last of
//! them, those of the history included.

use super::calendar::examine;
use super::collection::attachment::New;
use super::collection::item::{Rewritten, Stored};
use super::collection::{Access, Body, Content, Guard, Index, Place, item, privacy, tree};
use super::directory::calendar_user::CalendarUser;
use crate::format::ical::Calendar;
use crate::format::ical::attach::{self, Attach, AttachFault, Which};
use crate::kernel::fault::{AttachRule, Fault, Outcome, Refusal, SchedulingRule};
use crate::kernel::ids::AttachmentId;
use crate::kernel::limits::{ATTACHMENT_NAME_MAX, ATTACHMENTS_MAX};
use crate::kernel::privilege::Privilege;
use crate::kernel::secret::{hex, random};
use crate::store::object::Object;
use crate::store::{Store, Tx, attachment, blob};

pub use crate::store::attachment::Attachment;

/// What a client says of an attachment that it sends.
#[derive(Clone, Debug)]
pub struct Sent {
    /// Its octets.
    pub content: Content,
    /// Its media type.
    pub media_type: String,
    /// The name of its file, as the client has it.
    pub filename: Option<String>,
}

/// What shall be done.
#[derive(Clone, Debug)]
pub enum Action {
    /// Add one (§3.4).
    Add(Which, Sent),
    /// Put one in the place of another (§3.5).
    Update(String, Sent),
    /// Take one away (§3.6).
    Remove(Which, String),
}

/// What was done.
#[derive(Clone, Debug)]
pub struct Changed {
    /// The event as it is stored now.
    pub stored: Stored,
    /// The attachment that came.
    pub attachment: Option<Attachment>,
}

/// How often it is tried while others change the event.
const TRIES: usize = 3;

/// Carries out an action on an event; `address` makes the address of an attachment.
///
/// # Errors
/// `NotFound`, `Attachment` with the rule that is broken, and as [`item::put`].
pub async fn change(
    access: &Access,
    place: &Place,
    action: &Action,
    address: impl Fn(&Attachment) -> String,
    guard: &Guard,
) -> Outcome<Changed> {
    let new = match action {
        Action::Add(_, sent) | Action::Update(_, sent) => Some(made(access, place, sent)),
        Action::Remove(..) => None,
    };
    let attach = new.as_ref().map(|new| Attach {
        id: new.about.managed_id.clone(),
        url: address(&new.about),
        // RFC 5545 §3.2.8: FMTTYPE has no parameters.
        media_type: new.about.media_type.split(';').next().unwrap_or_default().trim().to_owned(),
        filename: new.about.filename.clone(),
        size: new.about.size,
    });
    for _ in 0..TRIES {
        let (old, stored) = event(access, place).await?;
        let octets = stored.octets()?;
        let changed = match (action, &attach) {
            (Action::Add(which, _), Some(attach)) => attach::add(&octets, which, attach),
            (Action::Update(id, _), Some(attach)) => attach::replace(&octets, id, attach),
            (Action::Remove(which, id), _) => attach::remove(&octets, which, id),
            _ => Err(AttachFault::Unknown),
        };
        let changed = changed.map_err(refused)?;
        let index = Index { language: old.language, ..examine(None, &changed)? };
        if index.managed.len() > ATTACHMENTS_MAX && matches!(action, Action::Add(..)) {
            let why = format!("an event has {ATTACHMENTS_MAX} attachments at most");
            return Err(Refusal::Attachment(AttachRule::Count, why).into());
        }
        let content = item::content(&access.store, changed)?;
        let rewritten = Rewritten { was: old.etag, content, index, new: new.clone() };
        if let Some(stored) = item::rewrite(access, place, rewritten, guard.clone()).await? {
            return Ok(Changed { stored, attachment: new.map(|new| new.about) });
        }
    }
    Err(Fault::Busy("the event keeps changing".to_owned()))
}

/// A new attachment, under names that nobody has.
fn made(access: &Access, place: &Place, sent: &Sent) -> New {
    let about = Attachment {
        id: AttachmentId(0),
        managed_id: hex(&random::<10>()),
        token: hex(&random::<20>()),
        account: place.account,
        creator: access.who.id,
        size: sent.content.size,
        media_type: sent.media_type.clone(),
        filename: sent.filename.as_deref().and_then(safe_name),
        created_at: access.now,
    };
    New { about, content: sent.content.clone() }
}

/// A file's name without what could mean a folder or be misread (RFC 6266 §4.3); none if nothing is
/// left of it.
fn safe_name(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain = last.chars().filter(|c| !c.is_control() && !"\"<>:|?*".contains(*c));
    let text: String = plain.take(ATTACHMENT_NAME_MAX).collect();
    let text = text.trim().trim_start_matches('.').trim_end_matches('.').trim().to_owned();
    (!text.is_empty()).then_some(text)
}

fn refused(fault: AttachFault) -> Fault {
    let (rule, why) = match fault {
        AttachFault::Instance(id) => {
            (AttachRule::Instance, format!("rid: the event has no instance {id:?}"))
        }
        AttachFault::Unknown => {
            let why = "managed-id: the event, or one of these instances, has no such attachment";
            (AttachRule::ManagedId, why.to_owned())
        }
        AttachFault::Data(malformed) => return Refusal::from(malformed).into(),
    };
    Refusal::Attachment(rule, why).into()
}

/// The event with its octets, for who may change its attachments.
async fn event(access: &Access, place: &Place) -> Outcome<(Object, Body)> {
    let (access, place) = (access.clone(), place.clone());
    let store = access.store.clone();
    store
        .read(move |tx| {
            Box::pin(async move {
                access.demand(tx, &place, Privilege::WriteContent).await?;
                let found = tree::locate(tx, &place).await?;
                privacy::demand(tx, &access, &place, &found).await?;
                let tree::Found::Object(parent, mut it) = found else {
                    return Err(Fault::NotFound);
                };
                let mut body = blob::read(tx, it.blob, access.store.files()).await?;
                let seen = [(parent.id, &mut it, Some(&mut body))];
                privacy::veil(tx, &access, place.account, seen).await?;
                demand_organizer(tx, &place, &body.octets()?).await?;
                Ok((it, body))
            })
        })
        .await
}

/// Attendees only read the attachments of a meeting (§3.12.2).
async fn demand_organizer(tx: &mut Tx, place: &Place, octets: &[u8]) -> Outcome<()> {
    let Ok(calendar) = Calendar::parse(octets) else { return Ok(()) };
    let mut organizers = calendar.root().children().flat_map(|it| it.all("ORGANIZER"));
    let Some(organizer) = organizers.next() else { return Ok(()) };
    let owner = CalendarUser::of(tx, place.account, &place.account_name).await?;
    if owner.is(organizer.value()) {
        return Ok(());
    }
    let why = "only the organizer of a meeting changes its attachments".to_owned();
    Err(Refusal::Scheduling(SchedulingRule::AttendeeChange, why).into())
}

/// The attachment at an address, with its content and that one's hash.
///
/// # Errors
/// `NotFound` for what never was or is gone.
pub async fn open(store: &Store, token: &str) -> Outcome<(Attachment, Vec<u8>, Body)> {
    let (token, files) = (token.to_owned(), store.files().clone());
    let found = store
        .read(|tx| Box::pin(async move { attachment::open(tx, &token, &files).await }))
        .await?;
    found.ok_or(Fault::NotFound)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_lead_nowhere() {
        for (name, safe) in [
            ("agenda.html", Some("agenda.html")),
            ("../../etc/passwd", Some("passwd")),
            ("C:\\a\\b.txt", Some("b.txt")),
            (".profile", Some("profile")),
            ("a\r\nb\".txt", Some("ab.txt")),
            ("Müsli ü.pdf", Some("Müsli ü.pdf")),
            ("..", None),
            ("/", None),
        ] {
            assert_eq!(safe_name(name).as_deref(), safe, "{name:?}");
        }
    }
}
