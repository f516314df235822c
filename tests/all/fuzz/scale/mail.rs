//! Messages: each structure, field and encoding that could be read more than once.

use super::{SIZE, linear};
use davenport::format::mail::envelope::Envelope;
use davenport::format::mail::{Fields, Structure, wire, word};

/// All that is worked out of a message.
fn message(bytes: &[u8]) {
    let read = Structure::read(bytes);
    let mut out = Vec::new();
    wire::structure(bytes, &read, true, &mut out);
    wire::envelope(&Envelope::read(bytes), &mut out);
    for field in Fields::new(bytes) {
        let _ = word::decode(&field.unfolded());
    }
    for part in &read.parts {
        let _ = part.content.transfer().decode(bytes.get(part.body.clone()).unwrap_or_default());
    }
}

#[test]
fn messages() {
    const MIXED: &str = "Content-Type: multipart/mixed; boundary=a\n\n--a\n";
    linear(
        message,
        SIZE,
        &[
            ("", "A: b\n", "\n"),
            ("", "a\n", "\n"),
            ("A:", "\n b", "\n\n"),
            ("To: ", "a@b, ", "\n\n"),
            ("To: ", "(", "\n\n"),
            ("To: ", "\"", "\n\n"),
            ("To: ", "<", "\n\n"),
            ("To: ", "a:", "\n\n"),
            ("To: ", "a;", "\n\n"),
            ("To: ", "@", "\n\n"),
            ("To: ", "a ", "\n\n"),
            ("To: a@", "b .", "\n\n"),
            ("To: a:", "b,", "\n\n"),
            ("To: a@", "\\", "\n\n"),
            ("Subject: ", "=?", "\n\n"),
            ("Subject: ", "=?a?q?", "\n\n"),
            ("Subject: ", "=?utf-8?q?a?= ", "\n\n"),
            ("Subject: ", "=?utf-{n}?b?a?= ", "\n\n"),
            ("Subject: =?utf-8?q?", "=", "?=\n\n"),
            ("Content-Type: a/b", ";a*{n}=c", "\n\n"),
            ("Content-Type: a/b", ";a{n}*=c", "\n\n"),
            ("Content-Type: a/b;a=", "\"", "\n\n"),
            ("Content-Language: ", "a,", "\n\n"),
            ("", "Content-Type: a/b; c=d\n", "\n"),
            (MIXED, "\n--a\n", ""),
            (MIXED, "\n--b\n", ""),
            (MIXED, "--", ""),
            (MIXED, "\n-", ""),
            ("Content-Type: multipart/digest; boundary=a\n\n", "\n--a\n", ""),
            ("", "Content-Type: message/rfc822\n\n", ""),
            ("", "Content-Type: multipart/mixed; boundary=a{n}\n\n--a{n}\n", ""),
            ("", MIXED, ""),
            ("Content-Transfer-Encoding: base64\n\n", "QQ==\n", ""),
            ("Content-Transfer-Encoding: quoted-printable\n\n", "=\n", ""),
            ("Content-Transfer-Encoding: quoted-printable\n\n", " ", ""),
        ],
    );
}
