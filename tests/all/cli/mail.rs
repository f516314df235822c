//! `davenport mail`: what comes from files is there afterwards, with its flags and dates, and once.

use super::Place;
use crate::support::{on_both, raw};
use davenport::kernel::limits::MESSAGE_MAX;
use serde_json::{Value, json};
use std::path::Path;

/// Mailboxes that have messages: the name, how many, how many octets.
fn filled(list: &Value) -> Vec<(String, i64, i64)> {
    let all = list.as_array().unwrap().iter().filter(|it| it["messages"] != 0);
    let number = |value: &Value| value.as_i64().unwrap();
    let row = |it: &Value| {
        (it["mailbox"].as_str().unwrap().to_owned(), number(&it["messages"]), number(&it["octets"]))
    };
    all.map(row).collect()
}

fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

on_both! {
    async fn a_new_user_has_mailboxes(fresh: Fresh) {
        let place = Place::beside(fresh);
        place.run("user add ann@example.org --no-password").good();
        let list = place.run("mail list ann@example.org --json").json();
        let names: Vec<&str> = crate::cli::field(&list, "mailbox");
        assert_eq!(names, ["Archive", "Drafts", "INBOX", "Junk", "Sent", "Trash"]);
        assert!(list.as_array().unwrap().iter().all(|it| it["uid_next"] == 1));
        let text = place.run("mail list ann@example.org").good();
        let columns: Vec<_> = text.lines().map(|line| line.find("0 ").or(line.find("messages"))).collect();
        assert!(columns.iter().all(|at| *at == columns[0]), "{text}");
        assert!(place.run("mail list nobody@example.org").refused().contains("nobody@example.org"));
    }

    async fn a_maildir_an_mbox_and_a_message_are_imported_once(fresh: Fresh) {
        let place = Place::beside(fresh);
        place.run("user add ann@example.org --no-password").good();
        let dir = place.folder.path().join("Maildir");
        write(&dir.join("cur/100.a:2,FS"), "Subject: 1\n\none\n");
        write(&dir.join("new/200.b"), "Subject: 2\n\ntwo\n");
        write(&dir.join("tmp/300.c"), "Subject: 3\n\nhalf");
        write(&dir.join(".Lists.rust/cur/400.d:2,S"), "Subject: 4\r\n\r\nfour\r\n");
        write(&dir.join(".Sent/cur/500.e:2,S"), "Subject: 5\n\nfive\n");
        let mbox = "From a@b Sat Jan  3 01:05:34 1996\nStatus: RO\nSubject: 6\n\n>From me\n\n\
                    From a@b Sun Jan  4 01:05:34 1996\nSubject: 7\n\nseven\n";
        write(&place.folder.path().join("old.mbox"), mbox);
        write(&place.folder.path().join("one.eml"), "Date: Fri, 21 Nov 1997 09:55:06 -0600\n\n8\n");
        let import = "mail import ann@example.org Maildir old.mbox one.eml --json";
        let result = place.run(import).json();
        assert_eq!(result, json!({ "imported": 7, "skipped": 0, "refused": 0 }));
        let list = place.run("mail list ann@example.org --json").json();
        let inbox = ["Subject: 1\r\n\r\none\r\n", "Subject: 2\r\n\r\ntwo\r\n",
            "Status: RO\r\nSubject: 6\r\n\r\nFrom me\r\n", "Subject: 7\r\n\r\nseven\r\n",
            "Date: Fri, 21 Nov 1997 09:55:06 -0600\r\n\r\n8\r\n"];
        let octets = inbox.iter().map(|text| text.len() as i64).sum();
        let expected = [("INBOX", 5, octets), ("Lists/rust", 1, 20), ("Sent", 1, 20)];
        assert_eq!(filled(&list), expected.map(|(name, n, o)| (name.to_owned(), n, o)));
        // Flags and dates come along.
        let count = |condition: &str| format!("SELECT count(*) FROM message WHERE {condition}");
        assert_eq!(raw::int(&fresh.location, &count("flags = 5")).await, 1);
        assert_eq!(raw::int(&fresh.location, &count("flags = 1")).await, 3);
        for seconds in [820_631_134_i64, 880_127_706] {
            let dated = count(&format!("received_at = {}", seconds * 1_000_000));
            assert_eq!(raw::int(&fresh.location, &dated).await, 1, "{seconds}");
        }
        let again = place.run(import).json();
        assert_eq!(again, json!({ "imported": 0, "skipped": 7, "refused": 0 }));
        let into = "mail import ann@example.org one.eml --mailbox Archive/1997/Fall --json";
        assert_eq!(place.run(into).json()["imported"], 1);
        let list = place.run("mail list ann@example.org --json").json();
        assert!(filled(&list).iter().any(|it| it.0 == "Archive/1997/Fall"));
        // The same octets are kept once, wherever they are.
        assert_eq!(raw::rows(&fresh.location, "blob").await, 7);
        raw::assert_sound(&fresh.location).await;
    }

    async fn what_cannot_be_imported_is_told(fresh: Fresh) {
        let place = Place::beside(fresh);
        place.run("user add ann@example.org --no-password --quota 100").good();
        let missing = place.run("mail import ann@example.org none.eml").refused();
        assert!(missing.contains("none.eml: "), "{missing}");
        std::fs::create_dir(place.folder.path().join("empty")).unwrap();
        assert!(place.run("mail import ann@example.org empty").refused().contains("no Maildir"));
        place.file("long.eml", &"x".repeat(101));
        assert!(place.run("mail import ann@example.org long.eml").refused().contains("quota"));
        let file = std::fs::File::create(place.folder.path().join("huge.eml")).unwrap();
        file.set_len(MESSAGE_MAX + 1).unwrap();
        let result = place.run("mail import ann@example.org huge.eml --json").json();
        assert_eq!(result, json!({ "imported": 0, "skipped": 0, "refused": 1 }));
        assert!(filled(&place.run("mail list ann@example.org --json").json()).is_empty());
        raw::assert_sound(&fresh.location).await;
    }
}
