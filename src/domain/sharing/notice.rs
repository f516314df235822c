//! Notifications: what the server tells somebody of what is shared with him, and an owner of the replies
//! (caldav-notifications; caldav-sharing §4, §6.15, §6.22).
//!
//! Invariants: of one invitation there is one notification, which says how things stand; an account keeps
//! [`NOTIFICATIONS_MAX`] of them, and the oldest go; clients add none (`Derived::Scheduling`).

use super::Level;
use crate::domain::collection::item::write;
use crate::domain::collection::kind::{Home, Kind, component_names};
use crate::domain::collection::mount::{DECLINED, INVITED};
use crate::domain::collection::place::DAV_ROOT;
use crate::domain::collection::scheduling::NOTIFICATIONS;
use crate::domain::collection::tree::{Found, locate, take_away};
use crate::domain::collection::{Access, Collection, Content, Guard, Index, Place, Property};
use crate::domain::directory::{Kind as PrincipalKind, Principal};
use crate::format::uri::encoded;
use crate::format::xml::{Name, Ns, Writer};
use crate::kernel::change::ChangeNumber;
use crate::kernel::fault::Outcome;
use crate::kernel::ids::PrincipalId;
use crate::kernel::limits::NOTIFICATIONS_MAX;
use crate::store::mount::Mount;
use crate::store::{Tx, change_log, collection, mount, object, principal, property};

const fn cs(local: &'static str) -> Name {
    Name::known(Ns::CalendarServer, local)
}

/// Tells somebody how an invitation stands; of what is shared with him no more, `level` is what he had.
///
/// # Errors
/// The store's own.
pub async fn invitation(
    tx: &mut Tx,
    access: &Access,
    (who, it): (&Principal, &Mount),
    (target, level): (&Collection, Option<Level>),
    withdrawn: bool,
) -> Outcome<()> {
    const ROOT: Name = cs("invite-notification");
    let Some(owner) = principal::by_id(tx, target.account).await? else { return Ok(()) };
    let status = match it.state {
        _ if withdrawn => "invite-deleted",
        INVITED => "invite-noresponse",
        DECLINED => "invite-declined",
        _ => "invite-accepted",
    };
    let summary = match mount::summary(tx, target.id, it.account).await? {
        Some(summary) => Some(summary),
        None => title(tx, target).await?,
    };
    let mut w = Writer::with_capacity(1024);
    w.document_start(&cs("notification"));
    w.element(&cs("dtstamp"), &access.now.rfc3339());
    w.open(&ROOT);
    w.element(&cs("uid"), &it.uid);
    write_href(tx, who, &mut w).await?;
    w.empty(&cs(status));
    w.open(&cs("access"));
    w.empty(&cs(match level {
        Some(Level::ReadWrite) => "read-write",
        _ => "read",
    }));
    w.close(&cs("access"));
    write_host(&owner, target, &mut w);
    w.open(&cs("organizer"));
    write_href(tx, &owner, &mut w).await?;
    w.element(&cs("common-name"), &owner.display_name);
    w.close(&cs("organizer"));
    if let Some(summary) = summary {
        w.element(&cs("summary"), &summary);
    }
    if Kind::from_number(target.kind) == Kind::Calendar {
        const SET: Name = Name::known(Ns::CalDav, "supported-calendar-component-set");
        w.open(&SET);
        for name in component_names(target.components) {
            w.empty_with(&Name::known(Ns::CalDav, "comp"), &[("name", name)]);
        }
        w.close(&SET);
    }
    // Beside what Apple's programs ask for: of which principal it is, for the drafts' form of this.
    w.raw(b"<D:principal>");
    w.href(&path_of(&owner));
    w.raw(b"</D:principal>");
    w.close(&ROOT);
    w.close(&cs("notification"));
    put(tx, access, it.account, &format!("{}.xml", it.uid), (&ROOT, w.out)).await
}

