//! Accounts as a whole: a new principal gets its homes and first collections with it, a deleted
//! one takes them along; and the first start of an empty server.

use super::birthdays;
use super::collection::access::{Access, SERVER};
use super::collection::kind::{COMPONENTS_DEFAULT, Kind as CollectionKind, SCHEDULING};
use super::collection::property::of_text;
use super::collection::{Derived, Home, implicit};
use super::directory::admin::{
    arrange, attach_address, demand_free, expect, hash_checked, join, keep_an_administrator,
    name_and_address, take_in,
};
use super::directory::calendar_user::CalendarUser;
use super::directory::mode::Mode;
use super::directory::name::{check_address, check_zone};
use super::directory::resource;
use super::directory::{Kind, Principal, changed, sharing_changed};
use super::mail::mailbox;
use crate::kernel::clock::Timestamp;
use crate::kernel::fault::{Fault, Outcome};
use crate::kernel::ids::{CollectionId, PrincipalId};
use crate::kernel::secret::{Secret, readable_password, uuid};
use crate::store::change_log::{self, Action, Author, Entry};
use crate::store::collection::{self, NewCollection, Touch};
use crate::store::principal::{self, NewPrincipal};
use crate::store::property::{self, Property};
use crate::store::{
    Store, Tx, ace, booking, job, lock, mailbox as store_mailbox, mount, personal, push,
    resource as store_resource,
};

/// A principal about to be made.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// User, group or resource.
    pub kind: Kind,
    /// An address, which is then the name too, or a bare name.
    pub name: String,
    /// For people to read; empty: the name.
    pub display_name: String,
    /// None: no login by password.
    pub password: Option<Secret>,
    /// Whether it administers.
    pub administrator: bool,
    /// Octets; none: no bound.
    pub quota: Option<i64>,
    /// Further addresses.
    pub addresses: Vec<String>,
    /// Whether a user gets a calendar of birthdays.
    pub birthdays: bool,
    /// The name of its time zone, if it has one.
    pub zone: Option<String>,
    /// What it is, for a resource; what is not said is as usual.
    pub resource: resource::Changes,
}

impl NewAccount {
    /// One with a name and nothing else.
    pub fn of(kind: Kind, name: impl Into<String>) -> Self {
        Self {
            kind,
            name: name.into(),
            display_name: String::new(),
            password: None,
            administrator: false,
            quota: None,
            addresses: Vec::new(),
            birthdays: false,
            zone: None,
            resource: resource::Changes::default(),
        }
    }
}

