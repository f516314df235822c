//! What changed in a collection since a token (RFC 6578 §3): among its own members, or in the
//! whole tree below it.
//!
//! Invariant: the token given with an answer covers exactly what the answer holds; what changes
//! while it is put together is covered by the next one.

use super::access::Access;
use super::kind::Kind;
use super::mount;
use super::personal;
use super::place::Place;
use super::privacy::veil;
use super::tree::{Found, look};
use crate::kernel::change::{Beside, ChangeNumber, Point, SyncToken};
use crate::kernel::fault::{Outcome, Refusal};
use crate::kernel::ids::{CollectionId, PrincipalId};
use crate::kernel::limits::{SYNC_WINDOW_GROWTH, SYNC_WINDOW_MIN};
use crate::store::Tx;
use crate::store::collection::{self, Collection};
use crate::store::object::{self, Object};
pub use crate::store::walk::Holder;
use crate::store::walk::{self, Part};
use std::collections::HashMap;
use std::sync::Arc;

/// How far below the collection members are told of (RFC 6578 §3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Its own members; of a member collection also that something in it changed.
    One,
    /// Members at any depth.
    Infinite,
}

/// One member of an answer.
#[derive(Clone, Debug)]
pub struct Member {
    /// The collection that it is in.
    pub holder: Arc<Holder>,
    /// What happened.
    pub change: Change,
}

/// What happened to a member.
#[derive(Clone, Debug)]
pub enum Change {
    /// An object was made or changed.
    Object(Object),
    /// A collection was made or changed.
    Collection(Collection),
    /// The name is gone; a collection's ends in `/`.
    Gone(String),
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Changes {
    /// The collection asked about.
    pub collection: Collection,
    /// In the order of the changes; of a tree what is gone first, and collections before what is
    /// in them.
    pub members: Vec<Member>,
    /// The state that the members bring a client to.
    pub token: SyncToken,
    /// There is more; ask again with the token.
    pub truncated: bool,
}

/// The changes after a token (none: everything that is there), at most `limit` members. `None` for
/// an object, which has no members to change.
///
/// # Errors
/// `InvalidSyncToken` for a token of another collection, another line of history or the future;
/// `NotFound`, `Denied`.
pub async fn changes(
    access: &Access,
    place: &Place,
    since: Option<SyncToken>,
    level: Level,
    limit: usize,
) -> Outcome<Option<Changes>> {
    let (access, place) = (access.clone(), place.clone());
    let store = access.store.clone();
    store
        .read(move |tx| {
            Box::pin(async move {
                // Who may read a collection may read everything below it.
                let mut it = match look(tx, &access, &place).await?.0 {
                    Found::Collection(it) => it,
                    _ => return Ok(None),
                };
                let state = match mount::beside(tx, &it).await? {
                    None => personal::state(tx, &access, &it).await?,
                    state => state,
                };
                // What others share may be known newer than the row, from before a mount went. The row is
                // read after it then, so that what took the mount away is told with it.
                let known = since.as_ref().map(|token| token.beside);
                if known.is_some_and(|known| known != state.map(Beside::all))
                    && let Some(now) = collection::by_id(tx, it.id).await?
                {
                    it = now;
                }
                let epoch = access.store.epoch();
                let from = match &since {
                    None => None,
                    Some(t)
                        if t.epoch == *epoch
                            && t.collection == it.id
                            && t.point.number <= it.last_change =>
                    {
                        Some(t.point)
                    }
                    Some(_) => return Err(Refusal::InvalidSyncToken.into()),
                };
                let end = Point::end_of(it.last_change);
                let (mut members, point, truncated) = match level {
                    _ if from == Some(end) => (Vec::new(), end, false),
                    Level::One => {
                        let (members, number, truncated) = gather(tx, &it, from, limit).await?;
                        (members, Point::end_of(number), truncated)
                    }
                    Level::Infinite => gather_below(tx, &it, from, limit).await?,
                };
                let known = match &since {
                    Some(token) => token.beside,
                    None => state.map(Beside::all),
                };
                let seen = Seen { known, state, limit };
                let (beside, truncated) = match truncated {
                    true => (known, true),
                    false if Kind::from_number(it.kind) == Kind::Calendar => {
                        seen.gather_own(tx, (&it, access.who.id), &mut members).await?
                    }
                    false => seen.gather(tx, &it, &mut members).await?,
                };
                let objects = members.iter_mut().filter_map(|member| match &mut member.change {
                    Change::Object(it) => Some((member.holder.id, it, None)),
                    _ => None,
                });
                veil(tx, &access, place.account, objects).await?;
                let token = SyncToken { epoch: epoch.clone(), collection: it.id, point, beside };
                Ok(Some(Changes { collection: it, members, token, truncated }))
            })
        })
        .await
}

/// What a client has seen of what others share that shows in a home, or of what is the asker's own in
/// another's calendar.
struct Seen {
    /// What its token says.
    known: Option<Beside>,
    /// The state now.
    state: Option<u64>,
    /// How many members the answer may have.
    limit: usize,
}

impl Seen {
    /// Tells of everything that shows there when its state is another than the client knows: which of
    /// it changed, their tokens say. Gives what the client has seen then, and whether there is more.
    async fn gather(
        &self,
        tx: &mut Tx,
        home: &Collection,
        members: &mut Vec<Member>,
    ) -> Outcome<(Option<Beside>, bool)> {
        let Some(now) = self.state else { return Ok((None, false)) };
        let begun = self.known.and_then(|known| Some((known.state, known.after?)));
        let (state, after) = match begun {
            // Told in parts, they are held to be in the state that they had at the first.
            Some((state, after)) => (state, after),
            None if self.known == Some(Beside::all(now)) => return Ok((self.known, false)),
            None => (now, CollectionId(0)),
        };
        let mut mounts = collection::children(tx, home.id).await?;
        let told = |members: &[Member], id| {
            let is =
                |member: &Member| matches!(&member.change, Change::Collection(c) if c.id == id);
            members.iter().any(is)
        };
        let is_mount = |it: &Collection| Kind::from_number(it.kind) == Kind::Mount;
        mounts.retain(|it| is_mount(it) && it.id > after && !told(members, it.id));
        mounts.sort_by_key(|it| it.id);
        let room = self.limit.saturating_sub(members.len());
        let truncated = mounts.len() > room;
        mounts.truncate(room);
        let beside = match (truncated, mounts.last()) {
            (false, _) => Some(Beside::all(state)),
            (true, Some(last)) => Some(Beside { state, after: Some(last.id) }),
            (true, None) => self.known,
        };
        let (id, path, derived) = (home.id, home.path.clone(), home.derived);
        let holder = Arc::new(Holder { id, path, derived });
        members.extend(
            mounts
                .into_iter()
                .map(|it| Member { holder: holder.clone(), change: Change::Collection(it) }),
        );
        Ok((beside, truncated))
    }

