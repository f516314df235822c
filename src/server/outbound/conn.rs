//! One connection of the server to elsewhere: resolve, check, connect, TLS, one request.
//!
//! Invariant: a socket is only opened to an address that [`Reach`] has admitted; the name is resolved
//! once, so no second answer can be another one (DNS rebinding).

use super::Trouble;
use crate::format::url::{HostName, WebUrl};
use crate::kernel::limits::{OUTBOUND_ADDRESSES_MAX, OUTBOUND_FIELDS_MAX, OUTBOUND_HEAD_MAX};
use crate::protocol::http::outbound::Reach;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// A connection that takes one request; dropped, it is closed.
pub struct Link {
    sender: SendRequest<Full<Bytes>>,
    driver: JoinHandle<()>,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Link {
    /// Sends the request; gives the answer once its head is there.
    ///
    /// # Errors
    /// `Broken`.
    pub async fn send(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, Trouble> {
        self.sender.send_request(request).await.map_err(|error| Trouble::Broken(error.to_string()))
    }
}

/// Reads a content of at most `max` octets.
///
/// # Errors
/// `TooLarge`, as soon as that is known; `Broken` when it is cut off.
pub async fn content(mut body: Incoming, max: usize) -> Result<Vec<u8>, Trouble> {
    if body.size_hint().lower() > max as u64 {
        return Err(Trouble::TooLarge(max));
    }
    let mut out = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Trouble::Broken(error.to_string()))?;
        if let Ok(data) = frame.into_data() {
            if out.len() + data.len() > max {
                return Err(Trouble::TooLarge(max));
            }
            out.extend_from_slice(&data);
        }
    }
    Ok(out)
}

/// Connects to the host of an address.
///
/// # Errors
/// `Barred`, `Unreachable`, `Slow`.
pub async fn open(
    url: &WebUrl,
    reach: &Reach,
    tls: &Arc<ClientConfig>,
    patience: Duration,
) -> Result<Link, Trouble> {
    let host = url.host();
    let addresses = timeout(patience, resolve(&host, url.port())).await;
    let addresses = addresses.unwrap_or(Err(Trouble::Slow("looking the host up")))?;
    // All of them, so that no list mixes what is meant with what is not.
    for address in &addresses {
        if let Err(why) = reach.admits(&host, *address, is_here(*address)) {
            tracing::debug!(host = url.authority(), %address, ?why, "not connected to");
            return Err(Trouble::Barred(why));
        }
    }
    let mut trouble = Trouble::Unreachable("the host has no address".to_owned());
    for address in addresses.into_iter().take(OUTBOUND_ADDRESSES_MAX) {
        match timeout(patience, connect(address, &host, url.secure().then_some(tls))).await {
            Ok(Ok(link)) => return Ok(link),
            Ok(Err(why)) => trouble = why,
            Err(_) => trouble = Trouble::Unreachable("the host does not answer".to_owned()),
        }
    }
    Err(trouble)
}

async fn resolve(host: &HostName, port: u16) -> Result<Vec<SocketAddr>, Trouble> {
    match host {
        HostName::Address(address) => Ok(vec![SocketAddr::new(*address, port)]),
        HostName::Name(name) => match lookup_host((name.as_str(), port)).await {
            Ok(found) => Ok(found.collect()),
            Err(_) => Err(Trouble::Unreachable("the host has no address".to_owned())),
        },
    }
}

/// Whether an address is one of this machine: then the way there begins where it ends. Nothing is
/// sent for that.
fn is_here(address: SocketAddr) -> bool {
    let any = match address {
        SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
        SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
    };
    let begins = || {
        let socket = UdpSocket::bind(any)?;
        socket.connect(address)?;
        socket.local_addr()
    };
    begins().is_ok_and(|begin| begin.ip() == address.ip()) || address.ip().is_loopback()
}

async fn connect(
    address: SocketAddr,
    host: &HostName,
    tls: Option<&Arc<ClientConfig>>,
) -> Result<Link, Trouble> {
    let unreachable = |error: std::io::Error| Trouble::Unreachable(error.to_string());
    let stream = TcpStream::connect(address).await.map_err(unreachable)?;
    let Some(tls) = tls else { return handshake(stream).await };
    let name = match host {
        HostName::Address(address) => ServerName::IpAddress((*address).into()),
        HostName::Name(name) => ServerName::try_from(name.clone())
            .map_err(|_| Trouble::Unreachable("the host's name is none".to_owned()))?,
    };
    let stream = TlsConnector::from(tls.clone()).connect(name, stream).await;
    handshake(stream.map_err(unreachable)?).await
}

async fn handshake(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
) -> Result<Link, Trouble> {
    let mut builder = Builder::new();
    builder.max_buf_size(OUTBOUND_HEAD_MAX).max_headers(OUTBOUND_FIELDS_MAX);
    let (sender, connection) = builder
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|error| Trouble::Broken(error.to_string()))?;
    let driver = tokio::spawn(async move {
        // The request fails with the same error.
        let _ = connection.await;
    });
    Ok(Link { sender, driver })
}