/// Tells an owner what somebody replied.
///
/// # Errors
/// The store's own.
pub async fn reply(
    tx: &mut Tx,
    access: &Access,
    owner: &Principal,
    it: &Mount,
    target: &Collection,
) -> Outcome<()> {
    const ROOT: Name = cs("invite-reply");
    let Some(who) = principal::by_id(tx, it.account).await? else { return Ok(()) };
    let mut w = Writer::with_capacity(1024);
    w.document_start(&cs("notification"));
    w.element(&cs("dtstamp"), &access.now.rfc3339());
    w.open(&ROOT);
    write_href(tx, &who, &mut w).await?;
    w.element(&cs("common-name"), &who.display_name);
    w.empty(&cs(if it.state == DECLINED { "invite-declined" } else { "invite-accepted" }));
    write_host(owner, target, &mut w);
    w.element(&cs("in-reply-to"), &it.uid);
    if let Some(title) = title(tx, target).await? {
        w.element(&cs("summary"), &title);
    }
    w.close(&ROOT);
    w.close(&cs("notification"));
    put(tx, access, owner.id, &format!("reply-{}.xml", it.uid), (&ROOT, w.out)).await
}

/// Takes back what was told of an invitation.
///
/// # Errors
/// The store's own.
pub async fn take_back(tx: &mut Tx, access: &Access, it: &Mount) -> Outcome<()> {
    remove(tx, access, it.account, &format!("{}.xml", it.uid)).await
}

/// The owner's name for a collection.
async fn title(tx: &mut Tx, of: &Collection) -> Outcome<Option<String>> {
    let all = property::of(tx, of.id, "").await?;
    let name = all.iter().find(|p| p.namespace == Ns::Dav.uri() && p.name == "displayname");
    Ok(name.and_then(crate::domain::collection::property::text_of))
}

/// An address of a principal, or his path where he has none.
async fn write_href(tx: &mut Tx, of: &Principal, w: &mut Writer) -> Outcome<()> {
    w.raw(b"<D:href>");
    match principal::addresses(tx, of.id).await?.first() {
        Some(address) => w.text(&format!("mailto:{address}")),
        None => w.text(&encoded(&path_of(of))),
    }
    w.raw(b"</D:href>");
    Ok(())
}

/// The path of a principal, decoded.
fn path_of(of: &Principal) -> String {
    format!("{DAV_ROOT}principals/{}/{}/", PrincipalKind::of(of).segment(), of.name)
}

/// Where the owner has it that is shared.
fn write_host(owner: &Principal, target: &Collection, w: &mut Writer) {
    let (home, below) = target.path.split_once('/').unwrap_or((&target.path, ""));
    w.open(&cs("hosturl"));
    w.href(&format!("{DAV_ROOT}{home}/{}/{below}/", owner.name));
    w.close(&cs("hosturl"));
}

fn place(account: PrincipalId, name: &str) -> Outcome<Place> {
    let folder = NOTIFICATIONS.rsplit('/').next().unwrap_or_default();
    Place::new(account, "", Home::Calendars, &format!("{folder}/{name}"))
}

/// Stores a notification of a kind, if the account takes any, and makes room.
async fn put(
    tx: &mut Tx,
    access: &Access,
    account: PrincipalId,
    name: &str,
    (kind, text): (&Name, Vec<u8>),
) -> Outcome<()> {
    let Some(holder) = collection::at(tx, account, NOTIFICATIONS).await? else { return Ok(()) };
    let (content, index) = (Content::inline(text), Index::default());
    write(tx, access, &place(account, name)?, &content, &index, &Guard::default()).await?;
    let (ns, local) = (Ns::CalendarServer.uri(), kind.local());
    let value = format!("<S:notificationtype xmlns:S=\"{ns}\"><S:{local}/></S:notificationtype>");
    let told = Property { namespace: ns.to_owned(), name: "notificationtype".to_owned(), value };
    property::set(tx, holder.id, name, &told).await?;
    let count = usize::try_from(holder.member_count).unwrap_or(0).saturating_add(1);
    let over = count.saturating_sub(NOTIFICATIONS_MAX);
    if over > 0 {
        for oldest in object::since(tx, holder.id, ChangeNumber(0), over).await? {
            remove(tx, access, account, &oldest.name).await?;
        }
    }
    Ok(())
}

async fn remove(tx: &mut Tx, access: &Access, account: PrincipalId, name: &str) -> Outcome<()> {
    let place = place(account, name)?;
    let found = locate(tx, &place).await?;
    if !matches!(found, Found::Object(..)) {
        return Ok(());
    }
    let (number, _) = change_log::take(tx, account).await?;
    take_away(tx, access, &place, &found, number).await
}
