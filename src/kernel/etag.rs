//! Entity tags (RFC 9110 §8.8.3): strong, made from the content alone.
//!
//! Invariant: equal tags mean equal octets, on every node and after every restore. That is why a
//! tag needs no epoch: it cannot name another content than the one it was made from.

use std::fmt;

/// The strong validator of one content: the first 16 octets of its SHA-256, as hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ETag([u8; 16]);

impl ETag {
    /// From a content's SHA-256.
    pub fn from_hash(hash: &[u8; 32]) -> Self {
        let mut short = [0; 16];
        short.copy_from_slice(&hash[..16]);
        Self(short)
    }

    /// From the first octets of a stored hash; a shorter column (a damaged row) is zero-filled.
    pub fn from_stored(hash: &[u8]) -> Self {
        let mut short = [0; 16];
        let n = hash.len().min(16);
        short[..n].copy_from_slice(&hash[..n]);
        Self(short)
    }

    /// Appends the quoted form, `"0123…"`, without going through `fmt` (listings write millions).
    pub fn write(&self, out: &mut Vec<u8>) {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        out.push(b'"');
        for byte in self.0 {
            out.push(HEX[usize::from(byte >> 4)]);
            out.push(HEX[usize::from(byte & 15)]);
        }
        out.push(b'"');
    }

    /// Whether `candidate`, one member of an `If-Match` list, means this tag. Clients and proxies
    /// add `W/`, lose the quotes, escape them or append `-gzip`; none of these can make a tag of
    /// other content match, so all are understood (CLIENTS-SOURCE §4). The tag of another
    /// representation of this content means it too: who changes the content has seen it.
    pub fn matches(&self, candidate: &str) -> bool {
        self.variant(candidate).is_some()
    }

    /// What follows this tag's digits in `candidate`, if it means this tag: the mark of another
    /// representation than the stored one, such as `-f`; empty for the stored one.
    pub fn variant<'c>(&self, candidate: &'c str) -> Option<&'c str> {
        let text = candidate.trim();
        let text = text.strip_prefix("W/").or(text.strip_prefix("w/")).unwrap_or(text);
        let text = text.trim_matches(|c| c == '"' || c == '\\');
        let text = text.strip_suffix("-gzip").unwrap_or(text);
        let text = text.trim_matches(|c| c == '"' || c == '\\');
        let (digits, mark) = text.split_at_checked(32)?;
        let same = digits.eq_ignore_ascii_case(self.to_string().trim_matches('"'));
        (same && (mark.is_empty() || mark.starts_with('-'))).then_some(mark)
    }

    /// The tag of a representation with this mark.
    pub fn marked(&self, mark: &str) -> String {
        format!("\"{}{mark}\"", self.to_string().trim_matches('"'))
    }
}

impl fmt::Display for ETag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = Vec::with_capacity(34);
        self.write(&mut out);
        f.write_str(&String::from_utf8_lossy(&out))
    }
}

impl fmt::Debug for ETag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lenient_matching_accepts_what_clients_send() {
        let tag = ETag::from_hash(&[0xab; 32]);
        let bare = "ab".repeat(16);
        for form in [
            format!("\"{bare}\""),
            bare.clone(),
            format!("W/\"{bare}\""),
            format!("\\\"{bare}\\\""),
            format!("\"{bare}-gzip\""),
            format!(" \"{bare}\" "),
            tag.marked("-f"),
        ] {
            assert!(tag.matches(&form), "{form}");
        }
        assert_eq!(tag.marked(""), tag.to_string());
        assert_eq!(tag.variant(&tag.marked("-t2026a")), Some("-t2026a"));
        assert_eq!(tag.variant(&format!("W/\"{bare}-gzip\"")), Some(""));
        assert!(!tag.matches(&format!("\"{bare}ab\"")));
        for form in ["", "\"\"", "nothing", "\"abab\"", "*"] {
            assert!(!tag.matches(form), "{form}");
        }
    }
}
