//! What every dialogue checks of every answer, whatever it is about: these tests show that the
//! checks of `support::dav` can fail, and bring the answers that few others bring.

use crate::support::dav::{Answer, dialogues, document};

fn answer(body: &str) -> Answer {
    let head = "HTTP/1.1 207 Multi-Status\r\nContent-Type: application/xml\r\n";
    let octets = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
    Answer::read(octets.as_bytes(), false).unwrap()
}

fn multistatus(content: &str) -> String {
    format!("<D:multistatus xmlns:D=\"DAV:\">{content}</D:multistatus>")
}

/// RFC 4918 §8.2, §8.3, §13, §14: a multistatus that breaks a rule fails the dialogue it is in.
#[test]
fn a_multistatus_that_breaks_a_rule_is_noticed() {
    let status = |code: u16| format!("<D:status>HTTP/1.1 {code} Word</D:status>");
    let prop = "<D:prop><D:getetag/></D:prop>";
    let ok = status(200);
    let good = [
        format!("<D:response><D:href>/a</D:href>{}</D:response>", status(404)),
        format!("<D:response><D:href>/a</D:href><D:propstat>{prop}{ok}</D:propstat></D:response>"),
    ];
    for content in good {
        assert_eq!(answer(&multistatus(&content)).multistatus().hrefs(), ["/a"]);
    }
    let one = |inside: &str| format!("<D:response><D:href>/a</D:href>{inside}</D:response>");
    let error = |inside: &str| one(&format!("{}<D:error>{inside}</D:error>", status(423)));
    let bad = [
        ("no href", format!("<D:response>{ok}</D:response>")),
        ("href not first", format!("<D:response>{ok}<D:href>/a</D:href></D:response>")),
        ("href twice", one(&ok).repeat(2)),
        ("relative href", format!("<D:response><D:href>a</D:href>{ok}</D:response>")),
        ("full URL", format!("<D:response><D:href>http://h/a</D:href>{ok}</D:response>")),
        ("unescaped href", format!("<D:response><D:href>/a b</D:href>{ok}</D:response>")),
        ("dot segment", format!("<D:response><D:href>/a/../b</D:href>{ok}</D:response>")),
        ("neither", one("")),
        ("both", one(&format!("{ok}<D:propstat>{prop}{ok}</D:propstat>"))),
        ("no prop", one(&format!("<D:propstat>{ok}</D:propstat>"))),
        ("two props", one(&format!("<D:propstat>{prop}{prop}{ok}</D:propstat>"))),
        ("two statuses", one(&format!("<D:propstat>{prop}{ok}{ok}</D:propstat>"))),
        ("text in prop", one(&format!("<D:propstat><D:prop>x</D:prop>{ok}</D:propstat>"))),
        ("one property twice", one(&format!("<D:propstat>{prop}{ok}</D:propstat>").repeat(2))),
        ("informational", one(&status(100))),
        ("redirect without location", one(&status(302))),
        ("empty error", error("")),
        ("text in error", error("x<D:a/>")),
        ("undeclared prefix", "<x:a/>".to_owned()),
    ];
    for (rule, content) in bad {
        let read = std::panic::catch_unwind(|| answer(&multistatus(&content)).multistatus());
        assert!(read.is_err(), "{rule}: {content}");
    }
}

/// RFC 4918 §12, §12.1, §14.5: an answer that no request may get fails the dialogue it is in.
#[test]
fn a_bad_answer_is_noticed() {
    let answer = |status: &str, body: &str| {
        let head = format!("HTTP/1.1 {status}\r\nContent-Type: application/xml\r\n");
        let octets = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
        Answer::read(octets.as_bytes(), false).unwrap()
    };
    let error = |inside: &str| format!("<D:error xmlns:D=\"DAV:\">{inside}</D:error>");
    let asked = [("If-Match", "*")];
    answer("412 Precondition Failed", "").check_against(&asked);
    answer("412 Precondition Failed", "").check_against(&[("Overwrite", "F")]);
    answer("304 Not Modified", "").check_against(&[]);
    answer("403 Forbidden", &error("<D:a/>")).check_against(&[]);
    for (rule, bad) in [
        ("412 unasked", answer("412 Precondition Failed", "")),
        ("redirect", answer("302 Found", "")),
        ("empty error", answer("403 Forbidden", &error(""))),
        ("text in error", answer("403 Forbidden", &error("x<D:a/>"))),
        ("not XML", answer("403 Forbidden", "<D:error>")),
    ] {
        assert!(std::panic::catch_unwind(|| bad.check_against(&[])).is_err(), "{rule}");
    }
}

/// RFC 9112 §6, §7.1: an answer that is cut off is none.
#[test]
fn an_answer_that_is_cut_off_is_noticed() {
    let whole =
        ["Content-Length: 3\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"];
    for rest in whole {
        let octets = format!("HTTP/1.1 200 OK\r\n{rest}");
        assert_eq!(Answer::read(octets.as_bytes(), false).unwrap().body, b"abc");
        for length in 0..octets.len() {
            assert!(Answer::read(&octets.as_bytes()[..length], false).is_none(), "{length}");
        }
    }
}

dialogues! {
    /// RFC 4918 §14.24, §8.3: a href asked for twice is answered once; reports write hrefs as
    /// PROPFIND does.
    async fn a_href_asked_for_twice_is_answered_once(user: User) {
        user.mkcol("calendars/c").await;
        let event = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//x//EN\r\nBEGIN:VEVENT\r\nUID:u\r\n\
            DTSTAMP:20260101T000000Z\r\nDTSTART:20260101T000000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
        let headers = [("Content-Type", "text/calendar")];
        user.send("PUT", "calendars/c/a.ics", &headers, event).await.expect(201);
        let path = user.path("calendars/c/a.ics");
        let href = format!("<D:href>{path}</D:href>");
        let content = format!("<D:prop><D:getetag/></D:prop>{href}{href}");
        let answer = user.report("calendars/c/", "1", "C:calendar-multiget", &content).await;
        assert_eq!(answer.expect(207).multistatus().hrefs(), [path.as_str()]);
        let content = "<D:sync-token/><D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop>";
        let answer = user.report("calendars/c/", "1", "D:sync-collection", content).await;
        assert_eq!(answer.expect(207).multistatus().hrefs(), [path.as_str()]);
        let listed = user.propfind("calendars/c/", "1", "<D:getetag/>").await;
        assert!(listed.hrefs().contains(&path.as_str()));
        let body = document("D:propfind", "<D:allprop/>");
        let answer = user.send("PROPFIND", "calendars/c/", &[("Depth", "1")], body).await;
        assert_eq!(answer.expect(207).multistatus().responses.len(), 2);
    }
}
