//! The background work: one task that takes due jobs from the store's table and does them.
//!
//! Invariants: several nodes over one store share the work, because each job is leased; a node
//! that dies loses nothing, because its lease runs out; a job that fails or panics is tried again
//! later, with its error kept, and holds up no other one; a long job makes room in between.

use super::config::Current;
use crate::domain::collection::booking;
use crate::domain::collection::derived::BIRTHDAYS_JOB;
use crate::domain::collection::implicit::{DELIVERY_JOB, OUTLET_JOB};
use crate::domain::directory::{BOOKINGS_JOB, DIRECTORY_JOB, SHARING_JOB};
use crate::domain::retention::{self, Progress};
use crate::domain::scheduling::outlet::{self, Closed};
use crate::domain::scheduling::{deliver, history};
use crate::domain::{birthdays, directory_book, feed, indexing, push, sharing};
use crate::kernel::clock::{self, Timestamp};
use crate::kernel::fault::{Fault, Outcome};
use crate::kernel::ids::PrincipalId;
use crate::kernel::limits::{
    JOB_ERROR_MAX, JOB_LEASE_SECONDS, JOB_PAUSE_MICROS, JOB_POLL_SECONDS, JOB_RETRY_SECONDS,
    JOB_RETRY_SECONDS_MAX, JOB_SLICE_SECONDS,
};
use crate::store::job::{self, Job};
use crate::store::{Future, Store};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What a job's work is handed.
#[derive(Clone)]
pub struct Given {
    /// The store.
    pub store: Store,
    /// When the work began.
    pub now: Timestamp,
    /// Days that replaced and deleted content is kept.
    pub history_days: u32,
    /// Whether the directory is an address book, too.
    pub directory: bool,
    /// Whether what is shared with somebody shows in his home without his answer.
    pub auto_accept: bool,
    /// The account that the job belongs to; 0 for the server's own.
    pub account: PrincipalId,
}

/// Work that comes again and again, or once for whoever adds a job. It is done in steps, until a step says that it was the last.
pub struct Recurring {
    /// The job's kind in the store. It is stored; never give it another meaning.
    pub kind: &'static str,
    /// Seconds from one time to the next, or [`ONCE`].
    pub every: i64,
    /// One step: a short transaction or a few.
    pub step: fn(Given) -> Future<'static, Progress>,
}

/// The work is over when it is done; the next comes with the next job that somebody adds.
pub const ONCE: i64 = 0;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// All recurring work of the server.
pub static RECURRING: &[Recurring] = &[
    Recurring {
        kind: "retention.history",
        every: HOUR,
        step: |it| {
            Box::pin(
                async move { retention::forget_history(&it.store, it.now, it.history_days).await },
            )
        },
    },
    Recurring {
        kind: "retention.collections",
        every: HOUR,
        step: |it| {
            Box::pin(
                async move { retention::purge_buried(&it.store, it.now, it.history_days).await },
            )
        },
    },
    Recurring {
        kind: "retention.contents",
        every: HOUR / 4,
        step: |it| Box::pin(async move { retention::collect_contents(&it.store, it.now).await }),
    },
    Recurring {
        kind: "retention.incoming",
        every: HOUR,
        step: |it| {
            Box::pin(async move {
                retention::sweep_incoming(&it.store, it.now);
                Ok(Progress::Done)
            })
        },
    },
    Recurring {
        kind: "retention.feeds",
        every: HOUR,
        step: |it| {
            Box::pin(async move {
                let more = feed::drop_unused(&it.store, it.now).await?;
                Ok(if more { Progress::More } else { Progress::Done })
            })
        },
    },
    Recurring {
        kind: "retention.push",
        every: HOUR,
        step: |it| {
            Box::pin(async move {
                let more = push::expire(&it.store, it.now).await?;
                Ok(if more { Progress::More } else { Progress::Done })
            })
        },
    },
    Recurring {
        kind: "retention.orphans",
        every: DAY,
        step: |it| Box::pin(async move { orphans(&it).await.map(|()| Progress::Done) }),
    },
    Recurring {
        kind: "search",
        every: MINUTE,
        step: |it| Box::pin(async move { indexing::step(&it.store).await }),
    },
    Recurring {
        kind: DIRECTORY_JOB,
        every: HOUR,
        step: |it| {
            Box::pin(async move {
                directory_book::step(&it.store, it.directory, it.now).await.map(|()| Progress::Done)
            })
        },
    },
    Recurring {
        kind: BIRTHDAYS_JOB,
        every: ONCE,
        step: |it| {
            Box::pin(async move {
                birthdays::step(&it.store, it.account, it.now).await.map(|()| Progress::Done)
            })
        },
    },
    Recurring {
        kind: SHARING_JOB,
        every: ONCE,
        step: |it| {
            Box::pin(async move {
                sharing::settle::step(&it.store, it.account, it.auto_accept, it.now).await
            })
        },
    },
    Recurring {
        kind: DELIVERY_JOB,
        every: DAY,
        step: |it| Box::pin(async move { deliver::step(&it.store, it.now).await }),
    },
    Recurring {
        kind: OUTLET_JOB,
        every: HOUR,
        step: |it| Box::pin(async move { outlet::step(&it.store, &Closed, it.now).await }),
    },
    Recurring {
        kind: "retention.scheduling",
        every: HOUR,
        step: |it| {
            Box::pin(async move { history::forget(&it.store, it.now, it.history_days).await })
        },
    },
    Recurring {
        kind: BOOKINGS_JOB,
        every: ONCE,
        step: |it| Box::pin(async move { booking::settle(&it.store, it.account, it.now).await }),
    },
    Recurring {
        kind: "retention.bookings",
        every: HOUR,
        step: |it| Box::pin(async move { booking::forget(&it.store, it.now).await }),
    },
    Recurring {
        kind: "locks",
        every: HOUR / 4,
        step: |it| {
            Box::pin(async move {
                retention::expire_locks(&it.store, it.now).await.map(|()| Progress::Done)
            })
        },
    },
    Recurring {
        kind: "optimize",
        every: DAY,
        step: |it| {
            Box::pin(async move { retention::optimize(&it.store).await.map(|()| Progress::Done) })
        },
    },
];

