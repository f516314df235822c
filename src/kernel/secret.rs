//! Secrets and what is made of them: random values, digests, keyed hashes, comparison in constant
//! time. Invariant: a secret never reaches a log; `Debug` shows an ellipsis.

use ring::rand::{SecureRandom, SystemRandom};
use std::fmt;

/// A password or other secret text.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps the text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself; the name is there to be noticed in a review.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// Random octets from the operating system.
///
/// # Panics
/// When the operating system has no random numbers: nothing safe can be done then.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    #[expect(clippy::expect_used, reason = "a system without random numbers cannot run a server")]
    SystemRandom::new().fill(&mut bytes).expect("the operating system gives random numbers");
    bytes
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        for digit in [byte >> 4, byte & 15] {
            out.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
        }
    }
    out
}

/// A random version 4 UUID in upper case, the form that every client accepts as a name
/// (PEERS.md B35: some ignore lower-case ones).
pub fn uuid() -> String {
    written(random::<16>(), 4).to_ascii_uppercase()
}

/// A version 8 UUID (RFC 9562 §5.8) made of a text, in lower case: always the same for the same one.
pub fn uuid_of(text: &str) -> String {
    let hash = sha256(text.as_bytes());
    let mut b = [0; 16];
    b.copy_from_slice(&hash[..16]);
    written(b, 8)
}

fn written(mut b: [u8; 16], version: u8) -> String {
    b[6] = (b[6] & 0x0f) | version << 4;
    b[8] = (b[8] & 0x3f) | 0x80;
    let h = hex(&b);
    format!("{}-{}-{}-{}-{}", &h[..8], &h[8..12], &h[12..16], &h[16..20], &h[20..])
}

/// A password that people can type: 5 groups of 4 letters and digits without look-alikes,
/// about 98 bits.
pub fn readable_password() -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let bytes = random::<20>();
    let mut out = String::with_capacity(24);
    for (i, byte) in bytes.iter().enumerate() {
        if i > 0 && i % 4 == 0 {
            out.push('-');
        }
        out.push(char::from(LETTERS[usize::from(byte % 32)]));
    }
    out
}

/// SHA-256 of the octets.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(ring::digest::digest(&ring::digest::SHA256, bytes).as_ref());
    out
}

/// A running SHA-256 for content that arrives in pieces.
#[derive(Clone)]
pub struct Sha256(ring::digest::Context);

impl Default for Sha256 {
    fn default() -> Self {
        Self(ring::digest::Context::new(&ring::digest::SHA256))
    }
}

impl Sha256 {
    /// Takes the next piece.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of everything taken.
    pub fn finish(self) -> [u8; 32] {
        let mut out = [0; 32];
        out.copy_from_slice(self.0.finish().as_ref());
        out
    }
}

/// A key of this process, for remembering verified credentials without keeping them.
pub struct ProcessKey(ring::hmac::Key);

impl Default for ProcessKey {
    fn default() -> Self {
        Self(ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &random::<32>()))
    }
}

impl ProcessKey {
    /// The keyed hash of several parts; lengths are mixed in, so parts cannot run together.
    pub fn tag(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut context = ring::hmac::Context::with_key(&self.0);
        for part in parts {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        let mut out = [0; 32];
        out.copy_from_slice(context.sign().as_ref());
        out
    }
}

/// The keyed hash of a text (RFC 2104), with a key that is kept somewhere.
pub fn keyed(key: &[u8], text: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, key);
    out.copy_from_slice(ring::hmac::sign(&key, text).as_ref());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_do_not_print() {
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "…");
    }

    #[test]
    fn parts_of_a_tag_cannot_run_together() {
        let key = ProcessKey::default();
        assert_ne!(key.tag(&[b"ab", b"c"]), key.tag(&[b"a", b"bc"]));
        assert_eq!(key.tag(&[b"ab", b"c"]), key.tag(&[b"ab", b"c"]));
    }

    #[test]
    fn uuids_are_version_four() {
        let text = uuid();
        assert_eq!(text.len(), 36);
        assert_eq!(text.as_bytes()[14], b'4');
    }
}
