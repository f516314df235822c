//! Octets to text, by the name of a character set.
//!
//! Invariant: the answer is always a text; what the character set does not know is U+FFFD. Standards:
//! the labels and decoders of the WHATWG's Encoding Standard, which `encoding_rs` has; RFC 6532 (what
//! says nothing and is UTF-8, is UTF-8).

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};
use std::borrow::Cow;

/// Whether there is a character set of this name.
pub fn is_known(label: &str) -> bool {
    Encoding::for_label(label.trim().as_bytes()).is_some()
}

/// What the octets say in the character set of this name. Without a name, or with one that nobody
/// knows, or where the name says ASCII, they are UTF-8 if they can be, and else windows-1252, which is
/// what programs that say nothing write.
pub fn text<'a>(label: Option<&str>, octets: &'a [u8]) -> Cow<'a, str> {
    let told = label.map(str::trim).filter(|label| !label.eq_ignore_ascii_case("us-ascii"));
    match told.and_then(|label| Encoding::for_label(label.as_bytes())) {
        Some(charset) if charset != UTF_8 => charset.decode(octets).0,
        Some(_) => String::from_utf8_lossy(octets),
        None => match std::str::from_utf8(octets) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => WINDOWS_1252.decode(octets).0,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_the_list_is_known() {
        let names = "utf-8 utf8 ibm866 iso-8859-2 iso-8859-15 koi8-r koi8-u macintosh windows-1250 \
                     cp1252 latin1 gbk gb2312 gb18030 big5 euc-jp iso-2022-jp shift_jis euc-kr \
                     ks_c_5601-1987 utf-16le";
        assert!(names.split_whitespace().all(is_known));
        assert!(!is_known("utf-7") && !is_known(""));
    }

    #[test]
    fn octets_become_text() {
        assert_eq!(text(Some("iso-8859-1"), b"gr\xfc\xdfe"), "gr\u{fc}\u{df}e");
        assert_eq!(text(Some("ISO-2022-JP"), b"\x1b$B$\"\x1b(B"), "\u{3042}");
        assert_eq!(text(Some("utf-8"), b"a\xff"), "a\u{fffd}");
        assert_eq!(text(None, "\u{fc}".as_bytes()), "\u{fc}");
        assert_eq!(text(Some("us-ascii"), b"\xfc"), "\u{fc}");
        assert_eq!(text(Some("nonsense"), "\u{fc}".as_bytes()), "\u{fc}");
    }
}
