//! COPY and MOVE (RFC 4918 §9.8, §9.9), for every kind of collection.
//!
//! Invariant: one transaction; the destination is what it was, or the whole of what it became.
//! A moved object keeps its content, its properties and its history: the log says where it went.
//! Locks stay behind (§7.5). Within one account a moved collection costs what its collections
//! cost, not its members, unless something else stood there before (§8.8).

use super::access::Access;
use super::booking;
use super::derived;
use super::guard::{Guard, Reach, unlocked};
use super::implicit;
use super::item::{uid_is_free, within_quota};
use super::kind::Kind;
use super::place::Place;
use super::privacy;
use super::scheduling;
use super::tree::{Found, Making, insert, locate, take_away};
use crate::kernel::change::ChangeNumber;
use crate::kernel::fault::{Fault, Outcome, Refusal};
use crate::kernel::ids::CollectionId;
use crate::kernel::limits::PAGE_MEMBERS;
use crate::kernel::privilege::Privilege;
use crate::store::change_log::{self, Action, Entry};
use crate::store::collection::{self, Collection, Touch};
use crate::store::object::{self, Arrival, Object};
use crate::store::{Tx, blob, itip as letters, lock, property};

/// What shall be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Copy with everything below it.
    Copy,
    /// Copy a collection without its members (Depth 0).
    CopyAlone,
    /// Move.
    Move,
}

/// What stands at the destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrived {
    /// Nothing was there before.
    pub created: bool,
    /// Of a scheduling object, its Schedule-Tag (RFC 6638 §3.2.10).
    pub schedule_tag: Option<ChangeNumber>,
}

/// Copies or moves.
///
/// # Errors
/// `NotFound`, `SameResource`, `NoParent`, `Exists` when it may not overwrite, `CollectionPlacement`
/// when the destination cannot hold it, `UidConflict`, `UnsupportedComponent`, `QuotaExceeded`,
/// `Locked`, `ConditionFailed`, `Denied`.
pub async fn copy_or_move(
    access: &Access,
    from: &Place,
    to: &Place,
    verb: Verb,
    overwrite: bool,
    guard: Guard,
) -> Outcome<Arrived> {
    let (access, from, to) = (access.clone(), from.clone(), to.clone());
    let store = access.store.clone();
    store
        .write(move |tx| {
            Box::pin(async move {
                let work = Work { access: &access, from: &from, to: &to, verb, guard: &guard };
                work.run(tx, overwrite).await
            })
        })
        .await
}

struct Work<'a> {
    access: &'a Access,
    from: &'a Place,
    to: &'a Place,
    verb: Verb,
    guard: &'a Guard,
}

