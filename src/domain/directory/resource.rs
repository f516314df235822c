//! What a room or a thing is, and what it may be booked for.
//!
//! Invariant: what is stored has been checked, and holds from the next request on: whoever answers for
//! a resource reads it in the transaction that answers. Terms: RFC 5545 §3.2.3 (`ROOM`, `RESOURCE`).

use super::mode::Mode;
use super::{Kind, Principal, bookings_changed};
use crate::kernel::fault::{Outcome, Refusal};
use crate::kernel::ids::PrincipalId;
use crate::kernel::limits::{
    BOOKING_AHEAD_SECONDS, CAPACITY_MAX, FEATURE_TEXT_MAX, FEATURES_MAX, LOCATION_TEXT_MAX,
    RESOURCE_RULES_MAX,
};
use crate::store::resource::{self, Stored, StoredRule};
use crate::store::{Tx, booking};
use std::collections::HashMap;

/// What it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// A place to meet in.
    #[default]
    Room,
    /// A thing.
    Equipment,
}

/// Form, its number in the store, its word, its calendar user type, the word of Apple's server. The
/// numbers are stored; never reuse one.
static FORMS: [(Form, i64, &str, &str, &str); 2] = [
    (Form::Room, 1, "room", "ROOM", "locations"),
    (Form::Equipment, 2, "equipment", "RESOURCE", "resources"),
];

impl Form {
    fn row(self) -> &'static (Self, i64, &'static str, &'static str, &'static str) {
        FORMS.iter().find(|row| row.0 == self).unwrap_or(&FORMS[0])
    }

    /// From its word.
    ///
    /// # Errors
    /// Which words there are.
    pub fn from_word(word: &str) -> Result<Self, String> {
        let found = FORMS.iter().find(|row| row.2.eq_ignore_ascii_case(word));
        found.map(|row| row.0).ok_or_else(|| "one of room, equipment".to_owned())
    }

    /// The word.
    pub fn word(self) -> &'static str {
        self.row().2
    }

    /// `ROOM` or `RESOURCE` (RFC 5545 §3.2.3).
    pub fn calendar_user_type(self) -> &'static str {
        self.row().3
    }

    /// `CS:record-type`.
    pub fn record_type(self) -> &'static str {
        self.row().4
    }
}

/// A resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// What it does with invitations.
    pub mode: Mode,
    /// What it is.
    pub form: Form,
    /// How many people it is for, if that was said.
    pub capacity: Option<i64>,
    /// Where it is; empty: not said.
    pub location: String,
    /// What is in it.
    pub features: Vec<String>,
    /// How many days ahead it can be booked; none: as far as any.
    pub window_days: Option<i64>,
    /// How many seconds it can be booked for at once; none: as long as one likes.
    pub longest: Option<i64>,
    /// The group whose members it answers by itself, whatever its mode.
    pub accepts: Option<(PrincipalId, String)>,
    /// What it does with the invitations of groups' members instead; the first counts.
    pub rules: Vec<Rule>,
}

/// What a resource does with the invitations of a group's members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The group.
    pub group: PrincipalId,
    /// Its name.
    pub name: String,
    /// What is done; never [`Mode::AcceptAlways`], which is of the whole resource.
    pub mode: Mode,
}

impl From<Stored> for Resource {
    fn from(it: Stored) -> Self {
        let form = FORMS.iter().find(|row| Some(row.1) == it.form);
        Self {
            mode: Mode::from_number(it.mode).unwrap_or(Mode::None),
            form: form.map(|row| row.0).unwrap_or_default(),
            capacity: it.capacity,
            location: it.location,
            features: it.features.lines().map(str::to_owned).collect(),
            window_days: it.window_days,
            longest: it.longest_seconds,
            accepts: it.accepts,
            rules: it.rules.into_iter().map(Rule::from).collect(),
        }
    }
}

impl From<StoredRule> for Rule {
    fn from(it: StoredRule) -> Self {
        let mode = Mode::from_number(it.mode).unwrap_or(Mode::None);
        Self { group: it.group, name: it.name, mode }
    }
}

impl Resource {
    /// What it does with the invitations of somebody in these groups. Where it can be booked twice
    /// nothing says whether it is free, and only what asks nothing of that can be done instead.
    pub fn mode_for(&self, groups: &[PrincipalId]) -> Mode {
        let can = |mode: Mode| self.mode.is_exclusive() || !mode.asks_whether_free();
        let rules = self.rules.iter().map(|it| (it.group, it.mode));
        let accepts = self.accepts.iter().map(|(group, _)| (*group, Mode::Automatic));
        let mut all = rules.chain(accepts);
        let found = all.find(|(group, mode)| groups.contains(group) && can(*mode));
        found.map_or(self.mode, |(_, mode)| mode)
    }

