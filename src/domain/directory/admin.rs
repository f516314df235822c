//! Changing the directory: what the command line and, later, the administration console call.
//!
//! Invariant: one call is one transaction; a running server acts on it at its next request,
//! because credentials carry a generation that the change raises.

use super::login::{find, hash_password};
use super::name::{check_address, check_domain, check_name, check_zone, domain_of, fold};
use super::resource::{self, Resource};
use super::{AppPassword, Kind, Principal, Protocols, bookings_changed, changed, sharing_changed};
use crate::kernel::clock::Timestamp;
use crate::kernel::fault::{Outcome, Refusal};
use crate::kernel::ids::PrincipalId;
use crate::kernel::secret::{Secret, readable_password, sha256};
use crate::store::principal::Page;
use crate::store::{Store, Tx, change_log, principal};
use std::collections::HashMap;

/// A principal with what belongs to it, for showing.
#[derive(Clone, Debug)]
pub struct Profile {
    /// The principal.
    pub principal: Principal,
    /// Its addresses, the primary one first.
    pub addresses: Vec<String>,
    /// The groups that it is a direct member of.
    pub groups: Vec<Principal>,
    /// Its direct members, for a group.
    pub members: Vec<Principal>,
    /// What it is, for a resource.
    pub resource: Option<Resource>,
}

/// A refusal of a directory change.
pub fn refuse<T>(why: impl Into<String>) -> Outcome<T> {
    Err(Refusal::Directory(why.into()).into())
}

/// The principal with this name or address, of this kind if one is given.
pub async fn expect(tx: &mut Tx, name: &str, kind: Option<Kind>) -> Outcome<Principal> {
    let found = find(tx, &fold(name)).await?;
    match found.filter(|p| kind.is_none_or(|k| Kind::of(p) == k)) {
        Some(found) => Ok(found),
        None => refuse(format!("there is no {} \"{name}\"", kind_word(kind))),
    }
}

fn kind_word(kind: Option<Kind>) -> &'static str {
    match kind {
        Some(Kind::User) => "user",
        Some(Kind::Group) => "group",
        Some(Kind::Resource) => "resource",
        None => "account",
    }
}

async fn profile_of(tx: &mut Tx, principal: Principal) -> Outcome<Profile> {
    let addresses = principal::addresses(tx, principal.id).await?;
    let groups = principal::groups(tx, principal.id).await?;
    let members = principal::members(tx, principal.id).await?;
    let resource = resource::all(tx, std::slice::from_ref(&principal)).await?;
    let resource = resource.into_values().next();
    Ok(Profile { principal, addresses, groups, members, resource })
}

/// Everything about one principal.
pub async fn profile(store: &Store, name: &str, kind: Option<Kind>) -> Outcome<Profile> {
    let name = name.to_owned();
    store
        .read(move |tx| {
            Box::pin(async move {
                let it = expect(tx, &name, kind).await?;
                profile_of(tx, it).await
            })
        })
        .await
}

/// The next profiles of a kind after a name, at most `limit`.
pub async fn list(store: &Store, kind: Kind, after: &str, limit: i64) -> Outcome<Vec<Profile>> {
    let after = fold(after);
    store
        .read(move |tx| {
            Box::pin(async move {
                let found = principal::list(tx, kind.number(), &after, limit).await?;
                profiles_of(tx, kind, found).await
            })
        })
        .await
}

/// The profiles of a page, in four statements however long it is.
async fn profiles_of(tx: &mut Tx, kind: Kind, page: Vec<Principal>) -> Outcome<Vec<Profile>> {
    let (Some(first), Some(last)) = (page.first(), page.last()) else { return Ok(Vec::new()) };
    let names = Page { kind: kind.number(), first: &first.name, last: &last.name };
    let mut addresses = by_principal(principal::page_addresses(tx, names).await?);
    let mut groups = by_principal(principal::page_groups(tx, names).await?);
    let mut members = by_principal(principal::page_members(tx, names).await?);
    let mut resources = resource::all(tx, &page).await?;
    let profile = |principal: Principal| Profile {
        resource: resources.remove(&principal.id),
        addresses: addresses.remove(&principal.id).unwrap_or_default(),
        groups: groups.remove(&principal.id).unwrap_or_default(),
        members: members.remove(&principal.id).unwrap_or_default(),
        principal,
    };
    Ok(page.into_iter().map(profile).collect())
}

