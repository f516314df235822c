//! Answers: headers that every one has, errors in the form that the client takes, streams.

use super::context::Ask;
use super::fault::{About, Verdict, verdict, write_error};
use super::multistatus::write_status;
use super::name::MULTISTATUS;
use super::space::DAV_ROOT;
use crate::domain::collection::Place;
use crate::format::xml::Writer;
use crate::kernel::fault::{Fault, Outcome, Refusal};
use crate::protocol::http::body::Body;
use crate::protocol::http::header::accept::{ErrorBody, error_body};
use crate::protocol::http::header::prefer::{self, Preferences};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, VARY};
use http::{HeaderMap, Response, StatusCode};
use std::io;
use std::task::{Context, Poll, Waker};
use tokio::sync::mpsc::{Sender, channel};

/// The media type of every XML answer (CLIENTS-SOURCE §3: both this and text/xml are taken).
pub const XML: &str = "application/xml; charset=utf-8";
/// The media type of what people read.
const TEXT: &str = "text/plain; charset=utf-8";
/// The header of compliance classes (RFC 4918 §10.1).
pub const DAV: HeaderName = HeaderName::from_static("dav");

/// The header of scheduling objects (RFC 6638 §8.2).
pub const SCHEDULE_TAG: HeaderName = HeaderName::from_static("schedule-tag");

/// An answer without a body. An error has one all the same, its status in words: KDE's programs
/// ask again and then wait for ever when a 412 comes without one (KIO 5.103).
pub fn empty(status: StatusCode) -> Response<Body> {
    if status.is_client_error() || status.is_server_error() {
        return full(status, TEXT, format!("{status}\n").into_bytes());
    }
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = status;
    response
}

/// An answer with a body at hand.
pub fn full(status: StatusCode, media_type: &str, body: Vec<u8>) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    set(&mut response, CONTENT_TYPE, media_type);
    response
}

/// Sets a header; a value that cannot be one is left out.
pub fn set(response: &mut Response<Body>, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

/// A path as others can use it: with the scheme and authority that the client used.
pub fn absolute(ask: &Ask, path: &str) -> String {
    let scheme = if ask.peer.secure { "https" } else { "http" };
    match &ask.authority {
        Some(authority) => format!("{scheme}://{authority}{path}"),
        None => path.to_owned(),
    }
}

/// Says which preferences were honoured, and that answers differ by them (RFC 7240 §2, §3).
pub fn tell_preferences(response: &mut Response<Body>, honoured: &Preferences) {
    vary(response, prefer::VARY);
    if let Some(applied) = honoured.applied() {
        response.headers_mut().insert(HeaderName::from_static("preference-applied"), applied);
    }
}

/// Says that these fields of the request chose the answer, too.
pub fn vary(response: &mut Response<Body>, fields: &str) {
    let before = response.headers().get(VARY).and_then(|value| value.to_str().ok());
    let all = before.map_or_else(|| fields.to_owned(), |before| format!("{before}, {fields}"));
    set(response, VARY, &all);
}

/// A multistatus at hand: `write` writes what stands inside the root.
pub fn multistatus(write: impl FnOnce(&mut Writer)) -> Response<Body> {
    let mut writer = Writer::with_capacity(2048);
    writer.document_start(&MULTISTATUS);
    write(&mut writer);
    writer.close(&MULTISTATUS);
    full(StatusCode::MULTI_STATUS, XML, writer.out)
}

/// Octets that a stream gathers before it hands them to the connection.
const PIECE: usize = 64 << 10;

/// A long answer being written piece by piece: memory is bounded however long it gets.
pub struct Sheet {
    /// What is being written.
    pub writer: Writer,
    sink: Sender<io::Result<Bytes>>,
    tail: &'static [u8],
}

/// The client went away.
#[derive(Debug)]
pub struct Gone;

impl Sheet {
    /// Hands over what is written once it is enough for a piece.
    pub async fn flush(&mut self) -> Result<(), Gone> {
        if self.writer.out.len() < PIECE {
            return Ok(());
        }
        self.hand_over().await
    }

    async fn hand_over(&mut self) -> Result<(), Gone> {
        let piece = std::mem::replace(&mut self.writer.out, Vec::with_capacity(PIECE + PIECE / 4));
        self.sink.send(Ok(Bytes::from(piece))).await.map_err(|_| Gone)
    }

    /// Breaks the answer off: the client sees that it is incomplete.
    pub async fn break_off(self, fault: &Fault) {
        tracing::error!(%fault, "an answer was broken off");
        let _ = self.sink.send(Err(io::Error::other("the answer cannot be completed"))).await;
    }

    /// Ends the answer.
    pub async fn finish(mut self) {
        self.writer.raw(self.tail);
        let _ = self.sink.send(Ok(Bytes::from(self.writer.out))).await;
    }
}

/// Octets that a streamed answer has room for at first: most are short.
const ROOM: usize = 4 << 10;

/// A multistatus that `work` writes while it is sent.
pub fn streamed<F>(work: impl FnOnce(Sheet) -> F) -> Response<Body>
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut writer = Writer::with_capacity(ROOM);
    writer.document_start(&MULTISTATUS);
    let mut response = poured(XML, (writer, b"</D:multistatus>"), work);
    *response.status_mut() = StatusCode::MULTI_STATUS;
    response
}

