//! Tests of the conversion: examples both ways, every sample, and cards made at random.

use super::*;
use crate::format::line::Lines;
use crate::format::vcard::check_resource;
use proptest::prelude::*;

fn card(version: Version, lines: &str) -> String {
    let lines = lines.replace('\n', "\r\n");
    format!("BEGIN:VCARD\r\nVERSION:{}\r\nUID:urn:x\r\n{lines}END:VCARD\r\n", version.number())
}

/// The lines without frame, VERSION and UID, unfolded.
fn body(text: &str) -> Vec<String> {
    let lines = Lines::new(text.as_bytes()).map(|line| line.unwrap().text().to_owned());
    let frame = ["BEGIN:", "END:", "VERSION:", "UID:"];
    lines.filter(|line| !frame.iter().any(|f| line.starts_with(f))).collect()
}

/// Converts lines, to which the names are added that each version demands.
fn converts(from: &str, to: Version, expected: &str) {
    let other = Version::ALL.into_iter().find(|v| *v != to).unwrap();
    let names = if from.contains("FN:") { "" } else { "FN:F\nN:F;;;;\n" };
    let text = card(other, &format!("{names}{}\n", from.trim_end()));
    let result = convert(&text, to).unwrap();
    let lines = body(&result);
    let lines = lines.get(names.lines().count()..).unwrap_or_default();
    assert_eq!(lines.join("\n"), expected.trim_end(), "{from} to {to:?}");
    assert!(result.starts_with(&format!("BEGIN:VCARD\r\nVERSION:{}\r\n", to.number())));
}

/// What is written differently, both ways.
static BOTH: [(&str, &str); 24] = [
    // RFC 6350 §5.3, §6.4.1.
    ("TEL;TYPE=home,pref:+43 1", "TEL;TYPE=home;PREF=1:+43 1"),
    (
        "item1.EMAIL;TYPE=pref:a@b\nitem1.X-ABLabel:Home",
        "item1.EMAIL;PREF=1:a@b\nitem1.X-ABLabel:Home",
    ),
    // RFC 6350 §6.1.4, §6.6.5, and Apple's words for them.
    ("X-ADDRESSBOOKSERVER-KIND:group", "KIND:group"),
    ("X-ABShowAs:COMPANY", "KIND:org"),
    ("X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:1", "MEMBER:urn:uuid:1"),
    // RFC 2426 §3.1.4, RFC 6350 §6.2.4.
    ("PHOTO;ENCODING=b;TYPE=JPEG:/9j/4AA=", "PHOTO:data:image/jpeg;base64,/9j/4AA="),
    ("LOGO;TYPE=GIF;VALUE=uri:http://a/b", "LOGO;MEDIATYPE=image/gif:http://a/b"),
    ("SOUND;ENCODING=b;TYPE=BASIC:QUJD", "SOUND:data:audio/basic;base64,QUJD"),
    ("KEY;ENCODING=b;TYPE=PGP:QUJD", "KEY:data:application/pgp-keys;base64,QUJD"),
    ("KEY;ENCODING=b:QUJD", "KEY:data:application/octet-stream;base64,QUJD"),
    // RFC 2426 §3.1.5, RFC 6350 §6.2.5, §6.2.6.
    ("BDAY:1996-04-15", "BDAY:19960415"),
    ("BDAY;VALUE=date-time:1953-10-15T23:10:00-06:00", "BDAY:19531015T231000-0600"),
    ("BDAY;X-APPLE-OMIT-YEAR=1604:1604-04-15", "BDAY:--0415"),
    ("BDAY;VALUE=text:1985-04", "BDAY:1985-04"),
    ("BDAY;VALUE=text:about 1800", "BDAY;VALUE=text:about 1800"),
    ("X-ANNIVERSARY:2009-08-08", "ANNIVERSARY:20090808"),
    ("REV:1995-10-31T22:27:10Z", "REV:19951031T222710Z"),
    // RFC 6350 §6.5.
    ("GEO:37.386013;-122.082932", "GEO:geo:37.386013,-122.082932"),
    ("TZ:-05:00", "TZ;VALUE=utc-offset:-0500"),
    ("TZ;VALUE=text:Europe/Vienna", "TZ:Europe/Vienna"),
    // RFC 6350 §6.6.6.
    ("AGENT;VALUE=uri:cid:a@b", "RELATED;TYPE=agent:cid:a@b"),
    ("AGENT:BEGIN:VCARD\\nEND:VCARD", "X-AGENT:BEGIN:VCARD\\nEND:VCARD"),
    // What 4.0 does not have, and what neither changes.
    ("CLASS:PRIVATE\nMAILER:x\nNAME:y", "X-CLASS:PRIVATE\nX-MAILER:x\nX-NAME:y"),
    (
        "X-FOO;A=b:c\\,d\\;e\\n\nEXPERTISE;LEVEL=expert:x",
        "X-FOO;A=b:c\\,d\\;e\\n\nEXPERTISE;LEVEL=expert:x",
    ),
];

