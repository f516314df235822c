//! POP3: dialogues, one behaviour each. What is in mailboxes is put there by the domain.

use crate::support::dav::{User, dialogues};
use crate::support::lines::{Dialogue, secured};
use crate::support::process::Process;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use davenport::domain::collection::Access;
use davenport::domain::directory::admin;
use davenport::domain::mail::{mailbox, message};
use davenport::kernel::clock;
use davenport::kernel::limits::{BLOB_INLINE_MAX, COMMAND_LINE_MAX, SIGN_IN_FAILURES_MAX};
use tokio::net::TcpStream;

/// Puts a message into somebody's mailbox.
async fn deliver(user: &User, text: impl Into<Vec<u8>>) {
    let (store, name, text) = (user.server.store.clone(), user.name.clone(), text.into());
    let work = async move {
        let who = admin::profile(&store, &name, None).await.unwrap().principal;
        let content = davenport::domain::collection::item::content(&store, text).unwrap();
        let access = Access::new(store, who.clone(), "test", clock::now());
        let place = mailbox::place(who.id, &who.name, mailbox::INBOX).unwrap();
        let new = message::New { content, flags: 0, names: Vec::new(), received_at: clock::now() };
        message::append(&access, &place, vec![new], false).await.unwrap();
    };
    user.server.on(work).await;
}

async fn connect(user: &User) -> Dialogue {
    let mut pop = Dialogue::open(user.server.pop3).await;
    let greeting = pop.line().await.unwrap();
    assert!(greeting.starts_with("+OK "), "{greeting}");
    pop
}

/// A session of somebody who has signed in.
async fn session(user: &User) -> Dialogue {
    let mut pop = connect(user).await;
    good(&mut pop, &format!("USER {}", user.name)).await;
    good(&mut pop, &format!("PASS {}", user.password.expose())).await;
    pop
}

async fn good(pop: &mut Dialogue, line: &str) -> String {
    let answer = pop.say(line).await;
    assert!(answer.starts_with("+OK"), "{line}: {answer}");
    answer
}

async fn bad(pop: &mut Dialogue, line: &str) -> String {
    let answer = pop.say(line).await;
    assert!(answer.starts_with("-ERR "), "{line}: {answer}");
    answer
}

/// A multi-line response without its end, the dots taken off.
async fn many(pop: &mut Dialogue, line: &str) -> Vec<String> {
    good(pop, line).await;
    let mut lines = Vec::new();
    loop {
        match pop.line().await.unwrap().as_str() {
            "." => return lines,
            line => lines.push(line.strip_prefix('.').unwrap_or(line).to_owned()),
        }
    }
}

const ONE: &str = "Subject: one\r\n\r\n.dot\r\nb\r\n";
const TWO: &str = "Subject: two\r\n\r\nx\r\n..\r\ny";

