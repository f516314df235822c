//! Mailboxes in one file: messages behind lines that begin with `From `.
//!
//! Invariant: a message is at most so long; what is longer is told and left out, and what comes behind it
//! is not lost. Standard: RFC 4155, and what programs do beside it: such lines in a text are quoted by
//! `>`, one more for each that is there already.

use super::date::date;

/// A message of the file.
#[derive(Debug, PartialEq, Eq)]
pub struct Found {
    /// Its octets, its line ends as they are in the file; none: it is too long.
    pub octets: Option<Vec<u8>>,
    /// Seconds since 1970 that its first line says it came at, in UTC.
    pub received: Option<i64>,
}

/// Finds the messages, line by line.
#[derive(Debug)]
pub struct Splitter {
    max: usize,
    open: Option<Found>,
    /// Whether the last line was blank, as it is before each message.
    blank: bool,
}

impl Splitter {
    /// For messages of at most `max` octets.
    pub fn new(max: usize) -> Self {
        Self { max, open: None, blank: true }
    }

    /// Takes a line with its line end; gives the message that ends before it.
    pub fn line(&mut self, line: &[u8]) -> Option<Found> {
        let begins = self.blank && line.starts_with(b"From ");
        self.blank = matches!(line, b"\n" | b"\r\n");
        if begins {
            let words = line.trim_ascii().splitn(3, |octet| *octet == b' ');
            let received = words.last().and_then(date).map(|it| it.seconds());
            let open = Found { octets: Some(Vec::new()), received };
            return self.open.replace(open).map(without_last_line);
        }
        let found = self.open.as_mut()?;
        let octets = found.octets.as_mut()?;
        let quoted = line.iter().position(|octet| *octet != b'>').unwrap_or(0);
        let is_quoted = quoted > 0 && line.get(quoted..).is_some_and(|it| it.starts_with(b"From "));
        octets.extend_from_slice(line.get(usize::from(is_quoted)..).unwrap_or_default());
        if octets.len() > self.max {
            found.octets = None;
        }
        None
    }

    /// The last message.
    pub fn finish(self) -> Option<Found> {
        self.open.map(without_last_line)
    }
}

/// The blank line before the next message is not the message's.
fn without_last_line(found: Found) -> Found {
    let cut = |octets: Vec<u8>| {
        let text = octets.as_slice();
        let shorter = text.strip_suffix(b"\r\n\r\n").map(|it| it.len() + 2);
        let shorter = shorter.or_else(|| text.strip_suffix(b"\n\n").map(|it| it.len() + 1));
        let length = shorter.unwrap_or(octets.len());
        let mut octets = octets;
        octets.truncate(length);
        octets
    };
    Found { octets: found.octets.map(cut), ..found }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Vec<(Option<String>, Option<i64>)> {
        let mut splitter = Splitter::new(100);
        let lines = text.as_bytes().split_inclusive(|octet| *octet == b'\n');
        let mut all: Vec<Found> = lines.filter_map(|line| splitter.line(line)).collect();
        all.extend(splitter.finish());
        let text = |octets: Vec<u8>| String::from_utf8(octets).unwrap();
        all.into_iter().map(|found| (found.octets.map(text), found.received)).collect()
    }

    #[test]
    fn messages_are_found() {
        let found = split(
            "From a@b Sat Jan  3 01:05:34 1996\nA: 1\n\n>From x\n>>From y\n>z\nFrom w\n\n\
             From MAILER\nB: 2\n\nc\n",
        );
        let first = "A: 1\n\nFrom x\n>From y\n>z\nFrom w\n".to_owned();
        assert_eq!(
            found,
            [(Some(first), Some(820_631_134)), (Some("B: 2\n\nc\n".to_owned()), None)]
        );
        assert_eq!(split("no mbox\n"), []);
        assert_eq!(split(""), []);
    }

    #[test]
    fn what_is_too_long_is_told() {
        let text = format!("From a\n{}\n\nFrom b\nx\n", "y".repeat(101));
        assert_eq!(split(&text), [(None, None), (Some("x\n".to_owned()), None)]);
    }
}