#[test]
fn the_same_said_in_both_versions() {
    for (old, new) in BOTH {
        converts(old, Version::V4, new);
        converts(new, Version::V3, old);
    }
}

/// What 3.0 allows and clients write, to the one form of 4.0.
#[test]
fn up_only() {
    let table = [
        ("TEL;HOME;VOICE:1", "TEL;TYPE=HOME,VOICE:1"),
        ("TEL;TYPE=\"home,voice\";TYPE=pref:1", "TEL;TYPE=home,voice;PREF=1:1"),
        ("PHOTO;BASE64;JPEG: /9j/ 4AA=", "PHOTO:data:image/jpeg;base64,/9j/4AA="),
        ("PHOTO;ENCODING=BASE64:iVBORw0KGgoA", "PHOTO:data:image/png;base64,iVBORw0KGgoA"),
        ("PHOTO;TYPE=image/png;ENCODING=b:QUJD", "PHOTO:data:image/png;base64,QUJD"),
        ("PHOTO;VALUE=uri:data:image/png;base64,QUJD", "PHOTO:data:image/png;base64,QUJD"),
        ("KEY:plain", "KEY;VALUE=text:plain"),
        ("BDAY;VALUE=date:19960415", "BDAY:19960415"),
        ("BDAY:--04-15", "BDAY:--0415"),
        ("BDAY:1996-04-15T00:00:00.000Z", "BDAY:19960415T000000Z"),
        ("BDAY:unknown", "BDAY:unknown"),
        ("REV:1995-10-31", "REV:19951031T000000Z"),
        ("NOTE;CHARSET=UTF-8:a\\:b\\\\:c", "NOTE:a:b\\\\:c"),
        ("PROFILE:VCARD", ""),
        ("NOTE;ENCODING=QUOTED-PRINTABLE;CHARSET=utf-8:=C3=A4\\,=0D=0Ab", "NOTE:ä\\,\\nb"),
        ("N:a;b\nFN:c", "N:a;b;;;\nFN:c"),
        ("ADR:;;S;C", "ADR:;;S;C;;;"),
        ("GEO:here", "GEO:here"),
    ];
    for (old, new) in table {
        converts(old, Version::V4, new);
    }
}