    fn stored(&self) -> Stored {
        Stored {
            mode: self.mode.number(),
            form: Some(self.form.row().1),
            capacity: self.capacity,
            location: self.location.clone(),
            features: self.features.join("\n"),
            window_days: self.window_days,
            longest_seconds: self.longest,
            accepts: self.accepts.clone(),
            rules: self.rules.iter().map(Rule::stored).collect(),
        }
    }

    /// Whether so many people find room in it; one of which nothing is said is for no one in
    /// particular.
    pub fn seats(&self, people: i64) -> bool {
        self.capacity.is_some_and(|capacity| capacity >= people)
    }

    /// Whether all of these are in it. Case does not count.
    pub fn has_all(&self, features: &[String]) -> bool {
        let has = |wanted: &String| self.features.iter().any(|it| same(it, wanted));
        features.iter().all(has)
    }

    /// Why it cannot be booked for a time, seen from now: it ends too late, or is too long.
    pub fn refuses(&self, time: &std::ops::Range<i64>, now: i64) -> Option<Bound> {
        let end = self.window_days.map(|days| now.saturating_add(days * 86_400));
        match (end, self.longest) {
            (Some(end), _) if time.end > end => Some(Bound::Window(end)),
            (_, Some(longest)) if time.end - time.start > longest => Some(Bound::Longest(longest)),
            _ => None,
        }
    }
}

impl Rule {
    fn stored(&self) -> StoredRule {
        StoredRule { group: self.group, name: self.name.clone(), mode: self.mode.number() }
    }
}

/// What a time goes beyond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// It can be booked until this moment.
    Window(i64),
    /// It can be booked for so many seconds.
    Longest(i64),
}

fn same(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.trim().to_lowercase()
}

/// What may change of a resource; `None` leaves it as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// What it does with invitations.
    pub mode: Option<Mode>,
    /// What it is.
    pub form: Option<Form>,
    /// How many people it is for; `Some(None)`: it is not said any more.
    pub capacity: Option<Option<i64>>,
    /// Where it is.
    pub location: Option<String>,
    /// What is in it, and nothing else.
    pub features: Option<Vec<String>>,
    /// How many days ahead it can be booked.
    pub window_days: Option<Option<i64>>,
    /// How many seconds it can be booked for at once.
    pub longest: Option<Option<i64>>,
    /// The name of the group whose members it answers by itself.
    pub accepts: Option<Option<String>>,
    /// The names of groups with what is done with their members' invitations, and nothing else.
    pub rules: Option<Vec<(String, Mode)>>,
}

impl Changes {
    /// Whether nothing is to change.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Checks what can be checked without looking.
    ///
    /// # Errors
    /// `Directory` with the reason.
    pub fn check(&self) -> Outcome<()> {
        let wrong = |why: String| Err(Refusal::Directory(why).into());
        let days = BOOKING_AHEAD_SECONDS / 86_400;
        if self.capacity.flatten().is_some_and(|it| !(1..=CAPACITY_MAX).contains(&it)) {
            return wrong(format!("a capacity is a number from 1 to {CAPACITY_MAX}"));
        }
        if self.window_days.flatten().is_some_and(|it| !(1..=days).contains(&it)) {
            return wrong(format!("a booking window is 1 to {days} days"));
        }
        if self.longest.flatten().is_some_and(|it| !(60..=BOOKING_AHEAD_SECONDS).contains(&it)) {
            return wrong(format!("the longest time is from a minute to {days} days"));
        }
        let is_text = |it: &str, most: usize| {
            !it.is_empty() && it.chars().count() <= most && !it.contains(char::is_control)
        };
        let rules = self.rules.as_deref().unwrap_or_default();
        if rules.len() > RESOURCE_RULES_MAX {
            return wrong(format!("a resource has {RESOURCE_RULES_MAX} rules at most"));
        }
        if rules.iter().any(|(_, mode)| !mode.is_exclusive()) {
            return wrong("accept-always is for everybody or nobody: set it by --mode".into());
        }
        let location = self.location.as_deref().filter(|it| !it.is_empty());
        if location.is_some_and(|it| !is_text(it, LOCATION_TEXT_MAX)) {
            return wrong(format!(
                "a location is one line of {LOCATION_TEXT_MAX} characters at most"
            ));
        }
        let features = self.features.as_deref().unwrap_or_default();
        if features.len() > FEATURES_MAX {
            return wrong(format!("a resource has {FEATURES_MAX} features at most"));
        }
        // They are told in one list with commas between them.
        let is_feature = |it: &String| is_text(it.trim(), FEATURE_TEXT_MAX) && !it.contains(',');
        match features.iter().find(|it| !is_feature(it)) {
            Some(_) => wrong(format!(
                "a feature is one line of 1 to {FEATURE_TEXT_MAX} characters without commas"
            )),
            None => Ok(()),
        }
    }
}

/// Some resources, by their identity; those of the identities that are none are left out.
pub async fn all(tx: &mut Tx, of: &[Principal]) -> Outcome<HashMap<PrincipalId, Resource>> {
    let ids = of.iter().filter(|it| Kind::of(it) == Kind::Resource).map(|it| it.id.0);
    let ids: Vec<i64> = ids.collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let found = resource::of(tx, &ids).await?;
    Ok(found.into_iter().map(|(id, it)| (id, it.into())).collect())
}