/// What people wait for, so that a start takes it up at once, whoever had it in hand: if he died, his
/// lease would last some minutes more; if he did not, it is done twice, which does no harm.
const AWAITED: [&str; 4] = [DELIVERY_JOB, SHARING_JOB, BIRTHDAYS_JOB, BOOKINGS_JOB];

/// Takes up what the process before had in hand.
async fn resume(store: &Store) -> Outcome<()> {
    store
        .write(|tx| {
            Box::pin(async move {
                for kind in AWAITED {
                    job::resume(tx, kind).await?;
                }
                Ok(())
            })
        })
        .await
}

async fn orphans(it: &Given) -> Outcome<()> {
    let mut gone = 0;
    for first in 0..=u8::MAX {
        gone += retention::sweep_orphans(&it.store, it.now, first).await?;
    }
    if gone > 0 {
        tracing::info!(files = gone, "removed files that nothing refers to");
    }
    Ok(())
}

/// The running worker. Dropped, it ends by itself after the job under way.
pub struct Jobs {
    stop: watch::Sender<bool>,
    worker: JoinHandle<()>,
}

/// Starts the worker.
pub fn start(store: Store, current: Arc<Current>) -> Jobs {
    let (stop, stopping) = watch::channel(false);
    Jobs { stop, worker: tokio::spawn(work(store, current, stopping)) }
}

impl Jobs {
    /// Ends the worker after the step under way.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        let abort = self.worker.abort_handle();
        if tokio::time::timeout(Duration::from_secs(5), self.worker).await.is_err() {
            // Its job's lease runs out, and it is done again.
            abort.abort();
        }
    }
}

async fn work(store: Store, current: Arc<Current>, mut stop: watch::Receiver<bool>) {
    if let Err(fault) = resume(&store).await {
        tracing::warn!(%fault, "background work that was under way goes on when its lease ends");
    }
    while !*stop.borrow_and_update() {
        let config = current.get();
        let worker = Worker {
            store: store.clone(),
            table: RECURRING,
            history_days: config.history_days,
            directory: config.directory_book,
            auto_accept: config.auto_accept,
            stop: stop.clone(),
        };
        if let Err(fault) = worker.round(&clock::now).await {
            tracing::warn!(%fault, "background work cannot reach its table");
        }
        tokio::select! {
            // Whoever could stop the worker is gone: so is the server.
            changed = stop.changed() => if changed.is_err() { return },
            () = store.job_added() => {}
            () = tokio::time::sleep(pause(&store).await) => {}
        }
    }
}

/// How long there is nothing to do, as far as this process knows.
async fn pause(store: &Store) -> Duration {
    let longest = Duration::from_secs(JOB_POLL_SECONDS);
    match store.read(|tx| Box::pin(job::next_due(tx))).await {
        Ok(Some(due)) => {
            let micros = due.0.saturating_sub(clock::now().0).max(JOB_PAUSE_MICROS);
            longest.min(Duration::from_micros(micros.unsigned_abs()))
        }
        _ => longest,
    }
}

