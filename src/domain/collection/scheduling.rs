//! The inbox of an account and the calendar that invitations come into (RFC 6638 §2.2, §4.3).

use super::kind::{Home, Kind};
use crate::format::uri;
use crate::format::xml;
use crate::kernel::fault::Outcome;
use crate::kernel::ids::PrincipalId;
use crate::store::collection::{self, Collection};
use crate::store::{Tx, property};

/// The path of an account's scheduling inbox.
pub const INBOX: &str = "calendars/inbox";

/// The bit of events among the components.
pub const EVENTS: i64 = 1;

/// The path of an account's scheduling outbox.
pub const OUTBOX: &str = "calendars/outbox";

/// The namespace and name of the property of the inbox that names the default calendar.
pub const DEFAULT_CALENDAR: (&str, &str) =
    ("urn:ietf:params:xml:ns:caldav", "schedule-default-calendar-URL");

/// The calendar that invitations come into: the one that the owner named (RFC 6638 §9.2) while it is
/// there and takes the component (as a bit), else his first that does. None: he has none.
pub async fn default_calendar(
    tx: &mut Tx,
    account: PrincipalId,
    component: i64,
) -> Outcome<Option<Collection>> {
    let takes_it = |it: &Collection| {
        let own = it.derived == 0 && Kind::from_number(it.kind) == Kind::Calendar;
        own && it.components & component != 0
    };
    if let Some(path) = named(tx, account).await?
        && let Some(it) = collection::at(tx, account, &path).await?.filter(takes_it)
    {
        return Ok(Some(it));
    }
    let home = Home::Calendars.segment();
    let calendars = collection::all_below(tx, account, home).await?.into_iter();
    Ok(calendars.filter(takes_it).min_by_key(|it| it.id))
}

/// The path of the calendar that the owner named: what follows his name in the address.
async fn named(tx: &mut Tx, account: PrincipalId) -> Outcome<Option<String>> {
    let Some(inbox) = collection::at(tx, account, INBOX).await? else { return Ok(None) };
    let kept = property::of(tx, inbox.id, "").await?;
    let set = kept.into_iter().find(|p| (&*p.namespace, &*p.name) == DEFAULT_CALENDAR);
    let Some(element) = set.and_then(|p| xml::parse(p.value.as_bytes()).ok()) else {
        return Ok(None);
    };
    let text = element.elements().next().map(|href| href.text()).unwrap_or_default();
    let path = uri::decode_path(text.trim()).unwrap_or_default();
    let segment = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    Ok((!segment.is_empty()).then(|| format!("{}/{segment}", Home::Calendars.segment())))
}
