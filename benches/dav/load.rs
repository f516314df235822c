//! Load: so many connections, each asking as fast as it is answered, for so long.

use crate::client::Connection;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Writes request number *n* into an empty buffer; `false`: there is nothing left to ask.
pub type Maker = Arc<dyn Fn(u64, &mut Vec<u8>) -> bool + Send + Sync>;

/// What is asked, and the status that every answer must have.
#[derive(Clone)]
pub struct Asked {
    /// The requests.
    pub make: Maker,
    /// The status.
    pub status: u16,
}

/// What was measured; CPU is added by the caller.
#[derive(Clone, Debug, Default)]
pub struct Sample {
    /// Requests answered.
    pub ops: u64,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// Milliseconds that half of the answers took at most.
    pub p50: f64,
    /// Milliseconds that 99 % of the answers took at most.
    pub p99: f64,
    /// The server's CPU, in seconds.
    pub cpu: f64,
    /// The database's CPU, in seconds.
    pub database: f64,
}

impl Sample {
    /// Answers a second.
    pub fn rate(&self) -> f64 {
        self.ops as f64 / self.seconds.max(1e-9)
    }

    /// Microseconds of the server's CPU for one answer.
    pub fn micros(&self) -> f64 {
        self.cpu * 1e6 / (self.ops as f64).max(1.0)
    }

    /// Microseconds of the database's CPU for one answer.
    pub fn database_micros(&self) -> f64 {
        self.database * 1e6 / (self.ops as f64).max(1.0)
    }
}

/// Asks over `connections` connections for `time`, each until its last answer is there.
pub async fn run(
    to: SocketAddr,
    connections: usize,
    time: Duration,
    asked: &Asked,
) -> Result<Sample, String> {
    let mut open = Vec::new();
    for _ in 0..connections {
        open.push(Connection::open(to).await.map_err(|e| e.to_string())?);
    }
    let (numbers, start) = (Arc::new(AtomicU64::new(0)), Instant::now());
    let mut tasks = JoinSet::new();
    for connection in open {
        tasks.spawn(one(connection, asked.clone(), numbers.clone(), start, time));
    }
    let mut took = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        took.append(&mut ended.map_err(|e| e.to_string())??);
    }
    took.sort_unstable();
    let seconds = start.elapsed().as_secs_f64();
    let part = |hundredth: usize| {
        let at = (took.len() * hundredth / 100).min(took.len().saturating_sub(1));
        took.get(at).map_or(0.0, |micros| f64::from(*micros) / 1e3)
    };
    let (p50, p99) = (part(50), part(99));
    Ok(Sample { ops: took.len() as u64, seconds, p50, p99, ..Sample::default() })
}

async fn one(
    mut connection: Connection,
    asked: Asked,
    numbers: Arc<AtomicU64>,
    start: Instant,
    time: Duration,
) -> Result<Vec<u32>, String> {
    let (mut request, mut took) = (Vec::new(), Vec::new());
    while start.elapsed() < time {
        request.clear();
        if !(asked.make)(numbers.fetch_add(1, Relaxed), &mut request) {
            break;
        }
        let sent = Instant::now();
        let status = connection.ask(&request).await.map_err(|e| e.to_string())?;
        took.push(u32::try_from(sent.elapsed().as_micros()).unwrap_or(u32::MAX));
        if status != asked.status {
            let line = String::from_utf8_lossy(&request[..request.len().min(120)]).into_owned();
            let body = String::from_utf8_lossy(&connection.body).into_owned();
            return Err(format!("{status} instead of {} to {line:?}: {body}", asked.status));
        }
    }
    Ok(took)
}
