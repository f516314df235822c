//! Listening sockets: bound before anything is served, then accepting until the server stops.
//!
//! Invariant: nothing that a client or a lack of file descriptors does ends an accept loop.

use super::config::Config;
use super::conn::{self, Phase, Shell};
use super::stall::Stall;
use crate::protocol::http::peer::Peer;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// An address that is listened on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BoundAddress {
    /// The address, with the port that the system chose if port 0 was asked for.
    pub address: SocketAddr,
    /// Whether TLS is spoken there.
    pub secure: bool,
}

impl fmt::Display for BoundAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}/", if self.secure { "https" } else { "http" }, self.address)
    }
}

/// A listening socket that nobody accepts from yet.
#[derive(Debug)]
pub struct Bound {
    listener: TcpListener,
    /// Where it listens.
    pub at: BoundAddress,
}

/// Binds every address of the configuration.
///
/// # Errors
/// The address that cannot be bound, why, and what to do.
pub async fn bind(config: &Config) -> Result<Vec<Bound>, String> {
    let plain = config.http_listen.iter().map(|address| (*address, false));
    let secure = config.https_listen.iter().map(|address| (*address, true));
    let mut out = Vec::new();
    for (address, secure) in plain.chain(secure) {
        let key = if secure { "https.listen" } else { "http.listen" };
        let listener = TcpListener::bind(address).await;
        let listener = listener.map_err(|e| format!("{key}: {address}: {}", advice(&e)))?;
        let address = listener.local_addr().map_err(|e| format!("{key}: {address}: {e}"))?;
        out.push(Bound { listener, at: BoundAddress { address, secure } });
    }
    Ok(out)
}

fn advice(error: &io::Error) -> String {
    let what = match error.kind() {
        io::ErrorKind::AddrInUse => {
            "another program listens there; stop it, or choose another port"
        }
        io::ErrorKind::PermissionDenied => {
            "ports below 1024 need the right CAP_NET_BIND_SERVICE; give it, or choose another port"
        }
        io::ErrorKind::AddrNotAvailable => {
            "this machine has no such address; choose one of its own, or [::] for all"
        }
        _ => return error.to_string(),
    };
    format!("{what} ({error})")
}

/// Accepts connections until the server drains. `tls` is there exactly for HTTPS listeners.
pub async fn accept(shell: Arc<Shell>, bound: Bound, tls: Option<TlsAcceptor>) {
    let mut phase = shell.phase.subscribe();
    loop {
        let next = async {
            shell.gate.room(shell.current.get().limits.connections).await;
            bound.listener.accept().await
        };
        let accepted = tokio::select! {
            biased;
            _ = phase.wait_for(|phase| *phase != Phase::Serving) => return,
            accepted = next => accepted,
        };
        match accepted {
            Ok((stream, address)) => admit(&shell, stream, address, tls.clone()),
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                // Mostly a lack of file descriptors: connections that end give some back.
                tracing::error!("{}: cannot accept connections: {error}", bound.at);
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
        }
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

/// Counts a new connection and serves it in a task of its own, or closes it.
fn admit(shell: &Arc<Shell>, stream: TcpStream, address: SocketAddr, tls: Option<TlsAcceptor>) {
    let config = shell.current.get();
    let address = address.ip().to_canonical();
    let limit = config.limits.connections_per_address;
    let limit = (!config.trust.trusts(address)).then_some(limit);
    let Some(pass) = shell.gate.enter(address, limit) else {
        tracing::debug!(peer = %address, "connection closed: too many from this address");
        return;
    };
    let _ = stream.set_nodelay(true);
    let shell = shell.clone();
    tokio::spawn(async move {
        let stream = Stall::new(stream, shell.timing.write);
        let peer = Peer::of_socket(address, tls.is_some());
        match tls {
            None => conn::serve(&shell, stream, peer).await,
            Some(tls) => {
                if let Some(stream) = handshake(&shell, tls, stream, peer).await {
                    conn::serve(&shell, stream, peer).await;
                }
            }
        }
        drop(pass);
    });
}

type Secured = Box<tokio_rustls::server::TlsStream<Stall<TcpStream>>>;

async fn handshake(
    shell: &Shell,
    tls: TlsAcceptor,
    stream: Stall<TcpStream>,
    peer: Peer,
) -> Option<Secured> {
    let mut phase = shell.phase.subscribe();
    let result = tokio::select! {
        _ = phase.wait_for(|phase| *phase != Phase::Serving) => return None,
        result = tokio::time::timeout(shell.timing.handshake, tls.accept(stream)) => result,
    };
    match result {
        Ok(Ok(stream)) => Some(Box::new(stream)),
        Ok(Err(error)) => {
            tracing::debug!(peer = %peer.address, "TLS handshake failed: {error}");
            None
        }
        Err(_) => {
            tracing::debug!(peer = %peer.address, "TLS handshake took too long");
            None
        }
    }
}
