//! A push service (RFC 8030) and a program that is told by it: what the service answers can be changed,
//! it remembers what it was sent, and the program alone can read it (RFC 8291).

use super::dav::{Answer, User};
use super::feed::ALLOWED;
use davenport::format::web_push::{unwritten, written};
use davenport::format::xml::{Element, parse};
use davenport::kernel::clock::Timestamp;
use davenport::kernel::secret::random;
use p256::{PublicKey, SecretKey};
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::hmac::{HMAC_SHA256, Key, sign};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// The namespace of push.
pub const NS: &str = "https://bitfire.at/webdav-push";

/// What was sent to an endpoint.
#[derive(Clone, Debug)]
pub struct Sent {
    /// Its path.
    pub path: String,
    /// The fields of the header, names in lower case.
    pub fields: HashMap<String, String>,
    /// The content.
    pub content: Vec<u8>,
    /// When it came.
    pub at: Instant,
}

#[derive(Default)]
struct State {
    /// Status line and fields of answers, by path; an empty one: none, ever.
    answers: HashMap<String, String>,
    sent: Vec<Sent>,
}

/// The service; it ends when it is dropped.
pub struct PushService {
    /// Where it listens.
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
    worker: JoinHandle<()>,
}

impl Drop for PushService {
    fn drop(&mut self) {
        self.worker.abort();
    }
}

impl PushService {
    /// Listens at a free port of an address that the tests' servers may send to.
    pub async fn start() -> Self {
        let listener = TcpListener::bind((ALLOWED, 0)).await.unwrap();
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
                    let mut lines = head.lines();
                    let line = lines.next().unwrap_or_default();
                    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
                    let fields: HashMap<_, _> = lines
                        .filter_map(|line| line.split_once(": "))
                        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
                        .collect();
                    let length = fields.get("content-length").map_or("0", String::as_str);
                    let mut content = vec![0; length.parse().unwrap()];
                    if socket.read_exact(&mut content).await.is_err() || !line.starts_with("POST ")
                    {
                        return;
                    }
                    let answer = {
                        let mut state = state.lock().unwrap();
                        let at = Instant::now();
                        state.sent.push(Sent { path: path.clone(), fields, content, at });
                        state.answers.get(&path).cloned()
                    };
                    let answer = answer.unwrap_or_else(|| "201 Created\r\n".to_owned());
                    if answer.is_empty() {
                        std::future::pending::<()>().await;
                    }
                    let answer = format!("HTTP/1.1 {answer}Content-Length: 0\r\n\r\n");
                    let _ = socket.write_all(answer.as_bytes()).await;
                });
            }
        });
        Self { address, state, worker }
    }

    /// What an endpoint answers from now on: a status and fields, each with its line end; empty:
    /// nothing.
    pub fn answer(&self, path: &str, answer: &str) {
        self.state.lock().unwrap().answers.insert(path.to_owned(), answer.to_owned());
    }

    /// What was sent to an endpoint so far.
    pub fn sent(&self, path: &str) -> Vec<Sent> {
        let state = self.state.lock().unwrap();
        state.sent.iter().filter(|it| it.path == path).cloned().collect()
    }

    /// A program with an endpoint here.
    pub fn subscriber(&self, path: &str) -> Subscriber {
        let key = loop {
            if let Ok(key) = SecretKey::from_slice(&random::<32>()) {
                break key;
            }
        };
        let endpoint = format!("http://{}{path}", self.address);
        Subscriber { path: path.to_owned(), endpoint, key, auth: random() }
    }

    /// Waits until so many messages have come to a subscriber; gives what all of them say.
    pub async fn messages(&self, to: &Subscriber, count: usize) -> Vec<Message> {
        let begin = Instant::now();
        while self.sent(&to.path).len() < count {
            let came = self.sent(&to.path).len();
            assert!(begin.elapsed() < Duration::from_secs(25), "{came} messages to {}", to.path);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        self.sent(&to.path).iter().map(|it| to.read(it)).collect()
    }

    /// What was said to a subscriber until now, after the time in which a message would have come.
    pub async fn quiet(&self, to: &Subscriber) -> Vec<Message> {
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        self.sent(&to.path).iter().map(|it| to.read(it)).collect()
    }
}

/// A program that wants to be told.
pub struct Subscriber {
    /// The path of its endpoint.
    pub path: String,
    /// Its endpoint.
    pub endpoint: String,
    key: SecretKey,
    auth: [u8; 16],
}

/// What a message says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The topic.
    pub topic: String,
    /// Whether the content changed, and the state after that.
    pub content: Option<Option<String>>,
    /// Whether properties changed.
    pub properties: bool,
}

