//! Delivery: what waits for an account is taken into its calendar and its inbox (RFC 6638 §4).
//!
//! Invariants: taking a message in and marking it as done are one transaction, so it counts exactly
//! once whatever node dies; a recipient whose messages cannot be taken in holds up no other, and his
//! are tried again later in their order.

use super::alike::{Alike, Made, Meaning, Text};
use super::gone;
use crate::domain::calendar;
use crate::domain::collection::access::SERVER;
use crate::domain::collection::implicit::{self, status};
use crate::domain::collection::kind::{Home, Kind, component_bit};
use crate::domain::collection::place::Place;
use crate::domain::collection::scheduling::{INBOX, default_calendar};
use crate::domain::collection::tree::{Found, take_away};
use crate::domain::collection::{Access, Guard, Index, import, item};
use crate::domain::directory::calendar_user::CalendarUser;
use crate::domain::retention::Progress;
use crate::domain::scheduling::room::{self, Answered};
use crate::format::ical::Calendar;
use crate::format::ical::object::Kind as Component;
use crate::format::itip::{self, Received, Unusable};
use crate::kernel::change::ChangeNumber;
use crate::kernel::clock::{self, Timestamp};
use crate::kernel::fault::{Fault, Outcome};
use crate::kernel::ids::{CollectionId, PrincipalId};
use crate::kernel::limits::{
    DELIVERED_AT_ONCE, DELIVERY_BATCH, DELIVERY_RETRIES_MAX, DELIVERY_RETRY_SECONDS,
    DELIVERY_TRIES, INBOX_MAX,
};
use crate::kernel::secret::uuid;
use crate::store::itip::Letter;
use crate::store::object::{self, Placed};
use crate::store::{
    Future, Store, Tx, blob, change_log, collection, itip as letters, job, principal,
};
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

