//! Clients that want the same thing at the same moment: conditions and UIDs are checked inside the
//! transaction that they guard, so exactly one of them has it (RFC 9110 §13, RFC 4791 §5.3.2.1).
//! On PostgreSQL this shows whether the account's lock really puts writes one after the other.

use crate::kill::client::{Answer, Client, Server};
use crate::support::{Fresh, on_both};
use davenport::domain::account::{self, NewAccount};
use davenport::domain::directory::{Kind, Protocols, admin};
use davenport::kernel::clock;
use std::sync::Arc;
use tokio::sync::Barrier;

/// How many want the same thing, and how often.
const RIVALS: usize = 4;
const ROUNDS: usize = 15;

/// Clients of one user, each with a connection of its own.
struct Rivals {
    _server: Server,
    clients: Vec<Client>,
}

impl Rivals {
    async fn new(fresh: &Fresh) -> Self {
        let at = clock::now();
        let new = NewAccount::of(Kind::User, "ada");
        account::create(fresh, new, at).await.unwrap();
        let password = admin::add_app_password(fresh, "ada", "race", Protocols::ALL, None, at);
        let password = password.await.unwrap();
        let server = Server::start(fresh.folder(), &fresh.location);
        let new = |_| Client::new(server.address, "ada", password.expose());
        let mut clients: Vec<Client> = (0..RIVALS).map(new).collect();
        let made = clients[0].send("MKCALENDAR", "/dav/calendars/ada/c/", &[], b"").await.unwrap();
        assert_eq!(made.status, 201);
        Self { _server: server, clients }
    }

    /// All put at the same moment, each its own content; gives the answers in their order.
    async fn put(&mut self, each: impl Fn(usize) -> Put) -> Vec<Answer> {
        let barrier = Arc::new(Barrier::new(RIVALS));
        let clients = std::mem::take(&mut self.clients);
        let tasks = clients.into_iter().enumerate().map(|(rival, mut client)| {
            let (barrier, put) = (barrier.clone(), each(rival));
            tokio::spawn(async move {
                // After an answer that came before the body was read, the server closes.
                client.reconnect();
                client.send("GET", "/dav/files/ada/none", &[], b"").await.unwrap();
                barrier.wait().await;
                let mut headers = vec![("Content-Type", put.media_type)];
                headers.extend(put.condition.as_ref().map(|(name, value)| (*name, value.as_str())));
                let answer = client.send("PUT", &put.path, &headers, put.body.as_bytes()).await;
                (client, answer.unwrap())
            })
        });
        let mut answers = Vec::new();
        for task in tasks.collect::<Vec<_>>() {
            let (client, answer) = task.await.unwrap();
            self.clients.push(client);
            answers.push(answer);
        }
        answers
    }

    async fn get(&mut self, path: &str) -> Answer {
        // See `put`: the connection may be about to be closed.
        self.clients[0].reconnect();
        self.clients[0].send("GET", path, &[], b"").await.unwrap()
    }
}

struct Put {
    path: String,
    media_type: &'static str,
    condition: Option<(&'static str, String)>,
    body: String,
}

/// The one that won, if all others got this status.
#[track_caller]
fn winner(answers: &[Answer], won: u16, lost: u16) -> usize {
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    let winners: Vec<usize> = (0..RIVALS).filter(|i| statuses[*i] == won).collect();
    let losers = statuses.iter().filter(|status| **status == lost).count();
    assert_eq!((winners.len(), losers), (1, RIVALS - 1), "{statuses:?}");
    winners[0]
}

fn event(uid: &str, rival: usize) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\nBEGIN:VEVENT\r\nUID:{uid}\r\n\
         DTSTAMP:20260101T000000Z\r\nDTSTART:20260101T000000Z\r\nSUMMARY:{rival}\r\nEND:VEVENT\r\n\
         END:VCALENDAR\r\n"
    )
}

on_both! {
    async fn one_client_makes_a_new_name(fresh: Fresh) {
        let mut rivals = Rivals::new(fresh).await;
        for round in 0..ROUNDS {
            let path = format!("/dav/files/ada/{round}");
            // Contents large enough to be files in every third round.
            let body = |rival: usize| format!("{rival}").repeat(if round % 3 == 0 { 70_000 } else { 10 });
            let answers = rivals.put(|rival| Put {
                path: path.clone(),
                media_type: "text/plain",
                condition: Some(("If-None-Match", "*".into())),
                body: body(rival),
            }).await;
            let winner = winner(&answers, 201, 412);
            assert!(rivals.get(&path).await.body == body(winner).into_bytes());
        }
    }

    async fn one_client_replaces_what_all_have_seen(fresh: Fresh) {
        let mut rivals = Rivals::new(fresh).await;
        let path = "/dav/calendars/ada/c/a.ics";
        let (calendar, body) = ([("Content-Type", "text/calendar")], event("a", 99));
        let first = rivals.clients[0].send("PUT", path, &calendar, body.as_bytes());
        assert_eq!(first.await.unwrap().status, 201);
        for round in 0..ROUNDS {
            let seen = rivals.get(path).await.header("etag");
            let body = |rival: usize| event("a", round * RIVALS + rival);
            let answers = rivals.put(|rival| Put {
                path: path.into(),
                media_type: "text/calendar",
                condition: Some(("If-Match", seen.clone())),
                body: body(rival),
            }).await;
            let winner = winner(&answers, 204, 412);
            let now = rivals.get(path).await;
            assert_eq!(String::from_utf8_lossy(&now.body), body(winner));
            assert_eq!(answers[winner].header("etag"), now.header("etag"));
        }
    }

    async fn one_client_has_a_uid(fresh: Fresh) {
        let mut rivals = Rivals::new(fresh).await;
        for round in 0..ROUNDS {
            let (uid, path) = (format!("uid-{round}"), |rival| format!("/dav/calendars/ada/c/{round}-{rival}.ics"));
            let answers = rivals.put(|rival| Put {
                path: path(rival),
                media_type: "text/calendar",
                condition: None,
                body: event(&uid, rival),
            }).await;
            let winner = winner(&answers, 201, 409);
            for (rival, answer) in answers.iter().enumerate().filter(|(rival, _)| *rival != winner) {
                let text = String::from_utf8_lossy(&answer.body);
                assert!(text.contains("no-uid-conflict") && text.contains(&path(winner)), "{text}");
                assert_eq!(rivals.get(&path(rival)).await.status, 404);
            }
            assert_eq!(rivals.get(&path(winner)).await.status, 200);
        }
    }
}
