//! Transactions: all or nothing, each by itself.

use super::given::{home, put, put_in, user};
use crate::support::on_both;
use davenport::kernel::change::ChangeNumber;
use davenport::kernel::fault::{Fault, Outcome};
use davenport::kernel::ids::{CollectionId, PrincipalId};
use davenport::store::blob::{self, Content};
use davenport::store::object::Index;
use davenport::store::{Store, change_log, collection, object};
use std::time::Duration;

on_both! {
    async fn numbers_and_octets_of_one_write_add_up(fresh: Fresh) {
        let ada = user(fresh, "ada").await;
        let (first, inside) = fresh.write(move |tx| Box::pin(async move {
            change_log::charge(tx, ada, 5).await?;
            let first = change_log::take(tx, ada).await?;
            change_log::charge(tx, ada, 10).await?;
            change_log::take(tx, ada).await?;
            change_log::charge(tx, ada, -3).await?;
            Ok((first, change_log::current(tx, ada).await?))
        })).await.unwrap();
        assert_eq!((first, inside), ((ChangeNumber(1), 5), (ChangeNumber(2), 12)));
        let after = fresh.read(|tx| Box::pin(change_log::current(tx, ada))).await.unwrap();
        assert_eq!(after, inside);
    }

    /// A connection whose reader went away in the middle answers the next one as it should.
    async fn reads_that_are_given_up_do_no_harm(fresh: Fresh) {
        let ada = user(fresh, "ada").await;
        for i in 0..60 {
            let read = fresh.read(|tx| Box::pin(async move {
                for _ in 0..20 {
                    change_log::after(tx, ada, ChangeNumber(0), 10).await?;
                }
                Ok(())
            }));
            let _ = tokio::time::timeout(std::time::Duration::from_micros(i * 100), read).await;
            let current = fresh.read(|tx| Box::pin(change_log::current(tx, ada))).await.unwrap();
            assert_eq!(current, (ChangeNumber(0), 0));
        }
    }

    async fn a_refused_write_leaves_nothing(fresh: Fresh) {
        let ada = user(fresh, "ada").await;
        let of = home(fresh, ada).await;
        let refused: Outcome<()> = fresh.write(move |tx| Box::pin(async move {
            let content = Content::inline(b"never".to_vec());
            put_in(tx, ada, of, "a.ics", &content, &Index::default()).await?;
            Err(Fault::NotFound)
        })).await;
        assert_eq!(refused, Err(Fault::NotFound));
        assert_eq!(state(fresh, ada).await, (1, 0));
        assert!(!kept(fresh, b"never").await);
    }

    async fn a_panic_undoes_its_write_and_the_store_goes_on(fresh: Fresh) {
        let ada = user(fresh, "ada").await;
        let of = home(fresh, ada).await;
        for _ in 0..12 {
            let failed: Outcome<()> = fresh.write(move |tx| Box::pin(async move {
                let content = Content::inline(b"never".to_vec());
                put_in(tx, ada, of, "a.ics", &content, &Index::default()).await?;
                panic!("a test's panic");
            })).await;
            assert!(matches!(failed, Err(Fault::Internal(_))), "{failed:?}");
        }
        assert_eq!(state(fresh, ada).await, (1, 0));
        put(fresh, ada, of, "b.ics", b"later").await.unwrap();
        assert_eq!(state(fresh, ada).await, (2, 1));
    }

    async fn a_panic_of_a_reader_hurts_nobody(fresh: Fresh) {
        let ada = user(fresh, "ada").await;
        for _ in 0..12 {
            let store = fresh.store.clone();
            let reader = tokio::spawn(async move {
                store.read(|tx| Box::pin(async move {
                    change_log::current(tx, ada).await?;
                    if ada.0 >= 0 { panic!("a test's panic") }
                    Ok(())
                })).await
            });
            assert!(reader.await.is_err());
        }
        assert_eq!(state(fresh, ada).await, (0, 0));
    }

    /// An ignored error must not pass as success: PostgreSQL turns the commit of such a
    /// transaction into a rollback, and says nothing.
    async fn a_write_that_ignores_a_failed_statement_fails(fresh: Fresh) {
        let ada = user(fresh, "ada").await;
        let result = fresh.write(move |tx| Box::pin(async move {
            change_log::take(tx, ada).await?;
            let _ = change_log::new_account(tx, ada).await;
            Ok(())
        })).await;
        assert!(result.is_err());
        assert_eq!(state(fresh, ada).await, (0, 0));
    }

    async fn neighbours_in_one_commit_do_not_disturb_each_other(fresh: Fresh) {
        let ada = user(fresh, "ada").await;
        let of = home(fresh, ada).await;
        if fresh.is_embedded() {
            // Hold the writer until all are waiting, so that they share a commit.
            let store = fresh.store.clone();
            tokio::spawn(async move {
                store.write(|_| Box::pin(async {
                    std::thread::sleep(Duration::from_millis(80));
                    Ok(())
                })).await
            });
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let mut writers = Vec::new();
        for i in 0..60 {
            let store = fresh.store.clone();
            writers.push(tokio::spawn(async move {
                store.write(move |tx| Box::pin(async move {
                    let content = Content::inline(format!("content {i}").into_bytes());
                    put_in(tx, ada, of, &format!("{i}.ics"), &content, &Index::default()).await?;
                    match i % 3 {
                        0 => Err(Fault::NotFound),
                        1 if i % 2 == 0 => panic!("a test's panic"),
                        _ => Ok(i),
                    }
                })).await
            }));
        }
        let mut held = Vec::new();
        for writer in writers {
            held.extend(writer.await.unwrap().ok());
        }
        let mut names: Vec<String> = held.iter().map(|i| format!("{i}.ics")).collect();
        names.sort();
        assert_eq!(names.len(), 30);
        let there = fresh.read(move |tx| Box::pin(object::page(tx, of, "", 1000))).await.unwrap();
        assert_eq!(there.into_iter().map(|o| o.name).collect::<Vec<_>>(), names);
        assert_eq!(state(fresh, ada).await, (31, 30));
    }

    async fn a_caller_that_goes_away_leaves_no_half_write(fresh: Fresh) {
        let ada = user(fresh, "ada").await;
        let of = home(fresh, ada).await;
        for i in 0..60u64 {
            let name = format!("{i}.ics");
            let write = put(fresh, ada, of, &name, b"x");
            let _ = tokio::time::timeout(Duration::from_micros(i * 60), write).await;
        }
        // Closing waits for what is under way.
        fresh.close().await;
        let store = fresh.again().await;
        // Each write is there whole or not at all: count, log and objects agree.
        let (number, logged) = state(&store, ada).await;
        let objects = store.read(move |tx| Box::pin(object::page(tx, of, "", 1000))).await.unwrap();
        let it = store.read(move |tx| Box::pin(collection::by_id(tx, of))).await.unwrap().unwrap();
        store.close().await;
        assert_eq!(objects.len(), logged);
        assert_eq!(it.member_count, logged as i64);
        assert_eq!(number, logged as i64 + 1);
    }

    /// A reader dropped in the middle must not leave its answer to the next one.
    async fn a_reader_that_goes_away_leaves_a_clean_connection(fresh: Fresh) {
        let ada = user(fresh, "ada").await;
        let of = home(fresh, ada).await;
        for i in 0..40 {
            put(fresh, ada, of, &format!("{i:02}.ics"), b"x").await.unwrap();
        }
        for i in 0..150u64 {
            let read = fresh.read(move |tx| Box::pin(object::page(tx, of, "", 1000)));
            let _ = tokio::time::timeout(Duration::from_micros(i * 10), read).await;
            let (number, _) = fresh.read(|tx| Box::pin(change_log::current(tx, ada))).await.unwrap();
            assert_eq!(number, ChangeNumber(41));
        }
    }

    /// Two accounts copy the same two contents in opposite order at the same time.
    async fn shared_contents_do_not_deadlock(fresh: Fresh) {
        let mut accounts = Vec::new();
        for name in ["ada", "bob"] {
            let id = user(fresh, name).await;
            accounts.push((id, home(fresh, id).await));
        }
        let (ada, of) = accounts[0];
        put(fresh, ada, of, "one", b"content one").await.unwrap();
        put(fresh, ada, of, "two", b"content two").await.unwrap();
        let rounds = 25;
        let tasks = accounts.clone().into_iter().enumerate().map(|(i, (account, of))| {
            let store = fresh.store.clone();
            tokio::spawn(async move {
                let mut order = [&b"content one"[..], b"content two"];
                if i == 1 {
                    order.reverse();
                }
                for round in 0..rounds {
                    copy_two(&store, account, of, order, round).await?;
                }
                Ok::<_, Fault>(())
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await.unwrap().unwrap();
        }
        for (_, of) in accounts {
            let objects = fresh.read(move |tx| Box::pin(object::page(tx, of, "", 1000))).await.unwrap();
            assert!(objects.len() >= 2 * rounds);
        }
    }
}

async fn copy_two(
    store: &Store,
    account: PrincipalId,
    of: CollectionId,
    order: [&'static [u8]; 2],
    round: usize,
) -> Outcome<()> {
    let can_wait = !store.is_embedded();
    store
        .write(move |tx| {
            Box::pin(async move {
                for (i, data) in order.into_iter().enumerate() {
                    let content = Content::inline(data.to_vec());
                    let name = format!("copy-{round}-{i}");
                    put_in(tx, account, of, &name, &content, &Index::default()).await?;
                    if can_wait {
                        tokio::time::sleep(Duration::from_millis(4)).await;
                    }
                }
                Ok(())
            })
        })
        .await
}

/// The account's number and how many entries its log has.
async fn state(store: &Store, account: PrincipalId) -> (i64, usize) {
    let read = store.read(move |tx| {
        Box::pin(async move {
            let (number, _) = change_log::current(tx, account).await?;
            let log = change_log::after(tx, account, ChangeNumber(0), 10_000).await?;
            Ok((number.0, log.len()))
        })
    });
    read.await.unwrap()
}

async fn kept(store: &Store, data: &'static [u8]) -> bool {
    let hash = davenport::kernel::secret::sha256(data);
    store.read(|tx| Box::pin(async move { blob::exists(tx, &hash).await })).await.unwrap()
}