/// One worker with what it can do.
pub struct Worker {
    /// The store with the table of jobs.
    pub store: Store,
    /// The work it knows.
    pub table: &'static [Recurring],
    /// See [`Given::history_days`].
    pub history_days: u32,
    /// See [`Given::directory`].
    pub directory: bool,
    /// See [`Given::auto_accept`].
    pub auto_accept: bool,
    /// Set when the worker shall end.
    pub stop: watch::Receiver<bool>,
}

impl Worker {
    /// Does every job that is due, one after the other; gives how many it took. A kind that never
    /// was there is added first and due at once.
    pub async fn round(&self, clock: &(dyn Fn() -> Timestamp + Send + Sync)) -> Outcome<usize> {
        let (table, now) = (self.table, clock());
        let seed = self.store.write(move |tx| {
            Box::pin(async move {
                for it in table.iter().filter(|it| it.every != ONCE) {
                    job::seed(tx, it.kind, now).await?;
                }
                Ok(())
            })
        });
        seed.await?;
        let mut taken = 0;
        while !*self.stop.borrow() {
            let Some(job) = self.take(clock()).await? else { break };
            taken += 1;
            self.run(job, clock).await?;
        }
        Ok(taken)
    }

    /// Leases one job. That none is due is found out without a write.
    async fn take(&self, now: Timestamp) -> Outcome<Option<Job>> {
        if !self.store.read(|tx| Box::pin(job::is_due(tx, now))).await? {
            return Ok(None);
        }
        let until = now.plus_seconds(JOB_LEASE_SECONDS);
        let lease = self.store.write(move |tx| Box::pin(job::lease(tx, now, until, 1)));
        Ok(lease.await?.pop())
    }

    /// Does a job and hands it back.
    async fn run(&self, job: Job, clock: &(dyn Fn() -> Timestamp + Send + Sync)) -> Outcome<()> {
        let known = self.table.iter().find(|it| it.kind == job.kind);
        let result = match known {
            Some(it) => self.slice(it, job.account, clock()).await.map(|progress| (it, progress)),
            None => Err(Fault::internal("this version does not know such jobs")),
        };
        if let Err(fault) = &result {
            let (kind, attempts) = (&job.kind, job.attempts);
            tracing::warn!(kind, attempts, %fault, "a job failed and will be tried again");
        }
        let now = clock();
        let hand_back = self.store.write(move |tx| {
            Box::pin(async move {
                match result {
                    Ok((_, Progress::More)) => job::repeat(tx, &job, now).await,
                    Ok((it, Progress::Done)) if it.every == ONCE => job::done(tx, &job).await,
                    Ok((it, Progress::Done)) => {
                        job::repeat(tx, &job, now.plus_seconds(it.every)).await
                    }
                    Err(fault) => {
                        let due = now.plus_seconds(retry_after(job.attempts));
                        job::again(tx, &job, due, &shortened(fault.to_string())).await
                    }
                }
            })
        });
        // Without its lease the job is another worker's now, and this one's work did no harm.
        hand_back.await.map(drop)
    }

    /// Steps of one job, until it is done, its time is up or the server stops.
    async fn slice(
        &self,
        it: &'static Recurring,
        account: PrincipalId,
        now: Timestamp,
    ) -> Outcome<Progress> {
        let (store, history_days) = (self.store.clone(), self.history_days);
        let (directory, auto_accept) = (self.directory, self.auto_accept);
        let given = Given { store, now, history_days, directory, auto_accept, account };
        let stop = self.stop.clone();
        // A task of its own: a panic ends the task and not the worker.
        let mut steps = tokio::spawn(async move {
            let end = clock::now().plus_seconds(JOB_SLICE_SECONDS);
            loop {
                let progress = (it.step)(given.clone()).await?;
                if progress == Progress::Done || clock::now() >= end || *stop.borrow() {
                    return Ok(progress);
                }
            }
        });
        let patience = Duration::from_secs(JOB_LEASE_SECONDS.unsigned_abs() / 2);
        match tokio::time::timeout(patience, &mut steps).await {
            Ok(ended) => ended.unwrap_or_else(|error| Err(Fault::internal(panic_text(error)))),
            Err(_) => {
                steps.abort();
                Err(Fault::Busy("the job took too long".into()))
            }
        }
    }
}

/// Seconds until a job that was tried so often is tried again.
fn retry_after(attempts: i64) -> i64 {
    let doubled = u32::try_from(attempts.saturating_sub(1).clamp(0, 20)).unwrap_or(0);
    JOB_RETRY_SECONDS.saturating_mul(1 << doubled).min(JOB_RETRY_SECONDS_MAX)
}

fn panic_text(error: tokio::task::JoinError) -> String {
    match error.try_into_panic() {
        Ok(panic) => {
            let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
            format!("the job panicked: {}", text.unwrap_or_default())
        }
        Err(error) => error.to_string(),
    }
}

fn shortened(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(JOB_ERROR_MAX));
    text
}