impl Work<'_> {
    async fn run(&self, tx: &mut Tx, overwrite: bool) -> Outcome<Arrived> {
        let (access, from, to) = (self.access, self.from, self.to);
        self.spares_mounts()?;
        access.demand(tx, from, Privilege::Read).await?;
        if self.verb == Verb::Move {
            access.demand_above(tx, from, Privilege::Unbind).await?;
        }
        access.demand_above(tx, to, Privilege::Bind).await?;
        self.take_accounts(tx).await?;
        let source = locate(tx, from).await?;
        self.guard.check(tx, access, from, &source).await?;
        if !source.exists() {
            return Err(Fault::NotFound);
        }
        if from.covers(to) || (to.covers(from) && source.exists()) {
            return Err(Refusal::SameResource.into());
        }
        let reach = if source.object().is_some() { Reach::Name } else { Reach::Tree };
        if self.verb == Verb::Move {
            unlocked(tx, access, (from, &source), self.guard, reach).await?;
        }
        let target = locate(tx, to).await?;
        self.same_uid(tx, &source, &target, overwrite).await?;
        let parent = self.clear_target(tx, &target, overwrite).await?;
        let slash = if source.collection().is_some() { "/" } else { "" };
        let name = format!("{}{slash}", to.name());
        let renewed = object::used_before(tx, parent.id, &name).await?;
        let schedule_tag = match &source {
            Found::Object(holder, it) => self.object(tx, holder, it, &parent, renewed).await?,
            Found::Collection(it) => {
                self.collection(tx, it, &parent, renewed).await?;
                None
            }
            _ => return Err(Fault::NotFound),
        };
        Ok(Arrived { created: !target.exists(), schedule_tag })
    }

    /// A shared collection is named and removed where its owner has it, and a mount keeps its name.
    fn spares_mounts(&self) -> Outcome<()> {
        let moved = Some(self.from).filter(|_| self.verb == Verb::Move);
        match moved.into_iter().chain([self.to]).find(|place| place.as_mount().is_some()) {
            Some(place) => {
                Err(Fault::Denied { path: place.dav_path(), privilege: Privilege::Unbind })
            }
            None => Ok(()),
        }
    }

    /// Locks both accounts, the smaller number first, so that two moves cannot wait for each other.
    async fn take_accounts(&self, tx: &mut Tx) -> Outcome<()> {
        let mut accounts = [self.from.account, self.to.account];
        accounts.sort();
        change_log::take(tx, accounts[0]).await?;
        if accounts[0] != accounts[1] {
            change_log::take(tx, accounts[1]).await?;
        }
        Ok(())
    }

    /// An object of a calendar or address book is not overwritten by one with another UID
    /// (RFC 4791 §5.3.2.1, RFC 6352 §6.3.2.1): whoever means that deletes it first.
    async fn same_uid(
        &self,
        tx: &mut Tx,
        source: &Found,
        target: &Found,
        overwrite: bool,
    ) -> Outcome<()> {
        let (Found::Object(holder, it), Found::Object(parent, old)) = (source, target) else {
            return Ok(());
        };
        let old = object::uid_of(tx, parent.id, &old.name).await?;
        if !overwrite || old.is_none() || old == object::uid_of(tx, holder.id, &it.name).await? {
            return Ok(());
        }
        Err(Refusal::UidConflict { path: self.to.dav_path() }.into())
    }

    /// Makes room at the destination; gives the collection that will hold the result.
    async fn clear_target(
        &self,
        tx: &mut Tx,
        target: &Found,
        overwrite: bool,
    ) -> Outcome<Collection> {
        let (access, to) = (self.access, self.to);
        let reach = if target.collection().is_some() { Reach::Tree } else { Reach::Name };
        let parent = match target {
            Found::NoParent => return Err(Refusal::NoParent.into()),
            Found::Nothing(parent) => parent.clone(),
            _ if !overwrite => return Err(Refusal::Exists.into()),
            Found::Object(parent, _) => parent.clone(),
            Found::Collection(it) => match it.parent {
                Some(id) => collection::by_id(tx, id).await?.ok_or(Refusal::NoParent)?,
                None => return Err(Refusal::SameResource.into()),
            },
        };
        unlocked(tx, access, (to, target), self.guard, reach).await?;
        if target.exists() {
            access.demand_above(tx, to, Privilege::Unbind).await?;
            if self.verb != Verb::Move {
                // RFC 3744, appendix B.
                access.demand(tx, to, Privilege::WriteContent).await?;
                access.demand(tx, to, Privilege::WriteProperties).await?;
            }
            let (number, _) = change_log::take(tx, to.account).await?;
            take_away(tx, access, to, target, number).await?;
        }
        Ok(parent)
    }

    /// Gives the Schedule-Tag, if it has one where it comes to.
    async fn object(
        &self,
        tx: &mut Tx,
        holder: &Collection,
        it: &Object,
        parent: &Collection,
        renewed: bool,
    ) -> Outcome<Option<ChangeNumber>> {
        let (from, to) = (self.from, self.to);
        self.demand_sight(tx, it).await?;
        let kind = Kind::from_number(parent.kind);
        if holder.kind != parent.kind || kind.member_max().is_none() {
            return Err(match kind {
                // RFC 4791 §5.3.2.1, RFC 6352 §6.3.2.1.
                Kind::Calendar | Kind::Addressbook => {
                    Refusal::UnsupportedType("an object of another kind".to_owned())
                }
                _ => {
                    let why = "this collection does not hold such objects".to_owned();
                    Refusal::CollectionPlacement(why)
                }
            }
            .into());
        }
        if kind == Kind::Calendar && it.component & parent.components == 0 {
            let what = super::kind::component_names(it.component).next().unwrap_or("it");
            return Err(Refusal::UnsupportedComponent(what.to_owned()).into());
        }
        let moving = self.verb == Verb::Move;
        let growth = if moving && from.account == to.account { 0 } else { it.size as i64 };
        let (number, used) = change_log::take(tx, to.account).await?;
        within_quota(tx, self.access, to, used, growth).await?;
        let uid = object::uid_of(tx, holder.id, &it.name).await?;
        if it.schedule_tag.is_some() {
            self.demand_place(tx, it, uid.as_deref()).await?;
        }
        if !(moving && holder.id == parent.id) {
            uid_is_free(tx, to, parent, uid.as_deref()).await?;
        }
        let arrival = Arrival { number, at: self.access.now, renewed };
        derived::cards_changed(tx, self.access, parent, None).await?;
        if moving && from.account != to.account {
            derived::cards_changed(tx, self.access, holder, None).await?;
        }
        let tag = match moving {
            true => {
                let tag = self.move_object(tx, holder, it, parent, arrival).await?;
                booking::left(tx, holder, &it.name).await?;
                tag
            }
            false => {
                let target = (parent.id, to.name());
                self.copy_object(tx, (holder.id, it), target, arrival).await?;
                change_log::charge(tx, to.account, growth).await?;
                None
            }
        };
        booking::arrived(tx, self.access, (to, parent), (it.blob, it.component)).await?;
        Ok(tag)
    }

    /// A meeting is moved within its account, and nobody is told; it is not copied there (RFC 6638
    /// §3.2.3.3, §3.2.3.4, §3.2.4.1). A copy in another account is no scheduling object.
    async fn demand_place(&self, tx: &mut Tx, it: &Object, uid: Option<&str>) -> Outcome<()> {
        match self.verb {
            Verb::Move if self.from.account == self.to.account => Ok(()),
            Verb::Move => implicit::stays(tx, self.access, self.from, it).await,
            _ => implicit::is_only(tx, self.access, self.to, uid.unwrap_or_default()).await,
        }
    }

    /// Nobody copies or moves what he sees only in part, or could not see where it comes to.
    async fn demand_sight(&self, tx: &mut Tx, it: &Object) -> Outcome<()> {
        for place in [self.from, self.to] {
            if privacy::hides(tx, self.access, place.account, it).await? {
                return privacy::refused(place);
            }
        }
        Ok(())
    }

    async fn move_object(
        &self,
        tx: &mut Tx,
        holder: &Collection,
        it: &Object,
        parent: &Collection,
        arrival: Arrival,
    ) -> Outcome<Option<ChangeNumber>> {
        let (from, to, at) = (self.from, self.to, self.access.now);
        let number = arrival.number;
        let (gone, _) = change_log::take(tx, from.account).await?;
        let (old, new) = ((holder.id, it.name.as_str()), (parent.id, to.name()));
        // Within one account the newer number must be the arrival's, or a reader between the
        // two could see the object nowhere.
        let (gone, number) =
            if from.account == to.account { (number, gone) } else { (gone, number) };
        object::rename(tx, old, new, Arrival { number, ..arrival }).await?;
        // RFC 6638 §3.2.10: a request of the client's own changes the tag.
        let tag = it.schedule_tag.map(|_| number);
        if tag.is_some() {
            object::set_schedule_tag(tx, parent.id, to.name(), tag).await?;
        }
        property::rename(tx, old, new).await?;
        object::bury_name(tx, holder.id, &it.name, gone).await?;
        let octets = it.size as i64;
        let left = Touch { number: gone, members: -1, octets: -octets, at };
        collection::touch(tx, holder.id, left).await?;
        collection::touch(tx, parent.id, Touch { number, members: 1, octets, at }).await?;
        if from.account != to.account {
            change_log::charge(tx, from.account, -octets).await?;
            change_log::charge(tx, to.account, octets).await?;
        }
        lock::remove_at(tx, from.account, &from.path).await?;
        self.record(tx, from, (holder.id, &it.name), Action::MovedAway, gone).await?;
        self.record(tx, to, (parent.id, to.name()), Action::MovedHere, number).await?;
        Ok(tag)
    }

    async fn copy_object(
        &self,
        tx: &mut Tx,
        (holder, it): (CollectionId, &Object),
        (parent, name): (CollectionId, &str),
        arrival: Arrival,
    ) -> Outcome<()> {
        let Arrival { number, at, .. } = arrival;
        blob::retain(tx, it.blob).await?;
        object::copy(tx, (holder, &it.name), (parent, name), arrival).await?;
        property::copy(tx, (holder, &it.name), (parent, name)).await?;
        let octets = it.size as i64;
        collection::touch(tx, parent, Touch { number, members: 1, octets, at }).await?;
        self.record(tx, self.to, (parent, name), Action::Created, number).await
    }

    async fn record(
        &self,
        tx: &mut Tx,
        place: &Place,
        (collection, name): (CollectionId, &str),
        action: Action,
        number: ChangeNumber,
    ) -> Outcome<()> {
        let account = place.account;
        let entry = Entry { account, number, collection, name, action, before: None };
        change_log::record(tx, &entry, &self.access.author()).await
    }

    async fn collection(
        &self,
        tx: &mut Tx,
        it: &Collection,
        parent: &Collection,
        renewed: bool,
    ) -> Outcome<()> {
        let kind = Kind::from_number(it.kind);
        if !Kind::from_number(parent.kind).may_hold(kind) || it.parent.is_none() {
            let why = "a collection of this kind cannot be there".to_owned();
            return Err(Refusal::CollectionPlacement(why).into());
        }
        if self.verb == Verb::Move && self.from.account == self.to.account {
            self.rehome(tx, it, parent).await?;
            return match renewed {
                true => object::refresh_below(tx, it.account, &self.to.path, self.access.now).await,
                false => Ok(()),
            };
        }
        if self.verb == Verb::Move {
            scheduling::may_go(tx, self.access, it).await?;
        }
        if self.verb == Verb::Move
            && let Some(meeting) = letters::scheduled(tx, it.id, "", 1).await?.pop()
            && let Some(meeting) = object::find(tx, it.id, &meeting.name).await?
        {
            implicit::stays(tx, self.access, self.from, &meeting).await?;
        }
        let octets = match self.verb {
            Verb::CopyAlone => 0,
            _ => collection::octets(tx, it).await?,
        };
        let (_, used) = change_log::current(tx, self.to.account).await?;
        within_quota(tx, self.access, self.to, used, octets).await?;
        let mut copies = vec![(it.clone(), parent.clone(), self.to.clone())];
        while let Some((source, holder, place)) = copies.pop() {
            let made = self.copy_collection(tx, &source, &holder, &place, renewed).await?;
            if self.verb == Verb::CopyAlone {
                break;
            }
            for child in collection::children(tx, source.id).await? {
                let place = place.child(&child.name, true);
                copies.push((child, made.clone(), place));
            }
        }
        change_log::charge(tx, self.to.account, octets).await?;
        if self.verb == Verb::Move {
            let (number, _) = change_log::take(tx, self.from.account).await?;
            let found = Found::Collection(it.clone());
            take_away(tx, self.access, self.from, &found, number).await?;
        }
        Ok(())
    }

    async fn copy_collection(
        &self,
        tx: &mut Tx,
        source: &Collection,
        holder: &Collection,
        place: &Place,
        renewed: bool,
    ) -> Outcome<Collection> {
        let kind = Kind::from_number(source.kind);
        let making = Making { kind, components: source.components, properties: Vec::new() };
        let (number, _) = change_log::take(tx, place.account).await?;
        let id = insert(tx, self.access, place, holder, &making, number).await?;
        property::copy(tx, (source.id, ""), (id, "")).await?;
        let account = place.account;
        let made = Collection { account, derived: 0, shared: false, ..source.clone() };
        derived::cards_changed(tx, self.access, &made, None).await?;
        if self.verb != Verb::CopyAlone {
            let mut after = String::new();
            loop {
                let page = object::page(tx, source.id, &after, PAGE_MEMBERS).await?;
                for it in &page {
                    self.demand_sight(tx, it).await?;
                    let (number, _) = change_log::take(tx, place.account).await?;
                    let arrival = Arrival { number, at: self.access.now, renewed };
                    self.copy_object(tx, (source.id, it), (id, &it.name), arrival).await?;
                    let (place, made) =
                        (place.child(&it.name, false), Collection { id, ..made.clone() });
                    let what = (it.blob, it.component);
                    booking::arrived(tx, self.access, (&place, &made), what).await?;
                }
                match page.last() {
                    Some(last) if page.len() == PAGE_MEMBERS => after = last.name.clone(),
                    _ => break,
                }
            }
        }
        let made = collection::by_id(tx, id).await?;
        made.ok_or_else(|| Fault::internal("a collection just made is missing"))
    }

    async fn rehome(&self, tx: &mut Tx, it: &Collection, parent: &Collection) -> Outcome<()> {
        let (from, to, at) = (self.from, self.to, self.access.now);
        let (gone, _) = change_log::take(tx, from.account).await?;
        let (number, _) = change_log::take(tx, to.account).await?;
        let above = it.parent.ok_or(Refusal::SameResource)?;
        collection::rehome(tx, it, parent.id, &to.path, number).await?;
        let (old, new) = (format!("{}/", it.name), format!("{}/", to.name()));
        object::bury_name(tx, above, &old, gone).await?;
        let touch = |number| Touch { number, members: 0, octets: 0, at };
        collection::touch(tx, above, touch(gone)).await?;
        collection::touch(tx, parent.id, touch(number)).await?;
        lock::remove_at(tx, from.account, &from.path).await?;
        self.record(tx, from, (above, &old), Action::MovedAway, gone).await?;
        scheduling::renamed(tx, from.account, &from.path, &to.path).await?;
        // Grants and properties hang on the collection's id, so they stay with it (RFC 3744 §7.3).
        self.record(tx, to, (parent.id, &new), Action::MovedHere, number).await
    }
}
