//! Commands off the wire, with their literals.
//!
//! Invariant: what a command may take of memory is bounded, before signing in by little; messages go to a
//! spool and never whole into memory. Standard: RFC 9051 §4.3, RFC 7888 (`LITERAL+`), RFC 3516
//! (`~{n}`).

use super::command;
use super::input::{Input, Part};
use crate::domain::collection::{Content, Spool, Store};
use crate::kernel::limits::{
    COMMAND_LINE_MAX, IMAP_COMMAND_MAX, IMAP_COMMAND_MAX_BEFORE, IMAP_LINE_MAX, MESSAGE_MAX,
};
use crate::protocol::net::{Line, Wire};
use std::io;
use std::time::Duration;

/// What came.
#[derive(Debug)]
pub enum Came {
    /// A command: its parts, and the literals that have been put aside.
    Command(Vec<Part>, Vec<Content>),
    /// A command that is not read further, its tag, and what to say after it.
    Refused(String, &'static str),
    /// The end of the connection, and why.
    End(Line),
}

/// Reads a command. `known`: somebody has signed in.
///
/// # Errors
/// When the connection breaks, or a spool cannot be written.
pub async fn read(
    wire: &mut Wire,
    store: &Store,
    known: bool,
    patience: Duration,
) -> io::Result<Came> {
    let (line_max, most) = match known {
        true => (IMAP_LINE_MAX, IMAP_COMMAND_MAX),
        false => (COMMAND_LINE_MAX, IMAP_COMMAND_MAX_BEFORE),
    };
    let (mut parts, mut aside, mut size) = (Vec::new(), Vec::new(), 0_u64);
    loop {
        let line = match wire.line(line_max, patience).await? {
            Line::Text(line) => line,
            Line::TooLong => return Ok(Came::Refused(tag(&parts), "BAD the line is too long")),
            end => return Ok(Came::End(end)),
        };
        size += line.len() as u64;
        let Some((text, count, waits)) = announced(&line) else {
            parts.push(Part::Text(line));
            return Ok(Came::Command(parts, aside));
        };
        parts.push(Part::Text(text.to_vec()));
        let message = known && takes_messages(&parts);
        let room = if message { MESSAGE_MAX } else { most.saturating_sub(size) };
        if count > room {
            let why = match message {
                true => "NO [TOOBIG] the message is larger than this server takes",
                false => "BAD [TOOBIG] the command is too long",
            };
            if waits {
                return Ok(Came::Refused(tag(&parts), why));
            }
            // It comes without being asked for: past it goes the next command, if it is not too far.
            if count > 2 * MESSAGE_MAX || !known {
                return Ok(Came::End(Line::TooLong));
            }
            if let Some(end) = wire.octets(count, patience, |_| Ok(())).await? {
                return Ok(Came::End(end));
            }
            return match wire.line(line_max, patience).await? {
                Line::Text(_) | Line::TooLong => Ok(Came::Refused(tag(&parts), why)),
                end => Ok(Came::End(end)),
            };
        }
        if waits {
            wire.write(b"+ go on\r\n").await?;
            wire.flush().await?;
        }
        if message {
            let mut spool = Spool::new(store.files());
            let spoiled = |fault: crate::kernel::fault::Fault| io::Error::other(fault.to_string());
            let taken = wire.octets(count, patience, |piece| spool.write(piece).map_err(spoiled));
            if let Some(end) = taken.await? {
                return Ok(Came::End(end));
            }
            parts.push(Part::Aside(aside.len()));
            aside.push(spool.finish().map_err(spoiled)?);
            continue;
        }
        let mut octets = Vec::with_capacity(count as usize);
        let taken = wire.octets(count, patience, |piece| {
            octets.extend_from_slice(piece);
            Ok(())
        });
        if let Some(end) = taken.await? {
            return Ok(Came::End(end));
        }
        size += count;
        parts.push(Part::Literal(octets));
    }
}

/// The text before the announcement of a literal at the end of a line, how long the literal is, and
/// whether the client waits to be asked for it.
fn announced(line: &[u8]) -> Option<(&[u8], u64, bool)> {
    let inside = line.strip_suffix(b"}")?;
    let open = memchr::memrchr(b'{', inside)?;
    let (text, number) = (inside.get(..open)?, inside.get(open + 1..)?);
    let (digits, waits) = match number.strip_suffix(b"+").or(number.strip_suffix(b"-")) {
        Some(digits) => (digits, false),
        None => (number, true),
    };
    let digits = std::str::from_utf8(digits).ok()?;
    let good = !digits.is_empty() && digits.bytes().all(|octet| octet.is_ascii_digit());
    let count = digits.parse().ok().filter(|_| good)?;
    Some((text.strip_suffix(b"~").unwrap_or(text), count, waits))
}

fn tag(parts: &[Part]) -> String {
    command::tag(&mut Input::new(parts)).unwrap_or("*").to_owned()
}

/// Whether the literals of this command are messages. The name of a mailbox before them may be a
/// literal, too, but then one that another part of the command follows.
fn takes_messages(parts: &[Part]) -> bool {
    let mut input = Input::new(parts);
    let known = command::tag(&mut input).is_some() && input.space().is_ok();
    known
        && command::name(&mut input) == "APPEND"
        && input.space().is_ok()
        && input.astring().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_announced() {
        assert_eq!(announced(b"a {5}"), Some((&b"a "[..], 5, true)));
        assert_eq!(announced(b"a {5+}"), Some((&b"a "[..], 5, false)));
        assert_eq!(announced(b"a (~{5}"), Some((&b"a ("[..], 5, true)));
        for none in ["a", "a {}", "a {x}", "a {5", "a 5}", "a {-}", "a {99999999999999999999}"] {
            assert_eq!(announced(none.as_bytes()), None, "{none}");
        }
    }

    #[test]
    fn messages_are_told_from_names() {
        let text = |text: &str| Part::Text(text.as_bytes().to_vec());
        assert!(takes_messages(&[text("a APPEND INBOX ")]));
        assert!(takes_messages(&[text("a append \"x\" (\\Seen) ")]));
        assert!(!takes_messages(&[text("a APPEND ")]));
        assert!(takes_messages(&[text("a APPEND "), Part::Literal(b"x".to_vec()), text(" ")]));
        assert!(!takes_messages(&[text("a LOGIN b ")]));
    }
}