/// A first collection: home, display name, kind, components.
type First = (Home, &'static str, CollectionKind, i64);

/// What every new user finds: one calendar for events and one for tasks, because Apple wants them
/// apart, and an address book (CLIENTS-SOURCE §5).
static FIRST_OF_USER: [First; 3] = [
    (Home::Calendars, "Calendar", CollectionKind::Calendar, 1),
    (Home::Calendars, "Tasks", CollectionKind::Calendar, 2),
    (Home::Addressbooks, "Contacts", CollectionKind::Addressbook, 0),
];
static FIRST_OF_RESOURCE: [First; 1] =
    [(Home::Calendars, "Calendar", CollectionKind::Calendar, COMPONENTS_DEFAULT)];

/// Makes a principal with its account, homes and first collections.
///
/// # Errors
/// `Directory` with the reason: name taken, unknown domain, bad name.
pub async fn create(store: &Store, new: NewAccount, at: Timestamp) -> Outcome<Principal> {
    create_tied(store, new, Ties::default(), at).await
}

/// The memberships that a new principal begins with.
#[derive(Clone, Debug, Default)]
pub struct Ties {
    /// Groups that it joins.
    pub groups: Vec<String>,
    /// Its members, for a group.
    pub members: Vec<String>,
}

/// [`create`] with memberships, all or nothing.
///
/// # Errors
/// Those of [`create`], and `Directory` for an unknown group or member.
pub async fn create_tied(
    store: &Store,
    new: NewAccount,
    ties: Ties,
    at: Timestamp,
) -> Outcome<Principal> {
    let hash = new.password.as_ref().map(hash_checked).transpose()?;
    let server = Access::of_server(store, at);
    let zone = new.zone.as_deref().map(check_zone).transpose()?;
    store
        .write(move |tx| {
            Box::pin(async move {
                let (name, address) = name_and_address(tx, &new.name).await?;
                demand_free(tx, &name).await?;
                let display_name = match new.display_name.trim() {
                    "" => name.as_str(),
                    given => given,
                };
                let row = NewPrincipal {
                    kind: new.kind.number(),
                    name: &name,
                    display_name,
                    password: hash.as_deref(),
                    administrator: new.administrator,
                    quota: new.quota,
                    at,
                    zone: zone.as_deref(),
                };
                let id = principal::insert(tx, &row).await?;
                let made = principal::by_id(tx, id).await?;
                let made = made.ok_or_else(|| Fault::internal("a new principal is missing"))?;
                for address in address.iter().chain(&new.addresses) {
                    attach_address(tx, &made, &check_address(address)?).await?;
                }
                furnish(tx, &made, at).await?;
                arrange(tx, &made, new.resource).await?;
                if new.birthdays && new.kind == Kind::User {
                    birthdays::make(tx, &server, made.id).await?;
                }
                join(tx, &made, &ties.groups).await?;
                take_in(tx, &made, &ties.members).await?;
                changed(tx).await?;
                Ok(made)
            })
        })
        .await
}

/// Makes the account row, the homes and the first collections.
async fn furnish(tx: &mut Tx, owner: &Principal, at: Timestamp) -> Outcome<()> {
    change_log::new_account(tx, owner.id).await?;
    if Kind::of(owner) == Kind::Resource {
        let usual = resource::Changes { mode: Some(Mode::Automatic), ..Default::default() };
        resource::change(tx, owner.id, usual, resource::Groups::default()).await?;
    }
    let first: &[First] = match Kind::of(owner) {
        Kind::User => &FIRST_OF_USER,
        Kind::Resource => &FIRST_OF_RESOURCE,
        Kind::Group => &[],
    };
    for home in Home::ALL {
        let id = make_home(tx, owner.id, home, at).await?;
        let into = (owner.id, home, id);
        for (_, title, kind, components) in first.iter().filter(|f| f.0 == home) {
            // Opaque: some clients hide or rename collections called "default" or "calendar".
            let made = make(tx, into, &uuid(), (*kind, *components), at).await?;
            property::set(tx, made, "", &display_name(title)).await?;
        }
        if home == Home::Calendars && schedules(owner) {
            furnish_scheduling(tx, (owner.id, id), at).await?;
        }
        if home == Home::Mail {
            furnish_mail(tx, (owner, id), at).await?;
        }
    }
    Ok(())
}

async fn make_home(
    tx: &mut Tx,
    account: PrincipalId,
    home: Home,
    at: Timestamp,
) -> Outcome<CollectionId> {
    let (number, _) = change_log::take(tx, account).await?;
    let new = NewCollection {
        account,
        parent: None,
        kind: home.kind().number(),
        path: home.segment(),
        components: 0,
        number,
        at,
    };
    collection::insert(tx, &new).await
}

/// Makes the first mailboxes of a user.
async fn furnish_mail(
    tx: &mut Tx,
    (owner, home): (&Principal, CollectionId),
    at: Timestamp,
) -> Outcome<()> {
    if Kind::of(owner) == Kind::User {
        for (name, special_use) in mailbox::FIRST {
            let into = (owner.id, Home::Mail, home);
            let made = make(tx, into, name, (CollectionKind::Mailbox, 0), at).await?;
            mailbox::begin(tx, made, special_use).await?;
            store_mailbox::subscribe(tx, owner.id, name, true).await?;
        }
    }
    Ok(())
}

/// Whether it is invited and invites as itself; a group is its members.
fn schedules(it: &Principal) -> bool {
    Kind::of(it) != Kind::Group
}

/// Makes inbox, outbox and notifications in a calendar home.
async fn furnish_scheduling(
    tx: &mut Tx,
    (account, home): (PrincipalId, CollectionId),
    at: Timestamp,
) -> Outcome<()> {
    for (kind, name, components) in SCHEDULING {
        let into = (account, Home::Calendars, home);
        let made = make(tx, into, name, (kind, components), at).await?;
        collection::derive(tx, made, Derived::Scheduling.number()).await?;
    }
    Ok(())
}

/// Gives every account what accounts made by an older version lack. Who has a calendar of his own
/// under a name that is now the server's keeps it, and does not schedule until he has renamed it.
pub async fn complete(store: &Store, at: Timestamp) -> Outcome<()> {
    let lacking = store.read(|tx| Box::pin(principal::without_inbox(tx))).await?;
    for id in lacking {
        let completed = store.write(move |tx| {
            Box::pin(async move {
                change_log::take(tx, id).await?;
                let Some(home) = collection::at(tx, id, Home::Calendars.segment()).await? else {
                    return Ok(true);
                };
                for (_, name, _) in SCHEDULING {
                    let path = format!("{}/{name}", home.path);
                    if collection::at(tx, id, &path).await?.is_some() {
                        return Ok(false);
                    }
                }
                furnish_scheduling(tx, (id, home.id), at).await?;
                Ok(true)
            })
        });
        if !completed.await? {
            tracing::warn!(account = id.0, "a calendar has a name that scheduling needs");
        }
    }
    for id in store.read(|tx| Box::pin(store_mailbox::without_home(tx))).await? {
        let complete = store.write(move |tx| {
            Box::pin(async move {
                change_log::take(tx, id).await?;
                let owner = principal::by_id(tx, id).await?;
                let (Some(owner), None) =
                    (owner, collection::at(tx, id, Home::Mail.segment()).await?)
                else {
                    return Ok(());
                };
                let home = make_home(tx, id, Home::Mail, at).await?;
                furnish_mail(tx, (&owner, home), at).await
            })
        });
        complete.await?;
    }
    Ok(())
}

/// Makes a collection in a home, and has the log tell it.
async fn make(
    tx: &mut Tx,
    (account, home, home_id): (PrincipalId, Home, CollectionId),
    name: &str,
    (kind, components): (CollectionKind, i64),
    at: Timestamp,
) -> Outcome<CollectionId> {
    let (number, _) = change_log::take(tx, account).await?;
    let new = NewCollection {
        account,
        parent: Some(home_id),
        kind: kind.number(),
        path: &format!("{}/{name}", home.segment()),
        components,
        number,
        at,
    };
    let id = collection::insert(tx, &new).await?;
    collection::touch(tx, home_id, Touch { number, members: 0, octets: 0, at }).await?;
    let author = Author { principal: SERVER, client: "davenport".into(), at, quiet: None };
    let name = format!("{name}/");
    let action = Action::Created;
    let entry = Entry { account, number, collection: home_id, name: &name, action, before: None };
    change_log::record(tx, &entry, &author).await?;
    Ok(id)
}

/// `DAV:displayname` with this text, as it is stored.
pub fn display_name(text: &str) -> Property {
    of_text("displayname", text)
}

/// What deleting an account takes along.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    /// Calendars, address books and folders, homes not counted.
    pub collections: usize,
    /// Objects in them.
    pub objects: i64,
    /// Messages in mailboxes.
    pub messages: i64,
    /// The octets of objects and messages.
    pub octets: i64,
    /// Addresses that will no longer exist.
    pub addresses: Vec<String>,
    /// Groups that lose a member.
    pub groups: Vec<String>,
}

