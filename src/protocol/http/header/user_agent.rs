//! `User-Agent` (RFC 9110 §10.1.5), as a short name for the log.
//!
//! Invariant: the name holds only token characters, `/` and single spaces, so it cannot forge a
//! line of a log or break its quotes.

use super::syntax::{is_token_char, joined};
use crate::kernel::limits::CLIENT_NAME_MAX;
use http::HeaderMap;
use std::borrow::Cow;

/// The products of the client, the most significant first, without comments, in at most
/// [`CLIENT_NAME_MAX`] octets. The `Mozilla/5.0` that stands first for history's sake names nobody
/// and is left out when something follows. None when nothing is left.
pub fn client(headers: &HeaderMap) -> Option<String> {
    let text = joined(headers, "user-agent")?;
    let text = without_comments(&text);
    let words: Vec<Cow<'_, str>> =
        text.split_whitespace().map(clean).filter(|word| !word.is_empty()).collect();
    let named = match words.split_first() {
        Some((first, rest)) if first.starts_with("Mozilla/") && !rest.is_empty() => rest,
        _ => &words,
    };
    let mut name = String::new();
    for word in named {
        let space = usize::from(!name.is_empty());
        if name.len() + space + word.len() > CLIENT_NAME_MAX {
            break;
        }
        if space == 1 {
            name.push(' ');
        }
        name.push_str(word);
    }
    if name.is_empty() {
        // The first product alone is too long; its characters are one octet each.
        name = named.first()?.chars().take(CLIENT_NAME_MAX).collect();
    }
    Some(name)
}

/// The characters of a word that a name may hold.
fn clean(word: &str) -> Cow<'_, str> {
    let fits = |c: char| is_token_char(c) || c == '/';
    match word.chars().all(fits) {
        true => Cow::Borrowed(word),
        false => Cow::Owned(word.chars().filter(|c| fits(*c)).collect()),
    }
}

/// Each comment (RFC 9110 §5.6.5) becomes a space; one that is never closed reaches to the end.
fn without_comments(text: &str) -> Cow<'_, str> {
    if !text.contains('(') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let (mut depth, mut escaped) = (0_usize, false);
    for c in text.chars() {
        let within = depth > 0;
        match c {
            _ if escaped => escaped = false,
            '\\' if within => escaped = true,
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if !within {
            out.push(if c == '(' { ' ' } else { c });
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::super::syntax::headers;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn short_names() {
        assert_eq!(client(&HeaderMap::new()), None);
        let long = "x".repeat(80);
        let table = [
            (
                "DAVx5/4.4.3-ose (2024/11/01; dav4jvm; okhttp/4.12.0) Android/14",
                "DAVx5/4.4.3-ose Android/14",
            ),
            ("macOS/14.5 (23F79) CalendarAgent/1022", "macOS/14.5 CalendarAgent/1022"),
            (
                "Mozilla/5.0 (X11; (a\\)b) c) Gecko/20100101 Thunderbird/128.5.0",
                "Gecko/20100101 Thunderbird/128.5.0",
            ),
            ("Mozilla/5.0", "Mozilla/5.0"),
            ("curl/8.5.0", "curl/8.5.0"),
            ("a\"b\\c;d é=1", "abcd 1"),
            ("a) b", "a b"),
            ("a (b", "a"),
            (long.as_str(), &long[..64]),
            ("", ""),
            ("(only)", ""),
        ];
        for (text, expected) in table {
            let name = client(&headers(&[("user-agent", text.as_bytes())]));
            assert_eq!(name.as_deref().unwrap_or(""), expected, "{text}");
        }
    }

    #[test]
    fn whole_products_only() {
        let text = format!("{} {} c", "a".repeat(40), "b".repeat(40));
        let name = client(&headers(&[("user-agent", text.as_bytes())]));
        assert_eq!(name, Some("a".repeat(40)));
        let text = format!("{} {}", "a".repeat(32), "b".repeat(32));
        let name = client(&headers(&[("user-agent", text.as_bytes())]));
        assert_eq!(name, Some("a".repeat(32)), "the space counts");
    }

    proptest! {
        #[test]
        fn short_and_printable(bytes in any::<Vec<u8>>(), like in "[a()/\\\\ \t\"é-]{0,90}") {
            for value in [&bytes[..], like.as_bytes()] {
                if let Some(name) = client(&headers(&[("user-agent", value)])) {
                    prop_assert!(!name.is_empty() && name.len() <= CLIENT_NAME_MAX);
                    prop_assert!(name.chars().all(|c| c.is_ascii_graphic() || c == ' '));
                    prop_assert!(!name.contains(['"', '\\']) && name.trim() == name);
                }
            }
        }
    }
}
