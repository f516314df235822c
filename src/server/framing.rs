//! Refuses HTTP/1.1 requests that carry both `Content-Length` and `Transfer-Encoding`
//! (RFC 9112 §6.1, §6.3): proxies differ in which one they believe, and that smuggles requests.
//!
//! The HTTP library drops one of the two silently, so the octets are looked at on their way in.
//! [`Scan`] follows heads and bodies of a connection; where the second of the two headers begins,
//! it spoils the colon, and the library answers 400 and closes by itself.
//!
//! Invariant: a request without that fault passes unchanged. Where this scanner cannot follow,
//! the library refuses the request too.
//!
//! Because it knows where a body ends, it also closes gently (RFC 9112 §9.6): an answer given
//! before the body was read would be lost if the socket were closed at once, since octets that
//! nobody reads make the operating system reset the connection.

use crate::kernel::limits::HTTP_LINGER_SECONDS;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// Where in the connection's octets the scanner stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// Before or in a request line; so many octets of it seen.
    RequestLine(usize),
    /// In a header's name.
    Name,
    /// In a header's value.
    Value,
    /// In the rest of a line that does not matter; whether trailers or headers follow.
    Rest,
    /// In a chunk's size, before its extension or in it.
    ChunkSize { size: u64, digits: bool },
    /// In so many octets of a body that follow.
    Body { left: u64, chunked: bool },
    /// In a trailer line; whether it is empty so far.
    Trailer { empty: bool },
    /// No longer looking: HTTP/2, or something that the library refuses.
    Off,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Name {
    Length,
    Encoding,
}

/// How a connection to HTTP/2 begins (RFC 9113 §3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0";

/// The scanner of one connection.
#[derive(Debug)]
pub struct Scan {
    at: At,
    line: Vec<u8>,
    name: Option<Name>,
    length: Option<u64>,
    encoding: bool,
    preface: bool,
}

impl Default for Scan {
    fn default() -> Self {
        Self {
            at: At::RequestLine(0),
            line: Vec::with_capacity(24),
            name: None,
            length: None,
            encoding: false,
            preface: true,
        }
    }
}

fn after_line(bytes: &[u8]) -> usize {
    memchr::memchr(b'\n', bytes).map_or(bytes.len(), |end| end + 1)
}

impl Scan {
    /// Looks at the next octets, and spoils what must be refused.
    pub fn feed(&mut self, bytes: &mut [u8]) {
        let mut rest = bytes;
        while !rest.is_empty() && self.at != At::Off {
            let used = self.step(rest).clamp(1, rest.len());
            rest = rest.split_at_mut(used).1;
        }
    }

    /// Takes some octets of a non-empty slice, and tells how many.
    fn step(&mut self, bytes: &mut [u8]) -> usize {
        match self.at {
            At::RequestLine(seen) => self.request_line(bytes, seen),
            At::Name => self.in_name(bytes),
            At::Value => self.in_value(bytes),
            At::Rest => {
                let used = after_line(bytes);
                if bytes.get(used - 1) == Some(&b'\n') {
                    self.at = At::Name;
                }
                used
            }
            At::ChunkSize { size, digits } => self.chunk_size(bytes, size, digits),
            At::Body { left, chunked } => {
                let used = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                self.at = match (left - used as u64, chunked) {
                    (0, true) => At::ChunkSize { size: 0, digits: true },
                    (0, false) => At::RequestLine(0),
                    (left, _) => At::Body { left, chunked },
                };
                used
            }
            At::Trailer { empty } => self.trailer(bytes, empty),
            At::Off => bytes.len(),
        }
    }

    /// Whether a request's body has begun and not ended.
    fn in_body(&self) -> bool {
        matches!(self.at, At::Body { .. } | At::ChunkSize { .. } | At::Trailer { .. })
    }

    fn request_line(&mut self, bytes: &[u8], seen: usize) -> usize {
        let used = after_line(bytes);
        let line = bytes.get(..used).unwrap_or(bytes);
        let ended = line.last() == Some(&b'\n');
        if self.preface {
            let room = PREFACE.len().saturating_sub(self.line.len());
            self.line.extend(line.iter().take(room));
            if self.line == PREFACE {
                self.at = At::Off;
                return used;
            }
        }
        let content = line.iter().filter(|byte| !matches!(byte, b'\r' | b'\n')).count();
        self.at = match (ended, seen.saturating_add(content)) {
            (false, seen) => At::RequestLine(seen),
            // Empty lines before a request line are skipped (RFC 9112 §2.2).
            (true, 0) => At::RequestLine(0),
            (true, _) => {
                self.preface = false;
                self.line.clear();
                self.length = None;
                self.encoding = false;
                At::Name
            }
        };
        used
    }

