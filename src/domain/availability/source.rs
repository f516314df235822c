//! Which calendars of somebody count for his free/busy, and for whom (RFC 6638 §6.1.4, §9.1; RFC 4791
//! §6.1.1; RFC 7953 §7.2.4).
//!
//! Invariant: what an asker may not know has no part in an answer. Somebody whose calendars he may know
//! in part is told of in that part.

use super::Open;
use super::people::{self, Person};
use crate::domain::collection::access::Rights;
use crate::domain::collection::scheduling::INBOX;
use crate::domain::collection::{Access, Collection, Derived, Home, Kind, Property};
use crate::domain::directory::{Kind as PrincipalKind, Principal};
use crate::format::ical::attendance::Whose;
use crate::format::ical::zone::of_text;
use crate::format::tz::Zone;
use crate::format::xml::{self, Element, Ns};
use crate::kernel::fault::Outcome;
use crate::kernel::ids::{CollectionId, PrincipalId};
use crate::kernel::privilege::{Privilege, Privileges};
use crate::store::{Tx, busy};
use std::collections::{HashMap, HashSet};

/// The property that says whether a calendar counts.
const TRANSPARENCY: &str = "schedule-calendar-transp";
/// The property that says when somebody can be asked at all.
pub const AVAILABILITY: &str = "calendar-availability";
/// The property that says in which zone floating times are.
const ZONE: &str = "calendar-timezone";

/// Collections that say something of when somebody is busy.
const COUNTING: [Kind; 3] = [Kind::CalendarHome, Kind::Calendar, Kind::Inbox];

/// What counts of somebody.
#[derive(Clone, Debug, Default)]
pub struct Source {
    /// His addresses, and of a group those of its members, by account.
    pub accounts: Vec<(PrincipalId, Whose)>,
    /// The calendars, each with its properties and the zone of its owner.
    pub calendars: Vec<(Collection, Vec<Property>, Option<String>)>,
    /// The VAVAILABILITY of inboxes, each with its account.
    pub availabilities: Vec<(PrincipalId, String)>,
}

/// A CalDAV property that was kept.
fn kept(properties: &[Property], name: &str) -> Option<Element> {
    let is_it = |p: &&Property| p.name == name && p.namespace == Ns::CalDav.uri();
    xml::parse(properties.iter().find(is_it)?.value.as_bytes()).ok()
}

/// Whether a calendar counts for the free/busy of its owner (`CALDAV:schedule-calendar-transp`). One
/// that the server fills, such as a feed, does only if he says so.
pub fn counts(it: &Collection, properties: &[Property]) -> bool {
    let said = kept(properties, TRANSPARENCY);
    let says = |word| said.as_ref().is_some_and(|it| it.child(Ns::CalDav.uri(), word).is_some());
    match Derived::of(it) {
        None => !says("transparent"),
        Some(_) => says("opaque"),
    }
}

/// A calendar's own zone of floating times, or else its owner's, or else UTC.
pub fn zone(properties: &[Property], owners: Option<&str>) -> Zone {
    let own = kept(properties, ZONE).and_then(|element| of_text(&element.text()));
    let own = own.map(|(_, zone)| zone);
    own.or_else(|| Zone::named(owners?)).unwrap_or_else(Zone::utc)
}

/// What counts of each of some people for one who asks; none: he may not know.
pub async fn of(
    tx: &mut Tx,
    asker: &Access,
    open: Open,
    people: &[Person],
) -> Outcome<Vec<Option<Source>>> {
    let everybody: Vec<Principal> = people.iter().flat_map(|it| it.members.clone()).collect();
    let held = Held::load(tx, (asker, open), &everybody).await?;
    let source = |person: &Person| {
        let mut source = Source::default();
        for member in &person.members {
            held.add(member, &mut source)?;
        }
        Some(source)
    };
    Ok(people.iter().map(source).collect())
}

/// What was read of many accounts.
#[derive(Default)]
struct Held {
    addresses: HashMap<PrincipalId, Vec<String>>,
    collections: HashMap<PrincipalId, Vec<Collection>>,
    properties: HashMap<CollectionId, Vec<Property>>,
    /// The asker's rights where he does not know all.
    rights: HashMap<PrincipalId, Rights>,
}

