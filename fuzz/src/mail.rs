//! Messages (`format/mail`).
//!
//! Promises: parts lie in the part around them, in their order; a header with a body is what its part
//! is; a part's numbers find it; what IMAP is told is balanced and says the lengths that it sends; fields
//! that are picked and those that are not are all of them; decoding never makes a body longer.

use davenport::format::mail::date::date;
use davenport::format::mail::envelope::Envelope;
use davenport::format::mail::lines::crlf;
use davenport::format::mail::mbox::Splitter;
use davenport::format::mail::section::{Piece, pick};
use davenport::format::mail::structure::Kind;
use davenport::format::mail::surrogate::surrogate;
use davenport::format::mail::{Fields, Structure, wire, word};
use davenport::kernel::limits::{MIME_DEPTH_MAX, MIME_PARTS_MAX};

pub const SEEDS: &[&[u8]] = &[
    b"Subject: =?utf-8?Q?=C3?= =?UTF-8?B?vA==?=\r\nFrom: \"A \\\" B\" <a@b>, c (d), e:f@g;\r\nContent-Type: multipart/mixed; boundary=\"a\"\r\n\r\n--a\r\nContent-Type: text/plain; charset*0*=utf-8''%C3; charset*1=x\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\na=3D=\r\nb \r\n--a\r\nContent-Type: message/rfc822\r\n\r\nX: 1\r\n\r\n2\r\n--a--\r\nend",
    b"Content-Type: multipart/digest; boundary=a\n\n--a\n\nSubject: 1\n\nx\n--a\nContent-Type: multipart/mixed; boundary=b\n\n--b\n--a--\n",
    b"To: <@a,@b:c@[d]>, \"open\nContent-Disposition: attachment; filename=\"x\\",
    b"Content-Type: message/rfc822\n\nContent-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nQQ==",
];

pub fn run(data: &[u8]) {
    boxed(data);
    let read = Structure::read(data);
    assert!((1..=MIME_PARTS_MAX + MIME_DEPTH_MAX).contains(&read.parts.len()));
    inside(data, &read, 0, 0);
    let whole = read.parts[0].kind == Kind::Multipart;
    found(&read, 0, &mut if whole { Vec::new() } else { vec![1] });
    for extended in [false, true] {
        let mut out = Vec::new();
        wire::structure(data, &read, extended, &mut out);
        balanced(&out);
    }
    for part in &read.parts {
        let body = &data[part.body.clone()];
        assert!(part.content.transfer().decode(body).len() <= body.len());
        let _ = part.content.file_name();
    }
    let header = &data[read.parts[0].header.clone()];
    let mut out = Vec::new();
    wire::envelope(&Envelope::read(header), &mut out);
    balanced(&out);
    let (mut some, mut others) = (Vec::new(), Vec::new());
    pick(header, &["from", "subject"], false, &mut some);
    pick(header, &["from", "subject"], true, &mut others);
    let count = |header: &[u8]| Fields::new(header).count();
    assert_eq!(count(&some) + count(&others), count(header));
    if let Some(said) = surrogate(header) {
        assert!(said.is_ascii() && count(&said) == count(header));
    }
    for field in Fields::new(header) {
        let _ = date(field.value);
        assert!(!field.unfolded().contains(&b'\n'));
        let _ = word::decode(&field.unfolded());
    }
}

/// An mbox of the message, with what begins like a message quoted in it, gives the message back.
fn boxed(data: &[u8]) {
    let mut text = b"From a@b Sat Jan  3 01:05:34 1996\n".to_vec();
    for line in data.split_inclusive(|octet| *octet == b'\n') {
        let marks = line.iter().take_while(|octet| **octet == b'>').count();
        text.extend((line[marks..].starts_with(b"From ")).then_some(b'>'));
        text.extend_from_slice(line);
    }
    text.extend_from_slice(b"\n\nFrom c\n");
    let mut splitter = Splitter::new(text.len());
    let lines = text.split_inclusive(|octet| *octet == b'\n');
    let found: Vec<_> = lines.filter_map(|line| splitter.line(line)).collect();
    assert_eq!(found.len(), 1);
    let got = found[0].octets.as_deref().unwrap();
    let whole = [data, b"\n\n"].concat();
    assert!(whole.starts_with(got) && whole.len() - got.len() <= 2);
    let once = crlf(data.to_vec());
    assert_eq!(crlf(once.clone()), once);
}

fn inside(data: &[u8], read: &Structure<'_>, place: usize, depth: usize) {
    assert!(depth <= MIME_DEPTH_MAX);
    let part = &read.parts[place];
    assert!(part.header.end == part.body.start && part.body.start <= part.body.end);
    assert!(part.body.end <= data.len());
    assert_eq!(
        part.kind == Kind::Message,
        part.children.len() == 1 && part.kind != Kind::Multipart
    );
    let mut at = part.body.start;
    for child in &part.children {
        let inner = &read.parts[*child];
        assert!(inner.header.start >= at && inner.body.end <= part.body.end);
        at = inner.body.end;
        inside(data, read, *child, depth + 1);
    }
}

/// Every part is found by its numbers.
fn found(read: &Structure<'_>, place: usize, numbers: &mut Vec<u32>) {
    let part = &read.parts[place];
    assert_eq!(read.find(numbers), Some(place));
    match part.kind {
        Kind::Leaf => {}
        Kind::Multipart => parts(read, place, numbers),
        // What is in a message that is a part has the numbers of the part before its own.
        Kind::Message if read.parts[part.children[0]].kind == Kind::Multipart => {
            parts(read, part.children[0], numbers);
        }
        Kind::Message => {
            numbers.push(1);
            found(read, part.children[0], numbers);
            numbers.pop();
        }
    }
}

fn parts(read: &Structure<'_>, place: usize, numbers: &mut Vec<u32>) {
    for (n, child) in (1..).zip(&read.parts[place].children) {
        numbers.push(n);
        assert_eq!(read.section(numbers, Piece::Mime).as_ref(), Some(&read.parts[*child].header));
        found(read, *child, numbers);
        numbers.pop();
    }
}

/// Parentheses close, quoted strings end, literals are as long as they say.
fn balanced(out: &[u8]) {
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(octet) = out.get(at) {
        at += 1;
        match octet {
            b'(' => depth += 1,
            b')' => depth = depth.checked_sub(1).expect("one more closes than opens"),
            b'"' => {
                while out[at] != b'"' {
                    assert!((b' '..=b'~').contains(&out[at]));
                    at += if out[at] == b'\\' { 2 } else { 1 };
                }
                at += 1;
            }
            b'{' => {
                let end = at + out[at..].iter().position(|b| *b == b'}').unwrap();
                let length: usize = std::str::from_utf8(&out[at..end]).unwrap().parse().unwrap();
                assert_eq!(&out[end..end + 3], b"}\r\n");
                at = end + 3 + length;
                assert!(at <= out.len() && !out[end + 3..at].contains(&0));
            }
            octet => assert!(octet.is_ascii_graphic() || *octet == b' '),
        }
        assert!(depth > 0 || at == out.len(), "it ends before its end");
    }
    assert_eq!(depth, 0);
}
