//! Contents: single instances, references, collection, files.

use super::given::{author, home, moment, put, put_in, user};
use crate::support::on_both;
use davenport::kernel::change::ChangeNumber;
use davenport::kernel::clock::{self, Timestamp};
use davenport::kernel::ids::BlobId;
use davenport::kernel::secret::sha256;
use davenport::store::blob::{Body, Content};
use davenport::store::{Store, blob, change_log, object};
use std::time::{Duration, SystemTime};

on_both! {
    async fn equal_contents_are_one_instance(fresh: Fresh) {
        let one = keep(fresh, b"content", moment(0)).await;
        assert_eq!(keep(fresh, b"content", moment(0)).await, one);
        assert_ne!(keep(fresh, b"Content", moment(0)).await, one);
        let files = fresh.files().clone();
        let body = fresh.read(|tx| Box::pin(async move { blob::read(tx, one, &files).await }));
        assert_eq!(body.await.unwrap(), Body::Inline(b"content".to_vec()));
    }

    async fn a_content_goes_after_its_last_reference_and_the_grace(fresh: Fresh) {
        let it = keep(fresh, b"content", moment(0)).await;
        keep(fresh, b"content", moment(0)).await;
        fresh.write(move |tx| Box::pin(blob::retain(tx, it))).await.unwrap();
        for left in [true, true, false] {
            fresh.write(move |tx| Box::pin(blob::release(tx, it, moment(10)))).await.unwrap();
            // Within the grace nothing goes.
            assert_eq!(collect(fresh, moment(10)).await.0, 0);
            assert!(exists(fresh, b"content").await);
            assert_eq!(collect(fresh, moment(11)).await.0, usize::from(!left));
            assert_eq!(exists(fresh, b"content").await, left);
        }
    }

    async fn a_content_taken_up_again_stays(fresh: Fresh) {
        let it = keep(fresh, b"content", moment(0)).await;
        fresh.write(move |tx| Box::pin(blob::release(tx, it, moment(1)))).await.unwrap();
        assert_eq!(keep(fresh, b"content", moment(2)).await, it);
        assert_eq!(collect(fresh, moment(1_000)).await.0, 0);
        assert!(exists(fresh, b"content").await);
    }

    async fn references_of_one_write_add_up(fresh: Fresh) {
        let it = fresh.write(|tx| Box::pin(async move {
            let content = Content::inline(b"content".to_vec());
            let it = blob::keep(tx, &content, moment(0)).await?;
            blob::keep(tx, &content, moment(0)).await?;
            blob::release(tx, it, moment(0)).await?;
            blob::retain(tx, it).await?;
            blob::release(tx, it, moment(0)).await?;
            Ok(it)
        })).await.unwrap();
        assert_eq!(collect(fresh, moment(1_000)).await.0, 0);
        fresh.write(move |tx| Box::pin(blob::release(tx, it, moment(0)))).await.unwrap();
        assert_eq!(collect(fresh, moment(1_000)).await.0, 1);
    }

    async fn history_lets_go_of_old_contents_once(fresh: Fresh) {
        let ada = user(fresh, "ada").await;
        let of = home(fresh, ada).await;
        put(fresh, ada, of, "a", b"old").await.unwrap();
        put(fresh, ada, of, "a", b"new").await.unwrap();
        put(fresh, ada, of, "b", b"old").await.unwrap();
        // Two nodes do the same work at the same time: a job's lease may run out under it.
        let forget = || {
            let store = fresh.store.clone();
            tokio::spawn(async move {
                store.write(|tx| Box::pin(change_log::forget(tx, moment(1), moment(1), 100))).await
            })
        };
        let both = [forget(), forget(), forget()];
        for one in both {
            one.await.unwrap().unwrap();
        }
        assert_eq!(collect(fresh, moment(1_000)).await.0, 0, "b still refers to it");
        assert!(exists(fresh, b"old").await);
        let log = fresh.read(|tx| Box::pin(change_log::after(tx, ada, ChangeNumber(0), 9))).await.unwrap();
        assert_eq!(log.len(), 3);
        assert!(log.iter().all(|entry| entry.before.is_none()));
        assert_eq!(log[0].author.client, author(ada).client);
    }

    async fn a_large_content_is_a_durable_file(fresh: Fresh) {
        let content = receive(fresh, &[b"large ", b"content"]);
        assert_eq!((content.hash, content.size), (sha256(b"large content"), 13));
        let ada = user(fresh, "ada").await;
        let of = home(fresh, ada).await;
        let kept = content.clone();
        fresh.write(move |tx| Box::pin(async move {
            put_in(tx, ada, of, "film", &kept, &object::Index::default()).await
        })).await.unwrap();
        let files = fresh.files().clone();
        let found = fresh.read(|tx| Box::pin(async move {
            object::content_at(tx, ada, ("calendars", "film"), &files).await
        })).await.unwrap();
        let (_, it, body) = found.unwrap();
        assert_eq!(it.size, 13);
        let Body::File { path, size } = body else { panic!("not a file") };
        assert_eq!((std::fs::read(&path).unwrap(), size), (b"large content".to_vec(), 13));
        assert!(path.starts_with(fresh.folder().join("blobs")));
        assert_eq!(incoming(fresh), 0);
    }

    async fn a_file_goes_after_its_row(fresh: Fresh) {
        let content = receive(fresh, &[b"large"]);
        let kept = content.clone();
        let keep = fresh.write(|tx| Box::pin(async move { blob::keep(tx, &kept, moment(0)).await }));
        let it = keep.await.unwrap();
        let path = fresh.files().path(&content.hash);
        fresh.write(move |tx| Box::pin(blob::release(tx, it, moment(0)))).await.unwrap();
        let (rows, hashes) = collect(fresh, moment(10)).await;
        assert_eq!((rows, &hashes[..]), (1, &[content.hash.to_vec()][..]));
        // The same content is uploaded again at this moment: its file must survive.
        receive(fresh, &[b"large"]);
        let cutoff = clock::now().plus_seconds(-60);
        assert!(!fresh.files().remove(&hashes[0], cutoff));
        assert!(path.exists(), "a file just received was removed");
        age(&path, 3_600);
        assert!(fresh.files().remove(&hashes[0], cutoff));
        assert!(!path.exists());
        assert!(!fresh.files().remove(&hashes[0], cutoff));
    }

    async fn receptions_cut_off_are_swept(fresh: Fresh) {
        let mut dropped = fresh.files().receive().unwrap();
        dropped.write(b"half").unwrap();
        assert_eq!((dropped.size(), incoming(fresh)), (4, 1));
        drop(dropped);
        assert_eq!(incoming(fresh), 0);
        // A crash runs no destructor.
        std::mem::forget(fresh.files().receive().unwrap());
        std::mem::forget(fresh.files().receive().unwrap());
        let folder = fresh.folder().join("blobs/incoming");
        let old = std::fs::read_dir(folder).unwrap().next().unwrap().unwrap();
        age(&old.path(), 7_200);
        assert_eq!(fresh.files().sweep(clock::now().plus_seconds(-3_600)), 1);
        assert_eq!(incoming(fresh), 1);
        assert!(!old.path().exists());
    }
}

