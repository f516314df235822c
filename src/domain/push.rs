//! Push (WebDAV-Push, draft-bitfire-webdav-push-00): who wants to be told of changes of a collection,
//! and what of a change each is to be told.
//!
//! Invariants: nobody is told of what he may not read, as of the moment when the message is made;
//! nobody is told of a change whose request named his registration, or all (`Push-Dont-Notify`); a
//! change that was not told is told later, however often the server is started anew.

use crate::domain::collection::tree::{Found, locate};
use crate::domain::collection::{Access, Home, Kind, Place, Store};
use crate::format::web_push::{Recipient, Signer, unwritten, written};
use crate::kernel::change::{ChangeNumber, Point, SyncToken};
use crate::kernel::clock::Timestamp;
use crate::kernel::fault::{Fault, Outcome, PushRule, Refusal};
use crate::kernel::ids::{CollectionId, PrincipalId, PushId};
use crate::kernel::limits::{
    PUSH_CHANGES_MAX, PUSH_EACH_MAX, PUSH_FAILING_SECONDS, PUSH_LASTS_SECONDS, PUSH_LEASE_SECONDS,
    PUSH_PAUSE_SECONDS, PUSH_PENDING_EACH, PUSH_PENDING_MAX, PUSH_RETRY_SECONDS, PUSH_TEXT_MAX,
    PUSH_USER_MAX, RETENTION_BATCH,
};
use crate::kernel::privilege::Privilege;
use crate::kernel::secret::{hex, keyed, random};
use crate::store::change_log::{self, Span};
use crate::store::{Tx, collection, meta, principal, push};
use std::sync::Arc;

pub use crate::store::push::{Pending, Subscription};

/// What the server is known by to clients and push services; the same on every node of a store.
pub struct Keys {
    /// Proves to a push service who sends.
    pub signer: Signer,
    secret: Vec<u8>,
}

impl Keys {
    /// Those of a store, made when there are none.
    ///
    /// # Errors
    /// `Internal` when what is kept cannot be used.
    pub async fn of(store: &Store) -> Outcome<Arc<Self>> {
        let pair = Signer::generate().ok_or_else(|| Fault::internal("no key for push"))?;
        let (pair, secret) = (written(&pair), written(&random::<32>()));
        let kept = store.write(move |tx| {
            Box::pin(async move {
                let pair = meta::kept(tx, meta::PUSH_KEY, &pair).await?;
                Ok((pair, meta::kept(tx, meta::PUSH_SECRET, &secret).await?))
            })
        });
        let (pair, secret) = kept.await?;
        let signer = unwritten(&pair).and_then(|pair| Signer::read(&pair));
        match (signer, unwritten(&secret)) {
            (Some(signer), Some(secret)) => Ok(Arc::new(Self { signer, secret })),
            _ => Err(Fault::internal("the store's keys for push cannot be used")),
        }
    }

    /// A collection's name in push messages (§2.1): always the same, and not to be guessed.
    pub fn topic(&self, of: CollectionId) -> String {
        self.tag(&format!("topic {of}"), 16)
    }

    /// What replaces an earlier message that has not been delivered (RFC 8030 §5.4): only one that says
    /// the same. Push services see it, so it is another one for each registration.
    pub fn replaces(&self, token: &str, telling: &Telling) -> String {
        self.tag(&format!("replace {token} {} {}", telling.content, telling.properties), 24)
    }

    fn tag(&self, text: &str, length: usize) -> String {
        written(keyed(&self.secret, text.as_bytes()).get(..length).unwrap_or_default())
    }
}

/// How deep below a collection changes count. The numbers are stored; never reuse one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(i64)]
pub enum Depth {
    /// Those of the collection itself.
    Itself = 0,
    /// Its members' too.
    Members = 1,
    /// Those of everything below.
    All = 2,
}

/// Of what somebody wants to be told (§3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Triggers {
    /// Of content, so deep.
    pub content: Option<Depth>,
    /// Of the collection's own properties.
    pub properties: bool,
}

