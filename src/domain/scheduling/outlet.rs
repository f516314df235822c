//! The way out: letters for people elsewhere wait here until an outlet takes them (iMIP, RFC 6047).
//!
//! Invariants: where no outlet is open nothing waits for one, and `SCHEDULE-STATUS` says that there is
//! no way (RFC 6638 §3.2.9: 5.2); where one is, it says what happened: 1.0 waiting, 1.1 handed over,
//! 5.1 given up, 5.2 refused. Letters for one recipient leave in their order. A letter leaves at least
//! once: its number stays the same, so that who sends it can name it the same.

use super::deliver::CORRECTION;
use crate::domain::collection::implicit::{self, OUTLET_JOB, status};
use crate::domain::retention::Progress;
use crate::kernel::clock::Timestamp;
use crate::kernel::fault::Outcome;
use crate::kernel::limits::{
    OUTLET_BATCH, OUTLET_LEASE_SECONDS, OUTLET_PATIENCE_SECONDS, OUTLET_RETRY_SECONDS,
};
use crate::store::itip::{self as letters, NewLetter};
use crate::store::{Future, Store, Tx, blob, job, meta, outgoing};

pub use crate::store::outgoing::Outgoing;

/// What became of a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Handed {
    /// It is on its way.
    Over,
    /// Not now; why.
    Later(String),
    /// Never; why.
    Refused(String),
}

/// What takes letters.
pub trait Outlet: Send + Sync {
    /// Whether it takes any.
    fn is_open(&self) -> bool;

    /// Takes a letter with its message. A fault counts as [`Handed::Later`].
    fn hand_over<'a>(&'a self, letter: &'a Outgoing, message: &'a [u8]) -> Future<'a, Handed>;
}

/// No outlet: nothing leaves.
#[derive(Clone, Copy, Debug)]
pub struct Closed;

impl Outlet for Closed {
    fn is_open(&self) -> bool {
        false
    }

    fn hand_over<'a>(&'a self, _: &'a Outgoing, _: &'a [u8]) -> Future<'a, Handed> {
        Box::pin(async { Ok(Handed::Later("no outlet is configured".into())) })
    }
}

/// Writes down whether there is an outlet, for every process over the store: what changes from now on
/// waits for it, or says that there is no way.
pub async fn announce(store: &Store, outlet: &dyn Outlet) -> Outcome<()> {
    let open = if outlet.is_open() { "mailto" } else { "" };
    store
        .write(move |tx| Box::pin(async move { meta::set_fact(tx, meta::OUTLET, open).await }))
        .await
}

/// Hands over what is due, and gives up what has waited too long.
pub async fn step(store: &Store, outlet: &dyn Outlet, now: Timestamp) -> Outcome<Progress> {
    if give_up(store, now).await? == Progress::More {
        return Ok(Progress::More);
    }
    if !outlet.is_open() {
        return Ok(Progress::Done);
    }
    let until = now.plus_seconds(OUTLET_LEASE_SECONDS);
    let lease = store.write(move |tx| Box::pin(outgoing::lease(tx, now, until, OUTLET_BATCH)));
    let leased = lease.await?;
    if leased.is_empty() {
        return next(store).await;
    }
    for letter in leased {
        let (id, files) = (letter.content, store.files().clone());
        let read = store.read(move |tx| {
            Box::pin(async move { Ok(blob::read(tx, id, &files).await?.octets()?.into_owned()) })
        });
        let message = read.await?;
        let handed = match outlet.hand_over(&letter, &message).await {
            Ok(handed) => handed,
            Err(fault) => Handed::Later(fault.to_string()),
        };
        store
            .write(move |tx| Box::pin(async move { settle(tx, &letter, &handed, now).await }))
            .await?;
    }
    Ok(Progress::More)
}

/// Gives up a few letters that nobody took in time.
async fn give_up(store: &Store, now: Timestamp) -> Outcome<Progress> {
    let before = now.plus_seconds(-OUTLET_PATIENCE_SECONDS);
    let old = store.read(move |tx| Box::pin(outgoing::old(tx, before, OUTLET_BATCH))).await?;
    if old.is_empty() {
        return Ok(Progress::Done);
    }
    store
        .write(move |tx| {
            Box::pin(async move {
                for letter in outgoing::old(tx, before, OUTLET_BATCH).await? {
                    ends(tx, &letter, (status::FAILED, "nobody took it in time"), now).await?;
                }
                Ok(Progress::More)
            })
        })
        .await
}

/// Has the job come again when the next letter is due.
async fn next(store: &Store) -> Outcome<Progress> {
    if let Some(due) = store.read(|tx| Box::pin(outgoing::next_due(tx))).await? {
        let hasten =
            store.write(move |tx| Box::pin(async move { job::hasten(tx, OUTLET_JOB, due).await }));
        hasten.await?;
    }
    Ok(Progress::Done)
}

/// Notes what became of a letter.
async fn settle(tx: &mut Tx, letter: &Outgoing, handed: &Handed, now: Timestamp) -> Outcome<()> {
    match handed {
        Handed::Over => ends(tx, letter, (status::SENT, "handed over"), now).await,
        Handed::Refused(why) => ends(tx, letter, (status::NO_WAY, why), now).await,
        Handed::Later(why) => {
            let due = now.plus_seconds(OUTLET_RETRY_SECONDS * letter.attempts.clamp(1, 60));
            outgoing::later(tx, letter, due, why).await
        }
    }
}

/// A letter is done with: the history and the sender's object say how.
async fn ends(
    tx: &mut Tx,
    letter: &Outgoing,
    (status, outcome): (&str, &str),
    now: Timestamp,
) -> Outcome<()> {
    if !outgoing::remove(tx, letter, now).await? {
        return Ok(());
    }
    outgoing::told(tx, letter, status, outcome).await?;
    let correction = NewLetter {
        account: letter.account,
        uid: &letter.uid,
        by: letter.by,
        method: CORRECTION,
        recipient: &letter.address,
        to: Some(letter.account),
        about: outcome,
        content: None,
        status,
        at: now,
    };
    letters::add(tx, &correction).await?;
    job::hasten(tx, implicit::DELIVERY_JOB, now).await
}
