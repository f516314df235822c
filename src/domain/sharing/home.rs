//! Showing a shared collection in a home, and taking it out again.

use crate::domain::collection::mount::new_name;
use crate::domain::collection::property::{of_text, set_all, text_of};
use crate::domain::collection::tree::{Found, Making, insert, locate, take_away};
use crate::domain::collection::{Access, Collection, Home, Kind, Place, Property};
use crate::format::xml::Ns;
use crate::kernel::fault::{Fault, Outcome};
use crate::kernel::ids::{CollectionId, PrincipalId};
use crate::store::mount::Mount;
use crate::store::{Tx, change_log, collection, mount, principal, property};

/// The place of a collection in an account's home. Only clients' paths show the account's name.
pub fn place_in(account: PrincipalId, path: &str) -> Outcome<Place> {
    let (home, names) = path.split_once('/').unwrap_or((path, ""));
    let home = Home::from_segment(home).ok_or(Fault::NotFound)?;
    Place::new(account, "", home, &format!("{names}/"))
}

/// Shows a shared collection in somebody's home; gives the collection that does.
pub async fn show(
    tx: &mut Tx,
    access: &Access,
    account: PrincipalId,
    target: &Collection,
    title: Option<String>,
) -> Outcome<CollectionId> {
    let home = target.path.split('/').next().unwrap_or_default();
    let place = place_in(account, &format!("{home}/{}", new_name()))?;
    let Found::Nothing(parent) = locate(tx, &place).await? else { return Err(Fault::NotFound) };
    let (number, _) = change_log::take(tx, account).await?;
    let properties = first_properties(tx, account, target, title).await?;
    let making = Making { kind: Kind::Mount, components: target.components, properties };
    let id = insert(tx, access, &place, &parent, &making, number).await?;
    set_all(tx, id, "", &making.properties).await?;
    Ok(id)
}

/// The owner's properties that a mount begins with, as everyone has his own.
static FIRST: [(Ns, &str); 4] = [
    (Ns::AppleIcal, "calendar-color"),
    (Ns::CalDav, "calendar-description"),
    (Ns::CalDav, "calendar-timezone"),
    (Ns::CardDav, "addressbook-description"),
];

/// The properties of a new mount. Its name says whose it is, because people call theirs alike; it does
/// not make its reader busy (caldav-sharing §5.5.5).
async fn first_properties(
    tx: &mut Tx,
    account: PrincipalId,
    target: &Collection,
    title: Option<String>,
) -> Outcome<Vec<Property>> {
    let theirs = property::of(tx, target.id, "").await?;
    let of =
        |ns: &Ns, name: &str| theirs.iter().find(|p| p.namespace == ns.uri() && p.name == name);
    let title = match title.filter(|title| !title.is_empty()) {
        Some(title) => title,
        None => match mount::summary(tx, target.id, account).await? {
            Some(summary) => summary,
            None => {
                let own = of(&Ns::Dav, "displayname").and_then(text_of);
                let owner = principal::by_id(tx, target.account).await?;
                let owner = owner.map(|it| it.display_name).unwrap_or_default();
                format!("{} ({owner})", own.unwrap_or_else(|| target.name.clone()))
            }
        },
    };
    let mut all = vec![of_text("displayname", &title)];
    all.extend(FIRST.iter().filter_map(|(ns, name)| of(ns, name)).cloned());
    if Kind::from_number(target.kind) == Kind::Calendar {
        all.push(transparent());
    }
    Ok(all)
}

/// `CALDAV:schedule-calendar-transp` with `CALDAV:transparent` (RFC 6638 §9.1).
fn transparent() -> Property {
    let (caldav, name) = (Ns::CalDav.uri(), "schedule-calendar-transp");
    let value = format!("<C:{name} xmlns:C=\"{caldav}\"><C:transparent/></C:{name}>");
    Property { namespace: caldav.to_owned(), name: name.to_owned(), value }
}

/// Takes a mount out of the home, if it shows there. The caller has written down what becomes of it.
pub async fn hide(tx: &mut Tx, access: &Access, it: &Mount) -> Outcome<()> {
    let Some(row) = it.row else { return Ok(()) };
    let Some(found) = collection::by_id(tx, row).await? else { return Ok(()) };
    let (number, _) = change_log::take(tx, it.account).await?;
    let place = place_in(it.account, &found.path)?;
    take_away(tx, access, &place, &Found::Collection(found), number).await
}