    fn in_name(&mut self, bytes: &mut [u8]) -> usize {
        for (i, byte) in bytes.iter_mut().enumerate() {
            match *byte {
                b'\n' => {
                    let empty = self.line.iter().all(|byte| *byte == b'\r');
                    self.line.clear();
                    if empty {
                        self.end_of_head();
                        return i + 1;
                    }
                }
                b':' => {
                    self.name = match self.line.to_ascii_lowercase().as_slice() {
                        b"content-length" => Some(Name::Length),
                        b"transfer-encoding" => Some(Name::Encoding),
                        _ => None,
                    };
                    self.line.clear();
                    self.at = if self.name.is_some() { At::Value } else { At::Rest };
                    match (self.name, self.length, self.encoding) {
                        (Some(Name::Length), _, true) | (Some(Name::Encoding), Some(_), _) => {
                            *byte = 0;
                            self.at = At::Off;
                        }
                        (Some(Name::Encoding), ..) => self.encoding = true,
                        _ => {}
                    }
                    return i + 1;
                }
                // Longer than any name that matters; the first octets tell.
                byte if self.line.len() < 24 => self.line.push(byte),
                _ => {}
            }
        }
        bytes.len()
    }

    fn in_value(&mut self, bytes: &[u8]) -> usize {
        let used = after_line(bytes);
        let line = bytes.get(..used).unwrap_or(bytes);
        if self.name == Some(Name::Length) {
            let kept = line.iter().filter(|byte| !byte.is_ascii_whitespace());
            self.line.extend(kept.take(24_usize.saturating_sub(self.line.len())));
        }
        if line.last() == Some(&b'\n') {
            self.at = At::Name;
            if self.name == Some(Name::Length) {
                let digits = std::str::from_utf8(&self.line).ok();
                self.length = digits.and_then(|digits| digits.parse().ok());
                if self.length.is_none() {
                    self.at = At::Off;
                }
            }
            self.line.clear();
        }
        used
    }

    fn end_of_head(&mut self) {
        self.at = match (self.encoding, self.length) {
            (true, _) => At::ChunkSize { size: 0, digits: true },
            (false, Some(left @ 1..)) => At::Body { left, chunked: false },
            _ => At::RequestLine(0),
        };
    }

    fn chunk_size(&mut self, bytes: &[u8], mut size: u64, mut digits: bool) -> usize {
        for (i, byte) in bytes.iter().enumerate() {
            let digit = char::from(*byte).to_digit(16).filter(|_| digits);
            match (byte, digit) {
                (_, Some(digit)) => match size.checked_mul(16) {
                    Some(more) => size = more | u64::from(digit),
                    None => {
                        self.at = At::Off;
                        return bytes.len();
                    }
                },
                (b'\n', _) => {
                    self.at = match size {
                        0 => At::Trailer { empty: true },
                        // The data's own line end belongs to it here.
                        size => At::Body { left: size.saturating_add(2), chunked: true },
                    };
                    return i + 1;
                }
                _ => digits = false,
            }
        }
        self.at = At::ChunkSize { size, digits };
        bytes.len()
    }

    fn trailer(&mut self, bytes: &[u8], empty: bool) -> usize {
        let used = after_line(bytes);
        let line = bytes.get(..used).unwrap_or(bytes);
        let empty = empty && line.iter().all(|byte| matches!(byte, b'\r' | b'\n'));
        self.at = match (line.last() == Some(&b'\n'), empty) {
            (true, true) => At::RequestLine(0),
            (true, false) => At::Trailer { empty: true },
            (false, empty) => At::Trailer { empty },
        };
        used
    }
}

/// A connection whose incoming octets are scanned.
#[derive(Debug)]
pub struct Framing<IO> {
    io: IO,
    scan: Scan,
    /// Once the answer has ended in the middle of a request's body: how long to read on.
    patience: Option<Pin<Box<Sleep>>>,
}

impl<IO> Framing<IO> {
    /// Wraps a connection at its beginning.
    pub fn new(io: IO) -> Self {
        Self { io, scan: Scan::default(), patience: None }
    }
}