    /// Tells of the objects in which the asker set something of his own since. Gives as
    /// [`Self::gather`].
    async fn gather_own(
        &self,
        tx: &mut Tx,
        (calendar, who): (&Collection, PrincipalId),
        members: &mut Vec<Member>,
    ) -> Outcome<(Option<Beside>, bool)> {
        let Some(now) = self.state else { return Ok((None, false)) };
        let seen = self.known.map_or(0, |known| known.state);
        let room = self.limit.saturating_sub(members.len());
        let ask = room.saturating_add(1);
        let mut own = match seen == now {
            true => Vec::new(),
            false => personal::since(tx, who, (calendar.id, seen), ask).await?,
        };
        let truncated = own.len() > room;
        own.truncate(room);
        let last = own.last().map_or(seen, |(number, _)| *number);
        let (id, path, derived) = (calendar.id, calendar.path.clone(), calendar.derived);
        let holder = Arc::new(Holder { id, path, derived });
        for (_, object) in own {
            let told = |member: &Member| match &member.change {
                Change::Object(it) => member.holder.id == id && it.name == object.name,
                _ => false,
            };
            if !members.iter().any(told) {
                let change = Change::Object(object);
                members.push(Member { holder: holder.clone(), change });
            }
        }
        Ok((Some(Beside::all(if truncated { last } else { now })), truncated))
    }
}

async fn gather(
    tx: &mut Tx,
    it: &Collection,
    from: Option<Point>,
    limit: usize,
) -> Outcome<(Vec<Member>, ChangeNumber, bool)> {
    let after = from.map(Point::whole).unwrap_or_default();
    let ask = limit.saturating_add(1);
    let mut all: Vec<(ChangeNumber, Change)> = Vec::new();
    for object in object::since(tx, it.id, after, ask).await? {
        all.push((object.change, Change::Object(object)));
    }
    for child in collection::changed_children(tx, it.id, after).await? {
        all.push((child.last_change, Change::Collection(child)));
    }
    if from.is_some() {
        for (name, number) in object::gone_since(tx, it.id, after, ask).await? {
            all.push((number, Change::Gone(name)));
        }
    }
    // On PostgreSQL each statement sees what was committed before it began. What changed after the
    // collection's own row was read is left to the next answer: a cut between two such changes
    // could otherwise pass over one that the statement before did not see.
    all.retain(|(number, _)| *number <= it.last_change);
    all.sort_by_key(|(number, _)| *number);
    let truncated = all.len() > limit;
    all.truncate(limit);
    let reached = match all.last() {
        Some((number, _)) if truncated => *number,
        _ => it.last_change,
    };
    let holder = Arc::new(Holder { id: it.id, path: it.path.clone(), derived: it.derived });
    let members = all.into_iter().map(|(_, change)| Member { holder: holder.clone(), change });
    Ok((members.collect(), reached, truncated))
}

/// A member of the tree, where it stands, and the number with which its name came to mean another
/// collection, if it is gone and did.
struct Told {
    at: Point,
    member: Member,
    again: Option<ChangeNumber>,
}

/// The same of the whole tree. It looks at a window of numbers at a time, so that what it reads is
/// bounded by what it gives, however much more there is.
async fn gather_below(
    tx: &mut Tx,
    it: &Collection,
    from: Option<Point>,
    limit: usize,
) -> Outcome<(Vec<Member>, Point, bool)> {
    let (begin, end) = (from.unwrap_or_default(), Point::end_of(it.last_change));
    let mut after = begin;
    let (mut all, mut holders) = (Vec::new(), Holders::default());
    let mut window = SYNC_WINDOW_MIN.max(limit as i64).saturating_mul(SYNC_WINDOW_GROWTH);
    while all.len() <= limit && after < end {
        let last = ChangeNumber(after.number.0.saturating_add(window)).min(end.number);
        let room = limit.saturating_add(1) - all.len();
        let part = Part { root: it.id, from: begin, after, last, limit: room };
        let mut some = look_at(tx, part, from.is_some(), &mut holders).await?;
        some.sort_by_key(|told| told.at);
        some.truncate(room);
        all.append(&mut some);
        after = Point::end_of(last);
        window = window.saturating_mul(SYNC_WINDOW_GROWTH);
    }
    let fits = until_again(&all).min(limit);
    let truncated = fits < all.len();
    all.truncate(fits);
    let reached = all.last().filter(|_| truncated).map_or(end, |told| told.at);
    let mut members: Vec<Member> = all.into_iter().map(|told| told.member).collect();
    members.sort_by(|a, b| order(a).cmp(&order(b)));
    Ok((members, reached, truncated))
}

async fn look_at(
    tx: &mut Tx,
    part: Part,
    with_gone: bool,
    holders: &mut Holders,
) -> Outcome<Vec<Told>> {
    let mut some = Vec::new();
    for walk::Member { at, holder, what } in walk::objects(tx, part).await? {
        let member = Member { holder: holders.of(holder), change: Change::Object(what) };
        some.push(Told { at, member, again: None });
    }
    for (at, it) in walk::collections(tx, part).await? {
        let above = it.path.rsplit_once('/').map_or("", |(above, _)| above).to_owned();
        let id = it.parent.unwrap_or(it.id);
        let holder = holders.of(Holder { id, path: above, derived: 0 });
        let member = Member { holder, change: Change::Collection(it) };
        some.push(Told { at, member, again: None });
    }
    if with_gone {
        for walk::Member { at, holder, what } in walk::gone(tx, part).await? {
            let member = Member { holder: holders.of(holder), change: Change::Gone(what.name) };
            some.push(Told { at, member, again: what.again });
        }
    }
    Ok(some)
}

/// Each holder once, however many members it holds.
#[derive(Default)]
struct Holders(HashMap<CollectionId, Arc<Holder>>);

impl Holders {
    fn of(&mut self, it: Holder) -> Arc<Holder> {
        let known = self.0.entry(it.id).or_insert_with(|| Arc::new(it.clone()));
        // On PostgreSQL the collection may have moved between two statements.
        if **known != it {
            *known = Arc::new(it);
        }
        known.clone()
    }
}

/// How many fit into one answer so that no name is in it twice: where a collection was removed and
/// another one came to its name, the client is first brought to the state in between (RFC 6578
/// §3.6), or what was in the first would stay with it for ever.
fn until_again(all: &[Told]) -> usize {
    let mut fence = ChangeNumber(i64::MAX);
    for (n, told) in all.iter().enumerate() {
        if told.at.number >= fence {
            return n;
        }
        fence = told.again.map_or(fence, |again| again.min(fence));
    }
    all.len()
}

/// What is gone goes first, then collections from the top down, then objects by collection.
fn order(member: &Member) -> (u8, &str) {
    match &member.change {
        Change::Gone(_) => (0, ""),
        Change::Collection(it) => (1, &it.path),
        Change::Object(_) => (2, &member.holder.path),
    }
}
