//! Messages as multi-line responses: lines that begin with a dot get another one.
//!
//! Invariant: octets go out as they are stored but for the added dots; pieces of any size give what
//! the whole gives; the end is never mistaken for the text. Standard: RFC 1939 §3.

/// Writes a message piece by piece.
#[derive(Debug)]
pub struct Stuffing {
    /// Whether the next octet begins a line.
    begins: bool,
    /// Whether the line has a CR and nothing else yet.
    returned: bool,
    /// Lines of the body still to be written; none: all.
    lines: Option<u64>,
    /// Whether the header is over.
    in_body: bool,
}

impl Stuffing {
    /// The beginning of a message. `lines`: only the header, the blank line, and so many lines of the
    /// body (`TOP`).
    pub fn new(lines: Option<u64>) -> Self {
        Self { begins: true, returned: false, lines, in_body: false }
    }

    /// Whether all is written that shall be.
    pub fn is_over(&self) -> bool {
        self.in_body && self.lines == Some(0)
    }

    /// Writes a piece.
    pub fn take(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        for line in piece.split_inclusive(|octet| *octet == b'\n') {
            if self.is_over() {
                return;
            }
            if self.begins && line.first() == Some(&b'.') {
                out.push(b'.');
            }
            out.extend_from_slice(line);
            let ended = line.last() == Some(&b'\n');
            if ended {
                // The CR of a blank line may have been the end of the last piece.
                let blank = match line {
                    b"\r\n" => self.begins,
                    b"\n" => self.begins || self.returned,
                    _ => false,
                };
                match (self.in_body, blank) {
                    (true, _) => self.lines = self.lines.map(|left| left.saturating_sub(1)),
                    (false, blank) => self.in_body = blank,
                }
            }
            self.returned = self.begins && line == b"\r";
            self.begins = ended;
        }
    }

    /// Writes the end.
    pub fn finish(&self, out: &mut Vec<u8>) {
        if !self.begins {
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b".\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(message: &str, lines: Option<u64>, piece: usize) -> String {
        let (mut stuffing, mut out) = (Stuffing::new(lines), Vec::new());
        message.as_bytes().chunks(piece).for_each(|piece| stuffing.take(piece, &mut out));
        stuffing.finish(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn pieces_of_any_size_give_the_same() {
        for piece in [1, 2, 3, 100] {
            let all = written("A: b\r\n\r\n.\r\n..c\r\nd.\r\n", None, piece);
            assert_eq!(all, "A: b\r\n\r\n..\r\n...c\r\nd.\r\n.\r\n", "{piece}");
            let top = written("A: b\r\n\r\n1\r\n2\r\n3\r\n", Some(2), piece);
            assert_eq!(top, "A: b\r\n\r\n1\r\n2\r\n.\r\n", "{piece}");
            let none = written("A: b\r\n\r\n1\r\n", Some(0), piece);
            assert_eq!(none, "A: b\r\n\r\n.\r\n", "{piece}");
            assert_eq!(written("A: b\n\n1", Some(9), piece), "A: b\n\n1\r\n.\r\n", "{piece}");
            assert_eq!(written("\r\n1\r\n2\r\n", Some(1), piece), "\r\n1\r\n.\r\n", "{piece}");
        }
        assert_eq!(written("", None, 1), ".\r\n");
    }
}
