//! Collections: the tree, its paths and its change numbers.

use super::given::{home, make, moment, put, user};
use crate::support::on_both;
use davenport::kernel::change::ChangeNumber;
use davenport::kernel::ids::{CollectionId, PrincipalId};
use davenport::store::collection::{self, Collection, NewCollection};
use davenport::store::{Store, change_log};

on_both! {
    async fn a_touch_reaches_all_ancestors_and_no_one_else(fresh: Fresh) {
        let (ada, ids) = tree(fresh, &["a", "a/b", "a/b/c", "a/x", "z"]).await;
        let number = put(fresh, ada, ids[2], "o", b"12345").await.unwrap();
        let its = paths(fresh, ada, &["a", "a/b", "a/b/c", "a/x", "z"]).await;
        for it in &its[..3] {
            assert_eq!(it.last_change, number, "{}", it.path);
        }
        assert_eq!((its[2].member_count, its[2].member_bytes), (1, 5));
        assert_eq!((its[0].member_count, its[0].member_bytes), (0, 0));
        assert_eq!(its[2].change, ChangeNumber(3), "its own properties did not change");
        assert!(its[3].last_change < number && its[4].last_change < number);
        let changed = fresh.read(|tx| Box::pin(async move {
            collection::changed_children(tx, ids[0], ChangeNumber(number.0 - 1)).await
        })).await.unwrap();
        assert_eq!(changed.iter().map(|c| &c.path[..]).collect::<Vec<_>>(), ["a/b"]);
    }

    async fn a_change_of_its_own_reaches_all_ancestors(fresh: Fresh) {
        let (ada, ids) = tree(fresh, &["a", "a/b"]).await;
        let number = fresh.write(move |tx| Box::pin(async move {
            let (number, _) = change_log::take(tx, ada).await?;
            collection::change_self(tx, ids[1], number, moment(5)).await?;
            Ok(number)
        })).await.unwrap();
        let its = paths(fresh, ada, &["a", "a/b"]).await;
        assert_eq!((its[1].change, its[1].last_change, its[1].modified_at), (number, number, moment(5)));
        assert_eq!((its[0].change, its[0].last_change), (ChangeNumber(1), number));
    }

    async fn a_tree_moves_with_all_its_names(fresh: Fresh) {
        let all = ["h", "h/k\u{e4}lender \u{1f600}", "h/k\u{e4}lender \u{1f600}/\u{fc}bung",
            "h/k\u{e4}lender \u{1f600}/\u{fc}bung/%_", "h/k\u{e4}lender \u{1f600}2",
            "h/k\u{e4}lender \u{1f600}-x", "h/k\u{e4}lender", "n"];
        let (ada, ids) = tree(fresh, &all).await;
        let number = move_to(fresh, ada, all[1], ids[7], "n/\u{424}").await;
        let mut there = live(fresh, ada).await;
        there.sort();
        let mut expected = ["h", "n/\u{424}", "n/\u{424}/\u{fc}bung", "n/\u{424}/\u{fc}bung/%_",
            all[4], all[5], all[6], "n"];
        expected.sort_unstable();
        assert_eq!(there, expected);
        let it = &paths(fresh, ada, &["n/\u{424}"]).await[0];
        assert_eq!((it.id, it.parent, &it.name[..]), (ids[1], Some(ids[7]), "\u{424}"));
        assert_eq!((it.change, it.last_change), (number, number));
        let below = &paths(fresh, ada, &["n/\u{424}/\u{fc}bung"]).await[0];
        assert_eq!((below.id, below.parent, &below.name[..]), (ids[2], Some(ids[1]), "\u{fc}bung"));
    }

    async fn another_accounts_tree_stays(fresh: Fresh) {
        let (ada, ids) = tree(fresh, &["h", "h/a", "h/a/b"]).await;
        let bob = user(fresh, "bob").await;
        fresh.write(move |tx| Box::pin(async move {
            let top = make(tx, bob, None, "h").await?;
            let a = make(tx, bob, Some(top), "h/a").await?;
            make(tx, bob, Some(a), "h/a/b").await
        })).await.unwrap();
        move_to(fresh, ada, "h/a", ids[0], "h/c").await;
        bury(fresh, ada, "h/c").await;
        assert_eq!(live(fresh, bob).await, ["h", "h/a", "h/a/b"]);
        assert_eq!(live(fresh, ada).await, ["h"]);
    }

    async fn a_buried_path_is_free_again(fresh: Fresh) {
        let (ada, ids) = tree(fresh, &["h", "h/a", "h/a/b", "h/ab"]).await;
        put(fresh, ada, ids[2], "o", b"12345").await.unwrap();
        let (top, gone) = (ids[0], ids[1]);
        for round in 0..3 {
            assert_eq!(octets(fresh, ada, "h").await, 5 * i64::from(round == 0));
            bury(fresh, ada, "h/a").await;
            assert_eq!(live(fresh, ada).await, ["h", "h/ab"]);
            fresh.write(move |tx| Box::pin(async move {
                let a = make(tx, ada, Some(top), "h/a").await?;
                make(tx, ada, Some(a), "h/a/b").await
            })).await.unwrap();
        }
        assert_eq!(live(fresh, ada).await, ["h", "h/a", "h/a/b", "h/ab"]);
        assert_eq!(fresh.read(|tx| Box::pin(collection::by_id(tx, gone))).await.unwrap(), None);
        let homes = fresh.read(|tx| Box::pin(collection::roots(tx, ada))).await.unwrap();
        assert_eq!(homes.into_iter().map(|c| c.path).collect::<Vec<_>>(), ["h"]);
        let expired = fresh.read(|tx| Box::pin(collection::expired(tx, moment(100), 100)));
        assert_eq!(expired.await.unwrap().len(), 6);
        let early = fresh.read(|tx| Box::pin(collection::expired(tx, moment(0), 100)));
        assert_eq!(early.await.unwrap(), []);
    }

    async fn a_path_is_there_once_an_account(fresh: Fresh) {
        let ada = user(fresh, "ada").await;
        home(fresh, ada).await;
        let again = fresh.write(move |tx| Box::pin(make(tx, ada, None, "calendars"))).await;
        assert!(again.is_err());
    }
}

