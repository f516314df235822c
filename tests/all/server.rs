//! The listeners over real sockets: what is refused, what is cut off, what is answered.

mod process;
mod tls;

use bytes::Bytes;
use davenport::protocol::http::body::Body;
use davenport::protocol::http::handler::Handler;
use davenport::protocol::http::intake::{self, Intake, Pace};
use davenport::server::activity::Timing;
use davenport::server::config::{Config, Current, Source};
use davenport::server::conn::{Phase, Shell};
use davenport::server::listen;
use davenport::server::tls::Certificate;
use http::{Response, StatusCode};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

const SHORT: Duration = Duration::from_millis(300);
const LONG: Duration = Duration::from_secs(10);

fn timing() -> Timing {
    Timing { header: SHORT, write: SHORT, idle: LONG, stream: SHORT, handshake: SHORT }
}

fn configured(environment: &[(&str, &str)]) -> Config {
    let set = |(name, value): &(&str, &str)| (format!("DAVENPORT_{name}"), (*value).to_owned());
    let mut all = vec![set(&("HTTP_LISTEN", "127.0.0.1:0"))];
    all.extend(environment.iter().map(set));
    Source { environment: all, ..Source::default() }.load().unwrap()
}

struct Running {
    shell: Arc<Shell>,
    plain: SocketAddr,
    secure: Option<SocketAddr>,
    requests: Arc<AtomicUsize>,
}

/// What the handler of these tests does, by path.
async fn act(request: http::Request<hyper::body::Incoming>, about: String) -> Response<Body> {
    let path = request.uri().path().to_owned();
    let mut response = Response::new(Body::from(about));
    match path.as_str() {
        "/body" => match intake::collect_at(request.into_body(), 100, Pace::new(SHORT)).await {
            Ok(bytes) => *response.body_mut() = Body::Full(bytes),
            Err(why) => {
                *response.status_mut() = match why {
                    Intake::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
                    Intake::Stalled => StatusCode::REQUEST_TIMEOUT,
                    Intake::Broken => StatusCode::BAD_REQUEST,
                }
            }
        },
        "/large" => *response.body_mut() = Body::Full(Bytes::from(vec![b'x'; 64 << 20])),
        "/slow" => tokio::time::sleep(SHORT * 3).await,
        "/panic" => panic!("meant by the test"),
        _ => {}
    }
    response
}

async fn start(environment: &[(&str, &str)]) -> Running {
    start_with(environment, timing()).await
}

async fn start_with(environment: &[(&str, &str)], timing: Timing) -> Running {
    let config = configured(environment);
    let requests = Arc::new(AtomicUsize::new(0));
    let counter = requests.clone();
    let handler: Handler = Arc::new(move |request, peer| {
        counter.fetch_add(1, Ordering::SeqCst);
        let about = format!("{} {} {:?}", peer.address, peer.secure, request.version());
        Box::pin(act(request, about))
    });
    let tls = Certificate::load(&config).unwrap();
    let tls = tls.map(|certificate| TlsAcceptor::from(certificate.server_config().unwrap()));
    let bound = listen::bind(&config).await.unwrap();
    let find = |secure| bound.iter().find(|b| b.at.secure == secure).map(|b| b.at.address);
    let (plain, secure) = (find(false).unwrap(), find(true));
    let shell = Shell::new(Current::new(config), handler, timing);
    for bound in bound {
        let tls = if bound.at.secure { tls.clone() } else { None };
        tokio::spawn(listen::accept(shell.clone(), bound, tls));
    }
    Running { shell, plain, secure, requests }
}

impl Running {
    /// Sends octets, and reads until the server closes.
    async fn say(&self, text: &str) -> String {
        let mut socket = TcpStream::connect(self.plain).await.unwrap();
        socket.write_all(text.as_bytes()).await.unwrap();
        let mut out = Vec::new();
        let read = tokio::time::timeout(LONG, socket.read_to_end(&mut out)).await;
        read.expect("the server closes").ok();
        String::from_utf8_lossy(&out).into_owned()
    }

    async fn until_nobody_is_there(&self) {
        tokio::time::timeout(LONG, self.shell.gate.room(1)).await.expect("the server lets go");
    }
}

#[tokio::test]
async fn a_silent_client_and_a_slow_header_are_cut_off() {
    let server = start(&[]).await;
    for text in ["", "GET /", "GET / HTTP/1.1\r\nHost: a\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"] {
        let began = Instant::now();
        server.say(text).await;
        assert!(began.elapsed() < LONG / 2, "{text:?} took {:?}", began.elapsed());
    }
    assert_eq!(server.requests.load(Ordering::SeqCst), 0);
    server.until_nobody_is_there().await;
}

#[tokio::test]
async fn a_stalled_body_is_answered_408_and_a_large_one_413() {
    let server = start(&[]).await;
    let head = "PUT /body HTTP/1.1\r\nHost: a\r\nContent-Length: ";
    let out = server.say(&format!("{head}10\r\n\r\nabc")).await;
    assert!(out.starts_with("HTTP/1.1 408 "), "{out}");
    let out = server.say(&format!("{head}101\r\nExpect: 100-continue\r\n\r\n")).await;
    assert!(out.starts_with("HTTP/1.1 413 "), "{out}");
    let out = server.say(&format!("{head}3\r\nConnection: close\r\n\r\nabc")).await;
    assert!(out.starts_with("HTTP/1.1 200 ") && out.ends_with("\r\n\r\nabc"), "{out}");
}

