//! What was decided about a meeting: who was told what, when, why, and what became of it.

use crate::domain::retention::Progress;
use crate::kernel::clock::Timestamp;
use crate::kernel::fault::Outcome;
use crate::kernel::ids::PrincipalId;
use crate::kernel::limits::{RETENTION_BATCH, SCHEDULE_HISTORY_MAX};
use crate::store::{Store, itip as letters};

/// One message, with names for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// When.
    pub at: Timestamp,
    /// Whose object it was about.
    pub owner: String,
    /// Who made the change: a name, or `davenport`.
    pub by: String,
    /// The method: `REQUEST`, `REPLY`, `CANCEL` and so on.
    pub method: String,
    /// The recipient's calendar user address.
    pub recipient: String,
    /// What it said.
    pub about: String,
    /// The request status (RFC 5546 §3.6).
    pub status: String,
    /// What the recipient's calendar made of it; why it was not, or not yet, delivered.
    pub outcome: String,
    /// When it was delivered, or given up; none: it waits.
    pub done_at: Option<Timestamp>,
}

/// What was told about an object of this UID, the newest first: to and by one account, or everybody.
pub async fn of(store: &Store, uid: &str, account: Option<PrincipalId>) -> Outcome<Vec<Told>> {
    let uid = uid.to_owned();
    store
        .read(move |tx| {
            Box::pin(async move {
                let found = match account {
                    Some(account) => {
                        letters::history(tx, account, &uid, SCHEDULE_HISTORY_MAX).await?
                    }
                    None => letters::of_uid(tx, &uid, SCHEDULE_HISTORY_MAX).await?,
                };
                let all = found.into_iter().map(|it| {
                    let letter = it.letter;
                    Told {
                        at: letter.created_at,
                        owner: it.owner.unwrap_or_else(|| letter.account.0.to_string()),
                        by: it.by.unwrap_or_else(|| "davenport".to_owned()),
                        method: letter.method,
                        recipient: letter.recipient,
                        about: letter.about,
                        status: letter.status,
                        outcome: letter.outcome,
                        done_at: letter.done_at,
                    }
                });
                Ok(all.collect())
            })
        })
        .await
}

/// Forgets a batch of what was done before the retention time.
pub async fn forget(store: &Store, now: Timestamp, history_days: u32) -> Outcome<Progress> {
    let before = now.plus_seconds(-i64::from(history_days) * 86_400);
    let forget = store.write(move |tx| {
        Box::pin(async move { letters::forget(tx, before, RETENTION_BATCH).await })
    });
    let forgotten = forget.await?;
    Ok(if forgotten as i64 >= RETENTION_BATCH { Progress::More } else { Progress::Done })
}