fn by_principal<T>(rows: Vec<(PrincipalId, T)>) -> HashMap<PrincipalId, Vec<T>> {
    let mut sorted: HashMap<PrincipalId, Vec<T>> = HashMap::new();
    for (id, row) in rows {
        sorted.entry(id).or_default().push(row);
    }
    sorted
}

/// What may change of a principal; `None` leaves it as it is.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// The name for people.
    pub display_name: Option<String>,
    /// The password.
    pub password: Option<Secret>,
    /// Whether it administers.
    pub administrator: Option<bool>,
    /// Whether it may not sign in.
    pub locked: Option<bool>,
    /// The quota in octets; `Some(None)` lifts it.
    pub quota: Option<Option<i64>>,
    /// The name of its time zone; `Some(None)` takes it away.
    pub zone: Option<Option<String>>,
    /// Addresses to add; one that it has already stays as it is.
    pub add_addresses: Vec<String>,
    /// Groups to join; being in one already is no fault.
    pub join: Vec<String>,
    /// Members to take in, for a group; one that is in already is no fault.
    pub add_members: Vec<String>,
    /// Members to take out, for a group.
    pub remove_members: Vec<String>,
    /// What it is, for a resource.
    pub resource: resource::Changes,
}

impl Changes {
    /// Whether nothing is to change.
    pub fn is_empty(&self) -> bool {
        let values = [
            self.display_name.is_some(),
            self.password.is_some(),
            self.administrator.is_some(),
            self.locked.is_some(),
            self.quota.is_some(),
            self.zone.is_some(),
        ];
        let lists = [&self.add_addresses, &self.join, &self.add_members, &self.remove_members];
        !values.contains(&true) && lists.into_iter().all(Vec::is_empty) && self.resource.is_empty()
    }
}

/// Changes a principal. The last administrator who can sign in stays one.
pub async fn change(
    store: &Store,
    name: &str,
    kind: Option<Kind>,
    changes: Changes,
) -> Outcome<Principal> {
    let name = name.to_owned();
    // Hashing is slow on purpose, so it is done before the transaction.
    let hash = changes.password.as_ref().map(hash_checked).transpose()?;
    let given = |zone: &Option<String>| zone.as_deref().map(check_zone).transpose();
    let zone = changes.zone.as_ref().map(given).transpose()?;
    store
        .write(move |tx| {
            Box::pin(async move {
                let mut it = expect(tx, &name, kind).await?;
                let demoted = changes.administrator == Some(false) || changes.locked == Some(true);
                if demoted && it.administrator && !it.locked {
                    keep_an_administrator(tx).await?;
                }
                let ends_logins = hash.is_some()
                    || changes.locked.is_some_and(|locked| locked != it.locked)
                    || changes.administrator.is_some_and(|a| a != it.administrator);
                it.display_name = changes.display_name.unwrap_or(it.display_name);
                it.password = hash.or(it.password);
                it.administrator = changes.administrator.unwrap_or(it.administrator);
                it.locked = changes.locked.unwrap_or(it.locked);
                it.quota = changes.quota.unwrap_or(it.quota);
                let had_zone = it.zone.clone();
                it.zone = zone.unwrap_or(it.zone);
                principal::update(tx, &it, ends_logins).await?;
                if Kind::of(&it) == Kind::Resource && it.zone != had_zone {
                    // Its days are other times now.
                    bookings_changed(tx, it.id).await?;
                }
                arrange(tx, &it, changes.resource).await?;
                for address in &changes.add_addresses {
                    let address = check_address(address)?;
                    let owner = principal::by_address(tx, &address).await?;
                    if owner.is_none_or(|owner| owner.id != it.id) {
                        attach_address(tx, &it, &address).await?;
                    }
                }
                join(tx, &it, &changes.join).await?;
                take_in(tx, &it, &changes.add_members).await?;
                take_out(tx, &it, &changes.remove_members).await?;
                changed(tx).await?;
                Ok(it)
            })
        })
        .await
}

