//! Comma-separated values (RFC 4180): lists that operators bring from elsewhere.
//!
//! Invariant: what is not well-formed is refused with its line; nothing is guessed. Lines end in
//! CRLF or LF, a byte order mark at the beginning and empty lines are skipped.

use std::fmt;

/// One record: its fields without quotes, and the line that it begins on, from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The line of its first field.
    pub line: usize,
    /// The fields.
    pub fields: Vec<String>,
}

/// Why a text is no list of values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CsvError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong there.
    pub reason: &'static str,
}

impl fmt::Display for CsvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.reason)
    }
}

/// Reads all records (RFC 4180 §2).
///
/// # Errors
/// A quote that is not closed, stands inside an unquoted field, or is followed by more text.
pub fn read(text: &str) -> Result<Vec<Record>, CsvError> {
    let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut records = Vec::new();
    let mut line = 1;
    while !rest.is_empty() {
        let begin = line;
        let mut fields = Vec::new();
        loop {
            let (field, after) = field(rest, &mut line)?;
            fields.push(field);
            rest = after;
            match rest.strip_prefix(',') {
                Some(more) => rest = more,
                None => break,
            }
        }
        rest = rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix('\n')).unwrap_or(rest);
        line += 1;
        if fields != [""] {
            records.push(Record { line: begin, fields });
        }
    }
    Ok(records)
}

/// One field and what follows it: a comma, a line's end or nothing.
fn field<'t>(text: &'t str, line: &mut usize) -> Result<(String, &'t str), CsvError> {
    let Some(mut rest) = text.strip_prefix('"') else {
        let end = text.find([',', '\n']).unwrap_or(text.len());
        let (mut field, mut after) = text.split_at(end);
        if after.starts_with('\n') && field.ends_with('\r') {
            (field, after) = text.split_at(end - 1);
        }
        return match field.contains('"') {
            true => Err(CsvError { line: *line, reason: "a quote inside an unquoted field" }),
            false => Ok((field.to_owned(), after)),
        };
    };
    let opened = *line;
    let mut field = String::new();
    loop {
        let Some((part, after)) = rest.split_once('"') else {
            return Err(CsvError { line: opened, reason: "a quote that is not closed" });
        };
        field.push_str(part);
        *line += part.matches('\n').count();
        match after.strip_prefix('"') {
            Some(more) => {
                field.push('"');
                rest = more;
            }
            None if after.is_empty() || after.starts_with([',', '\n']) => {
                return Ok((field, after));
            }
            None if after.starts_with("\r\n") => return Ok((field, after)),
            None => return Err(CsvError { line: *line, reason: "text after a closing quote" }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fields(text: &str) -> Vec<Vec<String>> {
        read(text).unwrap().into_iter().map(|r| r.fields).collect()
    }

    #[test]
    fn fields_may_be_quoted() {
        let text = "\u{feff}a,\"b, \"\"c\"\"\",\r\n\r\n\"two\nlines\",x,\"\"\n";
        assert_eq!(fields(text), [["a", "b, \"c\"", ""], ["two\nlines", "x", ""]]);
    }

    #[test]
    fn lines_are_counted_through_quoted_fields() {
        let lines: Vec<usize> =
            read("a\n\"b\n\n\"\n\nc").unwrap().into_iter().map(|r| r.line).collect();
        assert_eq!(lines, [1, 2, 6]);
    }

    #[test]
    fn what_is_not_well_formed_is_refused_with_its_line() {
        for (bad, line) in [("a\nb\"c", 2), ("a\n\"b\n\n", 2), ("\"a\n\"b", 2)] {
            assert_eq!(read(bad).unwrap_err().line, line, "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[a\",\r\n\u{feff}]{0,40}") {
            let _ = read(&text);
        }

        #[test]
        fn what_is_written_is_read_back(
            rows in prop::collection::vec(prop::collection::vec("[a\", \r\n]{0,5}", 2..4), 0..5)
        ) {
            let quoted = |f: &String| format!("\"{}\"", f.replace('"', "\"\""));
            let line = |r: &Vec<String>| r.iter().map(quoted).collect::<Vec<_>>().join(",");
            let text: Vec<String> = rows.iter().map(line).collect();
            prop_assert_eq!(fields(&text.join("\r\n")), rows);
        }
    }
}
