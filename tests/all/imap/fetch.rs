//! What messages are: stored as they come, told as they are stored.

use super::Imap;
use crate::support::dav::dialogues;

const MIXED: &str = "From: Ann <ann@example.org>\r\nSubject: parts\r\nMIME-Version: 1.0\r\n\
    Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\
    Content-Transfer-Encoding: quoted-printable\r\n\r\nGr=C3=BC=C3=9Fe\r\n--b\r\n\
    Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\nAGE=\r\n--b\r\n\
    Content-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\ninside\r\n--b--\r\n";

dialogues! {
    /// RFC 9051 §6.3.12, RFC 3502, RFC 4315 §3, RFC 7889.
    async fn rfc_9051_section_6_3_12_append(user: User) {
        let mut imap = Imap::open(&user).await;
        assert_eq!(imap.append("INBOX", "", "one\r\n").await, 1);
        let both = imap.say("APPEND INBOX (\\Seen) {3+}\r\ntwo \"01-Jan-2000 00:00:00 +0000\" {5+}\r\nthree").await.ok();
        assert!(both.code("APPENDUID").unwrap().ends_with(" 2:3"), "{both:?}");
        imap.say("APPEND none {1+}\r\nx").await.ends("NO [TRYCREATE]");
        imap.say("APPEND INBOX {0+}\r\n").await.ends("NO");
        imap.say("APPEND INBOX (\\Nonsense) {1+}\r\nx").await.ends("NO [LIMIT]");
        imap.say("APPEND INBOX").await.ends("BAD");
        imap.say("APPEND INBOX UTF8 (~{1+}\r\nx)").await.ok();
        imap.say("SELECT INBOX").await.ok();
        let told = imap.say("FETCH 2:3 (FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])").await.ok();
        assert!(told.only("2 FETCH").starts_with("2 FETCH (FLAGS (\\Seen) INTERNALDATE "));
        assert_eq!(
            told.only("3 FETCH"),
            "3 FETCH (FLAGS () INTERNALDATE \"01-Jan-2000 00:00:00 +0000\" RFC822.SIZE 5 BODY[] {5}\r\nthree)"
        );
        // While a mailbox is selected, what comes is told before the end.
        let told = imap.say("APPEND INBOX {1+}\r\ny").await.ok();
        assert!(told.says("* 5 EXISTS"));
    }

    /// RFC 9051 §6.4.5: sections, ranges, and what marks as seen.
    async fn rfc_9051_section_6_4_5_sections(user: User) {
        let mut imap = Imap::open(&user).await;
        imap.append("INBOX", "", MIXED).await;
        imap.say("SELECT INBOX").await.ok();
        for (section, found) in [
            ("1", "{15}\r\nGr=C3=BC=C3=9Fe"),
            ("1.MIME", "{88}\r\n"),
            ("3", "{24}\r\nSubject: inner\r\n\r\ninside"),
            ("3.HEADER", "{18}\r\nSubject: inner\r\n\r\n"),
            ("3.TEXT", "{6}\r\ninside"),
            ("3.1", "{6}\r\ninside"),
            ("HEADER.FIELDS (SUBJECT X-None)", "{18}\r\nSubject: parts\r\n\r\n"),
            ("HEADER.FIELDS.NOT (From Subject MIME-Version)", "{45}\r\nContent-Type: multipart/mixed"),
            ("4", "NIL"),
            ("1.HEADER", "NIL"),
        ] {
            let told = imap.say(&format!("FETCH 1 BODY.PEEK[{section}]")).await.ok();
            let begin = format!("1 FETCH (BODY[{section}] {found}");
            assert!(told.only("1 FETCH").starts_with(&begin), "{section}: {told:?}");
        }
        let told = imap.say("FETCH 1 (BODY.PEEK[1]<2.4> BODY.PEEK[1]<14.99> BODY.PEEK[1]<15.4>)").await.ok();
        assert_eq!(told.only("1 FETCH"), "1 FETCH (BODY[1]<2> {4}\r\n=C3= BODY[1]<14> {1}\r\ne BODY[1]<15> \"\")");
        let told = imap.say("FETCH 1 (FLAGS RFC822.SIZE)").await.ok();
        assert_eq!(told.only("1 FETCH"), format!("1 FETCH (FLAGS () RFC822.SIZE {})", MIXED.len()));
        let told = imap.say("UID FETCH 1 BODY[TEXT]").await.ok();
        assert!(told.only("1 FETCH").starts_with("1 FETCH (UID 1 BODY[TEXT] {"));
        assert!(told.only("1 FETCH").ends_with(" FLAGS (\\Seen))"), "{told:?}");
        let told = imap.say("FETCH 1 (RFC822.HEADER RFC822.TEXT RFC822)").await.ok();
        assert!(told.says(&format!("RFC822 {{{}}}\r\n{MIXED}", MIXED.len())));
    }

    /// RFC 9051 §7.5.2.
    async fn rfc_9051_section_7_5_2_envelope_and_structure(user: User) {
        let mut imap = Imap::open(&user).await;
        imap.append("INBOX", "", MIXED).await;
        imap.say("SELECT INBOX").await.ok();
        let told = imap.say("FETCH 1 (ENVELOPE BODYSTRUCTURE)").await.ok();
        let ann = "((\"Ann\" NIL \"ann\" \"example.org\"))";
        let line = told.only("1 FETCH");
        assert!(line.starts_with(&format!("1 FETCH (ENVELOPE (NIL \"parts\" {ann} {ann} {ann} NIL NIL NIL NIL NIL) BODYSTRUCTURE (")), "{line}");
        assert!(line.contains("(\"text\" \"plain\" (\"charset\" \"utf-8\") NIL NIL \"quoted-printable\" 15 1 NIL NIL NIL NIL)"), "{line}");
        assert!(line.ends_with("\"mixed\" (\"boundary\" \"b\") NIL NIL NIL))"), "{line}");
        assert!(imap.say("FETCH 1 FULL").await.ok().says("BODY ("));
    }

    /// RFC 3516.
    async fn rfc_3516_parts_decoded(user: User) {
        let mut imap = Imap::open(&user).await;
        imap.append("INBOX", "", MIXED).await;
        let odd = MIXED.replace("base64", "x-odd");
        imap.append("INBOX", "", &odd).await;
        imap.say("SELECT INBOX").await.ok();
        let told = imap.say("FETCH 1 (BINARY.SIZE[1] BINARY.PEEK[1] BINARY.SIZE[2])").await.ok();
        assert_eq!(told.only("1 FETCH"), "1 FETCH (BINARY.SIZE[1] 7 BINARY[1] {7}\r\nGr\u{fc}\u{df}e BINARY.SIZE[2] 2)");
        let told = imap.say("FETCH 1 BINARY.PEEK[2]<0.9>").await.ok();
        assert_eq!(told.only("1 FETCH"), "1 FETCH (BINARY[2]<0> ~{2}\r\n\0a)");
        imap.say("FETCH 2 BINARY.PEEK[2]").await.ends("NO [UNKNOWN-CTE]");
    }

    /// RFC 8474, RFC 8514.
    async fn names_and_dates_of_messages(user: User) {
        let mut imap = Imap::open(&user).await;
        imap.append("INBOX", "", "same\r\n").await;
        imap.append("Sent", "", "same\r\n").await;
        imap.append("Sent", "", "other\r\n").await;
        let mut ids = Vec::new();
        for mailbox in ["INBOX", "Sent"] {
            imap.say(&format!("SELECT {mailbox}")).await.ok();
            let told = imap.say("FETCH 1:* (EMAILID SAVEDATE THREADID)").await.ok();
            for line in told.lines {
                assert!(line.contains("SAVEDATE \"") && line.contains("THREADID NIL"), "{line}");
                ids.push(line.split_once("EMAILID (").unwrap().1.split(')').next().unwrap().to_owned());
            }
        }
        assert!(ids[0] == ids[1] && ids[1] != ids[2], "{ids:?}");
    }

    /// A broken message, a large one, and one without anything are served as they are.
    async fn messages_of_all_kinds(user: User) {
        let mut imap = Imap::open(&user).await;
        let large = format!("Subject: large\r\n\r\n{}", "0123456789abcdef\r\n".repeat(20_000));
        let all = ["no header at all", "\r\n", "A", "Content-Type: multipart/mixed; boundary=x\r\n\r\n", &large];
        for message in all {
            imap.append("INBOX", "", message).await;
        }
        imap.say("SELECT INBOX").await.ok();
        let told = imap.say("FETCH 1:* (RFC822.SIZE ENVELOPE BODYSTRUCTURE BODY.PEEK[])").await.ok();
        for (line, message) in told.lines.iter().zip(all) {
            assert!(line.contains(&format!("RFC822.SIZE {} ", message.len())), "{line}");
            assert!(line.ends_with(&format!("BODY[] {{{}}}\r\n{message})", message.len())));
        }
        assert_eq!(told.lines.len(), all.len());
        let told = imap.say("FETCH 5 BODY.PEEK[]<100000.10>").await.ok();
        assert_eq!(told.only("5 FETCH"), format!("5 FETCH (BODY[]<100000> {{10}}\r\n{})", &large[100_000..100_010]));
    }
}
