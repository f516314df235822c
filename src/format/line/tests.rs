//! Tests of the content-line scanner.

use super::*;
use proptest::prelude::*;

/// Reads all lines, and checks that they and the head cover the input.
fn read(input: &[u8]) -> Result<Vec<Line<'_>>, Malformed> {
    let scanner = Lines::new(input);
    let mut at = scanner.head();
    let lines = scanner.collect::<Result<Vec<_>, _>>()?;
    for line in &lines {
        assert_eq!(line.start, at, "a gap before line {}", line.number);
        at = line.end;
    }
    assert_eq!(at, input.len(), "bytes after the last line");
    Ok(lines)
}

fn one(input: &str) -> Line<'_> {
    read(input.as_bytes()).unwrap().remove(0)
}

#[test]
fn every_kind_of_line_end_is_read_and_numbered() {
    let input = b"\xEF\xBB\xBF\r\n\nA:1\r\nB:2\n\r\n\nC:3\r\n 4\n\t5\nD:6";
    let lines = read(input).unwrap();
    let seen: Vec<_> = lines.iter().map(|l| (l.number, l.name(), l.value())).collect();
    assert_eq!(seen, [(3, "A", "1"), (4, "B", "2"), (7, "C", "345"), (10, "D", "6")]);
    assert_eq!(Lines::new(input).head(), 6);
}

#[test]
fn a_fold_may_split_a_character() {
    let text = "SUMMARY:Grüße 🎉 aus Köln".as_bytes();
    for at in 1..text.len() {
        let folded = [&text[..at], b"\r\n ", &text[at..], b"\r\n"].concat();
        let lines = read(&folded).unwrap();
        assert_eq!(lines[0].text().as_bytes(), text, "folded at {at}");
    }
}

#[test]
fn parameters_are_split_outside_quotes_and_decoded_on_demand() {
    let line = one(
        "ATTENDEE;CN=\"Doe; John: x\";MEMBER=\"mailto:a@x\",\"mailto:b@x\";X=^'a^^b^nc^d^':mailto:j@x",
    );
    assert_eq!(line.value(), "mailto:j@x");
    assert_eq!(line.param("cn").unwrap().value(), "Doe; John: x");
    let members: Vec<_> = line.param("MEMBER").unwrap().values().collect();
    assert_eq!(members, ["mailto:a@x", "mailto:b@x"]);
    assert_eq!(line.param("X").unwrap().value(), "\"a^b\nc^d\"");
    assert!(line.param("ROLE").is_none());
}

#[test]
fn groups_bare_parameters_and_open_quotes_are_tolerated() {
    let line = one("item1.TEL;HOME;VOICE;TYPE=CELL,pref:+1");
    assert_eq!((line.group(), line.name()), (Some("item1"), "TEL"));
    let params: Vec<_> = line.params().map(|p| (p.name, p.raw)).collect();
    assert_eq!(params, [("", "HOME"), ("", "VOICE"), ("TYPE", "CELL,pref")]);
    assert_eq!(one("ATTENDEE;CN=5\" disk:mailto:a").value(), "mailto:a");
    assert_eq!(one("DTSTART ;TZID=\" Europe/Berlin \":x").full_name(), "DTSTART");
}

#[test]
fn faults_carry_the_line() {
    let cases: [(&[u8], usize, &str); 5] = [
        (b"A:1\r\nB\r\n", 2, "no colon"),
        (b"A:1\n\nB:\xFF\n", 3, "UTF-8"),
        (b"A:1\n:x\n", 2, "name"),
        (b"A:1\nB:\0\n", 2, "NUL"),
        (b" A:1\n", 1, "name"),
    ];
    for (input, line, why) in cases {
        let fault = read(input).unwrap_err();
        assert_eq!(fault.line, line, "{fault}");
        assert!(fault.reason.contains(why), "{fault}");
    }
    let many = "A:\n".repeat(CONTENT_LINES_MAX + 1);
    assert_eq!(read(many.as_bytes()).unwrap_err().line, CONTENT_LINES_MAX + 1);
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(input in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = read(&input);
    }

    #[test]
    fn no_near_lines_make_it_panic(input in "[A-C:;=\",^ \r\n\t.ä]{0,80}") {
        if let Ok(lines) = read(input.as_bytes()) {
            for line in lines {
                let _ = (line.group().map(str::len), line.name().len(), line.value().len());
                line.params().for_each(|p| p.values().for_each(drop));
            }
        }
    }
}
