//! One HTTP connection: HTTP/1.1 (RFC 9112) or HTTP/2 (RFC 9113), its requests to the handler,
//! its answers back, its end.
//!
//! Invariant: a connection ends when its client stalls, when it is idle too long, or when the
//! server stops; and no request reaches the handler whose framing or target is in doubt.

use super::activity::{Activity, Answer, Ticket, Timing, Verdict};
use super::config::Current;
use super::framing::Framing;
use super::gate::Gate;
use crate::kernel::clock::monotonic;
use crate::kernel::limits;
use crate::kernel::secret;
use crate::protocol::dav::space::LINK_ROOT;
use crate::protocol::http::body::Body;
use crate::protocol::http::handler::{Answering, Handler};
use crate::protocol::http::peer::Peer;
use crate::protocol::{imap, pop3};
use http::{HeaderValue, Method, Request, Response, StatusCode, Version, header};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tracing::{Instrument, Span};

/// How far the server is from its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It serves.
    Serving,
    /// It takes nothing new and finishes what runs.
    Draining,
    /// It drops what still runs.
    Closing,
}

/// What answers on connections, by protocol.
#[derive(Clone)]
pub struct Handlers {
    /// HTTP.
    pub http: Handler,
    /// IMAP, where it is spoken.
    pub imap: Option<Arc<imap::Service>>,
    /// POP3, where it is spoken.
    pub pop3: Option<Arc<pop3::Service>>,
}

impl From<Handler> for Handlers {
    fn from(http: Handler) -> Self {
        Self { http, imap: None, pop3: None }
    }
}

/// What all connections share.
pub struct Shell {
    /// The configuration in force.
    pub current: Arc<Current>,
    /// The open connections.
    pub gate: Arc<Gate>,
    /// How long clients may take.
    pub timing: Timing,
    /// How far the server is from its end.
    pub phase: watch::Sender<Phase>,
    /// Whether it takes nothing new.
    pub stopping: watch::Sender<bool>,
    /// What answers.
    pub handlers: Handlers,
    builder: auto::Builder<TokioExecutor>,
    requests: AtomicU64,
    process: u32,
}

impl Shell {
    /// What connections need to reach the handler.
    pub fn new(current: Arc<Current>, handlers: impl Into<Handlers>, timing: Timing) -> Arc<Self> {
        let mut builder = auto::Builder::new(TokioExecutor::new());
        let headers = u32::try_from(limits::HTTP_HEADER_MAX).unwrap_or(u32::MAX);
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(timing.header)
            .max_buf_size(limits::HTTP_HEADER_MAX);
        builder
            .http2()
            .timer(TokioTimer::new())
            .max_header_list_size(headers)
            .max_concurrent_streams(limits::HTTP2_STREAMS_MAX)
            .keep_alive_interval(timing.header)
            .keep_alive_timeout(timing.header);
        Arc::new(Self {
            current,
            gate: Arc::default(),
            timing,
            phase: watch::Sender::new(Phase::Serving),
            stopping: watch::Sender::new(false),
            handlers: handlers.into(),
            builder,
            requests: AtomicU64::new(0),
            process: u32::from_be_bytes(secret::random()),
        })
    }
}

/// The name of one request in logs: unique in this process, and hardly ever the same in another.
#[derive(Clone, Copy)]
struct RequestId(u32, u64);

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}-{:x}", self.0, self.1)
    }
}

/// Serves one connection until it ends. `peer` is what the socket says.
pub async fn serve<IO>(shell: &Arc<Shell>, io: IO, peer: Peer)
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let activity = Arc::new(Activity::default());
    let service = service_fn(|request| {
        let (shell, ticket) = (shell.clone(), activity.begin());
        async move { Ok::<_, Infallible>(answer(&shell, peer, request, ticket).await) }
    });
    let io = TokioIo::new(Framing::new(io));
    let mut connection = pin!(shell.builder.serve_connection(io, service));
    let mut phase = shell.phase.subscribe();
    let mut ending = false;
    let mut tick = pin!(tokio::time::sleep(shell.timing.tick()));
    loop {
        let now = *phase.borrow_and_update();
        match now {
            Phase::Serving => {}
            Phase::Draining if ending => {}
            Phase::Draining => {
                ending = true;
                connection.as_mut().graceful_shutdown();
            }
            Phase::Closing => return,
        }
        tokio::select! {
            result = connection.as_mut() => {
                if let Err(error) = result {
                    tracing::debug!(peer = %peer.address, "connection ended: {error}");
                }
                return;
            }
            Ok(()) = phase.changed() => {}
            () = tick.as_mut() => {
                match activity.verdict(&shell.timing) {
                    Verdict::Keep => {}
                    Verdict::Idle if !ending => {
                        ending = true;
                        connection.as_mut().graceful_shutdown();
                    }
                    verdict => {
                        tracing::debug!(peer = %peer.address, "connection cut off: {verdict:?}");
                        return;
                    }
                }
                tick.as_mut().reset(tokio::time::Instant::from_std(monotonic()) + shell.timing.tick());
            }
        }
    }
}