#[tokio::test]
async fn both_framing_headers_are_refused_in_any_order_and_after_a_good_request() {
    let server = start(&[]).await;
    let length = "Content-Length: 5\r\n";
    let coding = "Transfer-Encoding: chunked\r\n";
    let first =
        "PUT /body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n";
    for (before, good) in [("", 0), (first, 1)] {
        for headers in [format!("{length}{coding}"), format!("{coding}{length}")] {
            let called = server.requests.load(Ordering::SeqCst);
            let bad = format!("{before}PUT /body HTTP/1.1\r\nHost: a\r\n{headers}\r\n0\r\n\r\n");
            let out = server.say(&bad).await;
            assert_eq!(out.matches("HTTP/1.1 400 ").count(), 1, "{out}");
            assert_eq!(out.matches("HTTP/1.1 200 ").count(), good, "{out}");
            assert_eq!(server.requests.load(Ordering::SeqCst) - called, good);
        }
    }
}

#[tokio::test]
async fn a_request_names_its_host_once() {
    let server = start(&[]).await;
    for (text, status) in [
        ("GET / HTTP/1.1\r\nConnection: close\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "200"),
        ("GET / HTTP/1.0\r\n\r\n", "200"),
    ] {
        let out = server.say(text).await;
        assert_eq!(out.split(' ').nth(1), Some(status), "{text:?}: {out}");
    }
    assert_eq!(server.requests.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_client_that_does_not_read_is_cut_off() {
    // The socket's own deadline must do it: the other one is far away.
    let server = start_with(&[], Timing { stream: LONG * 2, ..timing() }).await;
    let mut socket = TcpStream::connect(server.plain).await.unwrap();
    socket.write_all(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    tokio::time::sleep(SHORT / 3).await;
    assert_eq!(server.shell.gate.open(), 1);
    server.until_nobody_is_there().await;
    let mut out = Vec::new();
    let _ = socket.read_to_end(&mut out).await;
    assert!(out.len() < 64 << 20, "the answer was broken off");
}

#[tokio::test]
async fn a_client_that_reads_gets_all_of_a_large_answer() {
    let server = start(&[]).await;
    let out = server.say("GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
    assert!(out.contains("content-length: 67108864\r\n"), "{}", &out[..200]);
    assert_eq!(out.split_once("\r\n\r\n").unwrap().1.len(), 64 << 20);
}

#[tokio::test]
async fn a_panic_is_one_500_with_an_id_and_not_the_end() {
    let server = start(&[]).await;
    let out = server
        .say(
            "GET /panic HTTP/1.1\r\nHost: a\r\n\r\n\
             GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        )
        .await;
    assert!(out.starts_with("HTTP/1.1 500 ") && out.contains("HTTP/1.1 200 "), "{out}");
    assert_eq!(out.matches("x-request-id: ").count(), 1, "{out}");
}

#[tokio::test]
async fn one_address_has_so_many_connections_and_no_more() {
    let server = start(&[("LIMITS_CONNECTIONS_PER_ADDRESS", "2")]).await;
    let hold = [TcpStream::connect(server.plain).await, TcpStream::connect(server.plain).await];
    tokio::time::sleep(SHORT / 6).await;
    assert_eq!(server.say("").await, "");
    drop(hold);
    server.until_nobody_is_there().await;
    assert!(server.say("GET / HTTP/1.0\r\n\r\n").await.starts_with("HTTP/1.0 200 "));
}

#[tokio::test]
async fn over_the_limit_of_all_connections_clients_wait() {
    let server = start(&[("LIMITS_CONNECTIONS", "1")]).await;
    let hold = TcpStream::connect(server.plain).await.unwrap();
    tokio::time::sleep(SHORT / 6).await;
    let (out, ()) = tokio::join!(server.say("GET / HTTP/1.0\r\n\r\n"), async {
        tokio::time::sleep(SHORT / 6).await;
        assert_eq!(server.requests.load(Ordering::SeqCst), 0);
        drop(hold);
    });
    assert!(out.starts_with("HTTP/1.0 200 "), "{out}");
}

#[tokio::test]
async fn forwarded_counts_only_from_a_trusted_proxy() {
    let request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\
                   Forwarded: for=192.0.2.7;proto=https\r\n\r\n";
    let open = start(&[]).await.say(request).await;
    assert!(open.ends_with("\r\n\r\n127.0.0.1 false HTTP/1.1"), "{open}");
    let elsewhere = start(&[("TRUSTED_PROXIES", "10.0.0.0/8")]).await.say(request).await;
    assert!(elsewhere.ends_with("\r\n\r\n127.0.0.1 false HTTP/1.1"), "{elsewhere}");
    let trusted = start(&[("TRUSTED_PROXIES", "127.0.0.0/8")]).await.say(request).await;
    assert!(trusted.ends_with("\r\n\r\n192.0.2.7 true HTTP/1.1"), "{trusted}");
}

#[tokio::test]
async fn draining_finishes_what_runs_and_takes_nothing_new() {
    let server = start(&[]).await;
    let idle = TcpStream::connect(server.plain).await.unwrap();
    let (out, ()) = tokio::join!(server.say("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n"), async {
        tokio::time::sleep(SHORT / 3).await;
        server.shell.phase.send_replace(Phase::Draining);
        tokio::time::sleep(SHORT / 3).await;
        assert!(TcpStream::connect(server.plain).await.is_err(), "no longer listening");
        assert_eq!(server.shell.gate.open(), 1, "the idle connection is gone");
    });
    assert!(out.starts_with("HTTP/1.1 200 "), "{out}");
    server.until_nobody_is_there().await;
    drop(idle);
}
