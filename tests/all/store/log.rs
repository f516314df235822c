//! SQLite's write-ahead log stays small, whatever readers do.

use super::given::{home, put, user};
use crate::support::Fresh;
use davenport::store::change_log;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Readers that overlap one another, so that at no moment there is none.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn overlapping_readers_do_not_let_the_log_grow() {
    let fresh = Fresh::sqlite().await;
    let ada = user(&fresh, "ada").await;
    let of = home(&fresh, ada).await;
    let done = Arc::new(AtomicBool::new(false));
    let runtime = tokio::runtime::Handle::current();
    let readers = (0..3).map(|i| {
        let (store, done, runtime) = (fresh.store.clone(), done.clone(), runtime.clone());
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(i * 10));
            while !done.load(Ordering::Relaxed) {
                let read = store.read(|tx| {
                    Box::pin(async move {
                        change_log::current(tx, ada).await?;
                        std::thread::sleep(Duration::from_millis(30));
                        Ok(())
                    })
                });
                runtime.block_on(read).unwrap();
            }
        })
    });
    let readers: Vec<_> = readers.collect();
    let octets = vec![b'x'; 60_000];
    for i in 0..1_000u64 {
        let mut octets = octets.clone();
        octets[..8].copy_from_slice(&i.to_be_bytes());
        put(&fresh, ada, of, &format!("{i}"), &octets).await.unwrap();
    }
    let log = std::fs::metadata(fresh.folder().join("davenport.db-wal")).unwrap().len();
    done.store(true, Ordering::Relaxed);
    for reader in readers {
        reader.join().unwrap();
    }
    println!("the log has {} MB", log >> 20);
    assert!(log < 40 << 20, "the log grew to {} MB", log >> 20);
}
