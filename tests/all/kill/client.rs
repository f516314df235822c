//! The server as a child process, and a client that knows exactly how much of an answer has come.

use crate::support::process::Process;
use base64::Engine as _;
use davenport::format::xml::{Element, parse};
use davenport::store::Location;
use std::collections::BTreeMap;
use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// What ends a dialogue that hangs.
const LONG: Duration = Duration::from_secs(60);

/// A server in a process of its own.
pub struct Server {
    process: Process,
    /// Where it listens.
    pub address: SocketAddr,
    log: PathBuf,
}

impl Server {
    fn command(folder: &Path, location: &Location) -> Command {
        let mut command = Process::davenport(folder);
        command.args(["--http", "127.0.0.1:0"]);
        if let Location::Postgres { url, .. } = location {
            command.env("DAVENPORT_STORE", url);
        }
        let errors = File::options().create(true).append(true).open(log(folder)).unwrap();
        command.stderr(errors);
        command
    }

    /// Starts it, and waits until it listens.
    pub fn start(folder: &Path, location: &Location) -> Self {
        let process = Process::start(&mut Self::command(folder, location), &["ready at http://"]);
        Self { address: process.address(0), process, log: log(folder) }
    }

    /// Starts it and kills it so long after that, wherever it then is.
    pub fn start_and_kill(folder: &Path, location: &Location, after: Duration) {
        let process = Process::start(&mut Self::command(folder, location), &[]);
        std::thread::sleep(after);
        drop(process);
    }

    /// `SIGKILL`.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// `SIGTERM`.
    pub fn terminate(&self) {
        self.process.signal("TERM");
    }

    /// How it ended, if it does so in this time.
    pub async fn ends_within(&mut self, time: Duration) -> Option<ExitStatus> {
        let begin = tokio::time::Instant::now();
        while begin.elapsed() < time {
            if let Some(status) = self.process.ended() {
                return Some(status);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        None
    }

    /// What it and those before it in this folder wrote to standard error.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }
}

fn log(folder: &Path) -> PathBuf {
    folder.join("stderr.log")
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// The connection ended before an octet of it.
    Before,
    /// The connection ended in the middle of it.
    Within,
}

/// A whole answer.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    /// A header's value as it was sent; empty when there is none.
    pub fn header(&self, name: &str) -> String {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(':'));
        let found = lines.find(|(found, _)| found.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
    }
}

/// A client with one connection at a time.
pub struct Client {
    address: SocketAddr,
    authorization: String,
    stream: Option<TcpStream>,
}

impl Client {
    pub fn new(address: SocketAddr, name: &str, password: &str) -> Self {
        let pair = base64::engine::general_purpose::STANDARD.encode(format!("{name}:{password}"));
        Self { address, authorization: format!("Basic {pair}"), stream: None }
    }

    /// Takes a new connection for the next request.
    pub fn reconnect(&mut self) {
        self.stream = None;
    }

    /// Sends a request, and takes its whole answer.
    pub async fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Answer, Lost> {
        let exchange = self.exchange(method, path, headers, body);
        let hangs = || panic!("{method} {path} is not answered");
        let result = tokio::time::timeout(LONG, exchange).await.unwrap_or_else(|_| hangs());
        let closes = |answer: &Answer| answer.header("connection").eq_ignore_ascii_case("close");
        if result.as_ref().map_or(true, closes) {
            self.stream = None;
        }
        result
    }

    async fn exchange(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Answer, Lost> {
        let stream = match &mut self.stream {
            Some(stream) => stream,
            none => {
                let new = TcpStream::connect(self.address).await.map_err(|_| Lost::Before)?;
                let _ = new.set_nodelay(true);
                none.insert(new)
            }
        };
        let mut request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: {}\r\nContent-Length: {}\r\n",
            self.address,
            self.authorization,
            body.len()
        );
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        request += "\r\n";
        let mut octets = request.into_bytes();
        octets.extend_from_slice(body);
        // A server that ends may have answered before it has read everything.
        let _ = stream.write_all(&octets).await;
        read(stream).await
    }
}

/// Octets until a rule says that they are enough.
struct Taken<'a> {
    stream: &'a mut TcpStream,
    octets: Vec<u8>,
}

