//! The conditions of a request: `If-Match`, `If-None-Match` (RFC 9110 §13), `If` (RFC 4918 §10.4),
//! `If-Schedule-Tag-Match` (RFC 6638 §8.3). Checked inside the transaction that they guard.

use super::access::Access;
use super::derived;
use super::place::{Place, path_covers};
use super::privacy;
use super::tree::{Found, locate};
use crate::format::uri;
use crate::kernel::change::{Point, ScheduleTag, SyncToken};
use crate::kernel::clock::Timestamp;
use crate::kernel::etag::ETag;
use crate::kernel::fault::{Fault, Outcome, Refusal};
use crate::kernel::privilege::Privilege;
use crate::store::lock::Lock;
use crate::store::{Tx, collection, lock};

/// The value of `If-Match` or `If-None-Match`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Tags {
    /// The header is absent.
    #[default]
    Unset,
    /// `*`.
    Any,
    /// A list, each as written.
    These(Vec<String>),
}

impl Tags {
    /// Whether the state of a resource (its tag, if it has one and is there) is among these.
    pub fn matches(&self, exists: bool, etag: Option<&ETag>) -> bool {
        match self {
            Self::Unset => false,
            Self::Any => exists,
            Self::These(list) => etag.is_some_and(|tag| list.iter().any(|t| tag.matches(t))),
        }
    }
}

/// One condition of an `If` list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// `Not` stands before it.
    pub negated: bool,
    /// What must hold.
    pub state: State,
}

/// A state token or an entity tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// `<urn:…>`: a lock token, a sync token, or `DAV:no-lock`.
    Token(String),
    /// `["…"]`.
    ETag(String),
}

/// Lists that apply to one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IfLists {
    /// The tagged resource; none: the request's own.
    pub on: IfResource,
    /// Alternatives, each a conjunction.
    pub lists: Vec<Vec<Condition>>,
}

/// What a tag of an `If` header names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IfResource {
    /// No tag: the resource that the request is about.
    Request,
    /// A place of this server.
    Place(Box<Place>),
    /// Something else, which has no state here.
    Elsewhere,
}

/// All conditions of a request.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    /// `If-Match`.
    pub if_match: Tags,
    /// `If-None-Match`.
    pub if_none_match: Tags,
    /// `If-Unmodified-Since`, where nothing overrules it.
    pub unmodified_since: Option<Timestamp>,
    /// `If`; empty when absent.
    pub if_lists: Vec<IfLists>,
    /// `If-Schedule-Tag-Match`, as written.
    pub schedule_tag: Option<String>,
    /// Tokens that the request shows besides: those of conditions that were checked already.
    pub submitted: Vec<String>,
}

impl Guard {
    /// The tokens that the request shows anywhere in its `If` header (RFC 4918 §6.4: submitted).
    pub fn tokens(&self) -> Vec<&str> {
        let conditions = self.if_lists.iter().flat_map(|l| l.lists.iter().flatten());
        let shown = conditions.filter_map(|c| match &c.state {
            State::Token(token) => Some(token.as_str()),
            State::ETag(_) => None,
        });
        shown.chain(self.submitted.iter().map(String::as_str)).collect()
    }

    /// The tokens alone, for what is done to other resources once the conditions hold.
    pub fn tokens_only(&self) -> Self {
        let submitted = self.tokens().into_iter().map(str::to_owned).collect();
        Self { submitted, ..Self::default() }
    }

    /// Checks every condition against the place as found.
    pub async fn check(
        &self,
        tx: &mut Tx,
        access: &Access,
        place: &Place,
        found: &Found,
    ) -> Outcome<()> {
        let etag = privacy::etag(tx, access, place.account, found).await?;
        let etag = etag.as_ref();
        let fails = || Err(Refusal::ConditionFailed.into());
        if self.if_match != Tags::Unset && !self.if_match.matches(found.exists(), etag) {
            return fails();
        }
        if let Some(wanted) = &self.schedule_tag {
            let tag = found.object().and_then(|it| it.schedule_tag);
            let epoch = access.store.epoch().clone();
            let tag = tag.map(|number| ScheduleTag { epoch, number }.to_string());
            if tag.as_deref() != Some(wanted.trim()) {
                return fails();
            }
        }
        if self.if_none_match.matches(found.exists(), etag) {
            return fails();
        }
        let changed =
            |since: Timestamp| found.modified().is_some_and(|at| at.seconds() > since.seconds());
        if self.unmodified_since.is_some_and(changed) {
            return fails();
        }
        if self.if_lists.is_empty() {
            return Ok(());
        }
        for lists in &self.if_lists {
            if self.any_list_holds(tx, access, lists, place).await? {
                return Ok(());
            }
        }
        fails()
    }

    async fn any_list_holds(
        &self,
        tx: &mut Tx,
        access: &Access,
        lists: &IfLists,
        place: &Place,
    ) -> Outcome<bool> {
        let on = match &lists.on {
            IfResource::Request => Some(place),
            IfResource::Place(tagged) => Some(&**tagged),
            IfResource::Elsewhere => None,
        };
        let state = match on {
            // Without a right to read, a condition must not tell what is there.
            Some(on) if !access.rights(tx, on).await?.is_empty() => {
                Some(states(tx, access, on).await?)
            }
            _ => None,
        };
        Ok(lists
            .lists
            .iter()
            .any(|list| list.iter().all(|c| holds(c, state.as_ref()) != c.negated)))
    }
}

