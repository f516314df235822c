//! What protocols of lines stand on: a connection that is read line by line, written in large pieces,
//! and secured on the way.
//!
//! Invariants: a line has a bound, and so has what waits to be written; what a client sent before its
//! connection was secured is forgotten (RFC 2595 §2.2, RFC 9051 §11.1).

use crate::kernel::limits::{LINE_BUFFER, OUTPUT_BUFFER};
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::watch;

/// Whatever octets can be read from and written to.
pub trait Io: AsyncRead + AsyncWrite + Send + Sync + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Io for T {}

/// Makes a connection a secured one.
pub type Upgrade = Arc<
    dyn Fn(Box<dyn Io>) -> Pin<Box<dyn Future<Output = io::Result<Box<dyn Io>>> + Send>>
        + Send
        + Sync,
>;

/// Who is at the other end, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Its address.
    pub address: IpAddr,
    /// Whether the connection is secured by TLS.
    pub secure: bool,
    /// Whether a password may be said: over TLS, or on this machine.
    pub private: bool,
}

/// What came of waiting for a line.
#[derive(Debug, PartialEq, Eq)]
pub enum Line {
    /// A line without its line end.
    Text(Vec<u8>),
    /// One that is longer than it may be; all of it has been read.
    TooLong,
    /// The client has left.
    Closed,
    /// Nothing came for too long.
    Idle,
    /// The server stops.
    Stopping,
}

/// A connection.
pub struct Wire {
    io: Option<Box<dyn Io>>,
    input: Vec<u8>,
    /// How much of the input has been given out.
    taken: usize,
    output: Vec<u8>,
    upgrade: Option<Upgrade>,
    stopping: watch::Receiver<bool>,
    /// Who is at the other end.
    pub caller: Caller,
}

impl Wire {
    /// A connection. `upgrade` is there if it can be secured; `stopping` says when the server stops.
    pub fn new(
        io: Box<dyn Io>,
        caller: Caller,
        upgrade: Option<Upgrade>,
        stopping: watch::Receiver<bool>,
    ) -> Self {
        let (input, output) = (Vec::new(), Vec::new());
        Self { io: Some(io), input, taken: 0, output, upgrade, stopping, caller }
    }

    /// Whether it is not secured, but can be.
    pub fn can_be_secured(&self) -> bool {
        self.upgrade.is_some() && !self.caller.secure
    }

    /// The next line, of at most `max` octets. What has been written goes out first, unless the next
    /// line is here already.
    ///
    /// # Errors
    /// When the connection breaks.
    pub async fn line(&mut self, max: usize, patience: Duration) -> io::Result<Line> {
        let mut long = false;
        loop {
            let waiting = self.input.get(self.taken..).unwrap_or_default();
            if let Some(end) = memchr::memchr(b'\n', waiting) {
                let line = waiting.get(..end).unwrap_or_default();
                let line = line.strip_suffix(b"\r").unwrap_or(line);
                let line = (!long && line.len() <= max).then(|| line.to_vec());
                self.taken += end + 1;
                return Ok(line.map_or(Line::TooLong, Line::Text));
            }
            if waiting.len() > max {
                // What is too long is read to its end, and not kept.
                long = true;
                self.taken = self.input.len();
            }
            self.flush().await?;
            match self.more(patience).await? {
                Ok(0) => return Ok(Line::Closed),
                Ok(_) => {}
                Err(end) => return Ok(end),
            }
        }
    }

