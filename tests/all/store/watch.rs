//! The event bus: who waits for changes is told of each commit, and of nothing else.

use super::given::{author, home, user};
use crate::support::on_both;
use davenport::kernel::fault::{Fault, Outcome};
use davenport::kernel::ids::{CollectionId, PrincipalId};
use davenport::store::change_log::{Action, Entry};
use davenport::store::{Change, News, Watcher, change_log};
use davenport::store::{Store, Tx};
use std::time::Duration;

/// The next transaction's changes; none when nothing comes for a while.
async fn next(watcher: &mut Watcher) -> Option<Vec<Change>> {
    loop {
        match tokio::time::timeout(Duration::from_secs(3), watcher.next()).await {
            Ok(Some(News::Changed(changes))) => return Some(changes.to_vec()),
            Ok(Some(News::Anew)) => {}
            Ok(None) | Err(_) => return None,
        }
    }
}

async fn note(tx: &mut Tx, account: PrincipalId, of: CollectionId, action: Action) -> Outcome<()> {
    let (number, _) = change_log::take(tx, account).await?;
    let entry = Entry { account, number, collection: of, name: "", action, before: None };
    change_log::record(tx, &entry, &author(account)).await
}

async fn one(store: &Store, account: PrincipalId, of: CollectionId, action: Action) {
    store.write(move |tx| Box::pin(note(tx, account, of, action))).await.unwrap();
}

on_both! {
    async fn a_commit_is_told_once_with_its_last_number(fresh: Fresh) {
        let ada = user(fresh, "ada").await;
        let of = home(fresh, ada).await;
        let mut watcher = fresh.watch();
        fresh.write(move |tx| Box::pin(async move {
            note(tx, ada, of, Action::Created).await?;
            note(tx, ada, of, Action::Updated).await?;
            note(tx, ada, of, Action::Properties).await
        })).await.unwrap();
        let told = next(&mut watcher).await.unwrap();
        let (number, _) = fresh.read(|tx| Box::pin(change_log::current(tx, ada))).await.unwrap();
        let all = Change { account: ada, collection: of, number, content: true, properties: true };
        assert_eq!(told, [all]);
        one(fresh, ada, of, Action::Properties).await;
        let told = next(&mut watcher).await.unwrap();
        assert!(told.len() == 1 && !told[0].content && told[0].properties, "{told:?}");
    }

    async fn what_was_undone_is_told_to_nobody(fresh: Fresh) {
        let ada = user(fresh, "ada").await;
        let of = home(fresh, ada).await;
        let mut watcher = fresh.watch();
        let refused: Outcome<()> = fresh.write(move |tx| Box::pin(async move {
            note(tx, ada, of, Action::Created).await?;
            Err(Fault::NotFound)
        })).await;
        assert_eq!(refused, Err(Fault::NotFound));
        one(fresh, ada, of, Action::Properties).await;
        let told = next(&mut watcher).await.unwrap();
        assert!(!told[0].content, "{told:?}");
    }

    /// A client that hangs up while its change is stored does not keep others from hearing of it.
    async fn a_caller_that_goes_away_leaves_the_news(fresh: Fresh) {
        let ada = user(fresh, "ada").await;
        let of = home(fresh, ada).await;
        let mut watcher = fresh.watch();
        let mut write = Box::pin(fresh.write(move |tx| Box::pin(note(tx, ada, of, Action::Created))));
        let polled = tokio::time::timeout(Duration::ZERO, &mut write).await;
        drop(write);
        assert!(next(&mut watcher).await.is_some(), "{polled:?}");
    }

    /// Another process over the same database hears of it; over the same file it finds out by looking.
    async fn another_process_is_told_where_the_engine_can(fresh: Fresh) {
        let ada = user(fresh, "ada").await;
        let of = home(fresh, ada).await;
        let other = fresh.again().await;
        let (mut here, mut there) = (fresh.watch(), other.watch());
        if fresh.is_embedded() {
            one(fresh, ada, of, Action::Created).await;
            assert!(next(&mut here).await.is_some() && next(&mut there).await.is_none());
            return other.close().await;
        }
        // Said when it begins to hear.
        assert!(matches!(there.next().await, Some(News::Anew)));
        assert!(matches!(here.next().await, Some(News::Anew)));
        for _ in 0..3 {
            one(fresh, ada, of, Action::Created).await;
            let told = next(&mut here).await.unwrap();
            assert_eq!(next(&mut there).await.unwrap(), told);
        }
        // What one process did itself it does not hear once more.
        assert!(next(&mut here).await.is_none());
        // What a process does last is told before it ends.
        one(&other, ada, of, Action::Properties).await;
        other.close().await;
        assert!(next(&mut here).await.unwrap()[0].properties);
    }
}
