//! What is forgotten, and when (DESIGN promise 5): on both engines, with the time in the tests'
//! hands. Times begin at the present, because files carry the system's.

use crate::support::{Fresh, on_both, raw};
use davenport::domain::account::{self, NewAccount};
use davenport::domain::collection::tree::{self, Making};
use davenport::domain::collection::{Access, Guard, Home, Index, Kind, Place, item};
use davenport::domain::directory::{self, Principal};
use davenport::domain::retention::{self, Progress};
use davenport::kernel::clock::{self, Timestamp};
use davenport::kernel::ids::PrincipalId;
use davenport::kernel::secret::sha256;
use davenport::store::{Store, ace, blob, job, lock, object, property};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

const DAYS: u32 = 30;
const DAY: i64 = 86_400;
const HOUR: i64 = 3_600;

/// Somebody with an account, and when the test began.
struct One<'a> {
    fresh: &'a Fresh,
    who: Principal,
    start: Timestamp,
}

impl<'a> One<'a> {
    async fn new(fresh: &'a Fresh, name: &str) -> Self {
        let start = clock::now();
        let new = NewAccount::of(directory::Kind::User, name);
        let who = account::create(fresh, new, start).await.unwrap();
        Self { fresh, who, start }
    }

    fn at(&self, seconds: i64) -> (Access, Timestamp) {
        let now = self.start.plus_seconds(seconds);
        let store = self.fresh.store.clone();
        (Access::new(store, self.who.clone(), "test", now), now)
    }

    fn place(&self, names: &str) -> Place {
        Place::new(self.who.id, &self.who.name, Home::Files, names).unwrap()
    }

    async fn put(&self, names: &str, octets: &[u8]) {
        let content = item::content(self.fresh, octets.to_vec()).unwrap();
        let place = self.place(names);
        item::put(&self.at(0).0, &place, content, Index::default(), Guard::default())
            .await
            .unwrap();
    }

    async fn folder(&self, names: &str) {
        let making = Making { kind: Kind::Folder, components: 0, properties: Vec::new() };
        tree::make(&self.at(0).0, &self.place(names), making, Guard::default()).await.unwrap();
    }

    async fn remove(&self, names: &str) {
        tree::remove(&self.at(0).0, &self.place(names), Guard::default()).await.unwrap();
    }

    async fn property(&self, names: &str) {
        let (place, value) = (self.place(names), account::display_name("a name"));
        self.fresh
            .write(move |tx| {
                Box::pin(async move {
                    let parent = place.parent_path().unwrap();
                    let of = davenport::store::collection::at(tx, place.account, parent).await?;
                    property::set(tx, of.unwrap().id, place.name(), &value).await
                })
            })
            .await
            .unwrap();
    }

    /// The content of a file; `None` when there is no such name, or no such content.
    async fn read(&self, names: &str) -> Option<Vec<u8>> {
        let (place, files) = (self.place(names), self.fresh.files().clone());
        let found = self.fresh.read(|tx| {
            Box::pin(async move {
                let at = (place.parent_path().unwrap(), place.name());
                object::content_at(tx, place.account, at, &files).await
            })
        });
        match found.await.unwrap()?.2 {
            blob::Body::Inline(octets) => Some(octets),
            blob::Body::File { path, .. } => std::fs::read(path).ok(),
        }
    }
}

/// All of the retention's work at a moment, to its end.
async fn retain(store: &Store, now: Timestamp) {
    while retention::forget_history(store, now, DAYS).await.unwrap() == Progress::More {}
    while retention::purge_buried(store, now, DAYS).await.unwrap() == Progress::More {}
    while retention::collect_contents(store, now).await.unwrap() == Progress::More {}
    for first in 0..=u8::MAX {
        retention::sweep_orphans(store, now, first).await.unwrap();
    }
}

async fn exists(store: &Store, octets: &[u8]) -> bool {
    let hash = sha256(octets);
    store.read(|tx| Box::pin(async move { blob::exists(tx, &hash).await })).await.unwrap()
}