/// Stores what is to change of a resource.
///
/// # Errors
/// `Directory` for what cannot be, and for what is none.
pub async fn arrange(tx: &mut Tx, it: &Principal, changes: resource::Changes) -> Outcome<()> {
    if changes.is_empty() {
        return Ok(());
    }
    if Kind::of(it) != Kind::Resource {
        return refuse(format!("{} is no resource", it.name));
    }
    changes.check()?;
    let mut groups = resource::Groups::default();
    if let Some(Some(name)) = &changes.accepts {
        let group = expect(tx, name, Some(Kind::Group)).await?;
        groups.accepts = Some((group.id, group.name));
    }
    for (name, mode) in changes.rules.iter().flatten() {
        let group = expect(tx, name, Some(Kind::Group)).await?;
        groups.rules.push(resource::Rule { group: group.id, name: group.name, mode: *mode });
    }
    change_log::hold(tx, it.id).await?;
    resource::change(tx, it.id, changes, groups).await
}

/// Refuses what would leave nobody to administer the server.
pub async fn keep_an_administrator(tx: &mut Tx) -> Outcome<()> {
    match principal::administrators(tx).await? {
        0 | 1 => refuse("this is the last administrator: make another one first"),
        _ => Ok(()),
    }
}

/// Hashes a password after a check of its length.
pub fn hash_checked(password: &Secret) -> Outcome<String> {
    let length = password.expose().len();
    if length == 0 || length > crate::kernel::limits::PASSWORD_MAX {
        return refuse("a password has 1 to 1024 octets");
    }
    hash_password(password)
}

/// Adds an address; its domain must be one of the server's.
pub async fn add_address(store: &Store, name: &str, address: &str) -> Outcome<()> {
    let (name, address) = (name.to_owned(), check_address(address)?);
    store
        .write(move |tx| {
            Box::pin(async move {
                let it = expect(tx, &name, None).await?;
                attach_address(tx, &it, &address).await?;
                changed(tx).await
            })
        })
        .await
}

/// Gives a principal a checked address.
pub async fn attach_address(tx: &mut Tx, to: &Principal, address: &str) -> Outcome<()> {
    let domain = domain_of(address);
    if !principal::domains(tx).await?.iter().any(|(d, _)| d == domain) {
        return refuse(format!(
            "{domain} is not a domain of this server: add it first (davenport domain add {domain})"
        ));
    }
    if let Some(other) = find(tx, address).await?
        && other.id != to.id
    {
        return refuse(format!("{address} belongs to {}", other.name));
    }
    match principal::add_address(tx, to.id, address).await? {
        true => Ok(()),
        false => refuse(format!("{address} is there already")),
    }
}

/// Takes an address away from whoever has it; one that is a principal's name stays.
pub async fn remove_address(store: &Store, address: &str) -> Outcome<()> {
    let address = fold(address);
    store
        .write(move |tx| {
            Box::pin(async move {
                detach_address(tx, &address).await?;
                changed(tx).await
            })
        })
        .await
}

/// Gives an address of one principal to another, as its last.
pub async fn move_address(store: &Store, address: &str, to: &str) -> Outcome<()> {
    let (address, to) = (fold(address), to.to_owned());
    store
        .write(move |tx| {
            Box::pin(async move {
                let to = expect(tx, &to, None).await?;
                if owner_of(tx, &address).await?.id == to.id {
                    return Ok(());
                }
                detach_address(tx, &address).await?;
                attach_address(tx, &to, &address).await?;
                changed(tx).await
            })
        })
        .await
}