impl Held {
    async fn load(
        tx: &mut Tx,
        (asker, open): (&Access, Open),
        people: &[Principal],
    ) -> Outcome<Self> {
        let mut ids: Vec<i64> = people.iter().map(|it| it.id.0).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut it = Self { addresses: people::addresses(tx, people).await?, ..Self::default() };
        let mut all = busy::collections(tx, &ids, Home::Calendars.segment()).await?;
        all.retain(|it| COUNTING.contains(&Kind::from_number(it.kind)));
        let found: Vec<i64> = all.iter().map(|it| it.id.0).collect();
        let names = [TRANSPARENCY, AVAILABILITY, ZONE].map(str::to_owned);
        for (id, property) in busy::settings(tx, &found, &names).await? {
            it.properties.entry(id).or_default().push(property);
        }
        for found in all {
            it.collections.entry(found.account).or_default().push(found);
        }
        let granted = busy::grants_at(tx, &ids, INBOX).await?;
        let closed: HashSet<PrincipalId> =
            granted.into_iter().filter(|it| closes(it.1)).map(|it| it.0).collect();
        for id in ids.into_iter().map(PrincipalId) {
            if !asker.has_all(id) && (!open.0 || closed.contains(&id)) {
                let rights = match asker.is_somebody() {
                    true => asker.rights_in(tx, id).await?,
                    false => Rights::nowhere(),
                };
                it.rights.insert(id, rights);
            }
        }
        Ok(it)
    }

    /// Adds what counts of one account; none: the asker may not know. An account without calendars,
    /// such as most groups', has nothing to know.
    fn add(&self, member: &Principal, source: &mut Source) -> Option<()> {
        let rights = self.rights.get(&member.id);
        let whole = rights.is_none_or(whole);
        let all = self.collections.get(&member.id).map_or(&[][..], Vec::as_slice);
        let is_calendar = |it: &&Collection| Kind::from_number(it.kind) == Kind::Calendar;
        let group = PrincipalKind::of(member) == PrincipalKind::Group;
        let mut known = whole || (group && !all.iter().any(|it| is_calendar(&it)));
        if whole {
            let own = self.availability(all);
            source.availabilities.extend(own.map(|text| (member.id, text)));
        }
        for it in all.iter().filter(is_calendar) {
            let properties = self.properties_of(it);
            if whole || rights.is_some_and(|rights| knows(rights, &it.path)) {
                known = true;
                if counts(it, properties) {
                    let row = (it.clone(), properties.to_vec(), member.zone.clone());
                    source.calendars.push(row);
                }
            }
        }
        let addresses = self.addresses.get(&member.id).into_iter().flatten();
        source.accounts.push((member.id, Whose::of(addresses.map(String::as_str))));
        known.then_some(())
    }

    fn properties_of(&self, it: &Collection) -> &[Property] {
        self.properties.get(&it.id).map_or(&[][..], Vec::as_slice)
    }

    /// What the owner of these collections says of when he can be asked: on the inbox (RFC 7953
    /// §7.2.4), else on the home.
    fn availability(&self, all: &[Collection]) -> Option<String> {
        let of = |kind: Kind| {
            let it = all.iter().find(|it| Kind::from_number(it.kind) == kind)?;
            Some(kept(self.properties_of(it), AVAILABILITY)?.text().into_owned())
        };
        of(Kind::Inbox).or_else(|| of(Kind::CalendarHome))
    }
}

/// Whether a grant on an inbox says who may ask its owner, so that nobody else may: one of
/// `schedule-query-freebusy` that is not part of the rights of somebody who reads the inbox anyway.
fn closes(it: Privileges) -> bool {
    it.has(Privilege::QueryFreeBusy) && !it.has(Privilege::Read)
}

fn knows(rights: &Rights, path: &str) -> bool {
    rights.on(path).has(Privilege::ReadFreeBusy)
}

/// Whether these rights are to know of all that counts.
fn whole(rights: &Rights) -> bool {
    knows(rights, Home::Calendars.segment()) || rights.on(INBOX).has(Privilege::QueryFreeBusy)
}
