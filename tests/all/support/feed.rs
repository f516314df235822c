//! A server of feeds, as others run them: what it answers can be changed, and it remembers what it
//! was asked. It listens where the tests' servers may fetch from, and nowhere else.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// The address that `outbound.allow` names in tests.
pub const ALLOWED: &str = "127.0.0.2";

/// What is answered.
#[derive(Clone, Debug)]
pub enum Reply {
    /// A whole answer: status line and fields without their last line end, and the content.
    With(String, Vec<u8>),
    /// Nothing, ever.
    Nothing,
    /// A 200 whose content does not end.
    Endless,
}

impl Reply {
    /// A 200 with this content and these further fields.
    pub fn ok(content: &str, fields: &str) -> Self {
        Self::With(format!("HTTP/1.1 200 OK\r\n{fields}"), content.into())
    }

    /// A status and fields without a content.
    pub fn bare(status: &str, fields: &str) -> Self {
        Self::With(format!("HTTP/1.1 {status}\r\n{fields}"), Vec::new())
    }
}

#[derive(Default)]
struct State {
    replies: HashMap<String, Reply>,
    asked: Vec<(String, String)>,
}

/// The server; it ends when it is dropped.
pub struct FeedServer {
    /// Where it listens.
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
    worker: JoinHandle<()>,
}

impl Drop for FeedServer {
    fn drop(&mut self) {
        self.worker.abort();
    }
}

impl FeedServer {
    /// Listens at a free port of [`ALLOWED`].
    pub async fn start() -> Self {
        Self::at(ALLOWED).await
    }

    /// Listens at a free port of this address.
    pub async fn at(ip: &str) -> Self {
        let listener = TcpListener::bind((ip, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State::default()));
        let shared = state.clone();
        let worker = tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let state = shared.clone();
                tokio::spawn(async move {
                    let mut head = Vec::new();
                    while !head.ends_with(b"\r\n\r\n") {
                        match socket.read_u8().await {
                            Ok(byte) => head.push(byte),
                            Err(_) => return,
                        }
                    }
                    let head = String::from_utf8_lossy(&head).into_owned();
                    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                    let reply = {
                        let mut state = state.lock().unwrap();
                        state.asked.push((path.clone(), head));
                        state.replies.get(&path).cloned()
                    };
                    match reply.unwrap_or_else(|| Reply::bare("404 Not Found", "")) {
                        Reply::Nothing => std::future::pending().await,
                        Reply::With(head, content) => {
                            let length = format!("Content-Length: {}\r\n\r\n", content.len());
                            let _ = socket.write_all((head + &length).as_bytes()).await;
                            let _ = socket.write_all(&content).await;
                        }
                        Reply::Endless => {
                            let _ = socket
                                .write_all(b"HTTP/1.1 200 OK\r\n\r\nBEGIN:VCALENDAR\r\n")
                                .await;
                            while socket.write_all(&[b'X'; 65_536]).await.is_ok() {}
                        }
                    }
                });
            }
        });
        Self { address, state, worker }
    }

    /// The address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What a path answers from now on.
    pub fn serve(&self, path: &str, reply: Reply) {
        self.state.lock().unwrap().replies.insert(path.to_owned(), reply);
    }

    /// The paths that were asked for, so far.
    pub fn asked_for(&self) -> Vec<String> {
        let state = self.state.lock().unwrap();
        state.asked.iter().map(|(path, _)| path.clone()).collect()
    }

    /// The heads of the requests for a path, so far.
    pub fn asked(&self, path: &str) -> Vec<String> {
        let state = self.state.lock().unwrap();
        state.asked.iter().filter(|(of, _)| of == path).map(|(_, head)| head.clone()).collect()
    }
}

/// A calendar of events: of each its UID and what it says besides.
pub fn calendar(head: &str, events: &[(&str, &str)]) -> String {
    let event = |(uid, lines): &(&str, &str)| {
        format!(
            "BEGIN:VEVENT\nUID:{uid}\nDTSTAMP:20260101T000000Z\nDTSTART:20260301T100000Z\n{lines}\nEND:VEVENT\n"
        )
    };
    let events: String = events.iter().map(event).collect();
    let text =
        format!("BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//Test//EN\n{head}{events}END:VCALENDAR\n");
    text.replace('\n', "\r\n")
}
