//! Push by servers as processes: what was not told when one ended, and what another one changed.

use super::CONTENT;
use crate::restart::{end, send, start};
use crate::support::postgres::Database;
use crate::support::process::Process;
use crate::support::push::{NS, PushService, Subscriber};
use crate::sync::event;
use std::path::Path;
use std::process::Stdio;

const CALENDAR: &str = "/dav/calendars/admin/c/";

fn register(process: &Process, password: &str, it: &Subscriber) -> String {
    let media_type = [("Content-Type", "application/xml")];
    let answer =
        send(process, password, "POST", CALENDAR, &media_type, &it.body(CONTENT)).expect(204);
    answer.header("location").unwrap().to_owned()
}

fn put(process: &Process, password: &str, name: &str) {
    let path = format!("{CALENDAR}{name}.ics");
    send(process, password, "PUT", &path, &[], &event(name)).expect(201);
}

/// A change that was answered is told, though the server was killed before it could.
async fn told_by_the_next(store: &str, folder: &Path) {
    let service = PushService::start().await;
    let it = service.subscriber("/a");
    let process = tokio::task::block_in_place(|| {
        let process = start(folder, store, &["ready at ", "Password: "]);
        let password = process.password(1);
        send(&process, &password, "MKCALENDAR", CALENDAR, &[], "").expect(201);
        register(&process, &password, &it);
        let key = crate::support::dav::document(
            "D:propfind",
            &format!("<D:prop><transports xmlns=\"{NS}\"/><topic xmlns=\"{NS}\"/></D:prop>"),
        );
        let known = |process: &Process| {
            send(process, &password, "PROPFIND", CALENDAR, &[("Depth", "0")], &key)
                .expect(207)
                .text()
        };
        let before = known(&process);
        put(&process, &password, "a");
        end(process, "KILL");
        let process = start(folder, store, &["ready at "]);
        assert_eq!(known(&process), before, "key and topic outlive the process");
        process
    });
    let told = service.messages(&it, 1).await;
    assert!(told[0].content.is_some());
    tokio::task::block_in_place(|| end(process, "TERM"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_told_after_a_crash_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    told_by_the_next("sqlite", folder.path()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_told_after_a_crash_on_postgres() {
    if let Some(database) = Database::create().await {
        let folder = tempfile::tempdir().unwrap();
        told_by_the_next(&database.url(), folder.path()).await;
        database.drop().await;
    }
}

/// One process tells of what another one over the same database changed, long before it would look.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_by_another_process_is_told_at_once() {
    let Some(database) = Database::create().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let service = PushService::start().await;
    let it = service.subscriber("/a");
    let (one, other, password) = tokio::task::block_in_place(|| {
        let one = start(folder.path(), &database.url(), &["ready at ", "Password: "]);
        let password = one.password(1);
        send(&one, &password, "MKCALENDAR", CALENDAR, &[], "").expect(201);
        register(&one, &password, &it);
        let mut command = Process::davenport(folder.path());
        command.args(["--http", "127.0.0.1:0"]).env("DAVENPORT_STORE", database.url());
        command.env("DAVENPORT_PUSH_ENABLED", "false").stderr(Stdio::null());
        let other = Process::start(&mut command, &["ready at "]);
        let options = send(&other, &password, "OPTIONS", CALENDAR, &[], "").expect(200);
        assert!(!options.header("dav").unwrap().contains("push"), "switched off");
        (one, other, password)
    });
    let begin = std::time::Instant::now();
    tokio::task::block_in_place(|| put(&other, &password, "a"));
    service.messages(&it, 1).await;
    assert!(begin.elapsed().as_secs() < 5, "{:?}", begin.elapsed());
    tokio::task::block_in_place(|| {
        end(one, "TERM");
        end(other, "TERM");
    });
    database.drop().await;
}

/// Two processes that both tell tell once.
#[tokio::test(flavor = "multi_thread")]
async fn two_processes_tell_once() {
    let Some(database) = Database::create().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let service = PushService::start().await;
    let all: Vec<_> = (0..10).map(|i| service.subscriber(&format!("/{i}"))).collect();
    let (one, other, password) = tokio::task::block_in_place(|| {
        let one = start(folder.path(), &database.url(), &["ready at ", "Password: "]);
        let other = start(folder.path(), &database.url(), &["ready at "]);
        let password = one.password(1);
        send(&one, &password, "MKCALENDAR", CALENDAR, &[], "").expect(201);
        all.iter().for_each(|it| drop(register(&other, &password, it)));
        (one, other, password)
    });
    tokio::task::block_in_place(|| put(&one, &password, "a"));
    for it in &all {
        service.messages(it, 1).await;
    }
    for it in &all {
        assert_eq!(service.sent(&it.path).len(), 1);
    }
    assert_eq!(service.quiet(&all[0]).await.len(), 1);
    tokio::task::block_in_place(|| {
        end(one, "TERM");
        end(other, "TERM");
    });
    database.drop().await;
}
