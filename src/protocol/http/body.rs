//! The body of an answer: nothing, octets at hand, or a stream that a task writes.
//!
//! Invariant: `size_hint` is exact whenever the length is known, so that the connection can send
//! `Content-Length` (RFC 9110 §8.6), and a stream never gives more octets than it announced.

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::mpsc::Receiver;

/// The work that writes a stream; it is carried on whenever the connection asks for more.
pub type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The body of an answer.
pub enum Body {
    /// No octets.
    Empty,
    /// Octets at hand.
    Full(Bytes),
    /// Octets from a task, and how many are still to come if that is known. The stream ends when
    /// the task drops its end; an `Err` breaks the answer off, so that the client notices.
    Stream(Receiver<io::Result<Bytes>>, Option<u64>),
    /// As `Stream`, but written by work that the answer carries itself: no task is needed, and
    /// a client that goes away drops the work with the answer.
    Worked(Option<Work>, Receiver<io::Result<Bytes>>, Option<u64>),
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = match self {
            Self::Empty => "Empty",
            Self::Full(_) => "Full",
            Self::Stream(..) | Self::Worked(..) => "Stream",
        };
        f.write_str(name)
    }
}

impl From<&'static str> for Body {
    fn from(text: &'static str) -> Self {
        Self::Full(Bytes::from_static(text.as_bytes()))
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Self::Full(Bytes::from(text))
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Full(Bytes::from(bytes))
    }
}

/// Checks what a stream gave against the length it announced.
fn account(left: &mut Option<u64>, item: Option<io::Result<Bytes>>) -> Option<io::Result<Bytes>> {
    let broken = |why| Some(Err(io::Error::new(io::ErrorKind::InvalidData, why)));
    match (item, left.as_mut()) {
        (Some(Ok(bytes)), Some(left)) => match left.checked_sub(bytes.len() as u64) {
            Some(rest) => {
                *left = rest;
                Some(Ok(bytes))
            }
            None => broken("the stream gave more octets than it announced"),
        },
        (None, Some(1..)) => broken("the stream ended before the length it announced"),
        (item, _) => item,
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let item = match &mut *self {
            Self::Empty => None,
            Self::Full(bytes) => {
                let bytes = std::mem::take(bytes);
                *self = Self::Empty;
                (!bytes.is_empty()).then_some(Ok(bytes))
            }
            Self::Stream(receiver, left) => match receiver.poll_recv(cx) {
                Poll::Ready(item) => account(left, item),
                Poll::Pending => return Poll::Pending,
            },
            Self::Worked(work, receiver, left) => {
                if work.as_mut().is_some_and(|w| w.as_mut().poll(cx).is_ready()) {
                    *work = None;
                }
                match receiver.poll_recv(cx) {
                    Poll::Ready(item) => account(left, item),
                    Poll::Pending => return Poll::Pending,
                }
            }
        };
        if matches!(item, None | Some(Err(_))) {
            *self = Self::Empty;
        }
        Poll::Ready(item.map(|item| item.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Full(bytes) => bytes.is_empty(),
            Self::Stream(_, left) | Self::Worked(_, _, left) => *left == Some(0),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Full(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Stream(_, Some(left)) | Self::Worked(_, _, Some(left)) => {
                SizeHint::with_exact(*left)
            }
            Self::Stream(_, None) | Self::Worked(_, _, None) => SizeHint::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body::Body as _;
    use http_body_util::BodyExt;

    fn stream(pieces: &[&'static str], length: Option<u64>) -> Body {
        let (sender, receiver) = tokio::sync::mpsc::channel(8);
        for piece in pieces {
            sender.try_send(Ok(Bytes::from_static(piece.as_bytes()))).unwrap();
        }
        Body::Stream(receiver, length)
    }

    async fn read(body: Body) -> io::Result<Bytes> {
        Ok(body.collect().await?.to_bytes())
    }

    #[tokio::test]
    async fn gives_the_octets_and_says_how_many() {
        assert_eq!(Body::Empty.size_hint().exact(), Some(0));
        assert!(Body::Empty.is_end_stream());
        assert!(Body::Full(Bytes::new()).is_end_stream());
        let full = Body::from("hello");
        assert_eq!(full.size_hint().exact(), Some(5));
        assert!(!full.is_end_stream());
        assert_eq!(read(full).await.unwrap(), "hello");
        assert_eq!(stream(&["a", "bc"], None).size_hint().exact(), None);
        assert_eq!(stream(&["a", "bc"], Some(3)).size_hint().exact(), Some(3));
        assert_eq!(read(stream(&["a", "bc"], None)).await.unwrap(), "abc");
        assert_eq!(read(stream(&["a", "bc"], Some(3))).await.unwrap(), "abc");
    }

    #[tokio::test]
    async fn a_stream_that_lies_about_its_length_breaks() {
        assert!(read(stream(&["abc"], Some(2))).await.is_err());
        assert!(read(stream(&["abc"], Some(4))).await.is_err());
    }

    #[tokio::test]
    async fn the_end_is_known_before_it_is_asked_for() {
        let mut body = stream(&["abc"], Some(3));
        assert!(!body.is_end_stream());
        body.frame().await.unwrap().unwrap();
        assert!(body.is_end_stream());
    }

    #[tokio::test]
    async fn an_error_of_the_writer_breaks_the_answer() {
        let (sender, receiver) = tokio::sync::mpsc::channel(1);
        sender.try_send(Err(io::Error::other("disk"))).unwrap();
        assert!(read(Body::Stream(receiver, None)).await.is_err());
    }
}