/// What a client registers.
pub struct Wish {
    /// Where messages go.
    pub endpoint: String,
    /// Who can read them.
    pub recipient: Recipient,
    /// Of what.
    pub triggers: Triggers,
    /// Until when, as the client would have it.
    pub expires_at: Option<Timestamp>,
}

/// The kinds of collections that can be registered for (§5).
const CAPABLE: [Kind; 6] = [
    Kind::CalendarHome,
    Kind::AddressbookHome,
    Kind::Calendar,
    Kind::Addressbook,
    Kind::Inbox,
    Kind::Outbox,
];

/// Whether collections of a kind can be registered for.
pub fn is_capable(kind: Kind) -> bool {
    CAPABLE.contains(&kind)
}

/// Registers for the collection at a place (§3.1, §3.2); gives the registration's token and its end.
///
/// # Errors
/// `Push` when the collection is none that one can be told of, or the asker may not read it.
pub async fn register(access: &Access, place: &Place, wish: Wish) -> Outcome<(String, Timestamp)> {
    let (access, place) = (access.clone(), place.clone());
    let store = access.store.clone();
    store
        .write(move |tx| {
            Box::pin(async move {
                let refused = |why: &str| Refusal::Push(PushRule::NotAvailable, why.into());
                match access.demand(tx, &place, Privilege::Read).await {
                    Err(Fault::Denied { .. }) => {
                        return Err(refused("you may not read this collection").into());
                    }
                    other => other?,
                };
                let of = match locate(tx, &place).await? {
                    Found::Collection(of) if is_capable(Kind::from_number(of.kind)) => of,
                    found if found.exists() => {
                        return Err(refused("nobody is told of changes of this").into());
                    }
                    _ => return Err(Fault::NotFound),
                };
                let (public_key, auth) = wish.recipient.parts();
                let new = Subscription {
                    id: PushId(0),
                    token: hex(&random::<20>()),
                    principal: access.who.id,
                    account: of.account,
                    collection: of.id,
                    endpoint: wish.endpoint.clone(),
                    public_key: public_key.to_vec(),
                    auth: auth.to_vec(),
                    content: wish.triggers.content.map_or(-1, |depth| depth as i64),
                    properties: if wish.triggers.properties { 0 } else { -1 },
                    expires_at: lasts_until(wish.expires_at, access.now),
                    told: of.last_change,
                    failures: 0,
                    failing_at: None,
                };
                let (id, token) = push::register(tx, &new, access.now).await?;
                push::keep(tx, &new, id, (PUSH_EACH_MAX, PUSH_USER_MAX)).await?;
                Ok((token, new.expires_at))
            })
        })
        .await
}

/// When a registration ends (§3.4). A wish that lies in the past is that of a wrong clock.
fn lasts_until(wish: Option<Timestamp>, now: Timestamp) -> Timestamp {
    let (usual, longest) = PUSH_LASTS_SECONDS;
    match wish.filter(|end| *end > now) {
        Some(end) => end.min(now.plus_seconds(longest)),
        None => now.plus_seconds(usual),
    }
}

/// Ends one of the asker's registrations (§3.3).
///
/// # Errors
/// `NotFound` for every other one, too.
pub async fn unregister(access: &Access, token: &str) -> Outcome<()> {
    let (who, now, token) = (access.who.id, access.now, token.to_owned());
    let removed = access
        .store
        .write(move |tx| Box::pin(async move { push::unregister(tx, who, &token, now).await }));
    if removed.await? { Ok(()) } else { Err(Fault::NotFound) }
}

/// Registrations with something to be told, in these accounts or in all.
pub async fn pending(
    store: &Store,
    within: Option<Vec<PrincipalId>>,
    now: Timestamp,
) -> Outcome<Vec<Pending>> {
    let within = within.map(|all| all.into_iter().map(|id| id.0).collect::<Vec<i64>>());
    store
        .read(move |tx| {
            Box::pin(async move {
                let most = (PUSH_PENDING_EACH, PUSH_PENDING_MAX);
                push::pending(tx, within.as_deref(), now, most).await
            })
        })
        .await
}

