//! Tests of jCard.

use super::*;
use serde_json::json;

/// RFC 7095 §3, by its own examples.
#[test]
fn properties_as_the_standard_writes_them() {
    let table = [
        ("FN:John\\, Doe", json!(["fn", {}, "text", "John, Doe"])),
        ("FN;X-P=Q;x-q=\"a,b\":a", json!(["fn", {"x-p": "Q", "x-q": "a,b"}, "text", "a"])),
        ("CONTACT.FN:a", json!(["fn", {"group": "contact"}, "text", "a"])),
        (
            "CATEGORIES:computers,cam\\,eras",
            json!(["categories", {}, "text", "computers", "cam,eras"]),
        ),
        ("GENDER:F;grrrl", json!(["gender", {}, "text", ["F", "grrrl"]])),
        ("GENDER:M", json!(["gender", {}, "text", "M"])),
        (
            "ADR:;;My Street,Left Side;Hometown;PA;18252;U.S.A.",
            json!([
                "adr",
                {},
                "text",
                ["", "", ["My Street", "Left Side"], "Hometown", "PA", "18252", "U.S.A."]
            ]),
        ),
        (
            "N;SORT-AS=\"Harten,Rene\":van der Harten;Rene;J.;Sir;R.D.O.N.",
            json!(["n", {"sort-as": ["Harten", "Rene"]}, "text", ["van der Harten", "Rene", "J.", "Sir", "R.D.O.N."]]),
        ),
        (
            "ADR;LABEL=\"a^nb,c\":;;;;;;",
            json!(["adr", {"label": "a\nb,c"}, "text", ["", "", "", "", "", "", ""]]),
        ),
        (
            "TEL;VALUE=uri;TYPE=\"voice,home\";PREF=1:tel:+1",
            json!(["tel", {"type": ["voice", "home"], "pref": "1"}, "uri", "tel:+1"]),
        ),
        ("BDAY:19850412", json!(["bday", {}, "date-and-or-time", "1985-04-12"])),
        ("BDAY;VALUE=date:1985-04", json!(["bday", {}, "date", "1985-04"])),
        ("BDAY:--0412", json!(["bday", {}, "date-and-or-time", "--04-12"])),
        ("BDAY:---12", json!(["bday", {}, "date-and-or-time", "---12"])),
        ("BDAY;VALUE=text:circa 1800", json!(["bday", {}, "text", "circa 1800"])),
        (
            "ANNIVERSARY:20130214T1230",
            json!(["anniversary", {}, "date-and-or-time", "2013-02-14T12:30"]),
        ),
        ("ANNIVERSARY:T102200Z", json!(["anniversary", {}, "date-and-or-time", "T10:22:00Z"])),
        ("REV:20130214T123000Z", json!(["rev", {}, "timestamp", "2013-02-14T12:30:00Z"])),
        ("TZ;VALUE=utc-offset:-0500", json!(["tz", {}, "utc-offset", "-05:00"])),
        ("X-N;VALUE=integer:4", json!(["x-n", {}, "integer", 4])),
        ("X-N;VALUE=boolean:TRUE", json!(["x-n", {}, "boolean", true])),
        ("X-N;VALUE=float:-1.5", json!(["x-n", {}, "float", -1.5])),
        ("LANG;PREF=1:fr", json!(["lang", {"pref": "1"}, "language-tag", "fr"])),
        ("X-COLOR:a\\,b", json!(["x-color", {}, "unknown", "a\\,b"])),
        ("UID:urn:x", json!(["uid", {}, "uri", "urn:x"])),
    ];
    for (line, expected) in table {
        let text = format!("BEGIN:VCARD\r\n{line}\r\nVERSION:4.0\r\nEND:VCARD\r\n");
        let made: Value = serde_json::from_str(&jcard(&text).unwrap()).unwrap();
        let version = json!(["version", {}, "text", "4.0"]);
        assert_eq!(made, json!(["vcard", [version, expected]]), "{line}");
        let back = vcard(made.to_string().as_bytes()).unwrap();
        assert_eq!(jcard(&back).unwrap(), made.to_string(), "{line}: {back}");
        let own = |text: &str| text.replace("\r\n ", "").to_ascii_uppercase();
        let (back, line) = (own(&back), own(line));
        let same = ["SORT-AS", "LABEL", "X-P", "TYPE="].iter().any(|part| line.contains(part))
            || back.contains(&format!("\r\n{line}\r\n"));
        assert!(same, "{line}: {back}");
    }
    assert!(jcard("BEGIN:VCARD").is_err());
}

/// RFC 7095 §3.2, §4, §5.2: what is taken, and how it is written.
#[test]
fn jcard_becomes_a_vcard() {
    let card = json!(["vcard", [
        ["fn", {}, "text", "Käte, \"K\"; x\ny"],
        ["VERSION", {}, "text", "4.0"],
        ["n", {"sort-as": ["a", "b"]}, "text", ["van", "", ["J.", "K,"], "", ""]],
        ["tel", {"group": "item1", "type": ["work", "voice"], "label": "a\"b"}, "uri", "tel:+1"],
        ["bday", {}, "date", "1985-04-12"],
        ["rev", {}, "timestamp", "2013-02-14T12:30:00-05:00"],
        ["x-k", {}, "integer", 95],
        ["x-coffee-data", {}, "unknown", "Stenophylla;Guinea\\,Africa"],
    ]]);
    let text = vcard(card.to_string().as_bytes()).unwrap();
    assert_eq!(
        text,
        "BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Käte\\, \"K\"\\; x\\ny\r\n\
         N;SORT-AS=a,b:van;;J.,K\\,;;\r\nitem1.TEL;VALUE=uri;LABEL=a^'b;TYPE=work,voice:tel:+1\r\n\
         BDAY;VALUE=date:19850412\r\nREV:20130214T123000-0500\r\nX-K;VALUE=integer:95\r\n\
         X-COFFEE-DATA:Stenophylla;Guinea\\,Africa\r\nEND:VCARD\r\n"
    );
    let two = json!([card, card]).to_string();
    assert_eq!(stream(two.as_bytes()).unwrap(), text.repeat(2));
    assert_eq!(stream(card.to_string().as_bytes()).unwrap(), text);
    assert!(vcard(two.as_bytes()).is_err());
}

#[test]
fn what_is_no_jcard_is_refused() {
    let version = json!(["version", {}, "text", "4.0"]);
    for it in [
        json!(["fn", {}, "text"]),
        json!(["begin", {}, "text", "VCARD"]),
        json!(["fn", {"group": "a.b"}, "text", "a"]),
        json!(["fn", {"group": "a:b"}, "text", "a"]),
        json!(["url", {}, "uri", "a\nX:b"]),
        json!(["n", {}, "text", [[["a"]]]]),
        json!(["n", {}, "text", {}]),
        json!(["version", {}, "text", "3.0"]),
    ] {
        let card = json!(["vcard", [version, it]]);
        assert!(vcard(card.to_string().as_bytes()).is_err(), "{it}");
    }
    for text in ["", "[]", "{}", "[\"vcard\"]", "[\"vcalendar\",[],[]]", "[\"vcard\",[]]"] {
        assert!(vcard(text.as_bytes()).is_err(), "{text}");
    }
    assert!(vcard(&b"[".repeat(10_000)).is_err());
}
