//! Flags of messages as bits of one number.
//!
//! Invariant: the bits are stored; never use one for something else. Below [`OWN`] they mean the same
//! in every mailbox, from there on what the mailbox says. Standards: RFC 9051 §2.3.2, RFC 5788.

/// `\Seen`.
pub const SEEN: i64 = 1;
/// `\Answered`.
pub const ANSWERED: i64 = 1 << 1;
/// `\Flagged`.
pub const FLAGGED: i64 = 1 << 2;
/// `\Deleted`.
pub const DELETED: i64 = 1 << 3;
/// `\Draft`.
pub const DRAFT: i64 = 1 << 4;
/// `$Forwarded`.
pub const FORWARDED: i64 = 1 << 5;
/// The first bit that means something else in each mailbox.
pub const OWN: i64 = 1 << 16;

/// The flags that all mailboxes have, by name.
pub static COMMON: [(&str, i64); 11] = [
    ("\\Seen", SEEN),
    ("\\Answered", ANSWERED),
    ("\\Flagged", FLAGGED),
    ("\\Deleted", DELETED),
    ("\\Draft", DRAFT),
    ("$Forwarded", FORWARDED),
    ("$MDNSent", 1 << 6),
    ("$Junk", 1 << 7),
    ("$NotJunk", 1 << 8),
    ("$Phishing", 1 << 9),
    ("$Important", 1 << 10),
];

/// The most flags of its own that a mailbox has.
const OWN_MAX: usize = 46;

/// The names of a mailbox's own flags.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keywords(Vec<String>);

impl Keywords {
    /// From names that blanks divide, as they are stored.
    pub fn of(stored: &str) -> Self {
        Self(stored.split_ascii_whitespace().map(str::to_owned).collect())
    }

    /// As they are stored.
    pub fn stored(&self) -> String {
        self.0.join(" ")
    }

    /// The bit of a flag, if the mailbox has it. Names are the same in any case.
    pub fn bit(&self, name: &str) -> Option<i64> {
        let common = COMMON.iter().find(|row| row.0.eq_ignore_ascii_case(name));
        common.map(|row| row.1).or_else(|| {
            let place = self.0.iter().position(|it| it.eq_ignore_ascii_case(name))?;
            Some(OWN << place)
        })
    }

    /// The bit of a flag, which the mailbox has then; none if it has too many, or if the name begins
    /// with `\\` and is none of the system's.
    pub fn bit_or_new(&mut self, name: &str) -> Option<i64> {
        if let Some(bit) = self.bit(name) {
            return Some(bit);
        }
        if name.starts_with('\\') || self.0.len() >= OWN_MAX {
            return None;
        }
        self.0.push(name.to_owned());
        self.bit(name)
    }

    /// The names of the flags in a set of bits.
    pub fn names_of(&self, bits: i64) -> impl Iterator<Item = &str> {
        let common = COMMON.iter().filter(move |row| bits & row.1 != 0).map(|row| row.0);
        let own = (0..).zip(&self.0).filter(move |(place, _)| bits & (OWN << place) != 0);
        common.chain(own.map(|(_, name)| name.as_str()))
    }
}

/// The flags that the name of a file in a Maildir says (`…:2,FS`).
pub fn of_maildir(name: &str) -> i64 {
    const LETTERS: [(char, i64); 6] = [
        ('S', SEEN),
        ('R', ANSWERED),
        ('F', FLAGGED),
        ('T', DELETED),
        ('D', DRAFT),
        ('P', FORWARDED),
    ];
    let said = name.rsplit_once(":2,").map_or("", |(_, said)| said);
    LETTERS.iter().filter(|row| said.contains(row.0)).map(|row| row.1).sum()
}

/// The flags that the fields `Status` and `X-Status` of a message in an mbox say.
pub fn of_status(status: &[u8]) -> i64 {
    const LETTERS: [(u8, i64); 5] =
        [(b'R', SEEN), (b'A', ANSWERED), (b'F', FLAGGED), (b'D', DELETED), (b'T', DRAFT)];
    LETTERS.iter().filter(|row| status.contains(&row.0)).map(|row| row.1).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_of_files() {
        assert_eq!(of_maildir("1234.5.host:2,FS"), FLAGGED | SEEN);
        assert_eq!(of_maildir("1234.5.host:2,"), 0);
        assert_eq!(of_maildir("1234.S.host"), 0);
        assert_eq!(of_status(b"RO"), SEEN);
        assert_eq!(of_status(b"AF"), ANSWERED | FLAGGED);
    }
}
