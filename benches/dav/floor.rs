//! Floors: what the same machine gives in the same minutes to a program that does only what
//! cannot be left out. A figure of the server means something only beside them.

use crate::load::{Asked, Maker};
use bytes::Bytes;
use http_body_util::Full;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The argument that makes this program the bare HTTP server.
pub const HYPER: &str = "--bare-hyper";

/// The bare HTTP server: 400 octets to whoever asks. It runs until it is killed.
pub fn serve() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("ready at http://{}", listener.local_addr().unwrap());
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            let _ = socket.set_nodelay(true);
            tokio::spawn(async move {
                let service = service_fn(|_| async {
                    let body = Full::new(Bytes::from_static(&[b'x'; 400]));
                    Ok::<_, Infallible>(http::Response::new(body))
                });
                let http = hyper::server::conn::http1::Builder::new();
                let _ = http.serve_connection(TokioIo::new(socket), service).await;
            });
        }
    });
}

/// What is asked of the bare HTTP server: a GET with the headers of the others.
pub fn asked(request: Vec<u8>) -> Asked {
    let make: Maker = Arc::new(move |_, out| {
        out.extend_from_slice(&request);
        true
    });
    Asked { make, status: 200 }
}

/// Rows a second that bare SQLite stores durably, `rows` of 1.5 KB in each commit, with the
/// settings of the server's store.
pub fn sqlite(folder: &Path, rows: usize, time: Duration) -> Result<f64, String> {
    let run = || -> rusqlite::Result<f64> {
        let path = folder.join(format!("floor-{rows}.db"));
        let db = rusqlite::Connection::open(&path)?;
        db.execute_batch(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA temp_store=MEMORY;
             PRAGMA mmap_size=268435456; PRAGMA cache_size=-4000;
             CREATE TABLE IF NOT EXISTS r (id INTEGER PRIMARY KEY, data BLOB NOT NULL);",
        )?;
        let data = vec![7_u8; 1_500];
        let (start, mut stored) = (Instant::now(), 0_u64);
        while start.elapsed() < time {
            db.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
            for _ in 0..rows {
                db.prepare_cached("INSERT INTO r (data) VALUES (?1)")?.execute([&data])?;
            }
            db.prepare_cached("COMMIT")?.execute([])?;
            stored += rows as u64;
        }
        Ok(stored as f64 / start.elapsed().as_secs_f64())
    };
    run().map_err(|e| format!("bare SQLite: {e}"))
}

/// A number from the server's own file in a folder.
pub fn int(folder: &Path, sql: &str) -> Result<i64, String> {
    let files = std::fs::read_dir(folder).map_err(|e| e.to_string())?.flatten().map(|it| it.path());
    let mut files = files.filter(|path| path.extension().is_some_and(|end| end == "db"));
    let path = files.next().ok_or("the server has no file")?;
    let read = |db: rusqlite::Connection| db.query_row(sql, [], |row| row.get(0));
    rusqlite::Connection::open(path).and_then(read).map_err(|e| e.to_string())
}

/// Appends of 4 KB, each synced, a second.
pub fn appends(folder: &Path, time: Duration) -> Result<f64, String> {
    let run = || -> std::io::Result<f64> {
        let mut file = File::create(folder.join("floor-append"))?;
        let (start, mut count) = (Instant::now(), 0_u64);
        while start.elapsed() < time {
            file.write_all(&[7; 4_096])?;
            file.sync_data()?;
            count += 1;
        }
        Ok(count as f64 / start.elapsed().as_secs_f64())
    };
    run().map_err(|e| format!("appending: {e}"))
}