/// Makes a user with these collections, parents first.
async fn tree(store: &Store, all: &[&'static str]) -> (PrincipalId, Vec<CollectionId>) {
    let ada = user(store, "ada").await;
    let all = all.to_vec();
    let made = store.write(move |tx| {
        Box::pin(async move {
            let mut ids: Vec<CollectionId> = Vec::new();
            for path in &all {
                let parent = path.rsplit_once('/').map(|(parent, _)| parent);
                let parent = parent.and_then(|p| all.iter().position(|other| *other == p));
                let (number, _) = change_log::take(tx, ada).await?;
                let new = NewCollection {
                    account: ada,
                    parent: parent.map(|i| ids[i]),
                    kind: 1,
                    path,
                    components: 0,
                    number,
                    at: moment(0),
                };
                ids.push(collection::insert(tx, &new).await?);
            }
            Ok(ids)
        })
    });
    (ada, made.await.unwrap())
}

async fn at(store: &Store, account: PrincipalId, path: &'static str) -> Collection {
    let found = store.read(|tx| Box::pin(collection::at(tx, account, path))).await.unwrap();
    found.unwrap_or_else(|| panic!("{path} is missing"))
}

async fn paths(store: &Store, account: PrincipalId, all: &[&'static str]) -> Vec<Collection> {
    let mut its = Vec::new();
    for path in all {
        its.push(at(store, account, path).await);
    }
    its
}

/// The paths of all live collections, in the order of the tree's walk.
async fn live(store: &Store, account: PrincipalId) -> Vec<String> {
    let read = store.read(|tx| {
        Box::pin(async move {
            let mut all = Vec::new();
            for root in collection::roots(tx, account).await? {
                let below = collection::all_below(tx, account, &root.path).await?;
                all.push(root.path);
                all.extend(below.into_iter().map(|c| c.path));
            }
            Ok(all)
        })
    });
    read.await.unwrap()
}

async fn move_to(
    store: &Store,
    account: PrincipalId,
    from: &'static str,
    parent: CollectionId,
    to: &'static str,
) -> ChangeNumber {
    let it = at(store, account, from).await;
    let work = store.write(move |tx| {
        Box::pin(async move {
            let (number, _) = change_log::take(tx, account).await?;
            collection::rehome(tx, &it, parent, to, number).await?;
            Ok(number)
        })
    });
    work.await.unwrap()
}

async fn bury(store: &Store, account: PrincipalId, path: &'static str) {
    let it = at(store, account, path).await;
    let work =
        store.write(move |tx| Box::pin(async move { collection::bury(tx, &it, moment(9)).await }));
    work.await.unwrap();
}

async fn octets(store: &Store, account: PrincipalId, path: &'static str) -> i64 {
    let it = at(store, account, path).await;
    store.read(|tx| Box::pin(async move { collection::octets(tx, &it).await })).await.unwrap()
}
