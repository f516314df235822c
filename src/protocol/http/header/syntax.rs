//! The grammar that header fields share (RFC 9110 §5): several fields of one name, lists,
//! parameters, quoted strings, entity tags.

use crate::kernel::fault::{Fault, Outcome};
use http::HeaderMap;

/// Optional white space (RFC 9110 §5.6.3).
pub const OWS: [char; 2] = [' ', '\t'];

/// The value of a field that may stand only once, without the white space around it. The same
/// value twice is what some proxies make of one field, and harmless. A fault when values differ
/// or are not UTF-8.
pub fn single<'a>(headers: &'a HeaderMap, name: &str) -> Outcome<Option<&'a str>> {
    let mut values = headers.get_all(name).iter();
    let Some(first) = values.next() else { return Ok(None) };
    if values.any(|other| other.as_bytes() != first.as_bytes()) {
        return Err(Fault::malformed(format!("{name}: this header may stand only once")));
    }
    match std::str::from_utf8(first.as_bytes()) {
        Ok(text) => Ok(Some(text.trim_matches(OWS))),
        Err(_) => Err(Fault::malformed(format!("{name}: expected UTF-8 text"))),
    }
}

/// All values of a field that is a list, as one list (RFC 9110 §5.3). Octets that are not UTF-8
/// become replacement characters, which equal nothing that is looked for.
pub fn joined(headers: &HeaderMap, name: &str) -> Option<String> {
    let mut values = headers.get_all(name).iter();
    let mut out = String::from_utf8_lossy(values.next()?.as_bytes()).into_owned();
    for value in values {
        out.push_str(", ");
        out.push_str(&String::from_utf8_lossy(value.as_bytes()));
    }
    Some(out)
}

/// The members between separators that stand outside quoted strings; empty ones are dropped
/// (RFC 9110 §5.6.1.2).
pub fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    let parts = text.split(move |c| {
        if escaped {
            escaped = false;
            return false;
        }
        match c {
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ => return c == separator && !quoted,
        }
        false
    });
    parts.map(|part| part.trim_matches(OWS)).filter(|part| !part.is_empty())
}

/// `name=value` or `name`, the value a token or quoted string; the white space that RFC 7240 §2
/// allows around `=` is dropped. Without a value it is empty.
pub fn name_value(text: &str) -> (&str, String) {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    (name.trim_matches(OWS), unquoted(value.trim_matches(OWS)))
}

/// The meaning of a token or quoted string (RFC 9110 §5.6.4).
fn unquoted(word: &str) -> String {
    let Some(inner) = word.strip_prefix('"') else { return word.to_owned() };
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            '\\' => out.extend(chars.next()),
            _ => out.push(c),
        }
    }
    out
}

/// Whether the character may stand in a token (RFC 9110 §5.6.2).
pub fn is_token_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c)
}

/// Whether this is a token.
pub fn is_token(text: &str) -> bool {
    !text.is_empty() && text.chars().all(is_token_char)
}

/// Octets of the entity tag that the text starts with (RFC 9110 §8.8.3). Besides the grammar, it
/// knows what clients and proxies make of a tag: no quotes, escaped quotes, a suffix after the
/// quotes. A tag without quotes ends before `end`. At least 1 unless the text is empty or starts
/// with `end`.
pub fn entity_tag_length(text: &str, end: char) -> usize {
    let weak = if text.starts_with("W/") || text.starts_with("w/") { 2 } else { 0 };
    let opaque = text.get(weak..).unwrap_or("");
    let quoted = quoted_length(opaque);
    let tail = opaque.get(quoted..).unwrap_or("");
    let stop = |c: char| c == end || (quoted > 0 && (OWS.contains(&c) || c == '"'));
    let tail = tail.find(stop).and_then(|at| tail.get(..at)).unwrap_or(tail);
    weak + quoted + tail.trim_end_matches(OWS).len()
}

/// Octets of the quoted part that the text starts with: `"\"…\""`, `\"…\"` or `"…"`; 0 when it
/// does not start so, or the quote is never closed.
fn quoted_length(text: &str) -> usize {
    for (open, close) in [("\"\\\"", "\\\"\""), ("\\\"", "\\\""), ("\"", "\"")] {
        if let Some(body) = text.strip_prefix(open)
            && let Some(at) = body.find(close)
        {
            return open.len() + at + close.len();
        }
    }
    0
}

/// Headers for tests. Octets that no HTTP parser lets through are left out.
#[cfg(test)]
pub fn headers(fields: &[(&'static str, &[u8])]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in fields {
        let allowed = |b: &u8| *b == b'\t' || (*b >= b' ' && *b != 127);
        let value: Vec<u8> = value.iter().copied().filter(allowed).collect();
        map.append(*name, http::HeaderValue::from_bytes(&value).unwrap());
    }
    map
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_field_only() {
        let get = |fields: &[&[u8]]| {
            let fields: Vec<_> = fields.iter().map(|v| ("depth", *v)).collect();
            single(&headers(&fields), "depth").map(|v| v.map(str::to_owned))
        };
        assert_eq!(get(&[]), Ok(None));
        assert_eq!(get(&[b" 1\t"]), Ok(Some("1".to_owned())));
        assert_eq!(get(&[b"1", b"1"]), Ok(Some("1".to_owned())));
        let twice = Fault::malformed("depth: this header may stand only once");
        assert_eq!(get(&[b"1", b"0"]), Err(twice));
        assert_eq!(get(&[b"\xff"]), Err(Fault::malformed("depth: expected UTF-8 text")));
    }

    #[test]
    fn quotes_hide_separators() {
        let parts: Vec<_> = split(r#" a,, "b,\",c" ;d ,e"#, ',').collect();
        assert_eq!(parts, ["a", r#""b,\",c" ;d"#, "e"]);
        assert_eq!(name_value(r#"a = "b\"=c""#), ("a", "b\"=c".to_owned()));
        assert_eq!(name_value("a"), ("a", String::new()));
    }

    #[test]
    fn entity_tags() {
        let table = [
            (r#""a,b", "c""#, r#""a,b""#),
            (r#"W/"a", "c""#, r#"W/"a""#),
            (r#""","b""#, r#""""#),
            ("abc , d", "abc"),
            (r#"\"a,b\",c"#, r#"\"a,b\""#),
            (r#""\"a\"",c"#, r#""\"a\"""#),
            (r#""a"-gzip "b""#, r#""a"-gzip"#),
            (r#""a""b""#, r#""a""#),
            (r#""open,b"#, r#""open"#),
            (r#""\", "b""#, r#""\""#),
        ];
        for (text, tag) in table {
            assert_eq!(text.get(..entity_tag_length(text, ',')), Some(tag), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_tag_is_part_of_its_text(text in any::<String>(), like in r#"[wW/"\\a, \]é]{0,12}"#) {
            for text in [text, like] {
                let length = entity_tag_length(&text, ',');
                prop_assert!(text.get(..length).is_some());
                prop_assert_eq!(length == 0, text.trim_start_matches(OWS).is_empty()
                    || text.trim_start_matches(OWS).starts_with(','));
                let _ = (split(&text, ',').count(), name_value(&text));
            }
        }
    }
}