impl Subscriber {
    /// The body that registers it, with a trigger and what else is given.
    pub fn body(&self, more: &str) -> String {
        let key = written(&self.key.public_key().to_sec1_bytes());
        let (endpoint, auth) = (&self.endpoint, written(&self.auth));
        format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\" ?>\n\
             <push-register xmlns=\"{NS}\" xmlns:D=\"DAV:\"><subscription><web-push-subscription>\
             <push-resource>{endpoint}</push-resource>\
             <content-encoding>aes128gcm</content-encoding>\
             <subscription-public-key type=\"p256dh\">{key}</subscription-public-key>\
             <auth-secret>{auth}</auth-secret>\
             </web-push-subscription></subscription>{more}</push-register>"
        )
    }

    /// Tries to register for a collection.
    pub async fn try_register(&self, user: &User, path: &str, more: &str) -> Answer {
        let media_type = ("Content-Type", "application/xml; charset=\"utf-8\"");
        user.send("POST", path, &[media_type], self.body(more)).await
    }

    /// Registers for a collection; gives the registration's address.
    pub async fn register(&self, user: &User, path: &str, more: &str) -> String {
        let answer = self.try_register(user, path, more).await.expect(204);
        let ends = Timestamp::parse_http_date(answer.header("expires").unwrap()).unwrap();
        assert!(ends > davenport::kernel::clock::now());
        answer.header("location").unwrap().to_owned()
    }

    /// Decrypts a message (RFC 8291 §3.4, RFC 8188 §2), by other means than the server's, and reads it.
    pub fn read(&self, sent: &Sent) -> Message {
        let (salt, rest) = sent.content.split_at(16);
        let (size, rest) = rest.split_at(4);
        assert!(u32::from_be_bytes(size.try_into().unwrap()) >= 18);
        let (length, rest) = rest.split_first().unwrap();
        let (theirs, record) = rest.split_at(usize::from(*length));
        let shared = self.key.diffie_hellman(&PublicKey::from_sec1_bytes(theirs).unwrap());
        let hmac = |key: &[u8], text: &[u8]| sign(&Key::new(HMAC_SHA256, key), text);
        let mine = self.key.public_key().to_sec1_bytes();
        let info = [b"WebPush: info\0", &mine[..], theirs, &[1]].concat();
        let input = hmac(hmac(&self.auth, shared.raw_secret_bytes()).as_ref(), &info);
        let keys = hmac(salt, input.as_ref());
        let key = hmac(keys.as_ref(), b"Content-Encoding: aes128gcm\0\x01");
        let nonce = hmac(keys.as_ref(), b"Content-Encoding: nonce\0\x01");
        let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key.as_ref()[..16]).unwrap());
        let nonce = Nonce::try_assume_unique_for_key(&nonce.as_ref()[..12]).unwrap();
        let mut record = record.to_vec();
        let plain = key.open_in_place(nonce, Aad::empty(), &mut record).unwrap();
        let end = plain.iter().rposition(|byte| *byte != 0).unwrap();
        assert_eq!(plain[end], 2, "the delimiter of the last record");
        said(&parse(&plain[..end]).unwrap())
    }
}

fn said(root: &Element) -> Message {
    assert!(root.is(NS, "push-message"), "{:?}", root.name);
    let content = root.child(NS, "content-update");
    let token = |e: &Element| e.child("DAV:", "sync-token").map(|it| it.text().into_owned());
    Message {
        topic: root.child(NS, "topic").unwrap().text().into_owned(),
        content: content.map(token),
        properties: root.child(NS, "property-update").is_some(),
    }
}

/// Checks the proof of who sends (RFC 8292) against the key that the server gave; gives its claims.
pub fn claims(sent: &Sent, public_key: &str) -> serde_json::Value {
    use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
    let said = sent.fields["authorization"].strip_prefix("vapid t=").unwrap();
    let (token, key) = said.split_once(", k=").unwrap();
    assert_eq!(key, public_key);
    let (signed, signature) = token.rsplit_once('.').unwrap();
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, unwritten(key).unwrap())
        .verify(signed.as_bytes(), &unwritten(signature).unwrap())
        .unwrap();
    let part = |at: usize| {
        let text = unwritten(signed.split('.').nth(at).unwrap()).unwrap();
        serde_json::from_slice::<serde_json::Value>(&text).unwrap()
    };
    assert_eq!((part(0)["typ"].as_str(), part(0)["alg"].as_str()), (Some("JWT"), Some("ES256")));
    part(1)
}