/// What 3.0 cannot say as 4.0 does.
#[test]
fn down_only() {
    let table = [
        ("TEL;VALUE=uri;TYPE=\"voice,home\":tel:+1-555;ext=5", "TEL;TYPE=voice,home:+1-555 ext. 5"),
        ("TEL;PREF=2:a\nTEL;PREF=50:b\nTEL:c", "TEL;TYPE=pref:a\nTEL:b\nTEL:c"),
        ("GEO:geo:1,2;u=3", "GEO;VALUE=uri:geo:1,2;u=3"),
        ("BDAY:---15", "BDAY;VALUE=text:---15"),
        ("BDAY:20000101\nBDAY;ALTID=1:x", "BDAY:2000-01-01\nX-BDAY;ALTID=1;VALUE=text:x"),
        ("TZ;VALUE=uri:http://a", "TZ;VALUE=uri:http://a"),
        ("ADR:;;S;C;;;;;;;;;;;;;;", "ADR:;;S;C;;;"),
        ("ADR:;;S;C;;;;room", "ADR:;;S;C;;;;room"),
        ("KEY;VALUE=text:k", "KEY;VALUE=text:k"),
        ("RELATED;TYPE=friend:urn:x", "RELATED;TYPE=friend:urn:x"),
        (
            "N:a;;;;;;jr.\nN;ALTID=1:b;;;;\nFN:c\nFN:d",
            "N:a;;;;;;jr.\nX-N;ALTID=1:b;;;;\nFN:c\nX-FN:d",
        ),
        (
            "N;SORT-AS=\"Harten,Rene\":van der Harten;Rene;;;\nFN:R",
            "N:van der Harten;Rene;;;\nFN:R\nSORT-STRING:Harten\\,Rene",
        ),
    ];
    for (new, old) in table {
        converts(new, Version::V3, old);
    }
}

/// RFC 6350 §6.3.1: the label of an address.
#[test]
fn labels() {
    let old = "ADR;TYPE=home:;;S;C;;;\nADR;TYPE=work:;;T;C;;;\nLABEL;TYPE=WORK:a\\nb\\, \\;c\nLABEL;TYPE=dom:d\n";
    let new = "ADR;TYPE=home:;;S;C;;;\nADR;TYPE=work;LABEL=\"a^nb, ;c\":;;T;C;;;\nADR;TYPE=dom;LABEL=d:;;;;;;";
    converts(old, Version::V4, new);
    let back = "ADR;TYPE=home:;;S;C;;;\nADR;TYPE=work:;;T;C;;;\nLABEL;TYPE=work:a\\nb\\, \\;c\nLABEL;TYPE=dom:d";
    converts(new, Version::V3, back);
    converts("ADR;LABEL=\"a\\nb\":;;S;;;;", Version::V3, "ADR:;;S;;;;\nLABEL:a\\nb");
}

/// RFC 2426 §3.1.2, RFC 6350 §6.2.1, §6.7.9: what each version demands.
#[test]
fn what_is_demanded_is_made() {
    let text = card(Version::V3, "N:Do\\,e;Jo;;;\n");
    let old = "BEGIN:VCARD\nVERSION:2.1\nTEL;HOME:1\nFN;QUOTED-PRINTABLE:=\na\nN:b\nEND:VCARD\n";
    let four = convert(old, Version::V4).unwrap();
    assert_eq!(body(&four), ["TEL;TYPE=HOME:1", "FN:a", "N:b;;;;"]);
    assert_eq!(body(&convert(&text, Version::V4).unwrap()), ["N:Do\\,e;Jo;;;", "FN:Jo Do\\,e"]);
    let text = card(Version::V4, "FN:All; of us\n");
    let lines = body(&convert(&text, Version::V3).unwrap());
    assert_eq!(lines, ["FN:All; of us", "N:All\\; of us;;;;"]);
    let text = "BEGIN:VCARD\r\nN:a;;;;\r\nVERSION:3.0\r\nEND:VCARD\r\n";
    let four = convert(text, Version::V4).unwrap();
    assert_eq!(four, "BEGIN:VCARD\r\nVERSION:4.0\r\nN:a;;;;\r\nFN:a\r\nEND:VCARD\r\n");
    assert!(convert("BEGIN:VCARD\r\n", Version::V4).is_err());
}

/// The version that it has already is given byte for byte.
#[test]
fn its_own_version_is_untouched() {
    let text = "BEGIN:VCARD\nversion:4.0\nFN:a\n b\n\nEND:VCARD";
    assert!(matches!(convert(text, Version::V4).unwrap(), Cow::Borrowed(same) if same == text));
}

