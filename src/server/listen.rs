//! Listening sockets: bound before anything is served, then accepting until the server stops.
//!
//! Invariant: nothing that a client or a lack of file descriptors does ends an accept loop.

use super::config::Config;
use super::config::merged::Origin;
use super::conn::{self, Phase, Shell};
use super::stall::Stall;
use crate::protocol::http::peer::Peer;
use crate::protocol::net::{Caller, Io, Upgrade, Wire};
use crate::protocol::{imap, pop3};
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// What is spoken at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaks {
    /// HTTP.
    Http,
    /// IMAP.
    Imap,
    /// POP3.
    Pop3,
}

impl Speaks {
    /// The scheme of its URLs.
    fn scheme(self, secure: bool) -> &'static str {
        match (self, secure) {
            (Self::Http, false) => "http",
            (Self::Http, true) => "https",
            (Self::Imap, false) => "imap",
            (Self::Imap, true) => "imaps",
            (Self::Pop3, false) => "pop3",
            (Self::Pop3, true) => "pop3s",
        }
    }
}

/// An address that is listened on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BoundAddress {
    /// The address, with the port that the system chose if port 0 was asked for.
    pub address: SocketAddr,
    /// Whether TLS is spoken there from the beginning.
    pub secure: bool,
    /// What is spoken there.
    pub speaks: Speaks,
}

impl fmt::Display for BoundAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}/", self.speaks.scheme(self.secure), self.address)
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
    let wanted = [
        (Speaks::Http, false, &config.http_listen),
        (Speaks::Http, true, &config.https_listen),
        (Speaks::Imap, false, &config.imap_listen),
        (Speaks::Imap, true, &config.imaps_listen),
        (Speaks::Pop3, false, &config.pop3_listen),
        (Speaks::Pop3, true, &config.pop3s_listen),
    ];
    let mut out = Vec::new();
    for (speaks, secure, addresses) in wanted {
        let key = format!("{}.listen", speaks.scheme(secure));
        for address in addresses {
            let listener = match TcpListener::bind(address).await {
                Ok(listener) => listener,
                Err(error) if speaks != Speaks::Http && gives_way(config, &key, &error) => {
                    tracing::warn!("{key}: {address} is taken, so nothing is spoken there");
                    continue;
                }
                Err(error) => return Err(format!("{key}: {address}: {}", advice(&error))),
            };
            let address = listener.local_addr().map_err(|e| format!("{key}: {address}: {e}"))?;
            out.push(Bound { listener, at: BoundAddress { address, secure, speaks } });
        }
    }
    Ok(out)
}

/// Whether an address that nobody asked for may be missing: two servers on one machine start with
/// nothing configured but where they speak HTTP.
fn gives_way(config: &Config, key: &str, error: &io::Error) -> bool {
    let origin = config.merged.entry(key).map(|entry| &entry.origin);
    error.kind() == io::ErrorKind::AddrInUse && matches!(origin, None | Some(Origin::Default))
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

/// Accepts connections until the server drains. `tls` is there if there is a certificate.
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
            Ok((stream, address)) => admit(&shell, stream, (address, bound.at), tls.clone()),
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
fn admit(
    shell: &Arc<Shell>,
    stream: TcpStream,
    (address, at): (SocketAddr, BoundAddress),
    tls: Option<TlsAcceptor>,
) {
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
        let peer = Peer::of_socket(address, at.secure);
        match (at.secure, tls) {
            (false, tls) => talk(&shell, at.speaks, stream, peer, tls).await,
            (true, Some(tls)) => {
                if let Some(stream) = handshake(&shell, tls, stream, peer).await {
                    talk(&shell, at.speaks, stream, peer, None).await;
                }
            }
            (true, None) => tracing::error!("{at}: there is no certificate"),
        }
        drop(pass);
    });
}

/// Serves a connection in the protocol that is spoken there. `tls`: it can be secured.
async fn talk<IO>(shell: &Arc<Shell>, speaks: Speaks, io: IO, peer: Peer, tls: Option<TlsAcceptor>)
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + Sync + 'static,
{
    let handlers = &shell.handlers;
    let ended = match (speaks, &handlers.imap, &handlers.pop3) {
        (Speaks::Http, ..) => return conn::serve(shell, io, peer).await,
        (Speaks::Imap, Some(service), _) => {
            imap::serve(service.clone(), wire(shell, io, peer, tls)).await
        }
        (Speaks::Pop3, _, Some(service)) => {
            pop3::serve(service.clone(), wire(shell, io, peer, tls)).await
        }
        (Speaks::Imap, None, _) | (Speaks::Pop3, _, None) => Ok(()),
    };
    if let Err(error) = ended {
        tracing::debug!(peer = %peer.address, "connection ended: {error}");
    }
}

/// A connection for protocols of lines.
fn wire<IO>(shell: &Shell, io: IO, peer: Peer, tls: Option<TlsAcceptor>) -> Wire
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + Sync + 'static,
{
    let caller = Caller { address: peer.address, secure: peer.secure, private: peer.private };
    let patience = shell.timing.handshake;
    let upgrade = tls.map(|tls| -> Upgrade {
        Arc::new(move |io: Box<dyn Io>| {
            let tls = tls.clone();
            Box::pin(async move {
                let secured = tokio::time::timeout(patience, tls.accept(io)).await??;
                Ok(Box::new(secured) as Box<dyn Io>)
            })
        })
    });
    Wire::new(Box::new(io), caller, upgrade, shell.stopping.subscribe())
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