    /// Reads so many octets, which `take` gets piece by piece; gives why not all came, if they did not.
    ///
    /// # Errors
    /// When the connection breaks, or `take` fails.
    pub async fn octets(
        &mut self,
        count: u64,
        patience: Duration,
        mut take: impl FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<Option<Line>> {
        let mut left = count;
        loop {
            let waiting = self.input.get(self.taken..).unwrap_or_default();
            let here = usize::try_from(left).unwrap_or(usize::MAX).min(waiting.len());
            take(waiting.get(..here).unwrap_or_default())?;
            self.taken += here;
            left -= here as u64;
            if left == 0 {
                return Ok(None);
            }
            self.flush().await?;
            match self.more(patience).await? {
                Ok(0) => return Ok(Some(Line::Closed)),
                Ok(_) => {}
                Err(end) => return Ok(Some(end)),
            }
        }
    }

    /// Reads what has come; gives how much, or why nothing did.
    async fn more(&mut self, patience: Duration) -> io::Result<Result<usize, Line>> {
        self.input.drain(..self.taken.min(self.input.len()));
        self.taken = 0;
        if self.input.is_empty() {
            // A connection that waits keeps no memory.
            self.input = Vec::new();
        }
        let Some(io) = self.io.as_mut() else { return Ok(Ok(0)) };
        let mut piece = [0; LINE_BUFFER];
        let read = tokio::select! {
            biased;
            _ = self.stopping.wait_for(|stopping| *stopping) => return Ok(Err(Line::Stopping)),
            read = tokio::time::timeout(patience, io.read(&mut piece)) => read,
        };
        let Ok(read) = read else { return Ok(Err(Line::Idle)) };
        let read = read?;
        self.input.extend_from_slice(piece.get(..read).unwrap_or_default());
        Ok(Ok(read))
    }

    /// Writes octets; they go out together with others.
    ///
    /// # Errors
    /// When the connection breaks.
    pub async fn write(&mut self, octets: &[u8]) -> io::Result<()> {
        self.output.extend_from_slice(octets);
        match self.output.len() > OUTPUT_BUFFER {
            true => self.flush().await,
            false => Ok(()),
        }
    }

    /// Sends what has been written.
    ///
    /// # Errors
    /// When the connection breaks.
    pub async fn flush(&mut self) -> io::Result<()> {
        if self.output.is_empty() {
            return Ok(());
        }
        let output = std::mem::take(&mut self.output);
        let Some(io) = self.io.as_mut() else { return Ok(()) };
        io.write_all(&output).await?;
        io.flush().await
    }

    /// Secures the connection, and forgets what came before.
    ///
    /// # Errors
    /// When the handshake fails, which ends the connection.
    pub async fn secure(&mut self) -> io::Result<()> {
        self.flush().await?;
        let (Some(upgrade), Some(io)) = (self.upgrade.clone(), self.io.take()) else {
            return Err(io::ErrorKind::Unsupported.into());
        };
        (self.input, self.taken) = (Vec::new(), 0);
        self.io = Some(upgrade(io).await?);
        (self.caller.secure, self.caller.private) = (true, true);
        Ok(())
    }

    /// Ends the connection: what has been written goes out, and the client is told.
    pub async fn close(&mut self) {
        let flushed = self.flush().await;
        if let (Ok(()), Some(io)) = (flushed, self.io.as_mut()) {
            let _ = io.shutdown().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn wire(io: Box<dyn Io>) -> (Wire, watch::Sender<bool>) {
        let (stop, stopping) = watch::channel(false);
        let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let caller = Caller { address, secure: false, private: true };
        (Wire::new(io, caller, None, stopping), stop)
    }

    const PATIENCE: Duration = Duration::from_millis(50);

    #[tokio::test]
    async fn lines_have_a_bound() {
        let (near, mut far) = tokio::io::duplex(64);
        let (mut wire, stop) = wire(Box::new(near));
        let long = [vec![b'x'; 3 * LINE_BUFFER], b"\r\nb\nc".to_vec()].concat();
        tokio::spawn(async move {
            far.write_all(b"abc\r\n").await.unwrap();
            far.write_all(&long).await.unwrap();
            std::future::pending::<()>().await;
        });
        assert_eq!(wire.line(3, PATIENCE).await.unwrap(), Line::Text(b"abc".to_vec()));
        assert_eq!(wire.line(3, PATIENCE).await.unwrap(), Line::TooLong);
        assert_eq!(wire.line(3, PATIENCE).await.unwrap(), Line::Text(b"b".to_vec()));
        assert_eq!(wire.line(3, PATIENCE).await.unwrap(), Line::Idle);
        stop.send_replace(true);
        assert_eq!(wire.line(3, PATIENCE).await.unwrap(), Line::Stopping);
    }

    #[tokio::test]
    async fn what_came_before_a_connection_is_secured_is_forgotten() {
        let (near, mut far) = tokio::io::duplex(64);
        let (mut wire, _stop) = wire(Box::new(near));
        let upgrade: Upgrade = Arc::new(|io| Box::pin(async move { Ok(io) }));
        (wire.upgrade, wire.caller.private) = (Some(upgrade), false);
        far.write_all(b"STLS\r\nUSER eve\r\n").await.unwrap();
        assert_eq!(wire.line(100, PATIENCE).await.unwrap(), Line::Text(b"STLS".to_vec()));
        assert!(wire.can_be_secured());
        wire.secure().await.unwrap();
        assert!(wire.caller.private && !wire.can_be_secured());
        far.write_all(b"CAPA\r\n").await.unwrap();
        assert_eq!(wire.line(100, PATIENCE).await.unwrap(), Line::Text(b"CAPA".to_vec()));
    }
}