/// Checks the `If` header of a request that changes nothing. Who may not read the place is told so
/// by what he asked for, not by this.
///
/// # Errors
/// `ConditionFailed`.
pub async fn hold(access: &Access, place: &Place, guard: Guard) -> Outcome<()> {
    let (access, place) = (access.clone(), place.clone());
    let guard = Guard { if_lists: guard.if_lists, ..Guard::default() };
    let store = access.store.clone();
    store
        .read(move |tx| {
            Box::pin(async move {
                if !access.rights(tx, &place).await?.has(Privilege::Read) {
                    return Ok(());
                }
                let found = locate(tx, &place).await?;
                guard.check(tx, &access, &place, &found).await
            })
        })
        .await
}

/// What conditions are held against.
struct States {
    etag: Option<ETag>,
    sync_token: Option<SyncToken>,
    locks: Vec<Lock>,
}

async fn states(tx: &mut Tx, access: &Access, place: &Place) -> Outcome<States> {
    let found = locate(tx, place).await?;
    let sync_token = found.collection().map(|c| SyncToken {
        epoch: access.store.epoch().clone(),
        collection: c.id,
        point: Point::end_of(c.last_change),
        beside: None,
    });
    let etag = privacy::etag(tx, access, place.account, &found).await?;
    let locks = lock::of_account(tx, place.account, access.now).await?;
    let locks = locks.into_iter().filter(|l| covers(l, &place.path)).collect();
    Ok(States { etag, sync_token, locks })
}

fn holds(condition: &Condition, states: Option<&States>) -> bool {
    let Some(states) = states else { return false };
    match &condition.state {
        State::ETag(tag) => states.etag.is_some_and(|etag| etag.matches(tag)),
        State::Token(token) => {
            states.locks.iter().any(|lock| lock.token == *token)
                || sync_token(token).is_some_and(|t| Some(t) == states.sync_token)
        }
    }
}

/// A sync token, or a collection tag as Apple's programs name it in a condition
/// (calendarserver-bulk-change §6): the same token, in its quotes, behind a prefix.
fn sync_token(token: &str) -> Option<SyncToken> {
    let parsed = match token.strip_prefix("http://me.com/_namespace/ctag/") {
        None => SyncToken::parse(token)?,
        Some(tag) => SyncToken::parse(uri::decode_path(tag)?.trim_matches('"'))?,
    };
    // What others changed in what shows beside it is no change of the collection.
    Some(SyncToken { beside: None, ..parsed })
}

/// Whether a lock covers a path (RFC 4918 §6.1, §7.4).
pub fn covers(lock: &Lock, path: &str) -> bool {
    lock.path == path || (lock.infinite && path_covers(&lock.path, path))
}

/// Which resources a change touches, for the question of who locked them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Of the one resource what this privilege lets one change.
    One(Privilege),
    /// Its name too: the resource that holds it changes as well (RFC 4918 §7.4, §9.6).
    Name,
    /// Its name and everything below it.
    Tree,
}

impl Reach {
    /// The privilege that the change needs besides.
    fn privilege(self, found: &Found) -> Privilege {
        match self {
            Self::One(privilege) => privilege,
            Self::Name | Self::Tree if found.exists() => Privilege::Unbind,
            Self::Name | Self::Tree => Privilege::Bind,
        }
    }
}

/// Demands that nothing is in the way of a change of what was found at a place: that the server does
/// not keep it itself ([`derived`]), that who changes it sees all of it ([`privacy`]), and that every lock is shown by its holder. Every change by a
/// client passes here.
pub async fn unlocked(
    tx: &mut Tx,
    access: &Access,
    (place, found): (&Place, &Found),
    guard: &Guard,
    reach: Reach,
) -> Outcome<()> {
    if access.is_server() {
        return Ok(());
    }
    derived::demand(place, found, reach.privilege(found))?;
    privacy::demand(tx, access, place, found).await?;
    let locks = lock::of_account(tx, place.account, access.now).await?;
    if locks.is_empty() {
        return Ok(());
    }
    let tokens = guard.tokens();
    let parent = place.parent_path().filter(|_| !matches!(reach, Reach::One(_)));
    let in_way = |l: &&Lock| {
        covers(l, &place.path)
            || parent.is_some_and(|p| covers(l, p))
            || (reach == Reach::Tree && path_covers(&place.path, &l.path))
    };
    let paths: Vec<&Lock> = locks.iter().filter(in_way).collect();
    // Several shared locks may cover one path; a token for one of them is enough (§7.4).
    let shown = |l: &Lock| l.principal == access.who.id && tokens.contains(&l.token.as_str());
    let free = |l: &&Lock| paths.iter().any(|other| shown(other) && same_cover(other, l));
    match paths.iter().find(|l| !shown(l) && (l.exclusive || !free(l))) {
        Some(l) => Err(Fault::from(Refusal::Locked { path: root_of(tx, place, l).await? })),
        None => Ok(()),
    }
}

/// The path of a lock's root below the DAV root, with the slash of a collection.
pub(super) async fn root_of(tx: &mut Tx, place: &Place, lock: &Lock) -> Outcome<String> {
    let collection = collection::at(tx, place.account, &lock.path).await?.is_some();
    Ok(place.at(&lock.path, collection).dav_path())
}

fn same_cover(a: &Lock, b: &Lock) -> bool {
    covers(a, &b.path) || covers(b, &a.path)
}