/// An answer that begins with what is written already, goes on as `work` writes it while it is
/// sent, and ends with `tail`. One that needs no wait and fits into one piece is there at once,
/// and goes out with its length.
pub fn poured<F>(
    media_type: &str,
    (writer, tail): (Writer, &'static [u8]),
    work: impl FnOnce(Sheet) -> F,
) -> Response<Body>
where
    F: Future<Output = ()> + Send + 'static,
{
    let (sink, mut pieces) = channel(1);
    let mut work = Box::pin(work(Sheet { writer, sink, tail }));
    // Whoever sends the answer polls again with a waker of its own.
    let body = match work.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Pending => Body::Worked(Some(work), pieces, None),
        // The channel holds one piece, so what ended without waiting left one at most.
        Poll::Ready(()) => match pieces.try_recv() {
            Ok(Ok(whole)) => Body::Full(whole),
            Ok(Err(broken)) => broken_off(broken),
            Err(_) => Body::Empty,
        },
    };
    let mut response = Response::new(body);
    set(&mut response, CONTENT_TYPE, media_type);
    response
}

fn broken_off(why: io::Error) -> Body {
    let (sink, pieces) = channel(1);
    let _ = sink.try_send(Err(why));
    Body::Worked(None, pieces, None)
}

/// The answer to a fault: the condition as XML for DAV clients; JSON or plain text, with the
/// reason in words, for those who ask for it.
pub fn fault(ask: &Ask, fault: &Fault) -> Response<Body> {
    fault_about(ask, fault, ask.about())
}

/// As [`fault`], when what it is about is not at the request's own path.
pub fn fault_about(ask: &Ask, fault: &Fault, about: About) -> Response<Body> {
    let verdict = verdict(fault, about);
    of_verdict(&verdict, &words(fault), error_body(&ask.headers))
}

/// A lock on a member in the way of a change of a whole tree is told in a multistatus; one on the
/// resource itself, or above it, is told as it is (RFC 4918 §9.6.1, §9.8.3, §9.9.2).
///
/// # Errors
/// Every other fault.
pub fn blocked(ask: &Ask, fault: Fault, trees: &[&Place]) -> Outcome<Response<Body>> {
    let Fault::Refused(Refusal::Locked { path }) = &fault else { return Err(fault) };
    let holds = |tree: &&Place| {
        let root = tree.at(&tree.path, true).dav_path();
        path.strip_prefix(&root).is_some_and(|rest| !rest.is_empty())
    };
    if !trees.iter().any(holds) {
        return Err(fault);
    }
    let verdict = verdict(&fault, ask.about());
    let href = format!("{DAV_ROOT}{path}");
    Ok(multistatus(|w| write_status(&href, StatusCode::LOCKED, Some(&verdict), w)))
}