/// Octets too many for the database, of which a file is made.
fn large_octets(what: &str) -> Vec<u8> {
    what.as_bytes().repeat(100_000)
}

on_both! {
    async fn replaced_and_deleted_content_goes_after_its_time_and_not_before(fresh: Fresh) {
        let ada = One::new(fresh, "ada").await;
        ada.put("kept", b"first").await;
        ada.put("kept", b"second").await;
        ada.put("gone", b"third").await;
        ada.remove("gone").await;
        let past = [&b"first"[..], b"third"];
        retain(fresh, ada.at(29 * DAY).1).await;
        retain(fresh, ada.at(30 * DAY - 1).1).await;
        for octets in past {
            assert!(exists(fresh, octets).await, "gone too early");
        }
        // Whoever reads them at this moment has the grace to finish.
        retain(fresh, ada.at(30 * DAY + 1).1).await;
        retain(fresh, ada.at(30 * DAY + HOUR).1).await;
        for octets in past {
            assert!(exists(fresh, octets).await, "gone without grace");
        }
        retain(fresh, ada.at(30 * DAY + HOUR + 2).1).await;
        for octets in past {
            assert!(!exists(fresh, octets).await, "kept for ever");
        }
        assert_eq!(ada.read("kept").await.unwrap(), b"second");
        raw::assert_sound(&fresh.location).await;
    }

    async fn a_folder_made_again_outlives_the_one_buried_under_its_name(fresh: Fresh) {
        let ada = One::new(fresh, "ada").await;
        let before = raw::rows(&fresh.location, "collection").await;
        for round in ["one", "two", "three"] {
            ada.folder("a").await;
            ada.folder("a/b").await;
            ada.put("a/b/x", round.as_bytes()).await;
            if round != "three" {
                ada.remove("a").await;
            }
        }
        retain(fresh, ada.at(30 * DAY - 1).1).await;
        assert_eq!(raw::rows(&fresh.location, "collection").await, before + 6);
        for _ in 0..2 {
            retain(fresh, ada.at(32 * DAY).1).await;
        }
        retain(fresh, ada.at(33 * DAY).1).await;
        assert_eq!(raw::rows(&fresh.location, "collection").await, before + 2);
        assert_eq!(ada.read("a/b/x").await.unwrap(), b"three");
        assert!(!exists(fresh, b"one").await && !exists(fresh, b"two").await);
        raw::assert_sound(&fresh.location).await;
    }

    async fn ten_thousand_buried_objects_leave_nothing_and_hold_no_writer_up(fresh: Fresh) {
        let eve = One::new(fresh, "eve").await;
        // The writer below takes its jobs away as those of the server, and with them the one that
        // follows the directory.
        let purge = fresh.store.write(|tx| Box::pin(job::purge_account(tx, PrincipalId(0))));
        purge.await.unwrap();
        let mut clean = Vec::new();
        for table in raw::TABLES {
            clean.push((table, raw::rows(&fresh.location, table).await));
        }
        let ada = One::new(fresh, "ada").await;
        ada.folder("full").await;
        ada.put("full/first", b"first").await;
        ada.property("full/first").await;
        ada.put("full/large", &large_octets("large")).await;
        fill(fresh, 10_000).await;
        raw::assert_sound(&fresh.location).await;
        burden(&ada).await;
        account::delete(fresh, "ada", None, ada.at(0).1).await.unwrap();
        retain(fresh, ada.at(30 * DAY - 1).1).await;
        assert_eq!(raw::rows(&fresh.location, "object").await, 10_002);

        let now = ada.at(31 * DAY).1;
        let (done, written) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let writer = tokio::spawn(write_until(fresh.store.clone(), done.clone(), written.clone()));
        let mut steps = 0;
        while retention::purge_buried(fresh, now, DAYS).await.unwrap() == Progress::More {
            steps += 1;
        }
        done.store(true, Ordering::SeqCst);
        writer.await.unwrap();
        // Objects, tombstones and the log, 256 at a time.
        assert!(steps >= 80, "{steps} steps");
        let writes = written.load(Ordering::SeqCst);
        assert!(writes >= steps / 4, "{writes} writes in {steps} steps");
        retain(fresh, now).await;
        retention::expire_locks(fresh, now).await.unwrap();
        retain(fresh, ada.at(31 * DAY + HOUR + 1).1).await;
        for (table, rows) in clean {
            assert_eq!(raw::rows(&fresh.location, table).await, rows, "{table}");
        }
        assert_eq!(files(fresh), 0, "files are left");
        raw::assert_sound(&fresh.location).await;
        eve.put("x", b"x").await;
    }

    async fn contents_shared_by_two_accounts_survive_the_purge_of_one(fresh: Fresh) {
        let (ada, eve) = (One::new(fresh, "ada").await, One::new(fresh, "eve").await);
        let large = large_octets("shared");
        for one in [&ada, &eve] {
            one.put("small", b"shared").await;
            one.put("large", &large).await;
        }
        let (now, later) = (ada.at(31 * DAY).1, ada.at(32 * DAY).1);
        account::delete(fresh, "ada", None, ada.at(0).1).await.unwrap();
        retain(fresh, now).await;
        retain(fresh, later).await;
        assert_eq!(eve.read("small").await.unwrap(), b"shared");
        assert!(eve.read("large").await.unwrap() == large);
        raw::assert_sound(&fresh.location).await;
        account::delete(fresh, "eve", None, eve.at(0).1).await.unwrap();
        retain(fresh, now).await;
        retain(fresh, later).await;
        assert!(!exists(fresh, b"shared").await && !exists(fresh, &large).await);
        assert_eq!(files(fresh), 0);
    }

    async fn a_file_goes_only_when_nothing_refers_to_it(fresh: Fresh) {
        let ada = One::new(fresh, "ada").await;
        let large = large_octets("film");
        for name in ["a", "b", "c"] {
            ada.put(name, &large).await;
        }
        for (name, left) in [("a", 1), ("b", 1), ("c", 0)] {
            ada.remove(name).await;
            assert_eq!(files(fresh), 1);
            retain(fresh, ada.at(30 * DAY + 1).1).await;
            retain(fresh, ada.at(31 * DAY).1).await;
            assert_eq!(files(fresh), left, "after {name}");
        }
        // And it can come back.
        ada.put("a", &large).await;
        assert!(ada.read("a").await.unwrap() == large);
        assert_eq!(files(fresh), 1);
    }

    async fn a_file_stored_again_while_it_is_collected_survives(fresh: Fresh) {
        let ada = One::new(fresh, "ada").await;
        let large = large_octets("again");
        for _ in 0..20 {
            ada.put("a", &large).await;
            ada.remove("a").await;
            // As if the file were old: only a new reception keeps it.
            age(&fresh.files().path(&sha256(&large)), 2 * DAY);
            let start = clock::now();
            let past = start.plus_seconds(-i64::from(DAYS) * DAY);
            fresh.write(move |tx| Box::pin(async move {
                davenport::store::change_log::forget(tx, start.plus_seconds(1), past, 100).await
            })).await.unwrap();
            let other = fresh.again().await;
            let (store, content) = (fresh.store.clone(), large.clone());
            let collect = tokio::spawn(async move { retention::collect_contents(&other, start).await });
            let keep = tokio::spawn(async move { item::content(&store, content) });
            collect.await.unwrap().unwrap();
            let content = keep.await.unwrap().unwrap();
            let (access, place) = (ada.at(0).0, ada.place("a"));
            item::put(&access, &place, content, Index::default(), Guard::default()).await.unwrap();
            assert!(ada.read("a").await.unwrap() == large, "the file is gone");
        }
        raw::assert_sound(&fresh.location).await;
    }

    async fn two_nodes_may_do_the_same_work_at_the_same_time(fresh: Fresh) {
        let ada = One::new(fresh, "ada").await;
        for folder in ["one", "two", "three"] {
            ada.folder(folder).await;
            ada.put(&format!("{folder}/shared"), b"shared").await;
            ada.put(&format!("{folder}/own"), folder.as_bytes()).await;
            ada.put(&format!("{folder}/own"), b"replaced").await;
        }
        fill(fresh, 1_000).await;
        for folder in ["one", "two"] {
            ada.remove(folder).await;
        }
        let now = ada.at(31 * DAY).1;
        let nodes = (0..4).map(|_| {
            let store = fresh.store.clone();
            tokio::spawn(async move {
                // A deadlock between nodes is a fault that the job's retry mends.
                for _ in 0..200 {
                    let _ = retention::forget_history(&store, now, DAYS).await;
                    let _ = retention::purge_buried(&store, now, DAYS).await;
                    let _ = retention::collect_contents(&store, now.plus_seconds(DAY)).await;
                }
            })
        });
        for node in nodes.collect::<Vec<_>>() {
            node.await.unwrap();
        }
        raw::assert_sound(&fresh.location).await;
        assert_eq!(raw::int(&fresh.location, "SELECT count(*) FROM blob WHERE refs <= 0").await, 0);
        assert_eq!(ada.read("three/shared").await.unwrap(), b"shared");
    }

    async fn files_without_a_row_are_swept_after_a_day(fresh: Fresh) {
        let ada = One::new(fresh, "ada").await;
        ada.put("a", &large_octets("known")).await;
        let refused = large_octets("refused");
        item::content(fresh, refused.clone()).unwrap();
        assert_eq!(files(fresh), 2);
        retain(fresh, ada.at(DAY - 60).1).await;
        assert_eq!(files(fresh), 2, "it may still become a row's");
        retain(fresh, ada.at(DAY + 60).1).await;
        assert_eq!(files(fresh), 1);
        assert!(!fresh.files().path(&sha256(&refused)).exists());
        assert!(ada.read("a").await.is_some());
    }

    async fn another_store_over_the_same_folder_removes_nothing_there(fresh: Fresh) {
        let ada = One::new(fresh, "ada").await;
        ada.put("a", &large_octets("mine")).await;
        // The operator tries another database with the data directory that is there.
        let location = davenport::store::Location::Sqlite(fresh.folder().join("other.db"));
        let other = Store::open(&location, fresh.folder()).await.unwrap();
        retain(&other, ada.at(300 * DAY).1).await;
        other.close().await;
        assert!(ada.read("a").await.is_some(), "the other store removed it");
        // This store still knows its own folder when it is opened once more.
        item::content(fresh, large_octets("refused")).unwrap();
        let again = fresh.again().await;
        retain(&again, ada.at(2 * DAY).1).await;
        again.close().await;
        assert_eq!(files(fresh), 1);
    }

    async fn receptions_and_locks_end_with_their_time(fresh: Fresh) {
        let ada = One::new(fresh, "ada").await;
        burden(&ada).await;
        std::mem::forget(fresh.files().receive().unwrap());
        assert_eq!(retention::sweep_incoming(fresh, ada.at(HOUR - 60).1), 0);
        assert_eq!(retention::sweep_incoming(fresh, ada.at(HOUR + 60).1), 1);
        retention::expire_locks(fresh, ada.at(HOUR - 1).1).await.unwrap();
        assert_eq!(raw::rows(&fresh.location, "dav_lock").await, 1);
        retention::expire_locks(fresh, ada.at(HOUR).1).await.unwrap();
        assert_eq!(raw::rows(&fresh.location, "dav_lock").await, 0);
        retention::optimize(fresh).await.unwrap();
    }
}

