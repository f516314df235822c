//! Which rooms can be had: those that are like what is needed, and the times at which none of them can
//! be booked, whatever is in its calendar.

use super::{Answer, Open, Search};
use crate::domain::availability::people::{self, Who};
use crate::domain::collection::Access;
use crate::domain::directory::Kind;
use crate::domain::directory::mode::Mode;
use crate::domain::directory::resource::{self, Form, Resource};
use crate::domain::principals;
use crate::format::ical::busy::BusyType;
use crate::kernel::fault::Outcome;
use crate::kernel::limits::{FIND_ROOMS_MAX, PAGE_MEMBERS, PRINCIPALS_SEARCHED_MAX};
use crate::store::principal;
use std::sync::Arc;

/// What a room must be like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// How many people it must be for at least; 0: any.
    pub capacity: i64,
    /// What must be in it.
    pub features: Vec<String>,
    /// What must be in the text that says where it is; empty: anything.
    pub location: String,
}

impl Needs {
    /// Whether a resource is a room like that.
    pub fn suit(&self, it: &Resource) -> bool {
        let here = self.location.trim().to_lowercase();
        it.form == Form::Room
            && (self.capacity <= 0 || it.seats(self.capacity))
            && it.has_all(&self.features)
            && it.location.to_lowercase().contains(&here)
    }
}

/// The names of the rooms that the asker sees and that are as needed, the smallest that suffices first,
/// but no more than can be asked about; or of those of the rooms that the search names, in its order.
pub async fn suitable(
    access: &Access,
    directory: Open,
    needs: &Needs,
    named: &[String],
) -> Outcome<Vec<String>> {
    if !named.is_empty() {
        return of_named(access, needs, named).await;
    }
    let search = Arc::new(principals::Search { kinds: vec![Kind::Resource], text: String::new() });
    let (mut found, mut left) = (Vec::new(), PRINCIPALS_SEARCHED_MAX);
    let mut after = Some(String::new());
    while let Some(from) = after.filter(|_| left > 0) {
        let page = principals::search(access, directory.0, &search, &from, PAGE_MEMBERS).await?;
        left = left.saturating_sub(PAGE_MEMBERS);
        after = page.next;
        for it in page.views {
            let what = it.profile.resource.filter(|what| needs.suit(what));
            found.extend(
                what.map(|what| (what.capacity.unwrap_or(i64::MAX), it.profile.principal.name)),
            );
        }
    }
    found.sort();
    found.truncate(FIND_ROOMS_MAX);
    Ok(found.into_iter().map(|(_, name)| name).collect())
}

/// Whoever names a room may know what it is like: it says so to everybody who sees it.
async fn of_named(access: &Access, needs: &Needs, named: &[String]) -> Outcome<Vec<String>> {
    let (rooms, needs) = (named.to_vec(), needs.clone());
    access
        .store
        .read(move |tx| {
            Box::pin(async move {
                let found = people::find(tx, &rooms).await?;
                let mut suit = Vec::with_capacity(rooms.len());
                for (name, who) in rooms.into_iter().zip(found) {
                    let Who::Known(person) = who else { continue };
                    let what = resource::one(tx, person.principal.id).await?;
                    if what.is_some_and(|what| needs.suit(&what)) {
                        suit.push(name);
                    }
                }
                Ok(suit)
            })
        })
        .await
}

/// Adds to what is known of the search's rooms, which come last, when they would refuse: beyond their
/// windows, or at any time, if what is looked for takes too long.
pub async fn bounded(
    access: &Access,
    search: &Search,
    people: &mut [(String, Answer)],
) -> Outcome<()> {
    if search.rooms.is_empty() {
        return Ok(());
    }
    let (rooms, who) = (search.rooms.clone(), access.who.id);
    let read = access.store.read(move |tx| {
        Box::pin(async move {
            let groups = principal::all_groups(tx, who).await?;
            let mut all = Vec::with_capacity(rooms.len());
            for who in people::find(tx, &rooms).await? {
                all.push(match who {
                    Who::Known(person) => resource::one(tx, person.principal.id).await?,
                    _ => None,
                });
            }
            Ok((groups, all))
        })
    });
    let (groups, all) = read.await?;
    let (window, now) = (&search.question.window, access.now.seconds());
    let first = people.len().saturating_sub(all.len());
    for ((_, answer), what) in people.iter_mut().skip(first).zip(all) {
        let (Answer::Times(times), Some(what)) = (answer, what) else { continue };
        let mode = what.mode_for(&groups);
        let never = mode == Mode::DeclineAlways
            || what.longest.is_some_and(|longest| search.length > longest);
        let end = what.window_days.map(|days| now.saturating_add(days * 86_400));
        let from = if never { window.start } else { end.unwrap_or(window.end).max(window.start) };
        if from < window.end && mode != Mode::None {
            times.add(BusyType::Unavailable, from..window.end);
        }
    }
    Ok(())
}