/// What is said of a fault to a client: the server's own are not explained.
pub fn words(fault: &Fault) -> String {
    match fault {
        Fault::Internal(why) => {
            tracing::error!(why, "internal fault");
            "the server failed at this; its log says why".into()
        }
        Fault::Busy(why) => {
            tracing::warn!(why, "busy");
            "the server cannot do this at the moment: try again soon".into()
        }
        Fault::Denied { .. } => "you lack a right that this needs".into(),
        fault => fault.to_string(),
    }
}

/// An error that is no fault of the domain, said in words.
pub fn error(ask: &Ask, status: StatusCode, words: &str) -> Response<Body> {
    plainly(&ask.headers, status, words)
}

/// As [`error`], for a request that has not come as far as being asked.
pub fn plainly(headers: &HeaderMap, status: StatusCode, words: &str) -> Response<Body> {
    of_verdict(&Verdict::plain(status), words, error_body(headers))
}

/// An error's answer.
pub fn of_verdict(verdict: &Verdict, words: &str, wanted: ErrorBody) -> Response<Body> {
    let mut response = match (wanted, &verdict.condition) {
        (ErrorBody::Json, condition) => {
            let condition = condition.as_ref().map(|name| name.local());
            let json = serde_json::json!({ "error": words, "condition": condition });
            full(verdict.status, "application/json", json.to_string().into_bytes())
        }
        (ErrorBody::Xml, Some(_)) => {
            let mut writer = Writer::with_capacity(256);
            writer.raw(b"<?xml version=\"1.0\" encoding=\"utf-8\"?>\n");
            let mut error = Writer::with_capacity(256);
            write_error(verdict, &mut error);
            writer.raw(&with_declarations(&error.out));
            full(verdict.status, XML, writer.out)
        }
        _ => full(verdict.status, TEXT, format!("{words}\n").into_bytes()),
    };
    if verdict.status == StatusCode::SERVICE_UNAVAILABLE {
        set(&mut response, RETRY_AFTER, "5");
    }
    response
}

/// Declares the prefixes used inside a lone `DAV:error`.
fn with_declarations(error: &[u8]) -> Vec<u8> {
    let declared: &[u8] = b"<D:error xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\" \
xmlns:A=\"urn:ietf:params:xml:ns:carddav\" xmlns:V=\"https://davenport.example/ns/\" \
xmlns:P=\"https://bitfire.at/webdav-push\">";
    match error.strip_prefix(b"<D:error>") {
        Some(rest) => [declared, rest].concat(),
        None => error.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body::Body as _;
    use http_body_util::BodyExt as _;

    async fn octets(response: Response<Body>) -> io::Result<Bytes> {
        Ok(response.into_body().collect().await?.to_bytes())
    }

    #[tokio::test]
    async fn a_streamed_answer_that_is_there_at_once_has_a_length() {
        let response = streamed(|sheet| async { sheet.finish().await });
        let length = response.body().size_hint().exact();
        let body = octets(response).await.unwrap();
        assert_eq!(length, Some(body.len() as u64));
        assert!(body.ends_with(b"</D:multistatus>"));
    }

    #[tokio::test]
    async fn a_streamed_answer_that_waits_or_is_long_comes_in_pieces() {
        let long = |mut sheet: Sheet| async move {
            for _ in 0..3 {
                tokio::task::yield_now().await;
                sheet.writer.raw(&[b'x'; PIECE]);
                sheet.flush().await.unwrap();
            }
            sheet.finish().await;
        };
        let response = streamed(long);
        assert_eq!(response.body().size_hint().exact(), None);
        let body = octets(response).await.unwrap();
        assert_eq!(body.iter().filter(|byte| **byte == b'x').count() / PIECE, 3);
        assert!(body.ends_with(b"</D:multistatus>"));
    }

    #[tokio::test]
    async fn an_answer_broken_off_at_once_is_not_a_whole_one() {
        let why = Fault::internal("for the test");
        let response = streamed(|sheet| async move { sheet.break_off(&why).await });
        assert!(octets(response).await.is_err());
    }
}