/// Whether a card keeps the syntax of its version as far as conversion could break it.
fn assert_valid(text: &str, version: Version) {
    let card = Card::parse(text.as_bytes()).unwrap();
    assert!(card.lines()[1].is("VERSION") && card.lines()[1].value() == version.number());
    assert!(card.property("FN").is_some());
    for line in text.split("\r\n") {
        assert!(line.len() <= 75, "{line}");
    }
    for line in card.properties() {
        let it = Property::from(line);
        assert!(it.params.iter().all(|p| !p.name.is_empty()), "{}", line.text());
        assert!(it.param("CHARSET").is_none(), "{}", line.text());
        let gone: &[&str] = match version {
            Version::V3 => &["PREF", "MEDIATYPE"],
            Version::V4 => &["X-APPLE-OMIT-YEAR"],
        };
        let dated = ["BDAY", "PHOTO", "LOGO", "SOUND", "KEY"].iter().any(|n| it.is(n));
        assert!(!dated || gone.iter().all(|name| it.param(name).is_none()), "{}", line.text());
    }
    let missing = |name| card.property(name).is_none();
    match version {
        Version::V3 => assert!(!missing("N") && missing("MEMBER")),
        Version::V4 => assert!(["LABEL", "AGENT", "CLASS", "MAILER"].into_iter().all(missing)),
    }
}

/// Every sample that is a card converts both ways, and what comes out is a valid card with the same
/// UID that converts on.
#[test]
fn samples_convert() {
    let (mut seen, mut read_by_another) = (0, 0);
    for (name, bytes) in crate::format::vcard::tests::samples() {
        let Ok(all) = String::from_utf8(bytes) else { continue };
        for text in all.split_inclusive("END:VCARD") {
            let text = text.trim_start();
            let Ok(card) = Card::parse(text.as_bytes()) else { continue };
            for version in Version::ALL {
                let result = convert(text, version).unwrap();
                let Cow::Owned(result) = result else { continue };
                seen += 1;
                assert_valid(&result, version);
                if version == Version::V4 {
                    read_by_another += usize::from(vcard_parser::parse_vcards(&result).is_ok());
                }
                let uid = |card: &Card<'_>| check_resource(card).ok().map(|c| c.uid.into_owned());
                let made = Card::parse(result.as_bytes()).unwrap();
                assert!(uid(&card).is_none() || uid(&card) == uid(&made), "{name}");
                assert_eq!(card.is_group(), made.is_group(), "{name}");
                for version in Version::ALL {
                    convert(&result, version).unwrap();
                }
            }
        }
    }
    // The other parser reads no folded parameters; besides, some samples hold what 4.0 forbids.
    assert!(seen > 130 && read_by_another >= 54, "{seen}, {read_by_another}");
}

/// A line as it compares: names and TYPEs without case, parameters and TYPEs without order.
fn said(text: &str) -> Vec<String> {
    let card = Card::parse(text.as_bytes()).unwrap();
    let mut lines: Vec<String> = card
        .properties()
        .map(|line| {
            let it = Property::from(line);
            let mut params: Vec<String> = it
                .params
                .iter()
                .map(|p| format!("{}={:?}", p.name.to_ascii_uppercase(), it.words(&p.name)))
                .collect();
            params.sort();
            params.dedup();
            let name = it.name.to_ascii_uppercase();
            format!("{:?}.{name};{}:{}", it.group, params.join(";"), value::text(&it.value))
        })
        .collect();
    lines.sort();
    lines
}