/// Looks at what an account has.
pub async fn inventory(store: &Store, name: &str, kind: Option<Kind>) -> Outcome<Inventory> {
    let name = name.to_owned();
    store
        .read(move |tx| {
            Box::pin(async move {
                let it = expect(tx, &name, kind).await?;
                let mut found = Inventory {
                    addresses: principal::addresses(tx, it.id).await?,
                    ..Inventory::default()
                };
                let groups = principal::groups(tx, it.id).await?;
                found.groups = groups.into_iter().map(|g| g.name).collect();
                for home in Home::ALL {
                    let Some(root) = collection::at(tx, it.id, home.segment()).await? else {
                        continue;
                    };
                    let below = collection::all_below(tx, it.id, &root.path).await?;
                    let own = below.iter().filter(|c| Derived::of(c) != Some(Derived::Scheduling));
                    let members = below.iter().chain([&root]);
                    found.octets += members.clone().map(|c| c.member_bytes).sum::<i64>();
                    let count: i64 = members.map(|c| c.member_count).sum();
                    match home {
                        Home::Mail => found.messages += count,
                        _ => {
                            found.objects += count;
                            found.collections += own.count();
                        }
                    }
                }
                Ok(found)
            })
        })
        .await
}

/// Deletes a principal. Its collections leave the live names at once; their contents stay for
/// the retention time and are purged then. Whoever is invited to its meetings hears later that they
/// are cancelled, and organizers that it declines, page by page (`scheduling::gone`).
pub async fn delete(
    store: &Store,
    name: &str,
    kind: Option<Kind>,
    at: Timestamp,
) -> Outcome<Principal> {
    let name = name.to_owned();
    store
        .write(move |tx| {
            Box::pin(async move {
                let it = expect(tx, &name, kind).await?;
                if it.administrator && !it.locked {
                    keep_an_administrator(tx).await?;
                }
                change_log::take(tx, it.id).await?;
                unshare(tx, it.id).await?;
                let owner = CalendarUser::of(tx, it.id, &it.name).await?;
                for root in collection::roots(tx, it.id).await? {
                    let below = collection::all_below(tx, it.id, &root.path).await?;
                    implicit::departs(tx, &owner, &below, at).await?;
                    collection::bury(tx, &root, at).await?;
                }
                let granted = mount::granted(tx, it.id).await?;
                ace::purge_principal(tx, it.id).await?;
                mount::uninvite_everywhere(tx, it.id).await?;
                for (shared, _) in granted {
                    mount::mark(tx, shared.id).await?;
                }
                store_mailbox::unsubscribe_all(tx, it.id).await?;
                personal::purge_principal(tx, it.id).await?;
                job::purge_account(tx, it.id).await?;
                push::purge_principal(tx, it.id).await?;
                lock::purge_principal(tx, it.id).await?;
                booking::forget_account(tx, it.id).await?;
                store_resource::forget(tx, it.id).await?;
                principal::delete(tx, it.id).await?;
                changed(tx).await?;
                Ok(it)
            })
        })
        .await
}