/// A resource by its identity; none: it is none.
pub async fn one(tx: &mut Tx, id: PrincipalId) -> Outcome<Option<Resource>> {
    Ok(resource::of(tx, &[id.0]).await?.pop().map(|(_, it)| it.into()))
}

/// The groups that changes name.
#[derive(Clone, Debug, Default)]
pub struct Groups {
    /// Whom `accepts` names.
    pub accepts: Option<(PrincipalId, String)>,
    /// Those of `rules`.
    pub rules: Vec<Rule>,
}

/// Stores checked changes of a resource.
pub async fn change(tx: &mut Tx, id: PrincipalId, changes: Changes, groups: Groups) -> Outcome<()> {
    let had = one(tx, id).await?;
    let mut it = had.clone().unwrap_or_else(|| unsaid().into());
    it.mode = changes.mode.unwrap_or(it.mode);
    it.form = changes.form.unwrap_or(it.form);
    it.capacity = changes.capacity.unwrap_or(it.capacity);
    it.location = changes.location.unwrap_or(it.location);
    it.features = changes.features.map_or(it.features, listed);
    it.window_days = changes.window_days.unwrap_or(it.window_days);
    it.longest = changes.longest.unwrap_or(it.longest);
    it.accepts = if changes.accepts.is_some() { groups.accepts } else { it.accepts };
    it.rules = if changes.rules.is_some() { groups.rules } else { it.rules };
    resource::set(tx, id, &it.stored()).await?;
    match had.map(|had| had.mode.is_exclusive()) {
        Some(true) if !it.mode.is_exclusive() => booking::forget_account(tx, id).await,
        Some(false) if it.mode.is_exclusive() => bookings_changed(tx, id).await,
        _ => Ok(()),
    }
}

/// A resource of which nothing was said.
fn unsaid() -> Stored {
    Stored {
        mode: Mode::Automatic.number(),
        form: None,
        capacity: None,
        location: String::new(),
        features: String::new(),
        window_days: None,
        longest_seconds: None,
        accepts: None,
        rules: Vec::new(),
    }
}

/// Features as they are kept: each once.
fn listed(given: Vec<String>) -> Vec<String> {
    let mut all: Vec<String> = Vec::with_capacity(given.len());
    for it in given {
        let it = it.trim().to_owned();
        if !all.iter().any(|known| same(known, &it)) {
            all.push(it);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_group_counts() {
        let rule = |id, mode| Rule { group: PrincipalId(id), name: String::new(), mode };
        let rules = vec![rule(1, Mode::DeclineAlways), rule(2, Mode::Tentative)];
        let mut it = Resource { rules, ..unsaid().into() };
        it.accepts = Some((PrincipalId(3), String::new()));
        let of = |it: &Resource, groups: &[i64]| {
            it.mode_for(&groups.iter().map(|id| PrincipalId(*id)).collect::<Vec<_>>())
        };
        it.mode = Mode::None;
        assert_eq!(of(&it, &[2, 1]), Mode::DeclineAlways);
        assert_eq!(of(&it, &[3, 2]), Mode::Tentative);
        assert_eq!(of(&it, &[3]), Mode::Automatic);
        assert_eq!(of(&it, &[4]), Mode::None);
        it.mode = Mode::AcceptAlways;
        assert_eq!(of(&it, &[2, 1]), Mode::DeclineAlways);
        assert_eq!(of(&it, &[2, 3]), Mode::AcceptAlways);
    }

    #[test]
    fn what_cannot_be_is_refused_with_the_reason() {
        let of = |change: fn(&mut Changes)| {
            let mut it = Changes::default();
            change(&mut it);
            it.check().map_err(|why| why.to_string())
        };
        assert_eq!(of(|it| it.capacity = Some(Some(8))), Ok(()));
        assert_eq!(of(|it| it.location = Some(String::new())), Ok(()));
        assert!(of(|it| it.capacity = Some(Some(0))).unwrap_err().contains("capacity"));
        assert!(of(|it| it.window_days = Some(Some(732))).unwrap_err().contains("731 days"));
        assert!(of(|it| it.longest = Some(Some(59))).unwrap_err().contains("minute"));
        assert!(of(|it| it.location = Some("a\nb".into())).unwrap_err().contains("location"));
        let features = [vec!["a,b".to_owned()], vec![" ".to_owned()], vec!["x".repeat(99)]];
        for features in features {
            let it = Changes { features: Some(features), ..Changes::default() };
            assert!(it.check().unwrap_err().to_string().contains("feature"));
        }
    }

    #[test]
    fn features_are_kept_once_and_compared_without_case() {
        let kept = listed(vec!["Projector".into(), " projector".into(), "Beamer".into()]);
        assert_eq!(kept, ["Projector", "Beamer"]);
    }
}
