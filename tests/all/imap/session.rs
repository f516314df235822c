//! Connections: capabilities, signing in, literals, what is out of place, idling.

use super::Imap;
use crate::support::dav::dialogues;
use crate::support::lines::{Dialogue, secured};
use crate::support::process::Process;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use davenport::domain::directory::admin;
use davenport::kernel::limits::{MESSAGE_MAX, SIGN_IN_FAILURES_MAX};
use std::time::Duration;
use tokio::net::TcpStream;

dialogues! {
    /// RFC 9051 §6.1.1, §6.2.2 and §6.2.3.
    async fn rfc_9051_section_6_2_signing_in(user: User) {
        let mut imap = Imap::connect(&user).await;
        let before = imap.say("CAPABILITY").await.ok();
        assert!(before.only("CAPABILITY").contains("AUTH=PLAIN"));
        for command in ["SELECT INBOX", "LIST \"\" *", "FETCH 1 UID", "IDLE"] {
            imap.say(command).await.ends("BAD");
        }
        imap.say(&format!("LOGIN {} wrong", user.name)).await.ends("NO [AUTHENTICATIONFAILED]");
        let plain = STANDARD.encode(format!("\0{}\0{}", user.name, user.password.expose()));
        let end = imap.say(&format!("AUTHENTICATE PLAIN {plain}")).await.ok().end;
        assert!(end.starts_with("OK [CAPABILITY ") && !end.contains("AUTH="), "{end}");
        imap.say("LOGIN a b").await.ends("BAD");
        imap.say("LOGOUT").await.ok();
        assert!(imap.closed().await);
        // Without an initial response, and given up.
        let mut imap = Imap::connect(&user).await;
        imap.raw("a AUTHENTICATE PLAIN\r\n").await;
        assert_eq!(imap.line().await, "+ ");
        imap.raw("*\r\n").await;
        assert!(imap.line().await.starts_with("a BAD"));
        imap.raw("b AUTHENTICATE PLAIN\r\n").await;
        assert_eq!(imap.line().await, "+ ");
        imap.raw(format!("{plain}\r\n")).await;
        assert!(imap.line().await.starts_with("b OK"));
    }

    /// Passwords and names may be literals, with and without waiting.
    async fn rfc_7888_literals(user: User) {
        let password = user.password.expose();
        let mut imap = Imap::connect(&user).await;
        imap.raw(format!("a LOGIN {{{}}}\r\n", user.name.len())).await;
        assert!(imap.line().await.starts_with("+ "));
        imap.raw(format!("{} {{{}+}}\r\n{password}\r\n", user.name, password.len())).await;
        assert!(imap.line().await.starts_with("a OK"));
        // What is too long is refused, and the session goes on.
        imap.raw(format!("b APPEND INBOX {{{}}}\r\n", MESSAGE_MAX + 1)).await;
        assert!(imap.line().await.starts_with("b NO [TOOBIG]"));
        imap.raw("c LIST {1000000}\r\n").await;
        assert!(imap.line().await.starts_with("c BAD [TOOBIG]"));
        let long = "x".repeat(300_000);
        imap.raw(format!("d LIST {{{}+}}\r\n{long} \"\"\r\n", long.len())).await;
        assert!(imap.line().await.starts_with("d BAD [TOOBIG]"));
        imap.say("NOOP").await.ok();
    }

    async fn what_a_stranger_may_send_is_little(user: User) {
        let mut imap = Imap::connect(&user).await;
        imap.raw("a LOGIN {100000}\r\n").await;
        assert!(imap.line().await.starts_with("a BAD"));
        imap.raw(format!("{}\r\n", "x".repeat(20_000))).await;
        assert!(imap.line().await.contains("BAD"));
        imap.raw("b LOGIN {100000+}\r\n").await;
        assert!(imap.line().await.starts_with("* BYE"));
        assert!(imap.closed().await);
    }

    async fn too_many_failures_end_the_session(user: User) {
        let mut imap = Imap::connect(&user).await;
        for _ in 1..SIGN_IN_FAILURES_MAX {
            imap.say("LOGIN nobody wrong").await.ends("NO");
        }
        assert!(imap.say("LOGIN nobody wrong").await.ends("NO").says("BYE"));
        assert!(imap.closed().await);
    }

    /// RFC 9051 §2.2.1, §7.1: what is wrong is told and changes nothing.
    async fn what_is_no_command_is_told(user: User) {
        let mut imap = Imap::open(&user).await;
        for command in ["FOO", "SELECT", "FETCH 1 FLAGS", "UID FOO", "NOOP x", "LIST", "STORE 1 FLAGS (\\Seen)"] {
            imap.say(command).await.ends("BAD");
        }
        imap.raw("\r\n").await;
        assert!(imap.line().await.starts_with("* BAD"));
        imap.raw("a\r\n").await;
        assert!(imap.line().await.starts_with("a BAD"));
        imap.say("NOOP").await.ok();
        imap.say("CHECK").await.ends("BAD");
    }

    async fn rfc_5161_enable_and_rfc_2971_id_and_namespace(user: User) {
        let mut imap = Imap::open(&user).await;
        assert_eq!(imap.say("ENABLE CONDSTORE X-NONE").await.ok().only("ENABLED"), "ENABLED CONDSTORE");
        assert_eq!(imap.say("ENABLE X-NONE").await.ok().only("ENABLED"), "ENABLED");
        assert!(imap.say("ID (\"name\" \"test\" \"os\" NIL)").await.ok().only("ID").contains("Davenport"));
        imap.say("ID NIL").await.ok();
        assert_eq!(imap.say("NAMESPACE").await.ok().only("NAMESPACE"), "NAMESPACE ((\"\" \"/\")) NIL NIL");
    }

    /// RFC 9051 §6.3.13.
    async fn rfc_9051_section_6_3_13_idle(user: User) {
        let mut imap = Imap::at(&user, "INBOX").await;
        let tag = imap.send("IDLE").await;
        assert!(imap.line().await.starts_with("+ "));
        let mut other = Imap::open(&user).await;
        let uid = other.append("INBOX", "", "Subject: a\r\n\r\nb\r\n").await;
        assert_eq!(imap.line().await, "* 1 EXISTS");
        other.say("SELECT INBOX").await.ok();
        other.say(&format!("UID STORE {uid} +FLAGS (\\Flagged)")).await.ok();
        assert_eq!(imap.line().await, format!("* 1 FETCH (UID {uid} FLAGS (\\Flagged))"));
        other.say(&format!("UID STORE {uid} +FLAGS (\\Deleted)")).await.ok();
        imap.line().await;
        other.say("EXPUNGE").await.ok();
        assert_eq!(imap.line().await, "* 1 EXPUNGE");
        imap.raw("DONE\r\n").await;
        assert_eq!(imap.until(&tag).await.ok().lines, Vec::<String>::new());
        let tag = imap.send("IDLE").await;
        imap.line().await;
        imap.raw("what\r\n").await;
        imap.until(&tag).await.ends("BAD");
    }

    /// A locked account's sessions end, also while they idle.
    async fn a_locked_account_is_out(user: User) {
        let (mut one, mut other) = (Imap::at(&user, "INBOX").await, Imap::at(&user, "INBOX").await);
        other.send("IDLE").await;
        other.line().await;
        let (store, name) = (user.server.store.clone(), user.name.clone());
        let changes = admin::Changes { locked: Some(true), ..admin::Changes::default() };
        let lock = async move { admin::change(&store, &name, None, changes).await.unwrap() };
        user.server.on(lock).await;
        one.send("NOOP").await;
        assert!(one.line().await.starts_with("* BYE"));
        assert!(one.closed().await);
        other.raw("DONE\r\n").await;
        assert!(other.line().await.starts_with("* BYE"));
    }

    /// Outlook idles before it selects anything.
    async fn idle_without_a_mailbox(user: User) {
        let mut imap = Imap::open(&user).await;
        let tag = imap.send("IDLE").await;
        assert!(imap.line().await.starts_with("+ "));
        tokio::time::sleep(Duration::from_millis(50)).await;
        imap.raw("done\r\n").await;
        imap.until(&tag).await.ok();
    }

    /// RFC 9051 §5.5: commands that come together are answered in their order.
    async fn pipelining(user: User) {
        let mut imap = Imap::open(&user).await;
        imap.raw("a SELECT INBOX\r\nb NOOP\r\nc CLOSE\r\nd NOOP\r\n").await;
        for tag in ["a", "b", "c", "d"] {
            imap.until(tag).await.ok();
        }
    }
}

