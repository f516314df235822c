//! Jobs: leases, retries, duplicates.

use super::given::moment;
use crate::support::on_both;
use davenport::kernel::clock::Timestamp;
use davenport::kernel::ids::PrincipalId;
use davenport::store::job::Job;
use davenport::store::{Store, job};
use std::collections::BTreeSet;

on_both! {
    async fn two_workers_never_hold_the_same_job(fresh: Fresh) {
        for i in 0..60 {
            add(fresh, "kind", &format!("{i}"), moment(i)).await;
        }
        let workers = (0..6).map(|_| {
            let store = fresh.store.clone();
            tokio::spawn(async move {
                let mut taken = Vec::new();
                loop {
                    let some = lease(&store, moment(100), 4).await;
                    if some.is_empty() {
                        return taken;
                    }
                    taken.extend(some.into_iter().map(|job| job.id));
                }
            })
        });
        let mut all = Vec::new();
        for worker in workers.collect::<Vec<_>>() {
            all.extend(worker.await.unwrap());
        }
        assert_eq!(all.len(), 60);
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 60);
    }

    async fn only_what_is_due_is_taken_the_oldest_first(fresh: Fresh) {
        for (name, due) in [("late", 50), ("first", 1), ("second", 2)] {
            add(fresh, "kind", name, moment(due)).await;
        }
        assert_eq!(payloads(&lease(fresh, moment(10), 1).await), ["first"]);
        assert_eq!(payloads(&lease(fresh, moment(10), 9).await), ["second"]);
        assert_eq!(lease(fresh, moment(49), 9).await, []);
        assert_eq!(payloads(&lease(fresh, moment(50), 9).await), ["late"]);
    }

    async fn a_lease_that_ran_out_frees_the_job_and_binds_its_holder_no_more(fresh: Fresh) {
        add(fresh, "kind", "a", moment(0)).await;
        let slow = lease(fresh, moment(0), 1).await.remove(0);
        assert_eq!(lease(fresh, moment(299), 1).await, []);
        let quick = lease(fresh, moment(300), 1).await.remove(0);
        assert_eq!((quick.id, slow.attempts, quick.attempts), (slow.id, 1, 2));
        let late = slow.clone();
        assert!(!fresh.write(|tx| Box::pin(async move { job::done(tx, &late).await })).await.unwrap());
        let again = fresh.write(|tx| Box::pin(async move { job::again(tx, &slow, moment(0), "late").await }));
        assert!(!again.await.unwrap());
        assert!(fresh.write(|tx| Box::pin(async move { job::done(tx, &quick).await })).await.unwrap());
        assert_eq!(lease(fresh, moment(10_000), 1).await, []);
    }

    async fn a_job_given_back_waits_for_its_time(fresh: Fresh) {
        add(fresh, "kind", "a", moment(0)).await;
        let it = lease(fresh, moment(0), 1).await.remove(0);
        let again = fresh.write(|tx| Box::pin(async move { job::again(tx, &it, moment(60), "no").await }));
        assert!(again.await.unwrap());
        assert_eq!(lease(fresh, moment(59), 1).await, []);
        assert_eq!(lease(fresh, moment(60), 1).await[0].attempts, 2);
    }

    async fn a_waiting_job_is_not_added_twice(fresh: Fresh) {
        for (kind, dedup) in [("kind", "a"), ("kind", "a"), ("other", "a"), ("kind", "b")] {
            add(fresh, kind, dedup, moment(0)).await;
        }
        assert_eq!(lease(fresh, moment(0), 9).await.len(), 3);
    }

    /// The worker may have read its data before the change that the second call is about.
    async fn a_job_added_while_it_runs_runs_once_more(fresh: Fresh) {
        add(fresh, "kind", "a", moment(0)).await;
        let first = lease(fresh, moment(0), 1).await.remove(0);
        add(fresh, "kind", "a", moment(5)).await;
        assert!(!fresh.write(|tx| Box::pin(async move { job::done(tx, &first).await })).await.unwrap());
        let second = lease(fresh, moment(5), 9).await;
        assert_eq!(second.len(), 1);
        let second = second[0].clone();
        assert!(fresh.write(|tx| Box::pin(async move { job::done(tx, &second).await })).await.unwrap());
        assert_eq!(lease(fresh, moment(10_000), 9).await, []);
    }

    async fn an_accounts_jobs_go_with_it(fresh: Fresh) {
        add(fresh, "kind", "a", moment(0)).await;
        fresh.write(|tx| Box::pin(job::purge_account(tx, PrincipalId(7)))).await.unwrap();
        assert_eq!(lease(fresh, moment(0), 1).await, []);
    }
}

async fn add(store: &Store, kind: &str, dedup: &str, due: Timestamp) {
    let (kind, dedup) = (kind.to_owned(), dedup.to_owned());
    let add = store.write(move |tx| {
        Box::pin(async move { job::add(tx, &kind, &dedup, PrincipalId(7), &dedup, due).await })
    });
    add.await.unwrap();
}

/// Takes jobs for 300 seconds.
async fn lease(store: &Store, now: Timestamp, limit: i64) -> Vec<Job> {
    let lease = store.write(move |tx| Box::pin(job::lease(tx, now, now.plus_seconds(300), limit)));
    lease.await.unwrap()
}

fn payloads(jobs: &[Job]) -> Vec<&str> {
    jobs.iter().map(|job| &job.payload[..]).collect()
}