/// What an account has beside its objects: a grant, a lock for an hour, a job.
async fn burden(one: &One<'_>) {
    let (account, ends) = (one.who.id, one.at(HOUR).1);
    one.fresh
        .write(move |tx| {
            Box::pin(async move {
                let home = davenport::store::collection::at(tx, account, "files").await?.unwrap();
                let privileges = davenport::kernel::privilege::Privileges(1);
                ace::set(tx, home.id, ace::Grant { to: ace::AUTHENTICATED, privileges }).await?;
                let lock = lock::Lock {
                    token: "urn:uuid:1".into(),
                    path: "files/a".into(),
                    infinite: false,
                    exclusive: true,
                    owner: String::new(),
                    principal: account,
                    expires_at: ends,
                };
                lock::insert(tx, account, &lock).await?;
                job::add(tx, "kind", "1", account, "", ends).await
            })
        })
        .await
        .unwrap();
}

/// Gives the folder that was made last so many objects more, each with a content, a property and
/// an entry in the log, and as many tombstones, as the server would have left them.
async fn fill(fresh: &Fresh, objects: i64) {
    let at = &fresh.location;
    let bytes = match fresh.is_embedded() {
        true => "randomblob(32)",
        false => "sha256(i::text::bytea)",
    };
    let numbers = format!(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {objects})"
    );
    let last = "(SELECT max(id) FROM collection)";
    let account = format!("(SELECT account_id FROM collection WHERE id = {last})");
    let put = [
        format!(
            "{numbers} INSERT INTO blob (hash, size, refs, touched_at, data)
            SELECT {bytes}, 1, 2, 0, {bytes} FROM n"
        ),
        format!(
            "INSERT INTO object (collection_id, name, change, blob_id, etag, size, component,
                recurring, created_at, modified_at)
            SELECT {last}, 'n' || id, 1, id, hash, 1, 0, 0, 0, 0 FROM blob WHERE touched_at = 0"
        ),
        format!(
            "INSERT INTO property (collection_id, object, namespace, name, value)
            SELECT {last}, 'n' || id, '', 'p', '<p/>' FROM blob WHERE touched_at = 0"
        ),
        format!(
            "INSERT INTO change (account_id, number, collection_id, name, action, blob_id,
                principal_id, client, at)
            SELECT {account}, 1000 + id, {last}, 'n' || id, 3, id, 0, '', 0
            FROM blob WHERE touched_at = 0"
        ),
        format!("{numbers} INSERT INTO tombstone SELECT {last}, 't' || i, 1 FROM n"),
        format!(
            "UPDATE collection SET member_count = member_count + {objects},
                member_bytes = member_bytes + {objects} WHERE id = {last}"
        ),
        format!(
            "UPDATE account SET change_number = 1000000, used_bytes = used_bytes + {objects}
            WHERE id = {account}"
        ),
    ];
    for sql in put {
        raw::run(at, &sql).await;
    }
}