impl<IO: AsyncRead + Unpin> Framing<IO> {
    /// Reads the rest of a body that nobody wants, until its end, the client's or that of patience.
    fn poll_rest(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut scratch = [0; 8_192];
        while self.scan.in_body() {
            let pause = || Box::pin(sleep(Duration::from_secs(HTTP_LINGER_SECONDS)));
            if self.patience.get_or_insert_with(pause).as_mut().poll(cx).is_ready() {
                break;
            }
            let mut buf = ReadBuf::new(&mut scratch);
            match ready!(Pin::new(&mut self.io).poll_read(cx, &mut buf)) {
                Ok(()) if !buf.filled().is_empty() => self.scan.feed(buf.filled_mut()),
                _ => break,
            }
        }
        Poll::Ready(())
    }
}

impl<IO: AsyncRead + Unpin> AsyncRead for Framing<IO> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let poll = Pin::new(&mut self.io).poll_read(cx, buf);
        if self.scan.at != At::Off
            && let Some(new) = buf.filled_mut().get_mut(before..)
        {
            self.scan.feed(new);
        }
        poll
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Framing<IO> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.patience.is_none() {
            ready!(Pin::new(&mut self.io).poll_shutdown(cx))?;
        }
        self.poll_rest(cx).map(Ok)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn feed(text: &[u8], step: usize) -> Vec<u8> {
        let mut scan = Scan::default();
        let mut bytes = text.to_vec();
        bytes.chunks_mut(step.max(1)).for_each(|piece| scan.feed(piece));
        bytes
    }

    const GOOD: &[&str] = &[
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "\r\nPUT / HTTP/1.1\r\nHost: a\r\nContent-Length:  26 \r\n\r\nTransfer-Encoding: body \r\n",
        "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n13;x=1\r\nContent-Length: 1\r\n\r\n0\r\nContent-Length: 4\r\n\r\n",
        "PUT / HTTP/1.1\nContent-Length: 3\nContent-Length: 3\n\nabc",
        "PUT / HTTP/1.1\r\nContent-Length-Of: 1\r\nX-Transfer-Encoding: y\r\nContent-Length: 0\r\n\r\n",
    ];

    #[test]
    fn good_requests_pass_unchanged_in_any_order_and_in_pieces_of_any_size() {
        for first in GOOD {
            for second in GOOD {
                let text = format!("{first}{second}{first}");
                for step in [1, 2, 3, 7, 64, 10_000] {
                    let got = feed(text.as_bytes(), step);
                    assert_eq!(String::from_utf8_lossy(&got), text, "{step}");
                }
            }
        }
    }

    #[test]
    fn both_headers_are_spoiled_wherever_the_request_stands() {
        for bad in [
            "PUT / HTTP/1.1\r\nContent-Length: 5\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
            "PUT / HTTP/1.1\r\ntransfer-encoding: chunked\r\nHost: a\r\ncontent-length: 5\r\n\r\n",
            "PUT / HTTP/1.1\nCONTENT-LENGTH:0\nTRANSFER-ENCODING:gzip, chunked\n\n",
        ] {
            for first in GOOD.iter().chain([&""]) {
                let text = format!("{first}{bad}");
                for step in [1, 5, 10_000] {
                    let got = feed(text.as_bytes(), step);
                    let changed = got.iter().zip(text.bytes()).filter(|(a, b)| **a != *b).count();
                    assert_eq!((changed, got.contains(&0)), (1, true), "{text}");
                }
            }
        }
    }

    #[test]
    fn http2_is_left_alone() {
        let text =
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nx\r\nContent-Length: 1\r\nTransfer-Encoding: c\r\n";
        assert_eq!(feed(text.as_bytes(), 3), text.as_bytes());
    }

    proptest! {
        #[test]
        fn any_octets_in_any_pieces_do_the_same(
            text in "(GET / HTTP/1.1|Content-Length: [0-9a]{1,3}|Transfer-Encoding: x|[0-9a-f]{1,2}|\r|\n|\r\n|z){0,20}",
            step in 1_usize..9,
        ) {
            prop_assert_eq!(feed(text.as_bytes(), step), feed(text.as_bytes(), 100_000));
        }

        #[test]
        fn no_octets_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), step in 1_usize..300) {
            feed(&bytes, step);
        }
    }
}