/// The principal that has this address, and whether it is the primary one.
pub async fn address(store: &Store, address: &str) -> Outcome<(Principal, bool)> {
    let address = fold(address);
    store
        .read(move |tx| {
            Box::pin(async move {
                let owner = owner_of(tx, &address).await?;
                let first = principal::addresses(tx, owner.id).await?.into_iter().next();
                Ok((owner, first.is_some_and(|first| first == address)))
            })
        })
        .await
}

async fn owner_of(tx: &mut Tx, address: &str) -> Outcome<Principal> {
    match principal::by_address(tx, address).await? {
        Some(owner) => Ok(owner),
        None => refuse(format!("nobody has the address {address}")),
    }
}

async fn detach_address(tx: &mut Tx, address: &str) -> Outcome<Principal> {
    let owner = owner_of(tx, address).await?;
    if owner.name == address {
        return refuse(format!("{address} is the name of its owner, and stays with it"));
    }
    principal::remove_address(tx, owner.id, address).await?;
    Ok(owner)
}

/// The next addresses after one, each with its principal's name.
pub async fn addresses(store: &Store, after: &str, limit: i64) -> Outcome<Vec<(String, String)>> {
    let after = fold(after);
    store.read(move |tx| Box::pin(async move { principal::aliases(tx, &after, limit).await })).await
}

/// Adds a domain.
pub async fn add_domain(store: &Store, name: &str, at: Timestamp) -> Outcome<()> {
    let name = check_domain(name)?;
    store
        .write(move |tx| {
            Box::pin(async move {
                match principal::add_domain(tx, &name, at).await? {
                    true => Ok(()),
                    false => refuse(format!("the domain {name} is there already")),
                }
            })
        })
        .await
}

/// All domains, each with the time it was added and how many addresses are in it.
pub async fn domains(store: &Store) -> Outcome<Vec<(String, Timestamp, i64)>> {
    store
        .read(move |tx| {
            Box::pin(async move {
                let mut all = Vec::new();
                for (name, at) in principal::domains(tx).await? {
                    let uses = principal::domain_use(tx, &name).await?;
                    all.push((name, at, uses));
                }
                Ok(all)
            })
        })
        .await
}

/// Removes a domain that no address is in.
pub async fn delete_domain(store: &Store, name: &str) -> Outcome<()> {
    let name = fold(name);
    store
        .write(move |tx| {
            Box::pin(async move {
                match principal::domain_use(tx, &name).await? {
                    0 => {}
                    n => return refuse(format!("{n} addresses are in {name}: remove them first")),
                }
                match principal::delete_domain(tx, &name).await? {
                    true => Ok(()),
                    false => refuse(format!("there is no domain {name}")),
                }
            })
        })
        .await
}

/// Adds members to a group, and takes others out.
pub async fn change_members(
    store: &Store,
    group: &str,
    add: Vec<String>,
    remove: Vec<String>,
) -> Outcome<()> {
    let group = group.to_owned();
    store
        .write(move |tx| {
            Box::pin(async move {
                let group = expect(tx, &group, Some(Kind::Group)).await?;
                take_in(tx, &group, &add).await?;
                take_out(tx, &group, &remove).await?;
                changed(tx).await
            })
        })
        .await
}

/// Makes a principal a direct member of these groups.
pub async fn join(tx: &mut Tx, member: &Principal, groups: &[String]) -> Outcome<()> {
    for name in groups {
        let group = expect(tx, name, Some(Kind::Group)).await?;
        tie(tx, &group, member).await?;
    }
    Ok(())
}

/// Makes these principals direct members of a group.
pub async fn take_in(tx: &mut Tx, group: &Principal, members: &[String]) -> Outcome<()> {
    for name in members {
        let member = expect(tx, name, None).await?;
        tie(tx, group, &member).await?;
    }
    Ok(())
}