async fn keep(store: &Store, data: &'static [u8], at: Timestamp) -> BlobId {
    let content = Content::inline(data.to_vec());
    let keep = store.write(move |tx| Box::pin(async move { blob::keep(tx, &content, at).await }));
    keep.await.unwrap()
}

async fn collect(store: &Store, cutoff: Timestamp) -> (usize, Vec<Vec<u8>>) {
    store.write(move |tx| Box::pin(blob::collect(tx, cutoff, 100))).await.unwrap()
}

async fn exists(store: &Store, data: &'static [u8]) -> bool {
    let exists = store.read(|tx| Box::pin(async { blob::exists(tx, &sha256(data)).await }));
    exists.await.unwrap()
}

fn receive(store: &Store, pieces: &[&[u8]]) -> Content {
    let mut incoming = store.files().receive().unwrap();
    for piece in pieces {
        incoming.write(piece).unwrap();
    }
    store.files().finish(incoming).unwrap()
}

fn incoming(fresh: &crate::support::Fresh) -> usize {
    std::fs::read_dir(fresh.folder().join("blobs/incoming")).unwrap().count()
}

/// Makes a file look so many seconds old.
#[expect(clippy::disallowed_methods, reason = "a file's time is the system's")]
fn age(path: &std::path::Path, seconds: u64) {
    let file = std::fs::File::options().write(true).open(path).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(seconds)).unwrap();
}
