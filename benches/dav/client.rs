//! A light HTTP/1.1 client: one keep-alive connection, prepared octets out, one answer in.
//!
//! Invariant: an answer is read to its end before the next request goes out, whatever its framing
//! (RFC 9112 §6.3), so nothing is left over that could be taken for the next answer.

use memchr::memmem;
use std::io::{Error, ErrorKind, Result};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// One connection and the last answer's body.
pub struct Connection {
    stream: TcpStream,
    read: Vec<u8>,
    /// The body of the last answer.
    pub body: Vec<u8>,
}

/// How long an answer's body is.
enum Framing {
    Length(usize),
    Chunked,
}

fn wrong(why: &str) -> Error {
    Error::new(ErrorKind::InvalidData, why.to_owned())
}

impl Connection {
    /// Connects.
    pub async fn open(to: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(to).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, read: Vec::with_capacity(64 << 10), body: Vec::new() })
    }

    /// Sends a request and reads its answer; gives the status.
    pub async fn ask(&mut self, request: &[u8]) -> Result<u16> {
        self.stream.write_all(request).await?;
        self.body.clear();
        let head = self.until(b"\r\n\r\n", 0).await?;
        let (status, framing) = parse_head(&self.read[..head])?;
        let end = match framing {
            Framing::Length(length) => {
                self.fill(head + length).await?;
                self.body.extend_from_slice(&self.read[head..head + length]);
                head + length
            }
            Framing::Chunked => self.chunks(head).await?,
        };
        self.read.drain(..end);
        Ok(status)
    }

    /// Reads chunks to the last one (RFC 9112 §7.1); gives where the answer ends.
    async fn chunks(&mut self, mut at: usize) -> Result<usize> {
        loop {
            let line = self.until(b"\r\n", at).await?;
            let text = std::str::from_utf8(&self.read[at..line - 2]).map_err(Error::other)?;
            let size = usize::from_str_radix(text, 16).map_err(Error::other)?;
            self.fill(line + size + 2).await?;
            self.body.extend_from_slice(&self.read[line..line + size]);
            at = line + size + 2;
            if size == 0 {
                return Ok(at);
            }
        }
    }

    /// Reads until `mark` stands somewhere after `from`; gives where it ends.
    async fn until(&mut self, mark: &[u8], from: usize) -> Result<usize> {
        loop {
            if let Some(found) = self.read.get(from..).and_then(|rest| memmem::find(rest, mark)) {
                return Ok(from + found + mark.len());
            }
            self.more().await?;
        }
    }

    async fn fill(&mut self, length: usize) -> Result<()> {
        while self.read.len() < length {
            self.more().await?;
        }
        Ok(())
    }

    async fn more(&mut self) -> Result<()> {
        self.read.reserve(64 << 10);
        match self.stream.read_buf(&mut self.read).await? {
            0 => Err(wrong("the connection ended in the middle of an answer")),
            _ => Ok(()),
        }
    }
}

fn parse_head(head: &[u8]) -> Result<(u16, Framing)> {
    let head = std::str::from_utf8(head).map_err(Error::other)?;
    let status = head.get(9..12).and_then(|code| code.parse().ok());
    let status = status.ok_or_else(|| wrong("no status line"))?;
    for line in head.split("\r\n") {
        let Some((name, value)) = line.split_once(':') else { continue };
        if name.eq_ignore_ascii_case("content-length") {
            let length = value.trim().parse().map_err(Error::other)?;
            return Ok((status, Framing::Length(length)));
        }
        if name.eq_ignore_ascii_case("transfer-encoding") {
            return Ok((status, Framing::Chunked));
        }
    }
    match status {
        204 | 304 => Ok((status, Framing::Length(0))),
        _ => Err(wrong("an answer without a length")),
    }
}