/// Delivers what is due to a few accounts.
pub async fn step(store: &Store, now: Timestamp) -> Outcome<Progress> {
    let read = store.read(move |tx| Box::pin(letters::due(tx, now, DELIVERED_AT_ONCE)));
    let accounts = read.await?;
    if accounts.is_empty() {
        return next(store).await;
    }
    let alike = Arc::new(Alike::default());
    let all = accounts
        .into_iter()
        .map(|to| -> Future<'_, ()> { Box::pin(deliver(store, to, alike.clone(), now)) });
    together(all.collect()).await;
    Ok(Progress::More)
}

/// Has the job come again when the next message is due that was put off.
async fn next(store: &Store) -> Outcome<Progress> {
    let Some(due) = store.read(|tx| Box::pin(letters::next_due(tx))).await? else {
        return Ok(Progress::Done);
    };
    store
        .write(move |tx| {
            Box::pin(async move { job::hasten(tx, implicit::DELIVERY_JOB, due).await })
        })
        .await?;
    Ok(Progress::Done)
}

/// Runs all to their ends side by side.
async fn together(mut all: Vec<Future<'_, ()>>) {
    poll_fn(|context| {
        all.retain_mut(|one| one.as_mut().poll(context).is_pending());
        if all.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// Takes in what waits for one account. Where the store has others to serve first (on PostgreSQL a
/// deadlock with a client's write, say), nothing is wrong with any message: it is tried anew at once.
async fn deliver(store: &Store, to: PrincipalId, alike: Arc<Alike>, now: Timestamp) -> Outcome<()> {
    let mut done = take_all_in(store, to, &alike, now).await;
    for _ in 1..DELIVERY_TRIES {
        if !matches!(done, Err(Fault::Busy(_))) {
            break;
        }
        done = take_all_in(store, to, &alike, now).await;
    }
    let Err(fault) = done else { return Ok(()) };
    tracing::warn!(account = to.0, %fault, "scheduling messages could not be taken in");
    put_off(store, to, now, fault).await
}

/// Takes in what waits for one account, in one transaction.
async fn take_all_in(
    store: &Store,
    to: PrincipalId,
    alike: &Arc<Alike>,
    now: Timestamp,
) -> Outcome<()> {
    let (access, alike) = (Access::of_server(store, now), alike.clone());
    store
        .write(move |tx| {
            Box::pin(async move {
                change_log::hold(tx, to).await?;
                // What the account does from now on, it does knowing these.
                let now = clock::now().max(now);
                for letter in letters::pending(tx, to, DELIVERY_BATCH).await? {
                    let (status, outcome) = take_in(tx, (&access, &alike), to, &letter).await?;
                    letters::done(tx, &letter, (status, &outcome), now).await?;
                }
                Ok(())
            })
        })
        .await
}

/// After a failure: the first message that waits is given up if it was tried often enough, for it
/// may be the one that fails; the others are tried again later.
async fn put_off(store: &Store, to: PrincipalId, now: Timestamp, fault: Fault) -> Outcome<()> {
    store
        .write(move |tx| {
            Box::pin(async move {
                let first = letters::pending(tx, to, 1).await?.pop();
                if let Some(letter) = first.filter(|it| it.attempts >= DELIVERY_RETRIES_MAX) {
                    failed(tx, &letter, UNDELIVERED, now).await?;
                    return letters::done(tx, &letter, (status::FAILED, &fault.to_string()), now)
                        .await;
                }
                let due = now.plus_seconds(DELIVERY_RETRY_SECONDS);
                letters::later(tx, to, due, &fault.to_string()).await
            })
        })
        .await
}

/// Tells the sender's copy that a message did not arrive.
async fn failed(
    tx: &mut Tx,
    letter: &Letter,
    (status, about): (&str, &str),
    at: Timestamp,
) -> Outcome<()> {
    // What came from elsewhere has no object here.
    if letter.method == CORRECTION || letter.uid.is_empty() || letter.account == SERVER {
        return Ok(());
    }
    let correction = letters::NewLetter {
        account: letter.account,
        uid: &letter.uid,
        by: letter.by,
        method: CORRECTION,
        recipient: &letter.recipient,
        to: Some(letter.account),
        about,
        content: None,
        status,
        at,
    };
    letters::add(tx, &correction).await?;
    job::hasten(tx, implicit::DELIVERY_JOB, at).await
}

/// What the sender's copy is told of a message that could not be taken in.
const UNDELIVERED: (&str, &str) = (status::FAILED, "the message could not be delivered");

/// The method of what is no message: it corrects the status that the sender's object tells.
pub(super) const CORRECTION: &str = "STATUS";

/// What became of a message: its request status, and what to tell people.
type Fate = (&'static str, String);

/// The recipient, and where he has the object.
struct Desk<'a> {
    access: &'a Access,
    alike: &'a Alike,
    me: CalendarUser,
    home: Place,
    letter: &'a Letter,
    there: Option<Placed>,
}

async fn take_in(
    tx: &mut Tx,
    (access, alike): (&Access, &Alike),
    to: PrincipalId,
    letter: &Letter,
) -> Outcome<Fate> {
    if [implicit::GONE, implicit::GONE_SILENTLY].contains(&&*letter.method)
        && let Some(owner) = gone::owner(tx, access, letter).await?
    {
        return gone::step(tx, access, &owner, letter).await;
    }
    let Some(owner) = principal::by_id(tx, to).await? else {
        failed(tx, letter, (status::UNKNOWN, "the account is gone"), access.now).await?;
        return Ok((status::UNKNOWN, "the account is gone".into()));
    };
    let me = CalendarUser::of(tx, to, &owner.name).await?;
    let home = Place::new(to, &owner.name, Home::Calendars, "")?;
    let there = object::of_uid(tx, to, Kind::Calendar.number(), &letter.uid).await?;
    let there = there.into_iter().next();
    let desk = Desk { access, alike, me, home, letter, there };
    let stored = desk.stored(tx).await?;
    if letter.method == CORRECTION {
        return desk.correct(tx, stored.as_ref().map(|it| &*it.1)).await;
    }
    let Some(content) = letter.content else {
        return Ok((status::FAILED, "the message is gone".into()));
    };
    let message = blob::read(tx, content, access.store.files()).await?.octets()?.into_owned();
    let (message, is_me) = ((content, message), |address: &str| desk.me.is(address));
    let make = |text: &str| made(access, text.as_bytes());
    match alike.meaning(&message, stored.as_ref(), &is_me, access.now, make)? {
        Ok(meaning) => desk.settle(tx, &message, &meaning).await,
        Err(why) => {
            let status = match why {
                Unusable::Foreign(_) => status::NO_SUPPORT,
                Unusable::Malformed(_) => status::FAILED,
            };
            failed(tx, letter, (status, UNDELIVERED.1), access.now).await?;
            Ok((status, why.to_string()))
        }
    }
}

impl Desk<'_> {
    /// The object's octets.
    async fn stored(&self, tx: &mut Tx) -> Outcome<Option<Text>> {
        let Some((path, _)) = &self.there else { return Ok(None) };
        let Some((above, name)) = path.rsplit_once('/') else { return Ok(None) };
        let files = self.access.store.files();
        let found = object::content_at(tx, self.me.id, (above, name), files).await?;
        let octets = found.map(|(_, it, body)| Ok((it.blob, body.octets()?.into_owned())));
        octets.transpose()
    }

    async fn settle(&self, tx: &mut Tx, message: &Text, meaning: &Meaning) -> Outcome<Fate> {
        match &meaning.received {
            Received::Store { text, news, others, keeps_schedule_tag, about } => {
                let answered = self.answered(tx, text).await?;
                let (text, news) = match &answered {
                    // What is answered already need not be told to anybody.
                    Some(it) => (&it.text, *news && it.waits),
                    None => (text, *news),
                };
                let ready = meaning.made.as_ref().filter(|_| answered.is_none());
                let stored = match ready {
                    Some(made) => self.store(tx, made, *keeps_schedule_tag).await,
                    None => match made(self.access, text.as_bytes()) {
                        Ok(made) => self.store(tx, &made, *keeps_schedule_tag).await,
                        Err(fault) => Err(fault),
                    },
                };
                let kept = match stored {
                    Ok(kept) => kept,
                    Err(fault @ (Fault::Refused(_) | Fault::NotFound)) => {
                        failed(tx, self.letter, UNDELIVERED, self.access.now).await?;
                        return Ok((status::FAILED, fault.to_string()));
                    }
                    Err(fault) => return Err(fault),
                };
                if let Some(it) = &answered {
                    let of = (self.me.id, self.me.id, self.letter.uid.as_str());
                    implicit::send_all(tx, of, &it.messages, self.access.now).await?;
                }
                if let Some(answered) = others {
                    let is_me = |address: &str| self.me.is(address);
                    let now = self.access.now;
                    // Who answered knows it, unless his answer crossed a change, which told him what
                    // was known before.
                    let crossed = letters::crossed(tx, self.me.id, self.letter).await?;
                    let except = if crossed { "" } else { &**answered };
                    let fresh = itip::refresh(text.as_bytes(), except, &is_me, now);
                    let of = (self.me.id, self.letter.by, self.letter.uid.as_str());
                    implicit::send_all(tx, of, &fresh, now).await?;
                }
                if news {
                    self.post(tx, message).await?;
                }
                Ok((status::DELIVERED, format!("{about} ({kept})")))
            }
            Received::Remove { about } => {
                self.remove(tx).await?;
                Ok((status::DELIVERED, about.clone()))
            }
            Received::Asked { by } => self.tell(tx, by).await,
            Received::Nothing { news, about } => {
                if *news {
                    self.post(tx, message).await?;
                }
                Ok((status::DELIVERED, about.clone()))
            }
        }
    }

    /// What a room or a thing answers by itself.
    async fn answered(&self, tx: &mut Tx, text: &str) -> Outcome<Option<Answered>> {
        change_log::take(tx, self.me.id).await?;
        if change_log::booking(tx, self.me.id) == 0 {
            return Ok(None);
        }
        let before = self.stored(tx).await?;
        let (above, name) = self
            .there
            .as_ref()
            .map_or(("", ""), |(path, _)| path.rsplit_once('/').unwrap_or_default());
        let of = collection::at(tx, self.me.id, above).await?;
        let by = (of.map_or(CollectionId(0), |it| it.id), name);
        let texts = (before.as_ref().map(|it| &*it.1), text);
        room::answer(tx, &self.me, texts, (by, self.letter.account), self.access.now).await
    }

    /// Stores the object; gives its path.
    async fn store(&self, tx: &mut Tx, made: &Made, keeps_tag: bool) -> Outcome<String> {
        let Made { content, index } = made;
        let place = match &self.there {
            Some((path, _)) => self.home.at(path, false),
            None => {
                let into = default_calendar(tx, self.me.id, index.component).await?;
                let into = into.ok_or(Fault::NotFound)?;
                let name = import::free_name(tx, &into, &self.letter.uid, ".ics").await?;
                self.home.at(&format!("{}/{name}", into.path), false)
            }
        };
        let guard = Guard::default();
        let stored = item::write(tx, self.access, &place, content, index, &guard).await?;
        if stored.schedule_tag.is_none() || !keeps_tag {
            self.tag(tx, &place).await?;
        }
        Ok(place.dav_path())
    }

    /// Gives the object a new Schedule-Tag.
    async fn tag(&self, tx: &mut Tx, place: &Place) -> Outcome<()> {
        let (number, _) = change_log::current(tx, self.me.id).await?;
        let above = place.parent_path().unwrap_or_default();
        match collection::at(tx, self.me.id, above).await? {
            Some(it) => object::set_schedule_tag(tx, it.id, place.name(), Some(number)).await,
            None => Ok(()),
        }
    }

    /// Tells an attendee the newest state, who asked for it.
    async fn tell(&self, tx: &mut Tx, by: &str) -> Outcome<Fate> {
        let stored = self.stored(tx).await?.map(|it| it.1).unwrap_or_default();
        let is_me = |address: &str| self.me.is(address);
        let newest = itip::state(&stored, by, &is_me, self.access.now);
        let of = (self.me.id, self.letter.by, self.letter.uid.as_str());
        implicit::send_all(tx, of, &newest, self.access.now).await?;
        Ok((status::DELIVERED, "asked for the newest state".to_owned()))
    }

    async fn remove(&self, tx: &mut Tx) -> Outcome<()> {
        let Some((path, _)) = &self.there else { return Ok(()) };
        take_out(tx, self.access, &self.home.at(path, false)).await
    }

    /// Puts the message into the inbox, where the oldest makes room (RFC 6638 §4.1).
    async fn post(&self, tx: &mut Tx, message: &Text) -> Outcome<()> {
        let Some(inbox) = collection::at(tx, self.me.id, INBOX).await? else { return Ok(()) };
        if inbox.member_count >= INBOX_MAX {
            let oldest = object::since(tx, inbox.id, ChangeNumber(0), 1).await?;
            for it in oldest {
                take_out(tx, self.access, &self.home.at(&format!("{INBOX}/{}", it.name), false))
                    .await?;
            }
        }
        let place = self.home.at(&format!("{INBOX}/{}.ics", uuid()), false);
        let ready = self.alike.message(message.0, || {
            let content = item::content(&self.access.store, message.1.clone())?;
            Ok(Made { content, index: of_message(&message.1) })
        })?;
        let (Made { content, index }, guard) = (&*ready, Guard::default());
        item::write(tx, self.access, &place, content, index, &guard).await.map(drop)
    }

    /// Writes into the sender's own object what became of a message.
    async fn correct(&self, tx: &mut Tx, stored: Option<&[u8]>) -> Outcome<Fate> {
        let Some(text) = stored else { return Ok((status::DELIVERED, "it is gone".into())) };
        let text = itip::with_late_status(text, &self.letter.recipient, &self.letter.status);
        let kept = self.store(tx, &made(self.access, &text)?, true).await?;
        Ok((status::DELIVERED, format!("the status is told ({kept})")))
    }
}

/// An object ready to be stored.
fn made(access: &Access, text: &[u8]) -> Outcome<Made> {
    let index = calendar::examine(None, text)?;
    Ok(Made { content: item::content(&access.store, text.to_vec())?, index })
}

/// What is known of a message in an inbox.
fn of_message(message: &[u8]) -> Index {
    let component = Calendar::parse(message).ok().and_then(|calendar| {
        let mut inside = calendar.root().children();
        let main = inside.find_map(|c| Component::of(c.name()));
        main.and_then(|kind| component_bit(kind.name()))
    });
    Index { component: component.unwrap_or(0), ..Index::default() }
}

/// Takes a member out of a collection, as the server.
async fn take_out(tx: &mut Tx, access: &Access, place: &Place) -> Outcome<()> {
    let (number, _) = change_log::take(tx, place.account).await?;
    let found: Found = crate::domain::collection::tree::locate(tx, place).await?;
    match found.object() {
        Some(_) => take_away(tx, access, place, &found, number).await,
        None => Ok(()),
    }
}
