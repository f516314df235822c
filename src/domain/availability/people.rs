//! Who is meant by a calendar user address, and who is asked about when it is a group's.

use crate::domain::directory::name::domain_of;
use crate::domain::directory::{Kind, Principal};
use crate::format::ical::attendance::folded;
use crate::kernel::fault::Outcome;
use crate::kernel::ids::PrincipalId;
use crate::kernel::limits::FREEBUSY_MEMBERS_MAX;
use crate::store::{Tx, busy, principal};
use std::collections::HashMap;

/// Somebody who is asked about.
#[derive(Clone, Debug)]
pub struct Person {
    /// Who it is.
    pub principal: Principal,
    /// Whose calendars count: his own and, of a group, those of its members.
    pub members: Vec<Principal>,
}

/// What an address leads to.
#[derive(Clone, Debug)]
pub enum Who {
    /// Somebody here.
    Known(Box<Person>),
    /// Nobody, though it would be somebody of this server.
    Nobody,
    /// Somebody of another server, perhaps.
    Elsewhere,
}

impl Who {
    /// The person, if it is somebody here.
    pub fn person(&self) -> Option<&Person> {
        match self {
            Self::Known(person) => Some(person),
            _ => None,
        }
    }
}

/// Finds out who is meant by each of some addresses; a bare name is one, too.
pub async fn find(tx: &mut Tx, addresses: &[String]) -> Outcome<Vec<Who>> {
    let names: Vec<String> = addresses.iter().map(|address| folded(address)).collect();
    let known: HashMap<String, Principal> = busy::known(tx, &names).await?.into_iter().collect();
    let domains = principal::domains(tx).await?;
    let (mut all, mut room) = (Vec::with_capacity(names.len()), FREEBUSY_MEMBERS_MAX);
    for name in &names {
        let who = match known.get(name) {
            Some(it) => Who::Known(Box::new(person(tx, it.clone(), &mut room).await?)),
            None if is_foreign(name, domains.iter().map(|domain| domain.0.as_str())) => {
                Who::Elsewhere
            }
            None => Who::Nobody,
        };
        all.push(who);
    }
    Ok(all)
}

/// Whether it is an address of a domain that is none of these.
fn is_foreign<'d>(name: &str, mut domains: impl Iterator<Item = &'d str>) -> bool {
    let domain = domain_of(name);
    !domain.is_empty() && !domains.any(|own| own == domain)
}

/// A group stands for its members, of whom no more than there is room for are looked at.
async fn person(tx: &mut Tx, it: Principal, room: &mut usize) -> Outcome<Person> {
    let mut members = vec![it.clone()];
    if Kind::of(&it) == Kind::Group {
        members.extend(busy::members(tx, it.id, *room as i64).await?);
        *room = room.saturating_sub(members.len());
    }
    Ok(Person { principal: it, members })
}

/// The addresses of people, and their names, by which invitations know them.
pub async fn addresses(
    tx: &mut Tx,
    people: &[Principal],
) -> Outcome<HashMap<PrincipalId, Vec<String>>> {
    let ids: Vec<i64> = people.iter().map(|it| it.id.0).collect();
    let mut all: HashMap<PrincipalId, Vec<String>> =
        people.iter().map(|it| (it.id, vec![it.name.clone()])).collect();
    for (id, address) in busy::addresses(tx, &ids).await? {
        all.entry(id).or_default().push(address);
    }
    Ok(all)
}