/// RFC 9051 §6.2.1, RFC 8314: STARTTLS, and TLS from the beginning.
#[tokio::test(flavor = "multi_thread")]
async fn rfc_9051_section_6_2_1_tls() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Process::davenport(folder.path());
    command.args(["--http", "127.0.0.1:0", "--tls", "self-signed"]);
    command.args(["--imap", "127.0.0.1:0", "--imaps", "127.0.0.1:0"]);
    let process = Process::start(&mut command, &["Mail: imap://", "Mail: imaps://"]);
    let mut io = Dialogue::open(process.address(0)).await;
    assert!(io.line().await.unwrap().contains("STARTTLS"));
    assert!(io.say("a STARTTLS").await.starts_with("a OK"));
    let mut io = secured(folder.path(), io.into_inner()).await;
    assert!(!io.say("b CAPABILITY").await.contains("STARTTLS"));
    assert!(io.line().await.unwrap().starts_with("b OK"));
    assert!(io.say("c STARTTLS").await.starts_with("c BAD"));
    let io = Box::new(TcpStream::connect(process.address(1)).await.unwrap());
    let mut io = secured(folder.path(), io).await;
    let greeting = io.line().await.unwrap();
    assert!(greeting.contains("AUTH=PLAIN") && !greeting.contains("STARTTLS"), "{greeting}");
}