/// A property of 3.0 in a form that 4.0 can say (the rest is in the tables above).
fn line() -> impl Strategy<Value = String> {
    let text = || {
        "[a-zA-Z0-9äß😀 .'!?()_@:-]{0,20}(\\\\n|\\\\,|\\\\;)?[a-zé]{0,60}".prop_map(|t| {
            // A colon that looks escaped is not of the shape.
            t.trim().to_owned()
        })
    };
    let kinds = "(;TYPE=(home|work|cell|INTERNET|x-foo)(,pref)?)?";
    let group = "(item[1-9]\\.)?";
    let day = "(19|20)[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9])";
    let clock = "T([01][0-9]):[0-5][0-9]:[0-5][0-9](Z|[+-](0[0-9]|1[01]):[0-5]0)";
    prop_oneof![
        (
            group,
            "(TEL|EMAIL|NICKNAME|TITLE|URL|IMPP|NOTE|X-SOCIAL|X-ABRELATEDNAMES|KIND2)",
            kinds,
            text()
        )
            .prop_map(|(g, n, k, t)| format!("{g}{n}{k}:{t}")),
        (group, kinds, text(), text()).prop_map(|(g, k, a, b)| format!("{g}ADR{k}:;;{a};s{b};;;")),
        (group, kinds, "[a-z, ]{1,90}")
            .prop_map(|(g, k, t)| { format!("{g}LABEL{k}:{}", escaped(&t)) }),
        day.prop_map(|d| format!("BDAY:{d}")),
        (day, clock).prop_map(|(d, c)| format!("X-ANNIVERSARY;VALUE=date-time:{d}{c}")),
        (day, clock).prop_map(|(d, c)| format!("REV:{d}{c}")),
        "(PHOTO|LOGO);ENCODING=b;TYPE=(JPEG|PNG|GIF):[A-Za-z0-9+/]{4,200}",
        "(PHOTO|LOGO|SOUND);VALUE=uri:https://[a-z]{1,9}/[a-z]{0,9}",
        "KEY;ENCODING=b(;TYPE=(PGP|X509))?:[A-Za-z0-9+/]{4,20}",
        "GEO:-?[1-8]?[0-9]\\.[0-9]{1,6};-?1?[0-7]?[0-9]\\.[0-9]{1,6}",
        "TZ:[+-]0[0-9]:[03]0",
        text().prop_map(|t| format!("TZ;VALUE=text:z{t}")),
        text().prop_map(|t| format!("CLASS:{t}")),
        text().prop_map(|t| format!("SORT-STRING:s{t}")),
        "X-ADDRESSBOOKSERVER-(KIND:group|MEMBER:urn:uuid:[a-f0-9]{4})",
        (text(), "[a-z^' ]{0,5}").prop_map(|(t, p)| format!("X-UNKNOWN;X-P=\"{p},:\":{t}")),
    ]
}

proptest! {
    #[test]
    fn up_and_down_loses_nothing(lines in proptest::collection::vec(line(), 0..12)) {
        let (mut seen, once) = (Vec::new(), ["BDAY", "REV", "SORT", "X-ANNIVERSARY"]);
        let first = |line: &&String| {
            let name = once.iter().find(|name| line.starts_with(**name));
            name.is_none_or(|name| !seen.contains(name) && { seen.push(*name); true })
        };
        let lines: String = lines.iter().filter(first).map(|l| format!("{l}\n")).collect();
        let text = card(Version::V3, &format!("FN:F\nN:F;;;;\nX-A:b\n{lines}"));
        let up = convert(&text, Version::V4).unwrap().into_owned();
        assert_valid(&up, Version::V4);
        let back = convert(&up, Version::V3).unwrap();
        prop_assert_eq!(said(&text), said(&back), "{}", up);
    }

    #[test]
    fn never_panics(lines in "([A-Z]{1,5}[;:=,a-z0-9\"^\\\\T.-]{0,20}\n){0,6}", name in 0..UP.len()) {
        let (name, _, _) = UP[name];
        for version in Version::ALL {
            for text in [card(version, &lines), card(version, &format!("{name}{lines}"))] {
                for to in Version::ALL {
                    if let Ok(result) = convert(&text, to) {
                        Card::parse(result.as_bytes()).unwrap();
                    }
                }
            }
        }
    }
}
