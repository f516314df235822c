//! Ordered visibility: whoever sees change *n+1* sees *n*, and a check of the check.

use super::given::{author, home, put, user};
use crate::support::{Random, on_both};
use davenport::kernel::change::ChangeNumber;
use davenport::kernel::fault::Outcome;
use davenport::kernel::ids::{CollectionId, PrincipalId};
use davenport::store::change_log::{self, Action, Entry};
use davenport::store::{Store, Tx};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

on_both! {
    async fn concurrent_writes_take_every_number_once(fresh: Fresh) {
        let ada = user(fresh, "ada").await;
        let of = home(fresh, ada).await;
        let writers = (0..200).map(|i| {
            let store = fresh.store.clone();
            tokio::spawn(async move { put(&store, ada, of, &format!("{i}.ics"), b"x").await })
        });
        let mut numbers = vec![1];
        for writer in writers.collect::<Vec<_>>() {
            numbers.push(writer.await.unwrap().unwrap().0);
        }
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=201).collect::<Vec<_>>());
    }

    async fn no_reader_sees_a_number_before_its_predecessor(fresh: Fresh) {
        let gaps = watch(&fresh.store, |store, account, of, wait| {
            Box::pin(async move {
                let can_wait = !store.is_embedded();
                store.write(move |tx| Box::pin(async move {
                    let (number, _) = change_log::take(tx, account).await?;
                    match can_wait {
                        true => tokio::time::sleep(wait).await,
                        false => std::thread::sleep(wait / 8),
                    }
                    record(tx, account, of, number).await
                })).await
            })
        }).await;
        assert_eq!(gaps, Vec::<Gap>::new());
    }

    /// The same check over numbers taken outside the transaction must find gaps.
    async fn the_check_finds_numbers_taken_without_the_lock(fresh: Fresh) {
        let counter = Arc::new(AtomicI64::new(0));
        let gaps = watch(&fresh.store, move |store, account, of, wait| {
            let number = ChangeNumber(counter.fetch_add(1, Ordering::SeqCst) + 1);
            Box::pin(async move {
                tokio::time::sleep(wait).await;
                store.write(move |tx| Box::pin(record(tx, account, of, number))).await
            })
        }).await;
        assert!(!gaps.is_empty());
    }
}

/// A reader that had seen everything up to the first number then saw the second.
type Gap = (i64, i64);
type Write = std::pin::Pin<Box<dyn Future<Output = Outcome<()>> + Send>>;

/// Lets 8 writers write 20 times each while 3 readers follow the log; gives the gaps they saw.
async fn watch(
    store: &Store,
    write: impl Fn(Store, PrincipalId, CollectionId, Duration) -> Write + Send + Sync + 'static,
) -> Vec<Gap> {
    let account = user(store, "ada").await;
    let of = CollectionId(1);
    let done = Arc::new(AtomicBool::new(false));
    let readers = (0..3).map(|_| tokio::spawn(follow(store.clone(), account, done.clone())));
    let readers: Vec<_> = readers.collect();
    let write = Arc::new(write);
    let writers = (0..8u64).map(|seed| {
        let (store, write) = (store.clone(), write.clone());
        tokio::spawn(async move {
            let mut random = Random(seed);
            for _ in 0..20 {
                let wait = Duration::from_micros(random.below(8_000));
                write(store.clone(), account, of, wait).await.unwrap();
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    done.store(true, Ordering::SeqCst);
    let mut gaps = Vec::new();
    for reader in readers {
        let (seen, found) = reader.await.unwrap();
        assert_eq!(seen, 160, "a reader did not reach the end");
        gaps.extend(found);
    }
    gaps
}

/// Follows the log as a syncing client does; gives the last number and the gaps met.
async fn follow(store: Store, account: PrincipalId, done: Arc<AtomicBool>) -> (i64, Vec<Gap>) {
    let (mut seen, mut gaps) = (0, Vec::new());
    loop {
        let last = done.load(Ordering::SeqCst);
        let after = ChangeNumber(seen);
        let new = store.read(|tx| Box::pin(change_log::after(tx, account, after, 1_000)));
        for entry in new.await.unwrap() {
            if entry.number.0 != seen + 1 {
                gaps.push((seen, entry.number.0));
            }
            seen = entry.number.0;
        }
        if last {
            return (seen, gaps);
        }
        tokio::task::yield_now().await;
    }
}

async fn record(
    tx: &mut Tx,
    account: PrincipalId,
    collection: CollectionId,
    number: ChangeNumber,
) -> Outcome<()> {
    let entry =
        Entry { account, number, collection, name: "a", action: Action::Updated, before: None };
    change_log::record(tx, &entry, &author(account)).await
}
