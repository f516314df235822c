//! The inbox of an account and the calendar that invitations come into (RFC 6638 §2.2, §4.3).

use super::access::Access;
use super::kind::Kind;
use super::place::Place;
use super::property::Instruction;
use super::tree::Found;
use crate::domain::directory::name::fold;
use crate::format::uri;
use crate::format::xml::{self, Element, Name, Node, Ns};
use crate::kernel::fault::{Outcome, Refusal, SchedulingRule};
use crate::kernel::ids::{CollectionId, PrincipalId};
use crate::store::Tx;
use crate::store::collection::{self, Collection};
use crate::store::property::{self, Property};

/// The path of an account's scheduling inbox.
pub const INBOX: &str = "calendars/inbox";

/// The bit of events among the components.
pub const EVENTS: i64 = 1;

/// The path of an account's scheduling outbox.
pub const OUTBOX: &str = "calendars/outbox";

/// The path of an account's notifications.
pub const NOTIFICATIONS: &str = "calendars/notifications";

/// The namespace and name of the property of the inbox that names the default calendar.
pub const DEFAULT_CALENDAR: (&str, &str) =
    ("urn:ietf:params:xml:ns:caldav", "schedule-default-calendar-URL");

/// Whether invitations with this component (as a bit) can come into a collection.
fn takes(it: &Collection, component: i64) -> bool {
    let own = it.derived == 0 && Kind::from_number(it.kind) == Kind::Calendar;
    own && it.components & component != 0
}

/// The calendar that invitations come into: the one that the owner named (RFC 6638 §9.2) while it is
/// there and takes the component (as a bit), else his first that does. None: he has none.
pub async fn default_calendar(
    tx: &mut Tx,
    account: PrincipalId,
    component: i64,
) -> Outcome<Option<Collection>> {
    if let Some((_, path)) = named(tx, account).await?
        && let Some(it) = collection::at(tx, account, &path).await?
        && takes(&it, component)
    {
        return Ok(Some(it));
    }
    let calendars = collection::all_below(tx, account, HOME).await?.into_iter();
    Ok(calendars.filter(|it| takes(it, component)).min_by_key(|it| it.id))
}

const HOME: &str = "calendars";

/// The inbox, and the path of the calendar that the owner named.
async fn named(tx: &mut Tx, account: PrincipalId) -> Outcome<Option<(CollectionId, String)>> {
    let Some(inbox) = collection::at(tx, account, INBOX).await? else { return Ok(None) };
    let kept = property::of(tx, inbox.id, "").await?;
    let set = kept.into_iter().find(|p| (&*p.namespace, &*p.name) == DEFAULT_CALENDAR);
    let path = set.and_then(|it| hrefs(&it.value)).and_then(|all| {
        let segments = segments(all.first()?)?;
        Some((inbox.id, format!("{HOME}/{}", segments.last()?)))
    });
    Ok(path)
}

/// The hrefs of the property's value; none: it is something else.
fn hrefs(value: &str) -> Option<Vec<String>> {
    let element = xml::parse(value.as_bytes()).ok()?;
    let all = element.elements();
    all.map(|it| it.is(Ns::Dav.uri(), "href").then(|| it.text().trim().to_owned())).collect()
}

/// The names in the path of an address.
fn segments(href: &str) -> Option<Vec<String>> {
    let (_, path) = uri::parse_reference(href)?;
    let path = uri::decode_path(path)?;
    Some(path.trim_matches('/').split('/').map(str::to_owned).collect())
}

/// Demands of what an inbox is to name as its owner's default calendar that it is one (RFC 6638
/// §4.3.1.2): a calendar of his own that takes events. None at all leaves the choice to the server.
///
/// # Errors
/// `Scheduling`.
pub async fn may_be_named(
    tx: &mut Tx,
    inbox: &Place,
    found: &Found,
    instructions: &[Instruction],
) -> Outcome<()> {
    let is_inbox = found.collection().is_some_and(|it| Kind::from_number(it.kind) == Kind::Inbox);
    for instruction in instructions.iter().filter(|_| is_inbox) {
        let Instruction::Set(it) = instruction else { continue };
        if (&*it.namespace, &*it.name) != DEFAULT_CALENDAR {
            continue;
        }
        let Some(hrefs) = hrefs(&it.value) else { return not_a_calendar() };
        match hrefs.as_slice() {
            [] => {}
            [one] => {
                let segments = segments(one).unwrap_or_default();
                let [.., home, owner, name] = segments.as_slice() else { return not_a_calendar() };
                let own = home == HOME && fold(owner) == inbox.account_name;
                let path = format!("{HOME}/{name}");
                let there = collection::at(tx, inbox.account, &path).await?;
                if !own || !there.is_some_and(|it| takes(&it, EVENTS)) {
                    return not_a_calendar();
                }
            }
            _ => return not_a_calendar(),
        }
    }
    Ok(())
}

fn not_a_calendar() -> Outcome<()> {
    let why = "the value must be one DAV:href of a calendar in the same home that takes events";
    Err(Refusal::Scheduling(SchedulingRule::ValidDefault, why.to_owned()).into())
}

/// Demands of a collection that goes that it is not the last calendar that invitations can come into
/// (RFC 6638 §4.3: the default calendar is never deleted; with another it is that one from then on).
///
/// # Errors
/// `Scheduling`.
pub async fn may_go(tx: &mut Tx, access: &Access, it: &Collection) -> Outcome<()> {
    let account = it.account;
    if access.is_server()
        || !takes(it, EVENTS)
        || collection::at(tx, account, INBOX).await?.is_none()
    {
        return Ok(());
    }
    let all = collection::all_below(tx, account, HOME).await?;
    if all.iter().any(|other| other.id != it.id && takes(other, EVENTS)) {
        return Ok(());
    }
    let why = "invitations need a calendar to come into: make another one first".to_owned();
    Err(Refusal::Scheduling(SchedulingRule::DefaultNeeded, why).into())
}

/// Has the inbox name the default calendar as it is called now.
pub async fn renamed(tx: &mut Tx, account: PrincipalId, from: &str, to: &str) -> Outcome<()> {
    let Some((inbox, path)) = named(tx, account).await? else { return Ok(()) };
    if path != from {
        return Ok(());
    }
    let mut written = Vec::new();
    uri::encode_path(&format!("/{to}/"), &mut written);
    let mut href = Element::new(Name::known(Ns::Dav, "href"));
    href.children.push(Node::Text(String::from_utf8_lossy(&written).into_owned()));
    let (namespace, name) = DEFAULT_CALENDAR;
    let mut element = Element::new(Name::known(Ns::CalDav, name));
    element.children.push(Node::Element(href));
    let (namespace, name) = (namespace.to_owned(), name.to_owned());
    let kept = Property { namespace, name, value: element.to_standalone() };
    property::set(tx, inbox, "", &kept).await
}
