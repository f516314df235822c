//! The worker of the background work, with the time in the tests' hands.

use crate::support::{on_both, raw};
use davenport::domain::retention::Progress;
use davenport::kernel::clock::Timestamp;
use davenport::kernel::fault::Fault;
use davenport::server::jobs::{ONCE, RECURRING, Recurring, Worker};
use davenport::store::{Store, job};
use std::collections::BTreeMap;
use std::sync::Mutex;
use tokio::sync::watch;

fn moment(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_700_000_000 + seconds)
}

fn worker(store: &Store, table: &'static [Recurring]) -> (Worker, watch::Sender<bool>) {
    let (sender, stop) = watch::channel(false);
    (
        Worker {
            store: store.clone(),
            table,
            history_days: 30,
            directory: true,
            auto_accept: true,
            stop,
        },
        sender,
    )
}

/// How often each step ran, by store and name: steps are bare functions, without a state.
static COUNTS: Mutex<BTreeMap<(String, &str), i64>> = Mutex::new(BTreeMap::new());

/// Counts a step of this name; gives how often it ran with this one.
fn note(store: &Store, name: &'static str) -> i64 {
    let mut counts = COUNTS.lock().unwrap();
    let count = counts.entry((store.epoch().as_str().to_owned(), name)).or_default();
    *count += 1;
    *count
}

fn noted(store: &Store, name: &'static str) -> i64 {
    let key = (store.epoch().as_str().to_owned(), name);
    COUNTS.lock().unwrap().get(&key).copied().unwrap_or(0)
}

/// One that panics, one that fails, one that is as it should be.
static TABLE: [Recurring; 3] = [
    Recurring {
        kind: "panics",
        every: 100,
        step: |_| Box::pin(async { panic!("meant by the test") }),
    },
    Recurring {
        kind: "fails",
        every: 100,
        step: |it| {
            Box::pin(async move {
                note(&it.store, "fails");
                Err(Fault::internal("no luck"))
            })
        },
    },
    Recurring {
        kind: "works",
        every: 100,
        step: |it| {
            Box::pin(async move {
                note(&it.store, "works");
                Ok(Progress::Done)
            })
        },
    },
];

static MENDED: [Recurring; 1] =
    [Recurring { kind: "fails", every: 100, step: |_| Box::pin(async { Ok(Progress::Done) }) }];

/// Done after each fifth step.
static STEPS: [Recurring; 1] = [Recurring {
    kind: "steps",
    every: 1_000,
    step: |it| {
        Box::pin(async move {
            let last = note(&it.store, "steps") % 5 == 0;
            Ok(if last { Progress::Done } else { Progress::More })
        })
    },
}];

static SHARED: [Recurring; 1] = [Recurring {
    kind: "shared",
    every: 1_000,
    step: |it| {
        Box::pin(async move {
            note(&it.store, "shared");
            Ok(Progress::Done)
        })
    },
}];

async fn errors(store: &Store) -> Vec<(String, String)> {
    store.read(|tx| Box::pin(job::errors(tx))).await.unwrap()
}

on_both! {
    async fn a_job_that_fails_or_panics_is_kept_with_its_error_and_holds_up_no_other(fresh: Fresh) {
        let (worker, _stop) = worker(fresh, &TABLE);
        assert_eq!(worker.round(&|| moment(0)).await.unwrap(), 3);
        assert_eq!((noted(fresh, "works"), noted(fresh, "fails")), (1, 1));
        let text = |kind: &str, error: &str| (kind.to_owned(), error.to_owned());
        assert_eq!(errors(fresh).await, [
            text("fails", "internal fault: no luck"),
            text("panics", "internal fault: the job panicked: meant by the test"),
        ]);
        // 30 seconds, then 60, then 120; what went well comes after its time.
        for (now, fails, works) in
            [(29, 1, 1), (30, 2, 1), (89, 2, 1), (90, 3, 1), (100, 3, 2), (209, 3, 3), (210, 4, 3)]
        {
            worker.round(&|| moment(now)).await.unwrap();
            assert_eq!((noted(fresh, "fails"), noted(fresh, "works")), (fails, works), "{now}");
        }
        // Never more than an hour apart.
        for times in 1..30 {
            worker.round(&|| moment(times * 3_600 + 1_000)).await.unwrap();
        }
        assert!(noted(fresh, "fails") >= 4 + 26);
        // Once it goes well, it is as if it never had failed.
        let (mended, _stop) = self::worker(fresh, &MENDED);
        mended.round(&|| moment(200_000)).await.unwrap();
        assert!(errors(fresh).await.iter().all(|(kind, _)| kind != "fails"));
        let attempts = "SELECT attempts FROM job WHERE kind = 'fails'";
        assert_eq!(raw::int(&fresh.location, attempts).await, 0);
    }

    async fn a_job_goes_on_until_it_is_done(fresh: Fresh) {
        let (worker, stop) = worker(fresh, &STEPS);
        for (now, steps) in [(0, 5), (999, 5), (1_000, 10)] {
            worker.round(&|| moment(now)).await.unwrap();
            assert_eq!(noted(fresh, "steps"), steps, "{now}");
        }
        // A worker that shall end takes nothing more.
        stop.send_replace(true);
        assert_eq!(worker.round(&|| moment(90_000)).await.unwrap(), 0);
        assert_eq!(noted(fresh, "steps"), 10);
    }

    async fn workers_share_the_work_and_outlive_each_other(fresh: Fresh) {
        // One that dies with a job in hand.
        let (first, _stop) = worker(fresh, &SHARED);
        fresh.write(|tx| Box::pin(job::seed(tx, "shared", moment(0)))).await.unwrap();
        let held = fresh.write(|tx| Box::pin(job::lease(tx, moment(0), moment(300), 1))).await.unwrap();
        assert_eq!(held.len(), 1);
        assert_eq!(first.round(&|| moment(299)).await.unwrap(), 0);
        let other = fresh.again().await;
        let (second, _stop) = worker(&other, &SHARED);
        let now = || moment(300);
        let (one, two) = tokio::join!(first.round(&now), second.round(&now));
        assert_eq!(one.unwrap() + two.unwrap(), 1);
        assert_eq!(noted(fresh, "shared"), 1);
        // What the dead one would have said is not listened to.
        let late = held[0].clone();
        let said = fresh.write(move |tx| Box::pin(async move { job::repeat(tx, &late, moment(0)).await }));
        assert!(!said.await.unwrap());
        assert_eq!(first.round(&|| moment(301)).await.unwrap(), 0);
        other.close().await;
    }

    async fn a_newer_servers_job_is_left_to_it(fresh: Fresh) {
        let (worker, _stop) = worker(fresh, &SHARED);
        fresh.write(|tx| Box::pin(job::seed(tx, "unknown", moment(0)))).await.unwrap();
        worker.round(&|| moment(0)).await.unwrap();
        assert_eq!(errors(fresh).await.len(), 1);
        assert_eq!(noted(fresh, "shared"), 1);
        let there = "SELECT count(*) FROM job WHERE kind = 'unknown' AND leased_until = 0";
        assert_eq!(raw::int(&fresh.location, there).await, 1);
    }

    async fn the_servers_own_work_goes_well_on_an_empty_store(fresh: Fresh) {
        let (worker, _stop) = worker(fresh, RECURRING);
        for day in 0..3 {
            assert_eq!(worker.round(&|| moment(day * 86_400)).await.unwrap(), RECURRING.iter().filter(|it| it.every != ONCE).count());
        }
        assert_eq!(errors(fresh).await, []);
        assert_eq!(worker.round(&|| moment(2 * 86_400)).await.unwrap(), 0);
    }
}
