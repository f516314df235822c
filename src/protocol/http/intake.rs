//! Reading a request's body with bounds on octets and on time.
//!
//! Invariant: no client can hold a request open by sending slowly. The wait for one piece is
//! bounded, and so is the whole wait in proportion to what arrived. Only the time spent waiting
//! for the client counts, not the time that the server takes between two pieces.

use crate::kernel::clock::monotonic;
use crate::kernel::limits;
use bytes::{Bytes, BytesMut};
use http_body::Body;
use http_body_util::BodyExt;
use std::time::Duration;

/// Why a body was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intake {
    /// It is, or says that it is, larger than allowed: `413`.
    TooLarge,
    /// The client stopped sending, or sends too slowly: `408`.
    Stalled,
    /// The connection broke, or the framing is wrong: `400`.
    Broken,
}

/// How long the reader of one body has waited, and for how much.
#[derive(Debug)]
pub struct Pace {
    stall: Duration,
    waited: Duration,
    octets: u64,
}

impl Default for Pace {
    fn default() -> Self {
        Self::new(Duration::from_secs(limits::HTTP_STALL_SECONDS))
    }
}

impl Pace {
    /// A pace that bears a wait of `stall` for one piece.
    pub fn new(stall: Duration) -> Self {
        Self { stall, waited: Duration::ZERO, octets: 0 }
    }

    /// Octets read so far.
    pub fn octets(&self) -> u64 {
        self.octets
    }

    fn too_slow(&self) -> bool {
        self.waited > self.stall
            && self.octets < self.waited.as_secs().saturating_mul(limits::HTTP_BODY_RATE_MIN)
    }
}

/// The next octets of the body, `None` at its end. Trailers are dropped.
///
/// # Errors
/// [`Intake::Stalled`] and [`Intake::Broken`]; the body is of no more use then.
pub async fn next_chunk<B>(body: &mut B, pace: &mut Pace) -> Result<Option<Bytes>, Intake>
where
    B: Body<Data = Bytes> + Unpin,
{
    loop {
        let start = monotonic();
        let frame = tokio::time::timeout(pace.stall, body.frame()).await;
        pace.waited = pace.waited.saturating_add(start.elapsed());
        let frame = match frame {
            Err(_) => return Err(Intake::Stalled),
            Ok(None) => return Ok(None),
            Ok(Some(Err(_))) => return Err(Intake::Broken),
            Ok(Some(Ok(frame))) => frame,
        };
        if let Ok(data) = frame.into_data() {
            pace.octets = pace.octets.saturating_add(data.len() as u64);
            if pace.too_slow() {
                return Err(Intake::Stalled);
            }
            if !data.is_empty() {
                return Ok(Some(data));
            }
        }
    }
}

/// The whole body, of at most `max` octets. A body that announces more is refused before the
/// client sends it (no `100 Continue` goes out, RFC 9110 §10.1.1).
///
/// # Errors
/// Every [`Intake`].
pub async fn collect<B>(body: B, max: usize) -> Result<Bytes, Intake>
where
    B: Body<Data = Bytes> + Unpin,
{
    collect_at(body, max, Pace::default()).await
}

/// As [`collect`], with a pace of one's own.
///
/// # Errors
/// Every [`Intake`].
pub async fn collect_at<B>(mut body: B, max: usize, mut pace: Pace) -> Result<Bytes, Intake>
where
    B: Body<Data = Bytes> + Unpin,
{
    if body.size_hint().lower() > max as u64 {
        return Err(Intake::TooLarge);
    }
    let Some(first) = next_chunk(&mut body, &mut pace).await? else {
        return Ok(Bytes::new());
    };
    if first.len() > max {
        return Err(Intake::TooLarge);
    }
    let Some(second) = next_chunk(&mut body, &mut pace).await? else {
        return Ok(first);
    };
    let mut all = BytesMut::from(first.as_ref());
    let mut next = Some(second);
    while let Some(piece) = next {
        if piece.len() > max.saturating_sub(all.len()) {
            return Err(Intake::TooLarge);
        }
        all.extend_from_slice(&piece);
        next = next_chunk(&mut body, &mut pace).await?;
    }
    Ok(all.freeze())
}

#[cfg(test)]
mod tests {
    use super::super::body::Body;
    use super::*;
    use std::io;
    use tokio::sync::mpsc::{Sender, channel};

    const SHORT: Duration = Duration::from_millis(50);

    fn pipe(length: Option<u64>) -> (Sender<io::Result<Bytes>>, Body) {
        let (sender, receiver) = channel(8);
        (sender, Body::Stream(receiver, length))
    }

    #[tokio::test]
    async fn collects_up_to_the_limit() {
        assert_eq!(collect(Body::Empty, 0).await, Ok(Bytes::new()));
        assert_eq!(collect(Body::from("abc"), 3).await.unwrap(), "abc");
        assert_eq!(collect(Body::from("abcd"), 3).await, Err(Intake::TooLarge));
        let (sender, body) = pipe(None);
        for _ in 0..3 {
            sender.try_send(Ok(Bytes::from_static(b"ab"))).unwrap();
        }
        drop(sender);
        assert_eq!(collect(body, 5).await, Err(Intake::TooLarge));
    }

    #[tokio::test]
    async fn a_body_that_announces_too_much_is_refused_unread() {
        let (_sender, body) = pipe(Some(1_000));
        assert_eq!(collect(body, 999).await, Err(Intake::TooLarge));
    }

    #[tokio::test]
    async fn a_stalled_and_a_broken_body_end_the_reading() {
        let (sender, body) = pipe(None);
        sender.try_send(Ok(Bytes::from_static(b"a"))).unwrap();
        assert_eq!(collect_at(body, 9, Pace::new(SHORT)).await, Err(Intake::Stalled));
        let (sender, body) = pipe(None);
        sender.try_send(Err(io::Error::other("reset"))).unwrap();
        assert_eq!(collect(body, 9).await, Err(Intake::Broken));
    }

    #[tokio::test]
    async fn a_trickle_is_a_stall() {
        let mut pace = Pace::new(SHORT);
        pace.waited = Duration::from_secs(100);
        let mut body = Body::from("a few octets");
        assert_eq!(next_chunk(&mut body, &mut pace).await, Err(Intake::Stalled));
    }
}
