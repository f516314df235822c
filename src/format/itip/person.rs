//! Calendar users: their addresses, and what an ATTENDEE or ORGANIZER line says of them.
//!
//! Standards: RFC 5545 §3.3.3, §3.2; RFC 6638 §7; RFC 6047 §2.3 (addresses are compared without
//! regard to case).

use super::edit::with_params;
use crate::format::line::Line;
use std::borrow::Cow;

/// The SEQUENCE of the last time that an attendee was asked anew: answers to earlier ones are void.
pub const ASKED: &str = "X-DAVENPORT-ASKED";
/// The DTSTAMP of the last answer that was taken in, or, in an attendee's copy, sent.
pub const REPLIED: &str = "X-DAVENPORT-REPLIED";

/// Who acted for somebody (RFC 5545 §3.2.18).
pub const SENT_BY: &str = "SENT-BY";

/// What only the server and its own client say to each other (RFC 6638 §7), and our own notes.
const PRIVATE: [&str; 4] = ["SCHEDULE-AGENT", "SCHEDULE-STATUS", "SCHEDULE-FORCE-SEND", REPLIED];

/// An address as it is compared: without `mailto:`, in lower case.
pub fn address(value: &str) -> String {
    let value = value.trim();
    let bare = match value.get(..7) {
        Some(scheme) if scheme.eq_ignore_ascii_case("mailto:") => value.get(7..).unwrap_or(value),
        _ => value,
    };
    bare.trim().trim_end_matches('/').to_lowercase()
}

/// Whether two addresses are one.
pub fn same(a: &str, b: &str) -> bool {
    a.trim() == b.trim() || address(a) == address(b)
}

/// Who delivers to a calendar user (RFC 6638 §7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agent {
    /// The server.
    Server,
    /// The client.
    Client,
    /// Nobody; also what is not known.
    Nobody,
}

/// One ATTENDEE or ORGANIZER line.
#[derive(Clone, Debug)]
pub struct Person<'c> {
    /// The line.
    pub line: &'c Line<'c>,
    /// The address as it is compared.
    pub who: String,
    /// It is the owner of the copy.
    pub me: bool,
}

impl<'c> Person<'c> {
    /// Reads a line.
    pub fn new(line: &'c Line<'c>, is_me: super::IsMe<'_>) -> Self {
        Self { line, who: address(line.value()), me: is_me(line.value().trim()) }
    }

    fn param(&self, name: &str) -> Option<Cow<'c, str>> {
        self.line.param(name).map(|p| p.value())
    }

    /// PARTSTAT in capitals.
    pub fn partstat(&self) -> String {
        let said = self.param("PARTSTAT").map(|p| p.trim().to_ascii_uppercase());
        said.filter(|p| !p.is_empty()).unwrap_or_else(|| "NEEDS-ACTION".to_owned())
    }

    /// SCHEDULE-AGENT.
    pub fn agent(&self) -> Agent {
        match self.param("SCHEDULE-AGENT") {
            None => Agent::Server,
            Some(agent) if agent.trim().eq_ignore_ascii_case("SERVER") => Agent::Server,
            Some(agent) if agent.trim().eq_ignore_ascii_case("CLIENT") => Agent::Client,
            Some(_) => Agent::Nobody,
        }
    }

    /// Whether SCHEDULE-FORCE-SEND asks for this method (RFC 6638 §7.2).
    pub fn forces(&self, method: &str) -> bool {
        self.param("SCHEDULE-FORCE-SEND").is_some_and(|f| f.trim().eq_ignore_ascii_case(method))
    }

    /// See [`ASKED`].
    pub fn asked(&self) -> u64 {
        self.param(ASKED).and_then(|n| n.trim().parse().ok()).unwrap_or(0)
    }

    /// Whether there is an [`ASKED`].
    pub fn was_asked(&self) -> bool {
        self.param(ASKED).is_some()
    }

    /// See [`REPLIED`].
    pub fn replied(&self) -> Option<String> {
        self.param(REPLIED).map(|stamp| stamp.trim().to_owned())
    }

    /// The values of DELEGATED-TO or DELEGATED-FROM, as they are compared.
    pub fn delegated(&self, name: &str) -> Vec<String> {
        self.line.param(name).map_or(Vec::new(), |p| p.values().map(|v| address(&v)).collect())
    }

    /// The line with parameters set or taken away.
    pub fn with(&self, changes: &[(&str, Option<&str>)]) -> String {
        with_params(self.line, changes)
    }

    /// The line without what other people are not told; none if it has nothing of that.
    pub fn public(&self) -> Option<String> {
        let has = PRIVATE.iter().any(|name| self.line.param(name).is_some());
        has.then(|| self.with(&PRIVATE.map(|name| (name, None))))
    }
}
