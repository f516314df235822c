//! Comma-separated values (`format/csv`).
//!
//! Promises: records that were read and are written with every field in quotes read back the same;
//! their lines grow; no field is longer than the text.

use davenport::format::csv::read;

pub const SEEDS: &[&[u8]] =
    &[b"\xef\xbb\xbfuser,\"na\"\"me\",\r\n\r\n\"two\nlines\",x,\"\"\n", b"a,b\r\r\n,\n\"\"\"\""];

pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let records = match read(text) {
        Ok(records) => records,
        Err(error) => {
            super::assert_short(&error);
            assert!(error.line <= text.matches('\n').count() + 1);
            return;
        }
    };
    assert!(records.windows(2).all(|pair| pair[0].line < pair[1].line));
    let octets: usize = records.iter().flat_map(|r| &r.fields).map(String::len).sum();
    assert!(octets <= text.len());
    let quoted = |field: &String| format!("\"{}\"", field.replace('"', "\"\""));
    let lines: Vec<String> = records
        .iter()
        .map(|record| record.fields.iter().map(quoted).collect::<Vec<_>>().join(","))
        .collect();
    let again = read(&lines.join("\r\n")).unwrap_or_default();
    assert!(again.iter().map(|r| &r.fields).eq(records.iter().map(|r| &r.fields)), "{lines:?}");
}