dialogues! {
    /// RFC 1939 §5: STAT, LIST, RETR, DELE, RSET, NOOP.
    async fn rfc_1939_section_5_a_session(user: User) {
        deliver(&user, ONE).await;
        deliver(&user, TWO).await;
        let mut pop = session(&user).await;
        let octets = ONE.len() + TWO.len();
        assert_eq!(pop.say("STAT").await, format!("+OK 2 {octets}"));
        assert_eq!(many(&mut pop, "LIST").await, [format!("1 {}", ONE.len()), format!("2 {}", TWO.len())]);
        assert_eq!(pop.say("list 2").await, format!("+OK 2 {}", TWO.len()));
        assert_eq!(many(&mut pop, "RETR 1").await.join("\r\n") + "\r\n", ONE);
        assert_eq!(many(&mut pop, "RETR 2").await.join("\r\n"), TWO);
        good(&mut pop, "DELE 1").await;
        for line in ["DELE 1", "RETR 1", "LIST 1", "UIDL 1", "TOP 1 0", "RETR 3", "RETR 0"] {
            bad(&mut pop, line).await;
        }
        assert_eq!(pop.say("STAT").await, format!("+OK 1 {}", TWO.len()));
        assert_eq!(many(&mut pop, "LIST").await, [format!("2 {}", TWO.len())]);
        good(&mut pop, "RSET").await;
        good(&mut pop, "NOOP").await;
        assert_eq!(pop.say("STAT").await, format!("+OK 2 {octets}"));
        good(&mut pop, "QUIT").await;
        assert_eq!(pop.line().await, None);
    }

    /// RFC 1939 §6: what is marked goes with QUIT, and only with it.
    async fn rfc_1939_section_6_messages_go_with_quit(user: User) {
        deliver(&user, ONE).await;
        deliver(&user, TWO).await;
        let mut pop = session(&user).await;
        good(&mut pop, "DELE 1").await;
        drop(pop);
        let mut pop = again(&user).await;
        assert!(pop.say("STAT").await.starts_with("+OK 2 "));
        good(&mut pop, "DELE 1").await;
        good(&mut pop, "QUIT").await;
        let mut pop = session(&user).await;
        assert_eq!(many(&mut pop, "RETR 1").await.join("\r\n"), TWO);
        assert!(pop.say("STAT").await.starts_with("+OK 1 "));
    }

    /// RFC 1939 §7: unique names stay what they were, whatever goes, and none is used again.
    async fn rfc_1939_section_7_unique_names(user: User) {
        deliver(&user, ONE).await;
        deliver(&user, TWO).await;
        let mut pop = session(&user).await;
        let before = many(&mut pop, "UIDL").await;
        assert_eq!(pop.say("UIDL 2").await, format!("+OK {}", before[1]));
        for line in &before {
            let name = line.split_once(' ').unwrap().1;
            assert!((1..=70).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_graphic()));
        }
        good(&mut pop, "DELE 1").await;
        good(&mut pop, "DELE 2").await;
        good(&mut pop, "RSET").await;
        good(&mut pop, "DELE 2").await;
        good(&mut pop, "QUIT").await;
        deliver(&user, TWO).await;
        let mut pop = session(&user).await;
        let after = many(&mut pop, "UIDL").await;
        assert_eq!(after[0], before[0]);
        assert_ne!(after[1], before[1]);
    }

    /// RFC 1939 §7: TOP.
    async fn rfc_1939_section_7_the_top_of_a_message(user: User) {
        deliver(&user, "Subject: x\r\nTo: y\r\n\r\n1\r\n.2\r\n3\r\n").await;
        let mut pop = session(&user).await;
        assert_eq!(many(&mut pop, "TOP 1 0").await, ["Subject: x", "To: y", ""]);
        assert_eq!(many(&mut pop, "TOP 1 2").await, ["Subject: x", "To: y", "", "1", ".2"]);
        assert_eq!(many(&mut pop, "TOP 1 99").await.len(), 6);
        for line in ["TOP 1", "TOP 1 x", "TOP", "TOP 1 -1", "TOP 1 1 1"] {
            bad(&mut pop, line).await;
        }
    }

    /// A message that is kept as a file is sent whole.
    async fn a_large_message(user: User) {
        let line = "0123456789\r\n.abcdefghi\r\n";
        let text = format!("Subject: large\r\n\r\n{}", line.repeat(4 * BLOB_INLINE_MAX / line.len()));
        deliver(&user, text.as_str()).await;
        let mut pop = session(&user).await;
        assert_eq!(pop.say("LIST 1").await, format!("+OK 1 {}", text.len()));
        assert_eq!(many(&mut pop, "RETR 1").await.join("\r\n") + "\r\n", text);
        assert_eq!(many(&mut pop, "TOP 1 1").await, ["Subject: large", "", "0123456789"]);
    }

    /// RFC 1939 §3: what is out of place, and what is no command.
    async fn rfc_1939_section_3_out_of_place(user: User) {
        let mut pop = connect(&user).await;
        for line in ["STAT", "RETR 1", "LIST", "NOOP", "DELE 1", "XTND", "", "PASS x", "APOP a b"] {
            bad(&mut pop, line).await;
        }
        let long = "x".repeat(2 * COMMAND_LINE_MAX);
        bad(&mut pop, &long).await;
        pop.raw(b"USER \xff\r\n").await;
        assert!(pop.line().await.unwrap().starts_with("-ERR "));
        good(&mut pop, "QUIT").await;
        let mut pop = session(&user).await;
        for line in ["USER x", "PASS x", "AUTH PLAIN", "STLS", "LIST x", "DELE", "RETR 1x"] {
            bad(&mut pop, line).await;
        }
    }

    /// RFC 2449 §5 and §6, RFC 6856 §2.
    async fn rfc_2449_capabilities(user: User) {
        let mut pop = connect(&user).await;
        let before = many(&mut pop, "CAPA").await;
        for tag in ["TOP", "UIDL", "USER", "PIPELINING", "RESP-CODES", "AUTH-RESP-CODE", "EXPIRE NEVER", "SASL PLAIN LOGIN", "UTF8 USER"] {
            assert!(before.iter().any(|line| line == tag), "{tag}: {before:?}");
        }
        assert!(!before.iter().any(|line| line == "STLS"), "there is no certificate");
        good(&mut pop, "UTF8").await;
        let mut pop = session(&user).await;
        assert_eq!(many(&mut pop, "CAPA").await, before);
    }

    /// RFC 2449 §6.6: commands come together, answers in their order.
    async fn rfc_2449_section_6_6_pipelining(user: User) {
        deliver(&user, ONE).await;
        let mut pop = session(&user).await;
        pop.raw("STAT\r\nRETR 1\r\nNOPE\r\nDELE 1\r\nQUIT\r\n").await;
        let rest = pop.rest().await;
        let stat = format!("+OK 1 {}\r\n+OK ", ONE.len());
        assert!(rest.starts_with(&stat), "{rest}");
        assert!(rest.contains("\r\n..dot\r\nb\r\n.\r\n-ERR "), "{rest}");
        assert!(rest.ends_with("+OK\r\n+OK\r\n"), "{rest}");
    }

    /// RFC 2449 §8.1.2: a mailbox has one session at a time.
    async fn rfc_2449_section_8_1_2_in_use(user: User) {
        let mut first = session(&user).await;
        let mut second = connect(&user).await;
        good(&mut second, &format!("USER {}", user.name)).await;
        let answer = bad(&mut second, &format!("PASS {}", user.password.expose())).await;
        assert!(answer.starts_with("-ERR [IN-USE] "), "{answer}");
        good(&mut first, "QUIT").await;
        good(&mut second, &format!("USER {}", user.name)).await;
        good(&mut second, &format!("PASS {}", user.password.expose())).await;
    }

    /// RFC 3206: who may not sign in is told why, and after some failures no more.
    async fn rfc_3206_wrong_passwords(user: User) {
        let mut pop = connect(&user).await;
        for _ in 0..SIGN_IN_FAILURES_MAX {
            good(&mut pop, &format!("USER {}", user.name)).await;
            let answer = bad(&mut pop, "PASS wrong").await;
            assert!(answer.starts_with("-ERR [AUTH] "), "{answer}");
        }
        assert_eq!(pop.line().await, None);
        let mut pop = connect(&user).await;
        good(&mut pop, "USER nobody-at-all").await;
        assert!(bad(&mut pop, "PASS wrong").await.starts_with("-ERR [AUTH] "));
    }

    /// RFC 5034 §4 and §6.
    async fn rfc_5034_sasl(user: User) {
        let password = user.password.expose().to_owned();
        let plain = STANDARD.encode(format!("\0{}\0{password}", user.name));
        let mut pop = connect(&user).await;
        good(&mut pop, &format!("AUTH PLAIN {plain}")).await;
        good(&mut pop, "STAT").await;
        good(&mut pop, "QUIT").await;
        let mut pop = connect(&user).await;
        assert_eq!(pop.say("auth plain").await, "+ ");
        good(&mut pop, &plain).await;
        good(&mut pop, "QUIT").await;
        let mut pop = connect(&user).await;
        assert_eq!(pop.say("AUTH LOGIN").await, "+ VXNlcm5hbWU6");
        assert_eq!(pop.say(&STANDARD.encode(&user.name)).await, "+ UGFzc3dvcmQ6");
        good(&mut pop, &STANDARD.encode(&password)).await;
        good(&mut pop, "QUIT").await;
        let mut pop = connect(&user).await;
        assert_eq!(many(&mut pop, "AUTH").await, ["PLAIN", "LOGIN"]);
        for line in ["AUTH NONSENSE", "AUTH PLAIN ===", "AUTH PLAIN a\u{fc}", "AUTH PLAIN ="] {
            bad(&mut pop, line).await;
        }
        for response in ["*", "no base64!", "AAAA"] {
            assert_eq!(pop.say("AUTH PLAIN").await, "+ ");
            bad(&mut pop, response).await;
        }
        let other = STANDARD.encode(format!("admin\0{}\0{password}", user.name));
        bad(&mut pop, &format!("AUTH PLAIN {other}")).await;
        bad(&mut pop, "STAT").await;
    }

    /// RFC 6856 §2.1: who did not say UTF8 gets ASCII in headers.
    async fn rfc_6856_section_2_1_a_surrogate(user: User) {
        let text = "Subject: gr\u{fc}\u{df}e\r\nX: y\r\n\r\n\u{fc}\r\n";
        deliver(&user, text).await;
        let mut pop = session(&user).await;
        let lines = many(&mut pop, "RETR 1").await;
        assert_eq!(lines, ["Subject: =?utf-8?B?Z3LDvMOfZQ==?=", "X: y", "", "\u{fc}"]);
        assert_eq!(many(&mut pop, "TOP 1 0").await, lines[..3]);
        good(&mut pop, "QUIT").await;
        let mut pop = connect(&user).await;
        good(&mut pop, "UTF8").await;
        good(&mut pop, &format!("USER {}", user.name)).await;
        good(&mut pop, &format!("PASS {}", user.password.expose())).await;
        assert_eq!(many(&mut pop, "RETR 1").await.join("\r\n") + "\r\n", text);
    }

    /// Mailboxes do not show in DAV; their messages count for the quota.
    async fn mailboxes_are_not_dav(user: User) {
        deliver(&user, ONE).await;
        let path = format!("/dav/mail/{}/INBOX/", user.name);
        user.send("PROPFIND", &path, &[("Depth", "0")], "").await.expect(404);
        let used = user.propfind("files/", "0", "<D:quota-used-bytes/>").await;
        assert!(format!("{:?}", used.root).contains(&format!("\"{}\"", ONE.len())), "{:?}", used.root);
    }
}