/// Has the mounts of what an account shares go, and of what a group is shared; and forgets its own.
async fn unshare(tx: &mut Tx, account: PrincipalId) -> Outcome<()> {
    let members = principal::members(tx, account).await?.into_iter().map(|it| it.id);
    for id in mount::who_has_of(tx, account).await?.into_iter().chain(members) {
        sharing_changed(tx, id).await?;
    }
    mount::purge_account(tx, account).await
}

/// The domain of a server that nobody configured.
pub const FIRST_DOMAIN: &str = "localhost";
/// The name of its administrator.
pub const FIRST_ADMINISTRATOR: &str = "admin";

/// Makes the first domain and the first administrator, if the server has no administrator at all.
/// Gives the name and the password, to be shown once.
pub async fn bootstrap(store: &Store, at: Timestamp) -> Outcome<Option<(String, Secret)>> {
    let needed = store
        .write(move |tx| {
            Box::pin(async move {
                if principal::domains(tx).await?.is_empty() {
                    principal::add_domain(tx, FIRST_DOMAIN, at).await?;
                }
                let taken = principal::by_name(tx, FIRST_ADMINISTRATOR).await?.is_some();
                Ok(principal::administrators(tx).await? == 0 && !taken)
            })
        })
        .await?;
    if !needed {
        return Ok(None);
    }
    let password = Secret::new(readable_password());
    let new = NewAccount {
        display_name: "Administrator".into(),
        password: Some(password.clone()),
        administrator: true,
        ..NewAccount::of(Kind::User, FIRST_ADMINISTRATOR)
    };
    match create(store, new, at).await {
        Ok(made) => Ok(Some((made.name, password))),
        // Another process starting on the same store was quicker.
        Err(Fault::Refused(_)) => Ok(None),
        Err(fault) => Err(fault),
    }
}
