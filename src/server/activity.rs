//! What one connection is doing, so that it can be cut off when it does nothing useful.
//!
//! Invariant: every request counts as running from its head until its answer's body is dropped.

use crate::kernel::clock::monotonic;
use crate::kernel::limits;
use crate::protocol::http::body::Body;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

/// How long clients may take. The defaults are the server's limits; tests take shorter ones.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// For a request's head; also for the first octets of a connection.
    pub header: Duration,
    /// For the next octets of an answer to be taken by the socket.
    pub write: Duration,
    /// For an idle HTTP/2 connection.
    pub idle: Duration,
    /// For one HTTP/2 stream to take the next piece of its answer.
    pub stream: Duration,
    /// For the TLS handshake.
    pub handshake: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            header: Duration::from_secs(limits::HTTP_STALL_SECONDS),
            write: Duration::from_secs(limits::HTTP_STALL_SECONDS),
            idle: Duration::from_secs(limits::HTTP_IDLE_SECONDS),
            stream: Duration::from_secs(limits::HTTP2_STREAM_STALL_SECONDS),
            handshake: Duration::from_secs(limits::TLS_HANDSHAKE_SECONDS),
        }
    }
}

impl Timing {
    /// How often a connection is looked at.
    pub fn tick(&self) -> Duration {
        self.header.min(self.idle).min(self.stream) / 4
    }
}

/// What to do with a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It works, or may still come to it.
    Keep,
    /// It had its time without a request.
    Idle,
    /// It leaves an answer unread.
    Unread,
}

/// What a connection is doing.
#[derive(Debug)]
pub struct Activity {
    start: Instant,
    running: AtomicUsize,
    served: AtomicBool,
    touched: AtomicU64,
    /// Answers that wait for the client to take a piece: their number, and since when.
    waiting: Mutex<Vec<(u64, u64)>>,
    numbers: AtomicU64,
}

impl Default for Activity {
    fn default() -> Self {
        Self {
            start: monotonic(),
            running: AtomicUsize::new(0),
            served: AtomicBool::new(false),
            touched: AtomicU64::new(0),
            waiting: Mutex::default(),
            numbers: AtomicU64::new(0),
        }
    }
}

impl Activity {
    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// A request begins; it runs until the ticket is dropped.
    pub fn begin(self: &Arc<Self>) -> Ticket {
        self.running.fetch_add(1, Relaxed);
        self.served.store(true, Relaxed);
        Ticket { activity: self.clone(), waiting: None }
    }

    /// What to do with the connection now.
    pub fn verdict(&self, timing: &Timing) -> Verdict {
        let now = self.now();
        let older =
            |since: u64, limit: Duration| u128::from(now.saturating_sub(since)) > limit.as_millis();
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.iter().any(|(_, since)| older(*since, timing.stream)) {
            return Verdict::Unread;
        }
        let patience = if self.served.load(Relaxed) { timing.idle } else { timing.header };
        let idle = self.running.load(Relaxed) == 0 && older(self.touched.load(Relaxed), patience);
        if idle { Verdict::Idle } else { Verdict::Keep }
    }
}

/// A running request of a connection.
#[derive(Debug)]
pub struct Ticket {
    activity: Arc<Activity>,
    waiting: Option<u64>,
}

impl Ticket {
    /// The client must take a piece now.
    fn handed(&mut self) {
        let activity = &self.activity;
        let number = activity.numbers.fetch_add(1, Relaxed);
        let mut waiting = activity.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.push((number, activity.now()));
        self.waiting = Some(number);
    }

    /// The client took it.
    fn taken(&mut self) {
        if let Some(number) = self.waiting.take() {
            let mut waiting = self.activity.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.retain(|(other, _)| *other != number);
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.taken();
        self.activity.touched.store(self.activity.now(), Relaxed);
        self.activity.running.fetch_sub(1, Relaxed);
    }
}

/// An answer's body on its way out, in pieces, with the ticket of its request.
#[derive(Debug)]
pub struct Answer {
    body: Body,
    ticket: Ticket,
}

impl Answer {
    /// Sends the body under the ticket.
    pub fn new(body: Body, ticket: Ticket) -> Self {
        Self { body, ticket }
    }
}

impl http_body::Body for Answer {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        self.ticket.taken();
        let poll = match &mut self.body {
            Body::Full(bytes) if bytes.len() > limits::HTTP_PIECE_MAX => {
                let piece = bytes.split_to(limits::HTTP_PIECE_MAX);
                Poll::Ready(Some(Ok(Frame::data(piece))))
            }
            body => Pin::new(body).poll_frame(cx),
        };
        if matches!(poll, Poll::Ready(Some(Ok(_)))) && !self.body.is_end_stream() {
            self.ticket.handed();
        }
        poll
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body::Body as _;
    use http_body_util::BodyExt;

    fn timing(millis: u64) -> Timing {
        let short = Duration::from_millis(millis);
        Timing { header: short, write: short, idle: short, stream: short, handshake: short }
    }

    #[tokio::test]
    async fn a_large_body_leaves_in_pieces_and_a_piece_left_unread_is_noticed() {
        let activity = Arc::new(Activity::default());
        let large = vec![7; limits::HTTP_PIECE_MAX * 2 + 1];
        let mut answer = Answer::new(Body::from(large.clone()), activity.begin());
        assert_eq!(answer.size_hint().exact(), Some(large.len() as u64));
        let piece = answer.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!(piece.len(), limits::HTTP_PIECE_MAX);
        assert_eq!(activity.verdict(&timing(1_000)), Verdict::Keep);
        std::thread::sleep(Duration::from_millis(20));
        assert_eq!(activity.verdict(&timing(5)), Verdict::Unread);
        assert_eq!(answer.collect().await.unwrap().to_bytes().len(), limits::HTTP_PIECE_MAX + 1);
        assert_eq!(activity.verdict(&timing(1_000)), Verdict::Keep);
        std::thread::sleep(Duration::from_millis(20));
        assert_eq!(activity.verdict(&timing(5)), Verdict::Idle);
    }

    #[test]
    fn a_running_request_is_never_idle() {
        let activity = Arc::new(Activity::default());
        let ticket = activity.begin();
        std::thread::sleep(Duration::from_millis(20));
        assert_eq!(activity.verdict(&timing(5)), Verdict::Keep);
        drop(ticket);
        assert_eq!(activity.verdict(&timing(5)), Verdict::Keep);
    }
}