/// Writes small things until told to stop, and counts them.
async fn write_until(store: Store, done: Arc<AtomicBool>, written: Arc<AtomicUsize>) {
    while !done.load(Ordering::SeqCst) {
        let now = clock::now();
        let write = store.write(move |tx| {
            Box::pin(async move {
                job::add(tx, "writer", "", PrincipalId(0), "", now).await?;
                job::lease(tx, now, now, 9).await?.iter().for_each(drop);
                Ok(())
            })
        });
        write.await.unwrap();
        written.fetch_add(1, Ordering::SeqCst);
    }
    store
        .write(|tx| Box::pin(async move { job::purge_account(tx, PrincipalId(0)).await }))
        .await
        .unwrap();
}

/// How many contents are files.
fn files(fresh: &Fresh) -> usize {
    let root = fresh.folder().join("blobs");
    let folders = std::fs::read_dir(root)
        .unwrap()
        .flatten()
        .filter(|entry| entry.file_name() != "incoming" && entry.file_type().unwrap().is_dir());
    folders.map(|folder| std::fs::read_dir(folder.path()).unwrap().count()).sum()
}

/// Makes a file look so many seconds old.
#[expect(clippy::disallowed_methods, reason = "a file's time is the system's")]
fn age(path: &std::path::Path, seconds: i64) {
    let file = std::fs::File::options().write(true).open(path).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(seconds.unsigned_abs())).unwrap();
}
