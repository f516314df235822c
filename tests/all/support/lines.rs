//! A client of protocols of lines: what a person would type, and what comes back.

use davenport::server::tls::{install_provider, self_signed_files};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::fmt::Debug;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader,
};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// What ends a dialogue that hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// Octets in both directions.
pub trait Both: AsyncRead + AsyncWrite + Send + Unpin + Debug {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + Debug> Both for T {}

/// A connection.
pub struct Dialogue {
    io: BufReader<Box<dyn Both>>,
}

impl Dialogue {
    /// Connects.
    pub async fn open(address: SocketAddr) -> Self {
        Self::over(Box::new(TcpStream::connect(address).await.unwrap()))
    }

    /// Over what is connected.
    pub fn over(io: Box<dyn Both>) -> Self {
        Self { io: BufReader::new(io) }
    }

    /// The connection, to be secured.
    pub fn into_inner(self) -> Box<dyn Both> {
        assert!(self.io.buffer().is_empty(), "something came that nobody asked for");
        self.io.into_inner()
    }

    /// Sends octets as they are.
    pub async fn raw(&mut self, octets: impl AsRef<[u8]>) {
        self.io.get_mut().write_all(octets.as_ref()).await.unwrap();
    }

    /// The next line, which ends in CRLF, without that; none: the server has closed.
    pub async fn line(&mut self) -> Option<String> {
        let mut line = Vec::new();
        let read = self.io.read_until(b'\n', &mut line);
        tokio::time::timeout(PATIENCE, read).await.expect("an answer in time").unwrap();
        let line = String::from_utf8(line).unwrap();
        (!line.is_empty()).then(|| line.strip_suffix("\r\n").expect("CRLF").to_owned())
    }

    /// So many octets.
    pub async fn octets(&mut self, count: usize) -> String {
        let mut octets = vec![0; count];
        let read = self.io.read_exact(&mut octets);
        tokio::time::timeout(PATIENCE, read).await.expect("octets in time").unwrap();
        String::from_utf8_lossy(&octets).into_owned()
    }

    /// Sends a line; gives the next.
    pub async fn say(&mut self, line: &str) -> String {
        self.raw(format!("{line}\r\n")).await;
        self.line().await.unwrap_or_else(|| panic!("{line}: the server closed"))
    }

    /// Everything until the server closes.
    pub async fn rest(&mut self) -> String {
        let mut rest = Vec::new();
        let read = self.io.read_to_end(&mut rest);
        tokio::time::timeout(PATIENCE, read).await.expect("an end in time").unwrap();
        String::from_utf8(rest).unwrap()
    }
}

/// Secures a connection to a server that keeps its self-signed certificate in `folder`.
pub async fn secured(folder: &Path, io: Box<dyn Both>) -> Dialogue {
    install_provider();
    let certificate = CertificateDer::from_pem_file(self_signed_files(folder).0).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let io = TlsConnector::from(Arc::new(config)).connect(name, io).await.unwrap();
    Dialogue::over(Box::new(io))
}