/// Signs in again where the server may not have noticed yet that the last session is over.
async fn again(user: &User) -> Dialogue {
    for _ in 0..100 {
        let mut pop = connect(user).await;
        good(&mut pop, &format!("USER {}", user.name)).await;
        let answer = pop.say(&format!("PASS {}", user.password.expose())).await;
        if answer.starts_with("+OK") {
            return pop;
        }
        assert!(answer.contains("[IN-USE]"), "{answer}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the mailbox is not free");
}

/// RFC 2595 §2.1 and §4: no password in the clear but on this machine, STLS, and TLS from the beginning.
#[tokio::test(flavor = "multi_thread")]
async fn rfc_2595_tls() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Process::davenport(folder.path());
    command.args(["--http", "127.0.0.1:0", "--tls", "self-signed"]);
    command.args(["--pop3", "127.0.0.1:0", "--pop3s", "127.0.0.1:0"]);
    let process = Process::start(&mut command, &["Mail: pop3://", "Mail: pop3s://"]);
    let mut pop = Dialogue::open(process.address(0)).await;
    pop.line().await.unwrap();
    assert!(many(&mut pop, "CAPA").await.iter().any(|line| line == "STLS"));
    good(&mut pop, "USER somebody").await;
    good(&mut pop, "STLS").await;
    let mut pop = secured(folder.path(), pop.into_inner()).await;
    // What was said before is forgotten.
    bad(&mut pop, "PASS x").await;
    bad(&mut pop, "STLS").await;
    assert!(!many(&mut pop, "CAPA").await.iter().any(|line| line == "STLS"));
    let io = Box::new(TcpStream::connect(process.address(1)).await.unwrap());
    let mut pop = secured(folder.path(), io).await;
    assert!(pop.line().await.unwrap().starts_with("+OK "));
    assert!(many(&mut pop, "CAPA").await.iter().any(|line| line == "USER"));
    good(&mut pop, "QUIT").await;
}
