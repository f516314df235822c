//! What the server can, and what a session has switched on.
//!
//! Invariant: each name stands here once, and only if it is served. Standard: RFC 9051 §6.1.1 and §6.3.1.

use crate::kernel::limits::MESSAGE_MAX;
use crate::protocol::sasl::MECHANISMS;
use std::fmt::Write as _;

/// What is told before and after signing in.
const ALWAYS: &str = "IMAP4rev2 IMAP4rev1 SASL-IR LITERAL+ ID ENABLE IDLE";

/// What is told after it, and to those before who ask what comes.
const MORE: &str = "NAMESPACE UIDPLUS UNSELECT CHILDREN MOVE MULTIAPPEND ESEARCH SEARCHRES WITHIN \
                    CONDSTORE LIST-EXTENDED LIST-STATUS SPECIAL-USE CREATE-SPECIAL-USE BINARY \
                    STATUS=SIZE OBJECTID SAVEDATE UTF8=ACCEPT";

/// The list of names. `known`: somebody has signed in.
pub fn capabilities(known: bool, private: bool, can_be_secured: bool) -> String {
    let mut names = format!("{ALWAYS} {MORE} APPENDLIMIT={MESSAGE_MAX}");
    if known {
        return names;
    }
    // Writing to memory does not fail.
    if private {
        for (name, _) in MECHANISMS {
            let _ = write!(names, " AUTH={name}");
        }
    } else {
        names.push_str(" LOGINDISABLED");
    }
    if can_be_secured {
        names.push_str(" STARTTLS");
    }
    names
}

/// What a session has switched on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Enabled {
    /// `IMAP4rev2`.
    pub rev2: bool,
    /// `UTF8=ACCEPT` (RFC 6855).
    pub utf8: bool,
    /// `CONDSTORE` (RFC 7162), which also some commands switch on.
    pub condstore: bool,
}

impl Enabled {
    /// Switches something on; gives whether there is such a thing.
    pub fn switch(&mut self, name: &str) -> bool {
        match name {
            "IMAP4REV2" => self.rev2 = true,
            "UTF8=ACCEPT" => self.utf8 = true,
            "CONDSTORE" => self.condstore = true,
            _ => return false,
        }
        true
    }

    /// Whether names of mailboxes are UTF-8.
    pub fn has_utf8_names(self) -> bool {
        self.rev2 || self.utf8
    }
}