/// A message to be made.
#[derive(Clone, Debug)]
pub struct Telling {
    /// The collection's content changed.
    pub content: bool,
    /// Its properties changed.
    pub properties: bool,
    /// Its state after that; none when it is gone.
    pub token: Option<SyncToken>,
    /// Up to where the subscriber is told by that.
    told: ChangeNumber,
}

/// A registration that a worker has taken, with what it is to be told.
pub struct Taken {
    /// The registration.
    pub it: Subscription,
    /// What it is to be told.
    pub telling: Telling,
    lease: Timestamp,
}

/// Takes a registration that is due. None when another worker has it, when it is to be told nothing,
/// or when it has ended: by the loss of the right to read, with its maker, or with its collection.
pub async fn take(store: &Store, id: PushId, now: Timestamp) -> Outcome<Option<Taken>> {
    let lease = now.plus_seconds(PUSH_LEASE_SECONDS);
    let claim = store.write(move |tx| Box::pin(push::claim(tx, id, now, lease)));
    if !claim.await? {
        return Ok(None);
    }
    let outside = store.clone();
    let look = store.read(move |tx| {
        Box::pin(async move {
            match push::by_id(tx, id).await? {
                Some(it) => Ok(Some((plan(tx, &outside, &it, now).await?, it))),
                None => Ok(None),
            }
        })
    });
    let Some((plan, it)) = look.await? else { return Ok(None) };
    match plan {
        Plan::Tell(telling) => return Ok(Some(Taken { it, telling, lease })),
        Plan::Nothing(told) => {
            store.write(move |tx| Box::pin(push::told(tx, id, lease, told))).await?;
        }
        Plan::End => store.write(move |tx| Box::pin(push::remove(tx, id))).await?,
    }
    Ok(None)
}

enum Plan {
    End,
    Nothing(ChangeNumber),
    Tell(Telling),
}

async fn plan(tx: &mut Tx, store: &Store, it: &Subscription, now: Timestamp) -> Outcome<Plan> {
    let who = principal::by_id(tx, it.principal).await?.filter(|who| !who.locked);
    let Some(who) = who else { return Ok(Plan::End) };
    let access = Access::new(store.clone(), who, "push", now);
    let Some(of) = collection::by_id(tx, it.collection).await? else {
        return farewell(tx, &access, it).await;
    };
    let home = of.path.split('/').next().and_then(Home::from_segment);
    let Some(home) = home else { return Ok(Plan::End) };
    let place = Place {
        account: of.account,
        account_name: String::new(),
        home,
        path: of.path.clone(),
        collection: true,
        mount: None,
    };
    if !access.rights(tx, &place).await?.has(Privilege::Read) {
        return Ok(Plan::End);
    }
    // Read before what led to it, so that nothing is taken for told that came later.
    let told = of.last_change;
    let below = if it.content >= Depth::All as i64 { of.path.as_str() } else { "" };
    let span = Span { account: of.account, after: it.told, to: told, of: of.id, below };
    let changes = change_log::within(tx, &span, PUSH_CHANGES_MAX).await?;
    let mut wanted = changes.iter().filter(|change| !is_quiet(change, it));
    let whole = changes.len() as i64 == PUSH_CHANGES_MAX;
    let properties = it.properties >= 0;
    let deep = it.content >= Depth::Members as i64;
    let telling = wanted.by_ref().fold((whole && deep, whole && properties), |(c, p), change| {
        let own = change.of_properties && change.itself;
        (c || deep && !change.of_properties, p || properties && own)
    });
    let (content, properties) = telling;
    if !content && !properties {
        return Ok(Plan::Nothing(told));
    }
    let (epoch, point) = (store.epoch().clone(), Point::end_of(told));
    let token = SyncToken { epoch, collection: of.id, point, beside: None };
    Ok(Plan::Tell(Telling { content, properties, token: Some(token), told }))
}

