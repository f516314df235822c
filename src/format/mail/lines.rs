//! Line ends of messages that come from files.
//!
//! Invariant: what has CRLF everywhere stays octet for octet. Standard: RFC 5322 §2.1.

/// A message with CRLF for every bare LF.
pub fn crlf(message: Vec<u8>) -> Vec<u8> {
    let bare = |at: usize| message.get(at.wrapping_sub(1)) != Some(&b'\r');
    let count = memchr::memchr_iter(b'\n', &message).filter(|at| bare(*at)).count();
    if count == 0 {
        return message;
    }
    let mut out = Vec::with_capacity(message.len() + count);
    for line in message.split_inclusive(|octet| *octet == b'\n') {
        match line.strip_suffix(b"\n") {
            Some(text) => {
                out.extend_from_slice(text.strip_suffix(b"\r").unwrap_or(text));
                out.extend_from_slice(b"\r\n");
            }
            None => out.extend_from_slice(line),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bare_line_ends_become_whole() {
        assert_eq!(crlf(b"\na\r\nb\n\nc\r".to_vec()), b"\r\na\r\nb\r\n\r\nc\r");
        assert_eq!(crlf(b"a\r\r\nb".to_vec()), b"a\r\r\nb");
    }
}
