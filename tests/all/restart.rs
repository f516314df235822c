//! The server as a process, ended and started again on the same data: everything is there, and
//! every token, tag and lock is as good as before (RFC 6578 §3.2, DESIGN promise 2).

use crate::support::dav::{Answer, document};
use crate::support::postgres::Database;
use crate::support::process::Process;
use crate::sync::event;
use base64::Engine as _;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::Stdio;

/// Starts a server over a store.
pub fn start(folder: &Path, store: &str, wanted: &[&str]) -> Process {
    let mut command = Process::davenport(folder);
    command.args(["--http", "127.0.0.1:0"]).env("DAVENPORT_STORE", store).stderr(Stdio::null());
    command.env("DAVENPORT_OUTBOUND_ALLOW", crate::support::feed::ALLOWED);
    Process::start(&mut command, wanted)
}

/// Ends it by a signal.
pub fn end(process: Process, signal: &str) {
    process.signal(signal);
    process.end();
}

/// Asks it as its administrator.
pub fn send(
    process: &Process,
    password: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Answer {
    let pair = base64::engine::general_purpose::STANDARD.encode(format!("admin:{password}"));
    let mut text = format!(
        "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {}\r\n\
         Authorization: Basic {pair}\r\n",
        process.address(0),
        body.len()
    );
    headers.iter().for_each(|(name, value)| text += &format!("{name}: {value}\r\n"));
    text += "\r\n";
    text += body;
    let mut socket = TcpStream::connect(process.address(0)).unwrap();
    socket.write_all(text.as_bytes()).unwrap();
    let mut out = Vec::new();
    socket.read_to_end(&mut out).unwrap();
    Answer::read(&out, false).unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(&out)))
}

fn sync(token: &str) -> String {
    let token = format!("<D:sync-token>{token}</D:sync-token><D:sync-level>1</D:sync-level>");
    document("D:sync-collection", &format!("{token}<D:prop><D:getetag/></D:prop>"))
}

/// Ends the server in one way and then the other; each time all that was answered is there.
fn run(store: &str, folder: &Path) {
    let calendar = "/dav/calendars/admin/c/";
    let file = "/dav/files/admin/large";
    let large = "0123456789".repeat(30_000);
    let mut process = start(folder, store, &["ready at ", "Password: "]);
    let password = process.password(1);
    let put = |process: &Process, name: &str| {
        let path = format!("{calendar}{name}.ics");
        let answer = send(process, &password, "PUT", &path, &[], &event(name)).expect(201);
        answer.header("etag").unwrap().to_owned()
    };
    send(&process, &password, "MKCALENDAR", calendar, &[], "").expect(201);
    let etag = put(&process, "a");
    put(&process, "b");
    send(&process, &password, "PUT", file, &[], &large).expect(201);
    let ask = |process: &Process, token: &str| {
        send(process, &password, "REPORT", calendar, &[("Depth", "0")], &sync(token))
    };
    let first = ask(&process, "").expect(207).multistatus();
    let token = first.sync_token.unwrap();
    put(&process, "c");
    let gone = format!("{calendar}b.ics");
    send(&process, &password, "DELETE", &gone, &[], "").expect(204);
    let lock = crate::support::dav::LOCKINFO;
    let locked = send(&process, &password, "LOCK", file, &[("Depth", "0")], lock).expect(200);
    let lock = locked.header("lock-token").unwrap().to_owned();
    for signal in ["TERM", "KILL"] {
        end(process, signal);
        process = start(folder, store, &["ready at "]);
        let changes = ask(&process, &token).expect(207).multistatus();
        let mut told: Vec<_> =
            changes.responses.iter().map(|r| (r.href.as_str(), r.status)).collect();
        told.sort();
        let made = format!("{calendar}c.ics");
        assert_eq!(told, [(gone.as_str(), Some(404)), (made.as_str(), None)], "after {signal}");
        let a = send(&process, &password, "GET", &format!("{calendar}a.ics"), &[], "").expect(200);
        assert_eq!((a.text(), a.header("etag")), (event("a"), Some(etag.as_str())));
        assert_eq!(send(&process, &password, "GET", file, &[], "").expect(200).text(), large);
        send(&process, &password, "PUT", file, &[], "x").expect(423);
        let now = ask(&process, &changes.sync_token.unwrap()).expect(207).multistatus();
        assert!(now.responses.is_empty());
    }
    send(&process, &password, "UNLOCK", file, &[("Lock-Token", &lock)], "").expect(204);
}

#[test]
fn everything_outlives_the_process_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    run("sqlite", folder.path());
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_outlives_the_process_on_postgres() {
    if let Some(database) = Database::create().await {
        let folder = tempfile::tempdir().unwrap();
        let url = database.url();
        tokio::task::block_in_place(|| run(&url, folder.path()));
        database.drop().await;
    }
}
