//! The server as a process: signals, the certificate's exchange, the exit code.

use super::tls::connect;
use super::*;
use crate::support::process::Process;
use davenport::kernel::limits::FEED_POLL_SECONDS;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::path::Path;
use std::process::{Command, Stdio};

fn davenport(folder: &Path, listen: &[&str]) -> Process {
    let mut command = Process::davenport(folder);
    Process::start(
        command.args(listen).stderr(Stdio::piped()),
        &vec!["ready at "; listen.len() / 2],
    )
}

/// Not a test of its own: the process that `sigterm_*` start, whose requests take a while.
#[test]
#[ignore = "started by other tests"]
fn a_server_with_slow_requests() {
    let handler: Handler = Arc::new(|request, _| Box::pin(act(request, "done".to_owned())));
    let current = Current::new(configured(&[("SHUTDOWN_SECONDS", "5")]));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let ready = |addresses: Vec<davenport::server::BoundAddress>| {
        println!("ready at {}", addresses[0]);
    };
    runtime
        .block_on(davenport::server::run(current, Source::default(), handler.into(), ready))
        .unwrap();
}

fn slow() -> Process {
    let mut command = Command::new(std::env::current_exe().unwrap());
    let name = "server::process::a_server_with_slow_requests";
    command.args(["--exact", name, "--ignored", "--nocapture"]);
    Process::start(command.stderr(Stdio::null()), &["ready at "])
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_lets_a_running_request_finish() {
    let process = slow();
    let mut socket = TcpStream::connect(process.address(0)).await.unwrap();
    socket.write_all(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    tokio::time::sleep(SHORT / 2).await;
    process.signal("TERM");
    let mut out = String::new();
    tokio::time::timeout(LONG, socket.read_to_string(&mut out)).await.unwrap().unwrap();
    assert!(out.starts_with("HTTP/1.1 200 ") && out.ends_with("done"), "{out}");
    assert_eq!(process.end().0, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_sigterm_ends_at_once() {
    let process = slow();
    let mut socket = TcpStream::connect(process.address(0)).await.unwrap();
    let head = b"PUT /body HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n";
    socket.write_all(head).await.unwrap();
    process.signal("TERM");
    tokio::time::sleep(SHORT / 3).await;
    process.signal("TERM");
    let began = Instant::now();
    process.end();
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_binary_answers_and_stops_with_code_0() {
    let folder = tempfile::tempdir().unwrap();
    let process = davenport(folder.path(), &["--http", "127.0.0.1:0"]);
    let mut socket = TcpStream::connect(process.address(0)).await.unwrap();
    socket.write_all(b"GET /healthz HTTP/1.0\r\n\r\n").await.unwrap();
    let mut out = String::new();
    socket.read_to_string(&mut out).await.unwrap();
    assert!(out.starts_with("HTTP/1.0 200 ") && out.ends_with("ok\n"), "{out}");
    process.signal("INT");
    assert_eq!(process.end().0, Some(0));
}

fn write_pair(folder: &Path) -> CertificateDer<'static> {
    let pair = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(folder.join("key.pem"), pair.signing_key.serialize_pem()).unwrap();
    std::fs::write(folder.join("cert.pem"), pair.cert.pem()).unwrap();
    CertificateDer::from_pem_slice(pair.cert.pem().as_bytes()).unwrap()
}

async fn shows(address: SocketAddr, certificate: &CertificateDer<'static>) -> bool {
    connect(address, certificate.clone(), &[], &[&rustls::version::TLS13]).await.is_ok()
}

async fn comes_to_show(address: SocketAddr, certificate: &CertificateDer<'static>) -> bool {
    for _ in 0..100 {
        if shows(address, certificate).await {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    false
}

#[tokio::test(flavor = "multi_thread")]
async fn sighup_swaps_the_certificate_and_keeps_it_when_the_new_one_is_broken() {
    let folder = tempfile::tempdir().unwrap();
    let first = write_pair(folder.path());
    let file = "tls_certificate = \"cert.pem\"\ntls_key = \"key.pem\"\n";
    std::fs::write(folder.path().join("davenport.toml"), file).unwrap();
    let listen = ["--http", "127.0.0.1:0", "--https", "127.0.0.1:0"];
    let process = davenport(folder.path(), &listen);
    let address = process.address(1);
    assert!(shows(address, &first).await);
    let second = write_pair(folder.path());
    assert!(shows(address, &first).await && !shows(address, &second).await);
    process.signal("HUP");
    assert!(comes_to_show(address, &second).await);
    assert!(!shows(address, &first).await);
    std::fs::write(folder.path().join("key.pem"), "broken").unwrap();
    process.signal("HUP");
    tokio::time::sleep(SHORT).await;
    std::fs::write(folder.path().join("davenport.toml"), "log.levl = 1").unwrap();
    process.signal("HUP");
    tokio::time::sleep(SHORT).await;
    assert!(shows(address, &second).await);
    process.signal("TERM");
    let (code, log) = process.end();
    assert_eq!(code, Some(0));
    for line in [
        "reload: another certificate is in use",
        "reload: the certificate stays as it was: key.pem: holds no private key",
        "reload: davenport.toml:1: log.levl: unknown key; did you mean log.level?",
        "reload: the configuration stays as it was",
    ] {
        assert!(log.contains(line), "{line:?} is missing in {log}");
    }
}

/// The authorities stay as they were, and nobody is told of it again and again.
#[tokio::test(flavor = "multi_thread")]
async fn sighup_with_broken_authorities_is_told_of_once() {
    let folder = tempfile::tempdir().unwrap();
    write_pair(folder.path());
    let file = "[outbound]\nca = \"cert.pem\"\n";
    std::fs::write(folder.path().join("davenport.toml"), file).unwrap();
    let process = davenport(folder.path(), &["--http", "127.0.0.1:0"]);
    std::fs::write(folder.path().join("cert.pem"), "broken").unwrap();
    process.signal("HUP");
    tokio::time::sleep(Duration::from_secs(3 * FEED_POLL_SECONDS)).await;
    process.signal("TERM");
    let (code, log) = process.end();
    assert_eq!(code, Some(0));
    let told = "reload: outbound.ca stays as it was: cert.pem: holds no certificate";
    assert_eq!(log.matches(told).count(), 1, "{log}");
}