impl Taken<'_> {
    async fn more(&mut self) -> Result<(), Lost> {
        match self.stream.read_buf(&mut self.octets).await {
            Ok(n) if n > 0 => Ok(()),
            _ if self.octets.is_empty() => Err(Lost::Before),
            _ => Err(Lost::Within),
        }
    }

    /// Where the line that begins there ends, and the next one begins.
    async fn line(&mut self, from: usize, end: &[u8]) -> Result<(usize, usize), Lost> {
        loop {
            let rest = self.octets.get(from..).unwrap_or_default();
            if let Some(at) = rest.windows(end.len()).position(|w| w == end) {
                return Ok((from + at, from + at + end.len()));
            }
            self.more().await?;
        }
    }

    async fn until(&mut self, length: usize) -> Result<(), Lost> {
        while self.octets.len() < length {
            self.more().await?;
        }
        Ok(())
    }
}

async fn read(stream: &mut TcpStream) -> Result<Answer, Lost> {
    let mut taken = Taken { stream, octets: Vec::new() };
    let (end, mut at) = taken.line(0, b"\r\n\r\n").await?;
    let head = String::from_utf8_lossy(&taken.octets[..end]).into_owned();
    let status: u16 = head.split(' ').nth(1).and_then(|s| s.parse().ok()).expect("a status");
    let mut answer = Answer { status, head, body: Vec::new() };
    let (length, coding) = (answer.header("content-length"), answer.header("transfer-encoding"));
    let body = &mut answer.body;
    if let Ok(length) = length.parse::<usize>() {
        taken.until(at + length).await?;
        body.extend_from_slice(&taken.octets[at..at + length]);
    } else if coding == "chunked" {
        loop {
            let (end, start) = taken.line(at, b"\r\n").await?;
            let size = std::str::from_utf8(&taken.octets[at..end]).unwrap();
            let size = usize::from_str_radix(size, 16).unwrap();
            taken.until(start + size + 2).await?;
            body.extend_from_slice(&taken.octets[start..start + size]);
            at = start + size + 2;
            if size == 0 {
                break;
            }
        }
    } else {
        assert!(matches!(status, 204 | 304), "an answer without a length: {answer:?}");
    }
    Ok(answer)
}

/// What a multistatus says of one resource: its properties as one text; `None`: it is gone.
pub type Members = BTreeMap<String, Option<String>>;

/// The members in a multistatus, and its sync token.
pub fn members(answer: &Answer) -> (Members, Option<String>) {
    let xml = parse(&answer.body).unwrap_or_else(|fault| {
        panic!("{fault}: {} {}", answer.head, String::from_utf8_lossy(&answer.body))
    });
    let mut all = Members::new();
    for response in xml.elements().filter(|e| e.is("DAV:", "response")) {
        let href = response.child("DAV:", "href").unwrap().text().into_owned();
        let status = response.child("DAV:", "status").map(Element::text);
        let found = response.elements().filter(|e| e.is("DAV:", "propstat"));
        let found = found.filter(|p| p.child("DAV:", "status").unwrap().text().contains(" 200 "));
        let mut text = String::new();
        for property in found.flat_map(|p| p.child("DAV:", "prop").unwrap().elements()) {
            text += &property.to_standalone();
        }
        let value = if status.is_some_and(|s| s.contains(" 404 ")) { None } else { Some(text) };
        assert!(all.insert(href.clone(), value).is_none(), "{href} stands twice");
    }
    (all, xml.child("DAV:", "sync-token").map(|e| e.text().into_owned()))
}