/// A collection that was removed has changed for the last time (§3.1.1). Its rights went with it, but
/// for those of its owner.
async fn farewell(tx: &mut Tx, access: &Access, it: &Subscription) -> Outcome<Plan> {
    let name = collection::buried(tx, it.collection).await?;
    let Some(name) = name.filter(|_| access.has_all(it.account) && it.content >= 0) else {
        return Ok(Plan::End);
    };
    let removal = change_log::removal(tx, it.account, it.told, &name).await?;
    Ok(match removal.filter(|change| !is_quiet(change, it)) {
        Some(_) => {
            Plan::Tell(Telling { content: true, properties: false, token: None, told: it.told })
        }
        None => Plan::End,
    })
}

/// Whether the request that made a change asked that this registration is not told of it (§4.2). Only
/// one's own registrations can be named.
fn is_quiet(change: &change_log::Kind, it: &Subscription) -> bool {
    let Some(quiet) = &change.quiet else { return false };
    let names = |token: &str| token == it.token && change.principal == it.principal;
    quiet == "*" || quiet.split(',').any(names)
}

/// How a message fared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fared {
    /// The push service took it.
    Well,
    /// The push service knows no such endpoint.
    Gone,
    /// It did not go out; the push service may say after how many seconds to try again.
    Badly(String, Option<i64>),
}

/// Notes how a message fared. A registration whose collection is gone has been told its last; one to
/// which messages have failed for days ends (§4.4).
pub async fn done(store: &Store, taken: Taken, fared: Fared, now: Timestamp) -> Outcome<()> {
    let Taken { it, telling, lease } = taken;
    let end = it.failing_at.map(|since| since.plus_seconds(PUSH_FAILING_SECONDS));
    let given_up = end.is_some_and(|end| end < now);
    store
        .write(move |tx| {
            Box::pin(async move {
                match fared {
                    Fared::Well if telling.token.is_some() => {
                        let due = now.plus_seconds(PUSH_PAUSE_SECONDS);
                        push::delivered(tx, it.id, lease, telling.told, due).await
                    }
                    Fared::Badly(mut why, after) if !given_up => {
                        why.truncate(why.floor_char_boundary(PUSH_TEXT_MAX));
                        let due = now.plus_seconds(retry_after(it.failures, after));
                        push::failed(tx, it.id, lease, (now, due), &why).await
                    }
                    _ => push::remove(tx, it.id).await,
                }
            })
        })
        .await
}

/// Seconds until a message is tried again that failed so often before.
fn retry_after(failures: i64, said: Option<i64>) -> i64 {
    let (first, longest) = PUSH_RETRY_SECONDS;
    let doubled = 1_i64 << failures.clamp(0, 20);
    let own = first.saturating_mul(doubled).min(longest);
    said.map_or(own, |said| said.clamp(1, 4 * longest))
}

/// Removes registrations that have ended; gives whether there may be more.
pub async fn expire(store: &Store, now: Timestamp) -> Outcome<bool> {
    let gone = store
        .write(move |tx| Box::pin(async move { push::expire(tx, now, RETENTION_BATCH).await }));
    Ok(gone.await? as i64 >= RETENTION_BATCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_the_push_services_word_counts() {
        let (first, longest) = PUSH_RETRY_SECONDS;
        assert_eq!(retry_after(0, None), first);
        assert_eq!(retry_after(3, None), first * 8);
        assert_eq!(retry_after(1_000, None), longest);
        assert_eq!(retry_after(0, Some(7)), 7);
        assert_eq!(retry_after(0, Some(i64::MAX)), 4 * longest);
    }

    #[test]
    fn a_registration_ends_when_asked_within_bounds() {
        let now = Timestamp::from_seconds(1_700_000_000);
        let after = |seconds| Some(now.plus_seconds(seconds));
        assert_eq!(lasts_until(after(3_600), now), now.plus_seconds(3_600));
        assert_eq!(
            lasts_until(after(i64::MAX / 4_000_000), now),
            now.plus_seconds(PUSH_LASTS_SECONDS.1)
        );
        assert_eq!(lasts_until(after(-5), now), now.plus_seconds(PUSH_LASTS_SECONDS.0));
        // §3.4: at least three days.
        const { assert!(PUSH_LASTS_SECONDS.0 >= 3 * 86_400) };
    }
}
