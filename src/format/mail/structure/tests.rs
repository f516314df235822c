//! Structures told as one line each, and promises about ranges over all samples.

use super::*;

/// `type/subtype` of each part with its body, nested as they are.
fn shown(text: &str) -> String {
    let structure = Structure::read(text.as_bytes());
    one(text, &structure, 0)
}

fn one(text: &str, structure: &Structure<'_>, place: usize) -> String {
    let part = structure.part(place).unwrap();
    let name = format!("{}/{}", part.content.media, part.content.subtype);
    let children: Vec<String> = part.children.iter().map(|c| one(text, structure, *c)).collect();
    match part.kind {
        Kind::Leaf => format!("{name} {:?}", text.get(part.body.clone()).unwrap()),
        _ => format!("{name} [{}]", children.join(", ")),
    }
}

#[test]
fn a_plain_message() {
    assert_eq!(shown("Subject: a\r\n\r\nb\r\n"), "text/plain \"b\\r\\n\"");
    assert_eq!(shown("Subject: a"), "text/plain \"\"");
    assert_eq!(shown("\r\nb"), "text/plain \"b\"");
    assert_eq!(shown(""), "text/plain \"\"");
}

/// RFC 2046 §5.1.1: its example, whose first part has no line end of its own and whose second has.
#[test]
fn section_5_1_1_the_line_end_belongs_to_the_delimiter() {
    let text = "MIME-Version: 1.0\r\nContent-type: multipart/mixed; boundary=\"simple boundary\"\r\n\
                \r\nThis is the preamble.\r\n\r\n--simple boundary\r\n\r\nNo end.\r\n\
                --simple boundary  \t\r\nContent-type: text/plain; charset=us-ascii\r\n\r\nAn end.\r\n\
                \r\n--simple boundary--\r\n\r\nThis is the epilogue.\r\n";
    assert_eq!(
        shown(text),
        "multipart/mixed [text/plain \"No end.\", text/plain \"An end.\\r\\n\"]"
    );
    let lf = text.replace("\r\n", "\n");
    assert_eq!(shown(&lf), "multipart/mixed [text/plain \"No end.\", text/plain \"An end.\\n\"]");
}

/// RFC 2046 §5.1.2: the delimiter of a part around ends all in it.
#[test]
fn section_5_1_2_a_delimiter_of_a_part_around() {
    let text = "Content-Type: multipart/mixed; boundary=a\n\n--a\n\
                Content-Type: multipart/alternative; boundary=b\n\n--b\n\n1\n--b\n\n2\n--a\n\n3\n--a--\n";
    assert_eq!(
        shown(text),
        "multipart/mixed [multipart/alternative [text/plain \"1\", text/plain \"2\"], text/plain \"3\"]"
    );
}

#[test]
fn a_boundary_that_begins_like_another() {
    let text = "Content-Type: multipart/mixed; boundary=a\n\n--a\n\
                Content-Type: multipart/mixed; boundary=ab\n\n--ab\n\n1\n--abc\n--ab--\n--a\n\n2\n--a--";
    assert_eq!(
        shown(text),
        "multipart/mixed [multipart/mixed [text/plain \"1\\n--abc\"], text/plain \"2\"]"
    );
}

/// RFC 2046 §5.1.5 and §5.2.1.
#[test]
fn messages_in_messages() {
    let text = "Content-Type: multipart/digest; boundary=a\n\n--a\n\nSubject: 1\n\nx\n--a\n\
                Content-Type: text/html\n\ny\n--a\nContent-Type: message/rfc822\n\n\
                Content-Type: multipart/mixed; boundary=b\n\n--b\n\nz\n--b--\nend\n--a--\n";
    assert_eq!(
        shown(text),
        "multipart/digest [message/rfc822 [text/plain \"x\"], text/html \"y\", \
         message/rfc822 [multipart/mixed [text/plain \"z\"]]]"
    );
}

#[test]
fn what_is_broken_is_still_served() {
    let cases = [
        ("Content-Type: multipart/mixed\n\n--a\n\nb", "text/plain \"--a\\n\\nb\""),
        ("Content-Type: multipart/mixed; boundary=\"\"\n\n--\n\nb", "text/plain \"--\\n\\nb\""),
        ("Content-Type: multipart/mixed; boundary=a\n\nb", "multipart/mixed []"),
        (
            "Content-Type: multipart/mixed; boundary=a\n\n--a\n\nb",
            "multipart/mixed [text/plain \"b\"]",
        ),
        (
            "Content-Type: multipart/mixed; boundary=a\n\n--a\n--a\nX: y\n--a--",
            "multipart/mixed [text/plain \"\", text/plain \"\"]",
        ),
        ("Content-Type: multipart/mixed; boundary=a\n\n--a", "multipart/mixed [text/plain \"\"]"),
        ("Content-Type: message/rfc822", "application/octet-stream \"\""),
        (
            "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nQQ==",
            "application/octet-stream \"QQ==\"",
        ),
        ("Content-Type: message/rfc822\n\n", "message/rfc822 [text/plain \"\"]"),
    ];
    for (text, expected) in cases {
        assert_eq!(shown(text), expected, "{text:?}");
    }
}

#[test]
fn depth_and_number_are_bounded() {
    let deep = "Content-Type: message/rfc822\n\n".repeat(10_000);
    let structure = Structure::read(deep.as_bytes());
    assert_eq!(structure.parts.len(), MIME_DEPTH_MAX + 1);
    let last = structure.parts.last().unwrap();
    assert!(last.content.is("application", "octet-stream") && last.body.end == deep.len());
    let many =
        format!("Content-Type: multipart/mixed; boundary=a\n\n{}", "--a\n\nx\n".repeat(20_000));
    let structure = Structure::read(many.as_bytes());
    assert_eq!(structure.parts.len(), MIME_PARTS_MAX);
    assert_eq!(structure.parts.first().unwrap().body.end, many.len());
}