/// A group that is below its own member would never end being looked through.
async fn tie(tx: &mut Tx, group: &Principal, member: &Principal) -> Outcome<()> {
    let above = principal::all_groups(tx, group.id).await?;
    if member.id == group.id || above.contains(&member.id) {
        return refuse(format!("{} holds {}: a loop", member.name, group.name));
    }
    match principal::add_member(tx, group.id, member.id).await? {
        true => sharing_changed(tx, member.id).await,
        false => Ok(()),
    }
}

/// Ends the direct membership of these principals in a group.
pub async fn take_out(tx: &mut Tx, group: &Principal, members: &[String]) -> Outcome<()> {
    for name in members {
        let member = expect(tx, name, None).await?;
        if !principal::remove_member(tx, group.id, member.id).await? {
            return refuse(format!("{name} is not a member of {}", group.name));
        }
        sharing_changed(tx, member.id).await?;
    }
    Ok(())
}

/// Makes an app password and gives its secret, which is stored nowhere.
pub async fn add_app_password(
    store: &Store,
    name: &str,
    label: &str,
    protocols: Protocols,
    expires_at: Option<Timestamp>,
    at: Timestamp,
) -> Outcome<Secret> {
    let (name, label) = (name.to_owned(), label.trim().to_owned());
    if label.is_empty() || label.len() > 100 || label.chars().any(char::is_control) {
        return refuse("name the app password with 1 to 100 octets");
    }
    let secret = Secret::new(readable_password());
    let hash = sha256(secret.expose().as_bytes());
    let new = AppPassword { name: label, protocols: protocols.0, created_at: at, expires_at };
    store
        .write(move |tx| {
            Box::pin(async move {
                let it = expect(tx, &name, None).await?;
                match principal::add_app_password(tx, it.id, &new, &hash).await? {
                    true => Ok(()),
                    false => refuse(format!("{name} has an app password \"{}\"", new.name)),
                }
            })
        })
        .await?;
    Ok(secret)
}

/// The app passwords of a principal.
pub async fn app_passwords(store: &Store, name: &str) -> Outcome<Vec<AppPassword>> {
    let name = name.to_owned();
    store
        .read(move |tx| {
            Box::pin(async move {
                let it = expect(tx, &name, None).await?;
                principal::app_passwords(tx, it.id).await
            })
        })
        .await
}

/// Takes an app password back; it stops working at once.
pub async fn delete_app_password(store: &Store, name: &str, label: &str) -> Outcome<()> {
    let (name, label) = (name.to_owned(), label.to_owned());
    store
        .write(move |tx| {
            Box::pin(async move {
                let it = expect(tx, &name, None).await?;
                if !principal::remove_app_password(tx, it.id, &label).await? {
                    return refuse(format!("{name} has no app password \"{label}\""));
                }
                principal::update(tx, &it, true).await
            })
        })
        .await
}

/// The name and the primary address that a new principal gets from what was typed: an address is
/// both; a bare name gets an address in the oldest domain.
pub async fn name_and_address(tx: &mut Tx, typed: &str) -> Outcome<(String, Option<String>)> {
    if typed.contains('@') {
        let address = check_address(typed)?;
        return Ok((address.clone(), Some(address)));
    }
    let name = check_name(typed)?;
    let mut domains = principal::domains(tx).await?;
    domains.sort_by_key(|(_, at)| *at);
    let address = domains.first().map(|(domain, _)| format!("{name}@{domain}"));
    Ok((name, address))
}

/// Fails with the reason when a name or address is taken.
pub async fn demand_free(tx: &mut Tx, name: &str) -> Outcome<()> {
    match find(tx, name).await? {
        Some(other) if other.name == name => refuse(format!("{name} is there already")),
        Some(other) => refuse(format!("{name} is an address of {}", other.name)),
        None => Ok(()),
    }
}