/// Why a request does not reach the handler (RFC 9112 §3.2, §6.1; RFC 9110 §7.2).
fn refusal(request: &Request<Incoming>) -> Option<&'static str> {
    let headers = request.headers();
    if headers.contains_key(header::CONTENT_LENGTH)
        && headers.contains_key(header::TRANSFER_ENCODING)
    {
        return Some("a request has either Content-Length or Transfer-Encoding\n");
    }
    let hosts = headers.get_all(header::HOST).iter().count();
    if hosts > 1 || (hosts == 0 && request.version() == Version::HTTP_11) {
        return Some("a request has exactly one Host header\n");
    }
    let named = hosts == 1 || request.uri().authority().is_some();
    (request.version() == Version::HTTP_2 && !named).then_some("a request names its authority\n")
}

/// A path as the log may have it: that of a link is a secret.
fn told(path: &str) -> &str {
    if path.starts_with(LINK_ROOT) { LINK_ROOT } else { path }
}

async fn answer(
    shell: &Shell,
    socket: Peer,
    request: Request<Incoming>,
    ticket: Ticket,
) -> Response<Answer> {
    let id = RequestId(shell.process, shell.requests.fetch_add(1, Relaxed));
    let peer = shell.current.get().trust.peer(socket, request.headers());
    let span = tracing::info_span!(
        "request",
        %id,
        method = %request.method(),
        path = told(request.uri().path()),
        peer = %peer.address,
    );
    let start = monotonic();
    let known = request.headers().contains_key(header::AUTHORIZATION);
    let head = request.method() == Method::HEAD;
    let mut response = match refusal(&request) {
        Some(why) => refused(why),
        None => {
            let handler = shell.handlers.http.clone();
            let answering =
                catch_unwind(AssertUnwindSafe(|| span.in_scope(|| handler(request, peer))));
            match answering {
                Ok(answering) => Shielded(answering).instrument(span.clone()).await,
                Err(_) => span.in_scope(panicked),
            }
        }
    };
    if head {
        empty(&mut response);
    }
    report(&span, response.status(), known, start.elapsed());
    if response.status().is_server_error()
        && let Ok(value) = HeaderValue::try_from(id.to_string())
    {
        response.headers_mut().insert("x-request-id", value);
    }
    response.map(|body| Answer::new(body, ticket))
}

/// An answer to HEAD has no content, only its length (RFC 9110 §9.3.2). hyper sees to that in
/// HTTP/1.1; in HTTP/2 a client takes content there for a broken stream (RFC 9113 §8.1.1).
fn empty(response: &mut Response<Body>) {
    let length = http_body::Body::size_hint(response.body()).exact().filter(|length| *length > 0);
    if let Some(length) = length {
        response.headers_mut().insert(header::CONTENT_LENGTH, length.into());
    }
    *response.body_mut() = Body::Empty;
}

/// One line at the end of a request. A challenge to a client that has not shown who it is belongs
/// to every first request, and is no error.
fn report(span: &Span, status: StatusCode, known: bool, took: Duration) {
    let challenge = status == StatusCode::UNAUTHORIZED && !known;
    let (code, micros) = (status.as_u16(), took.as_micros() as u64);
    span.in_scope(|| {
        if status.is_server_error() {
            tracing::error!(status = code, micros, "answered");
        } else if status.is_client_error() && !challenge {
            tracing::info!(status = code, micros, "answered");
        } else {
            tracing::debug!(status = code, micros, "answered");
        }
    });
}

fn refused(why: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(why));
    *response.status_mut() = StatusCode::BAD_REQUEST;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    response
}

fn panicked() -> Response<Body> {
    tracing::error!("the handler panicked");
    let mut response = Response::new(Body::from("the server failed; its log says why\n"));
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    response
}

/// A handler whose panic is an answer, so that it ends one request and not its connection.
struct Shielded(Answering);

impl Future for Shielded {
    type Output = Response<Body>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Response<Body>> {
        match catch_unwind(AssertUnwindSafe(|| self.0.as_mut().poll(cx))) {
            Ok(poll) => poll,
            Err(_) => Poll::Ready(panicked()),
        }
    }
}
