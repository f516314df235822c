//! HTTPS: both versions of HTTP by ALPN, both versions of TLS, the self-signed certificate.

use super::*;
use davenport::server::tls::{install_provider, self_signed_files};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// A client that trusts exactly this certificate.
pub async fn connect(
    address: SocketAddr,
    certificate: CertificateDer<'static>,
    alpn: &[&str],
    versions: &[&'static SupportedProtocolVersion],
) -> std::io::Result<TlsStream<TcpStream>> {
    install_provider();
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let mut config = ClientConfig::builder_with_protocol_versions(versions)
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    let socket = TcpStream::connect(address).await?;
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, socket).await
}

async fn secure() -> (Running, SocketAddr, CertificateDer<'static>, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let server =
        start(&[("TLS", "self-signed"), ("DATA_DIR", data), ("HTTPS_LISTEN", "127.0.0.1:0")]).await;
    let (file, _) = self_signed_files(folder.path());
    let address = server.secure.unwrap();
    (server, address, CertificateDer::from_pem_file(file).unwrap(), folder)
}

const BOTH: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13, &rustls::version::TLS12];

#[tokio::test]
async fn http_1_1_over_tls() {
    let (_server, address, certificate, _folder) = secure().await;
    for versions in [BOTH, &[&rustls::version::TLS12]] {
        for alpn in [&["http/1.1"][..], &[]] {
            let mut tls = connect(address, certificate.clone(), alpn, versions).await.unwrap();
            tls.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                .await
                .unwrap();
            let mut out = String::new();
            tls.read_to_string(&mut out).await.unwrap();
            assert!(out.ends_with("\r\n\r\n127.0.0.1 true HTTP/1.1"), "{out}");
        }
    }
}

#[tokio::test]
async fn http_2_by_alpn() {
    let (_server, address, certificate, _folder) = secure().await;
    let tls = connect(address, certificate, &["h2", "http/1.1"], BOTH).await.unwrap();
    assert_eq!(tls.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let (client, connection) = h2::client::handshake(tls).await.unwrap();
    tokio::spawn(connection);
    let mut client = client.ready().await.unwrap();
    for _ in 0..3 {
        let request = http::Request::get("https://localhost/").body(()).unwrap();
        let (answer, _) = client.send_request(request, true).unwrap();
        let mut body = answer.await.unwrap().into_body();
        assert_eq!(body.data().await.unwrap().unwrap(), "127.0.0.1 true HTTP/2.0");
    }
}

/// RFC 9110 §9.3.2, RFC 9113 §8.1.1: content after the head of an answer to HEAD breaks the stream.
#[tokio::test]
async fn head_over_http_2_has_a_length_and_no_content() {
    let (_server, address, certificate, _folder) = secure().await;
    let tls = connect(address, certificate, &["h2"], BOTH).await.unwrap();
    let (client, connection) = h2::client::handshake(tls).await.unwrap();
    tokio::spawn(connection);
    let mut client = client.ready().await.unwrap();
    let request = http::Request::head("https://localhost/").body(()).unwrap();
    let (answer, _) = client.send_request(request, true).unwrap();
    let answer = answer.await.unwrap();
    assert_eq!(answer.headers()["content-length"], "23");
    assert!(answer.into_body().data().await.is_none());
}

#[tokio::test]
async fn an_http_2_stream_left_unread_ends_the_connection() {
    let (server, address, certificate, _folder) = secure().await;
    let tls = connect(address, certificate, &["h2"], BOTH).await.unwrap();
    let (client, connection) = h2::client::handshake(tls).await.unwrap();
    // The connection is read, and pings are answered; only the stream's window stays shut.
    let connection = tokio::spawn(connection);
    let mut client = client.ready().await.unwrap();
    let request = http::Request::get("https://localhost/large").body(()).unwrap();
    let (answer, _) = client.send_request(request, true).unwrap();
    let answer = answer.await.unwrap();
    server.until_nobody_is_there().await;
    drop(answer);
    assert!(connection.await.unwrap().is_err());
}

#[tokio::test]
async fn a_stalled_handshake_is_cut_off() {
    let (server, address, _, _folder) = secure().await;
    let mut socket = TcpStream::connect(address).await.unwrap();
    let mut out = Vec::new();
    tokio::time::timeout(LONG, socket.read_to_end(&mut out)).await.unwrap().ok();
    server.until_nobody_is_there().await;
}

#[tokio::test]
async fn plain_http_on_the_https_port_ends() {
    let (server, address, _, _folder) = secure().await;
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let mut out = Vec::new();
    tokio::time::timeout(LONG, socket.read_to_end(&mut out)).await.unwrap().ok();
    assert!(!out.starts_with(b"HTTP"));
    assert_eq!(server.requests.load(Ordering::SeqCst), 0);
}
