//! The selected mailbox: flags, copies, what goes, what is told when, search.

use super::Imap;
use crate::support::dav::{User, dialogues};

const MESSAGE: &str = "From: Ann <ann@example.org>\r\nTo: bob@example.org\r\nSubject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\n\
    Date: Fri, 21 Nov 1997 23:55:06 -0600\r\nMessage-ID: <1@x>\r\n\r\nSome words in the body\r\n";

/// Three messages in INBOX.
async fn three(user: &User) -> Imap {
    let mut imap = Imap::open(user).await;
    imap.append("INBOX", "(\\Seen)", "Subject: one\r\n\r\n1\r\n").await;
    imap.append("INBOX", "(\\Flagged $Forwarded)", MESSAGE).await;
    imap.append("INBOX", "\" 1-Feb-2020 12:00:00 +0100\"", "Subject: three\r\n\r\nlonger text\r\n")
        .await;
    imap.say("SELECT INBOX").await.ok();
    imap
}

dialogues! {
    /// RFC 9051 §6.3.2 and §6.3.3.
    async fn rfc_9051_section_6_3_2_select(user: User) {
        let mut imap = three(&user).await;
        let told = imap.say("SELECT inbox").await.ok();
        assert!(told.end.starts_with("OK [READ-WRITE]"));
        assert!(told.says("* 3 EXISTS") && told.says("* 0 RECENT") && told.says("[UNSEEN 2]"));
        assert!(told.says("[PERMANENTFLAGS (\\Seen \\Answered \\Flagged \\Deleted \\Draft"));
        assert_eq!(told.code("UIDNEXT"), Some("4"));
        let validity = told.code("UIDVALIDITY").unwrap().to_owned();
        assert!(told.code("HIGHESTMODSEQ").unwrap().parse::<u64>().unwrap() > 0);
        let looked = imap.say("EXAMINE INBOX").await.ok();
        assert!(looked.end.starts_with("OK [READ-ONLY]"));
        assert_eq!(looked.code("UIDVALIDITY"), Some(validity.as_str()));
        for command in ["STORE 1 +FLAGS (\\Seen)", "EXPUNGE", "MOVE 1 Trash"] {
            imap.say(command).await.ends("NO [READ-ONLY]");
        }
        imap.say("FETCH 2 BODY[]").await.ok();
        assert!(!imap.say("FETCH 2 FLAGS").await.ok().says("\\Seen"));
        imap.say("SELECT none").await.ends("NO [NONEXISTENT]");
        imap.say("FETCH 1 FLAGS").await.ends("BAD");
        imap.say("ENABLE IMAP4rev2").await.ok();
        let told = imap.say("SELECT INBOX").await.ok();
        assert!(told.says("* LIST () \"/\" \"INBOX\"") && !told.says("RECENT") && !told.says("UNSEEN"));
        assert!(imap.say("SELECT Trash").await.ok().says("[CLOSED]"));
        imap.say("UNSELECT").await.ok();
        imap.say("CHECK").await.ends("BAD");
    }

    /// RFC 9051 §6.4.6.
    async fn rfc_9051_section_6_4_6_store(user: User) {
        let mut imap = three(&user).await;
        let told = imap.say("STORE 1:2 +FLAGS (\\Deleted Own)").await.ok();
        assert!(told.says("* FLAGS (") && told.says(" Own)"));
        let told = told.starting("1 FETCH").into_iter().chain(told.starting("2 FETCH")).collect::<Vec<_>>().join("\n");
        assert_eq!(told, "1 FETCH (UID 1 FLAGS (\\Seen \\Deleted Own))\n2 FETCH (UID 2 FLAGS (\\Flagged \\Deleted $Forwarded Own))");
        let told = imap.say("UID STORE 1,9 -FLAGS.SILENT (\\Deleted)").await.ok();
        assert!(told.lines.is_empty(), "{told:?}");
        assert!(imap.say("STORE 3 FLAGS own").await.ok().says("FLAGS (Own)"));
        assert!(imap.say("STORE 3 FLAGS ()").await.ok().says("FLAGS ()"));
        imap.say("STORE 4 FLAGS ()").await.ends("BAD");
        imap.say("STORE 1 FLAGS (\\Nonsense)").await.ends("NO [LIMIT]");
        assert!(imap.say("STORE 1 +FLAGS (\\Recent)").await.ok().says("FLAGS (\\Seen Own)"));
    }

    /// RFC 9051 §6.4.3, RFC 4315 §2.1.
    async fn rfc_9051_section_6_4_3_expunge(user: User) {
        let mut imap = three(&user).await;
        imap.say("STORE 1,3 +FLAGS.SILENT (\\Deleted)").await.ok();
        assert_eq!(imap.say("UID EXPUNGE 1:2").await.ok().lines, ["* 1 EXPUNGE"]);
        assert_eq!(imap.say("EXPUNGE").await.ok().lines, ["* 2 EXPUNGE"]);
        assert!(imap.say("FETCH 1:* UID").await.ok().says("* 1 FETCH (UID 2)"));
        imap.say("STORE 1 +FLAGS.SILENT (\\Deleted)").await.ok();
        assert!(imap.say("CLOSE").await.ok().lines.is_empty());
        assert!(imap.say("STATUS INBOX (MESSAGES UIDNEXT)").await.ok().says("MESSAGES 0 UIDNEXT 4"));
    }

    /// RFC 9051 §6.4.7, §6.4.8, RFC 4315 §3.
    async fn rfc_9051_section_6_4_7_copy_and_move(user: User) {
        let mut imap = three(&user).await;
        imap.say("STORE 2 +FLAGS.SILENT (Own)").await.ok();
        let copied = imap.say("COPY 2:3 Archive").await.ok();
        let code = copied.code("COPYUID").unwrap().to_owned();
        assert!(code.ends_with(" 2:3 1:2"), "{code}");
        imap.say("COPY 1 none").await.ends("NO [TRYCREATE]");
        let moved = imap.say("UID MOVE 1:2 Trash").await.ok();
        assert!(moved.lines[0].starts_with("* OK [COPYUID "), "{moved:?}");
        assert_eq!(moved.lines[1..], ["* 2 EXPUNGE", "* 1 EXPUNGE"]);
        assert!(imap.say("FETCH 1 (UID INTERNALDATE)").await.ok().says("UID 3"));
        imap.say("SELECT Archive").await.ok();
        let told = imap.say("FETCH 1:* (FLAGS INTERNALDATE RFC822.SIZE)").await.ok();
        assert!(told.says("(\\Flagged $Forwarded Own)"), "{told:?}");
        assert!(told.says("\"01-Feb-2020 11:00:00 +0000\""), "{told:?}");
        imap.say("SELECT Trash").await.ok();
        assert!(imap.say("FETCH 1 FLAGS").await.ok().says("FLAGS (\\Seen)"));
        assert!(imap.say("COPY 1:2 Trash").await.ok().says("COPYUID"));
        assert_eq!(imap.say("NOOP").await.ok().lines.len(), 0);
    }

    /// RFC 9051 §7.5.1: numbers stay until the client has been told.
    async fn rfc_9051_section_7_5_1_numbers_stay(user: User) {
        let (mut one, mut other) = (three(&user).await, Imap::at(&user, "INBOX").await);
        other.say("STORE 1 +FLAGS.SILENT (\\Deleted)").await.ok();
        other.say("EXPUNGE").await.ok();
        other.append("INBOX", "", "Subject: four\r\n\r\n").await;
        let told = one.say("FETCH 1:3 (UID BODY.PEEK[HEADER])").await.ok();
        assert_eq!(told.starting("1 FETCH"), Vec::<&str>::new());
        assert!(told.end.starts_with("OK [EXPUNGEISSUED]") && told.says("* 3 FETCH (UID 3 "));
        assert!(told.says("* 4 EXISTS") && !told.says("EXPUNGE\n"));
        assert!(one.say("SEARCH ALL").await.ok().says("* SEARCH 2 3 4"));
        let told = one.say("STORE 2 +FLAGS (\\Answered)").await.ok();
        assert!(told.says("* 2 FETCH (UID 2") && told.starting("1 EXPUNGE").is_empty());
        assert_eq!(one.say("NOOP").await.ok().lines, ["* 1 EXPUNGE"]);
        assert!(one.say("FETCH 1:* UID").await.ok().says("* 3 FETCH (UID 4)"));
        // The other was told of the flag once.
        let told = other.say("NOOP").await.ok();
        assert_eq!(told.lines, ["* 1 FETCH (UID 2 FLAGS (\\Answered \\Flagged $Forwarded))"]);
        assert!(other.say("NOOP").await.ok().lines.is_empty());
    }

    /// A mailbox that goes while it is selected ends the session; one that is renamed does not.
    async fn a_mailbox_that_goes(user: User) {
        let mut one = Imap::open(&user).await;
        one.say("CREATE a").await.ok();
        one.append("a", "", "x\r\n").await;
        let mut other = Imap::at(&user, "a").await;
        one.say("RENAME a b").await.ok();
        assert!(other.say("FETCH 1 (UID BODY[])").await.ok().says("x\r\n"));
        one.say("DELETE b").await.ok();
        other.send("NOOP").await;
        assert!(other.line().await.starts_with("* BYE"));
        assert!(other.closed().await);
    }

    /// RFC 9051 §6.4.4.
    async fn rfc_9051_section_6_4_4_search(user: User) {
        let mut imap = three(&user).await;
        for (criteria, found) in [
            ("ALL", "1 2 3"),
            ("UNSEEN", "2 3"),
            ("SEEN", "1"),
            ("FLAGGED", "2"),
            ("KEYWORD $Forwarded", "2"),
            ("UNKEYWORD none", "1 2 3"),
            ("FROM ann", "2"),
            ("FROM \"ANN <\"", "2"),
            ("SUBJECT {7+}\r\ngr\u{fc}\u{df}e", "2"),
            ("SUBJECT \"\"", "1 2 3"),
            ("HEADER Message-ID \"\"", "2"),
            ("HEADER message-id <1@X>", "2"),
            ("BODY words", "2"),
            ("BODY ann", ""),
            ("TEXT ann", "2"),
            ("TEXT \"SOME WORDS\"", "2"),
            ("BEFORE 2-Feb-2020", "3"),
            ("ON 1-Feb-2020", "3"),
            ("SINCE 2-Feb-2020", "1 2"),
            ("SENTON 21-Nov-1997", "2"),
            ("SENTSINCE 22-Nov-1997", ""),
            ("OLDER 86400", "3"),
            ("YOUNGER 86400", "1 2"),
            ("LARGER 100", "2"),
            ("NOT LARGER 100 2:*", "3"),
            ("OR SEEN FLAGGED", "1 2"),
            ("(OR SEEN FLAGGED) NOT SEEN", "2"),
            ("UID 2:9 UNFLAGGED", "3"),
            ("CHARSET UTF-8 SUBJECT three", "3"),
        ] {
            let told = imap.say(&format!("SEARCH {criteria}")).await.ok();
            assert_eq!(told.only("SEARCH"), format!("SEARCH {found}").trim_end(), "{criteria}");
        }
        imap.say("SEARCH CHARSET KOI8-R ALL").await.ends("NO [BADCHARSET");
        imap.say("SEARCH FOO").await.ends("BAD");
        assert!(imap.say("UID SEARCH 3").await.ok().says("* SEARCH 3"));
    }

    /// RFC 4731, RFC 5182.
    async fn rfc_4731_and_5182_what_search_returns(user: User) {
        let mut imap = three(&user).await;
        imap.say("STORE 1 +FLAGS.SILENT (\\Deleted)").await.ok();
        imap.say("EXPUNGE").await.ok();
        let told = imap.say("UID SEARCH RETURN (MIN MAX COUNT ALL) ALL").await.ok();
        assert!(told.only("ESEARCH").ends_with(") UID MIN 2 MAX 3 ALL 2:3 COUNT 2"), "{told:?}");
        let told = imap.say("SEARCH RETURN (MIN COUNT) SUBJECT nothing").await.ok();
        assert!(told.only("ESEARCH").ends_with(") COUNT 0"));
        assert!(imap.say("SEARCH RETURN () ALL").await.ok().only("ESEARCH").ends_with(" ALL 1:2"));
        assert!(imap.say("SEARCH RETURN (SAVE) SUBJECT three").await.ok().lines.is_empty());
        assert!(imap.say("FETCH $ UID").await.ok().says("* 2 FETCH (UID 3)"));
        assert!(imap.say("UID SEARCH NOT $").await.ok().says("* SEARCH 2"));
        imap.say("UID STORE $ +FLAGS.SILENT (\\Deleted)").await.ok();
        imap.say("EXPUNGE").await.ok();
        imap.say("FETCH $ UID").await.ok();
        imap.say("ENABLE IMAP4rev2").await.ok();
        assert!(imap.say("SEARCH ALL").await.ok().says("* ESEARCH"));
    }

    /// RFC 7162 §3.1.
    async fn rfc_7162_section_3_1_condstore(user: User) {
        let mut imap = three(&user).await;
        let highest: u64 = imap.say("SELECT INBOX (CONDSTORE)").await.ok().code("HIGHESTMODSEQ").unwrap().parse().unwrap();
        let mut other = Imap::at(&user, "INBOX").await;
        other.say("STORE 2 +FLAGS.SILENT (\\Answered)").await.ok();
        let told = imap.say("NOOP").await.ok();
        assert!(told.only("2 FETCH").contains("MODSEQ ("), "{told:?}");
        let told = imap.say(&format!("FETCH 1:* (FLAGS) (CHANGEDSINCE {highest})")).await.ok();
        assert_eq!(told.lines.len(), 1);
        assert!(told.only("2 FETCH").contains("MODSEQ ("));
        let told = imap.say(&format!("STORE 1:3 (UNCHANGEDSINCE {highest}) +FLAGS.SILENT (\\Draft)")).await;
        assert_eq!(told.code("MODIFIED"), Some("2"));
        assert_eq!((told.starting("1 FETCH").len(), told.starting("2 FETCH").len()), (1, 0));
        let told = imap.say(&format!("SEARCH MODSEQ {}", highest + 1)).await.ok();
        assert!(told.only("SEARCH").starts_with("SEARCH 1 2 3 (MODSEQ "), "{told:?}");
        assert!(imap.say("STATUS INBOX (HIGHESTMODSEQ)").await.ok().says("HIGHESTMODSEQ"));
    }
}
