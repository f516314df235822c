//! What mailboxes there are: listed, made, removed, renamed, subscribed to, told of.

use super::Imap;
use crate::support::dav::dialogues;

fn names<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    lines.iter().map(|line| line.rsplit_once("\"/\" ").unwrap().1).collect()
}

dialogues! {
    /// RFC 9051 §6.3.9, RFC 6154.
    async fn rfc_9051_section_6_3_9_list(user: User) {
        let mut imap = Imap::open(&user).await;
        assert_eq!(imap.say("LIST \"\" \"\"").await.ok().only("LIST"), "LIST (\\Noselect) \"/\" \"\"");
        let all = imap.say("LIST \"\" *").await.ok();
        assert_eq!(
            all.starting("LIST"),
            [
                "LIST (\\HasNoChildren \\Archive) \"/\" \"Archive\"",
                "LIST (\\HasNoChildren \\Drafts) \"/\" \"Drafts\"",
                "LIST (\\HasNoChildren) \"/\" \"INBOX\"",
                "LIST (\\HasNoChildren \\Junk) \"/\" \"Junk\"",
                "LIST (\\HasNoChildren \\Sent) \"/\" \"Sent\"",
                "LIST (\\HasNoChildren \\Trash) \"/\" \"Trash\"",
            ]
        );
        imap.say("CREATE Lists/Rust/Weekly").await.ok();
        let top = imap.say("LIST \"\" L%").await.ok();
        assert_eq!(top.starting("LIST"), ["LIST (\\HasChildren) \"/\" \"Lists\""]);
        assert_eq!(names(&imap.say("LIST Lists/ %").await.ok().starting("LIST")), ["\"Lists/Rust\""]);
        assert_eq!(names(&imap.say("LIST Lists/ *").await.ok().starting("LIST")).len(), 2);
        assert_eq!(names(&imap.say("LIST \"\" inbox").await.ok().starting("LIST")), ["\"INBOX\""]);
        let some = imap.say("LIST (SPECIAL-USE) \"\" (S% Lists)").await.ok();
        assert_eq!(names(&some.starting("LIST")), ["\"Sent\""]);
    }

    /// RFC 9051 §6.3.9.
    async fn rfc_5258_selections_and_returns(user: User) {
        let mut imap = Imap::open(&user).await;
        imap.say("CREATE a/b").await.ok();
        imap.say("SUBSCRIBE a/b").await.ok();
        imap.say("SUBSCRIBE none").await.ends("NO [NONEXISTENT]");
        imap.say("UNSUBSCRIBE Junk").await.ok();
        let some = imap.say("LIST (SUBSCRIBED) \"\" *").await.ok();
        assert!(some.says("(\\HasNoChildren \\Subscribed) \"/\" \"a/b\""));
        assert!(!some.says("Junk") && !some.says("\"a\""));
        let above = imap.say("LIST (SUBSCRIBED RECURSIVEMATCH) \"\" a").await.ok();
        assert_eq!(above.only("LIST"), "LIST (\\HasChildren) \"/\" \"a\" (\"CHILDINFO\" (\"SUBSCRIBED\"))");
        imap.say("LIST (RECURSIVEMATCH) \"\" *").await.ends("BAD");
        let told = imap.say("LIST \"\" a/* RETURN (SUBSCRIBED CHILDREN)").await.ok();
        assert!(told.says("\\Subscribed"));
        imap.say("DELETE a/b").await.ok();
        assert!(imap.say("LIST (SUBSCRIBED) \"\" *").await.ok().says("(\\NonExistent \\Subscribed) \"/\" \"a/b\""));
        imap.append("INBOX", "", "a\r\n").await;
        let told = imap.say("LIST \"\" INBOX RETURN (STATUS (MESSAGES UNSEEN))").await.ok();
        assert_eq!(told.only("STATUS"), "STATUS \"INBOX\" (MESSAGES 1 UNSEEN 1)");
    }

    /// RFC 3501 §6.3.9.
    async fn rfc_3501_section_6_3_9_lsub(user: User) {
        let mut imap = Imap::open(&user).await;
        imap.say("CREATE x/y").await.ok();
        imap.say("SUBSCRIBE x/y").await.ok();
        let all = imap.say("LSUB \"\" *").await.ok();
        assert!(all.says("LSUB (\\HasNoChildren) \"/\" \"x/y\"") && all.says("\\Sent"));
        let top = imap.say("LSUB \"\" x%").await.ok();
        assert_eq!(top.only("LSUB"), "LSUB (\\Noselect \\HasChildren) \"/\" \"x\"");
    }

    /// RFC 9051 §6.3.4 to §6.3.6.
    async fn rfc_9051_section_6_3_4_made_removed_renamed(user: User) {
        let mut imap = Imap::open(&user).await;
        let made = imap.say("CREATE work/").await.ok();
        let first = made.code("MAILBOXID").unwrap().to_owned();
        imap.say("CREATE work").await.ends("NO [ALREADYEXISTS]");
        imap.say("CREATE inbox").await.ends("NO [ALREADYEXISTS]");
        imap.say("DELETE INBOX").await.ends("NO [CANNOT]");
        imap.say("DELETE none").await.ends("NO [NONEXISTENT]");
        imap.say("CREATE work/old").await.ok();
        imap.say("DELETE work").await.ends("NO [HASCHILDREN]");
        imap.append("work/old", "", "kept\r\n").await;
        imap.say("RENAME work done/work").await.ok();
        let status = imap.say("STATUS done/work/old (MESSAGES)").await.ok();
        assert_eq!(status.only("STATUS"), "STATUS \"done/work/old\" (MESSAGES 1)");
        imap.say("RENAME work x").await.ends("NO [NONEXISTENT]");
        imap.say("RENAME done/work Sent").await.ends("NO [ALREADYEXISTS]");
        imap.say("RENAME done done/work/deeper").await.ends("NO");
        let status = imap.say("STATUS done/work (MAILBOXID)").await.ok();
        assert!(status.only("STATUS").contains(&format!("MAILBOXID {first}")));
        imap.say("DELETE done/work/old").await.ok();
        imap.say("DELETE done/work").await.ok();
        let again = imap.say("CREATE done/work").await.ok();
        assert_ne!(again.code("MAILBOXID").unwrap(), first);
        for name in ["\"\"", "\"/\"", "a//b/", "\"\\\"", "."] {
            let end = imap.say(&format!("CREATE {name}")).await.end;
            assert!(!end.starts_with("OK") || name == "a//b/", "{name}: {end}");
        }
    }

    /// RFC 9051 §6.3.6: renaming INBOX moves its messages.
    async fn rfc_9051_section_6_3_6_renaming_inbox(user: User) {
        let mut imap = Imap::open(&user).await;
        imap.append("INBOX", "(\\Flagged own)", "a\r\n").await;
        imap.say("RENAME INBOX 2026").await.ok();
        assert!(imap.say("STATUS INBOX (MESSAGES)").await.ok().says("MESSAGES 0"));
        imap.say("SELECT 2026").await.ok();
        assert!(imap.say("FETCH 1 FLAGS").await.ok().says("(\\Flagged own)"));
    }

    async fn rfc_6154_create_with_a_use(user: User) {
        let mut imap = Imap::open(&user).await;
        imap.say("CREATE Everything (USE (\\All))").await.ok();
        assert!(imap.say("LIST \"\" E*").await.ok().says("\\All"));
        imap.say("CREATE Other (USE (\\Nonsense))").await.ends("NO [USEATTR]");
    }

    /// RFC 9051 §6.3.11, RFC 8438, RFC 8474.
    async fn rfc_9051_section_6_3_11_status(user: User) {
        let mut imap = Imap::open(&user).await;
        imap.append("Drafts", "(\\Seen)", "one\r\n").await;
        imap.append("Drafts", "(\\Deleted)", "three\r\n").await;
        let told = imap.say("STATUS Drafts (MESSAGES UIDNEXT UNSEEN DELETED SIZE RECENT)").await.ok();
        assert_eq!(told.only("STATUS"), "STATUS \"Drafts\" (MESSAGES 2 UIDNEXT 3 UNSEEN 1 DELETED 1 SIZE 12 RECENT 0)");
        imap.say("STATUS none (MESSAGES)").await.ends("NO [NONEXISTENT]");
        imap.say("STATUS Drafts (FOO)").await.ends("BAD");
    }

    /// RFC 3501 §5.1.3, RFC 6855 §3.
    async fn names_beyond_ascii(user: User) {
        let mut imap = Imap::open(&user).await;
        imap.say("CREATE \"Entw&APw-rfe\"").await.ok();
        imap.say("CREATE \"bad&name\"").await.ends("NO");
        assert!(imap.say("LIST \"\" Entw*").await.ok().says("\"Entw&APw-rfe\""));
        imap.say("ENABLE UTF8=ACCEPT").await.ok();
        assert!(imap.say("LIST \"\" Entw*").await.ok().says("\"Entw\u{fc}rfe\""));
        imap.say("STATUS \"Entw\u{fc}rfe\" (MESSAGES)").await.ok();
    }
}
