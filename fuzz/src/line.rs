//! Content lines (`format/line`).
//!
//! Promises: the lines tile the input; a line is its name, its parameters and its value; folding
//! a line anywhere does not change it; RFC 6868's escapes are the inverse of its encoding.

use davenport::format::line::{Lines, decode};
use davenport::kernel::limits::CONTENT_LINES_MAX;

pub const SEEDS: &[&[u8]] = &[
    b"\xef\xbb\xbf\r\n\nitem1.TEL;TYPE=\"a,b\",c;X=^n^^^';HOME:+49\r\nNOTE:a\r\n b\n\tc\r\n\r\n",
    b"DTSTART;TZID=\"Europe/Berlin\":20260101T000000\nX;A=\"open:b;c\nY:1",
    b"N\xc3\r\n \xa4ME:a\nNAME:\xc3\r\n \xa4\n",
    b"A:\r\r\n\rB:1",
];

pub fn run(data: &[u8]) {
    let lines = Lines::new(data);
    let (mut at, mut number, mut count) = (lines.head(), 0, 0);
    let mut last_failed = false;
    for line in lines {
        assert!(!last_failed, "a line after a fault");
        let line = match line {
            Ok(line) => line,
            Err(fault) => {
                super::assert_short(&fault);
                assert!(fault.line > number);
                last_failed = true;
                continue;
            }
        };
        count += 1;
        assert_eq!(line.start, at);
        assert!(line.end > line.start && line.end <= data.len() && line.number > number);
        (at, number) = (line.end, line.number);
        parts(&line);
    }
    assert!(count <= CONTENT_LINES_MAX);
    assert!(last_failed || at == data.len(), "the lines end at {at} of {}", data.len());
    folding(data);
    if let Ok(text) = std::str::from_utf8(data) {
        let encoded = text.replace('^', "^^").replace('\n', "^n").replace('"', "^'");
        assert_eq!(decode(&encoded), text);
        assert!(decode(text).len() <= text.len());
    }
}

fn parts(line: &davenport::format::line::Line<'_>) {
    let text = line.text();
    assert!(text.starts_with(line.full_name()) && !line.full_name().is_empty());
    assert!(text.ends_with(line.value()) && text.len() > line.value().len());
    assert!(line.full_name().ends_with(line.name()));
    let head = text.get(..text.len() - line.value().len()).unwrap_or("");
    assert!(head.ends_with(':'));
    let mut length = 0;
    for param in line.params() {
        length += 1 + param.raw.len();
        assert!(head.contains(param.raw) && head.contains(param.name));
        let values: Vec<_> = param.values().collect();
        assert!(!values.is_empty());
        assert!(values.iter().map(|v| v.len()).sum::<usize>() <= param.raw.len());
        assert!(param.bare().len() <= param.raw.len() && param.value().len() <= param.raw.len());
    }
    assert!(length <= head.len());
}

/// Folds every line in three ways and compares.
fn folding(data: &[u8]) {
    let Ok(lines) = Lines::new(data).collect::<Result<Vec<_>, _>>() else { return };
    let texts: Vec<&str> = lines.iter().map(|line| line.text()).collect();
    // Line ends are CR LF, so a CR before a fold's line end would be taken for a part of it.
    if texts.iter().any(|text| text.contains('\r')) || data.len() > 100_000 {
        return;
    }
    for step in [1, 2, 75] {
        let mut folded = Vec::new();
        for text in &texts {
            for (n, piece) in text.as_bytes().chunks(step).enumerate() {
                folded.extend_from_slice(if n == 0 { b"" } else { b"\r\n " });
                folded.extend_from_slice(piece);
            }
            folded.extend_from_slice(b"\r\n");
        }
        let read: Vec<String> = Lines::new(&folded)
            .map(|line| line.map(|l| l.text().to_owned()).unwrap_or_else(|e| format!("{e}")))
            .collect();
        assert_eq!(read, texts, "folded at {step}");
    }
}
