//! The value of every key with its origin, and what can be wrong with them.
//!
//! Invariant: every key has exactly one entry; a later origin takes the place of an earlier one.

use super::keys::{KEYS, Key};
use super::value::Value;
use std::fmt;
use std::path::PathBuf;

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody said anything else.
    Default,
    /// A line of the file, 1-based.
    File(PathBuf, usize),
    /// An environment variable.
    Variable(String),
    /// An option of the command line.
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path, line) => write!(f, "{}:{line}", path.display()),
            Self::Variable(name) => write!(f, "environment variable {name}"),
            Self::Flag(flag) => f.write_str(flag),
        }
    }
}

/// One thing wrong with the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where it stands; empty when it stands nowhere.
    pub origin: String,
    /// The key; empty when the file cannot be read at all.
    pub key: String,
    /// What is wrong, what was expected, what to do.
    pub text: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in [&self.origin, &self.key] {
            if !part.is_empty() {
                write!(f, "{part}: ")?;
            }
        }
        f.write_str(&self.text)
    }
}

/// Everything wrong with a configuration; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError(pub Vec<Problem>);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for ConfigError {}

/// A key's value and where it came from.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key.
    pub key: &'static Key,
    /// Its value.
    pub value: Value,
    /// Where it came from.
    pub origin: Origin,
}

/// The value of every key, in the order of [`KEYS`].
#[derive(Clone, Debug)]
pub struct Merged(pub Vec<Entry>);

impl Merged {
    pub(super) fn defaults() -> Self {
        let entry = |key| Entry { key, value: Key::default_value(key), origin: Origin::Default };
        Self(KEYS.iter().map(entry).collect())
    }

    /// The entry of a key.
    pub fn entry(&self, name: &str) -> Option<&Entry> {
        self.0.iter().find(|entry| entry.key.name == name)
    }

    /// The text of a key; empty for a key that is no text.
    pub fn text(&self, name: &str) -> &str {
        match self.entry(name).map(|entry| &entry.value) {
            Some(Value::Text(text)) => text,
            _ => "",
        }
    }

    /// The number of a key; 0 for a key that is no number.
    pub fn number(&self, name: &str) -> u64 {
        match self.entry(name).map(|entry| &entry.value) {
            Some(Value::Number(number)) => *number,
            _ => 0,
        }
    }

    /// Whether a key is on; not for a key that is no switch.
    pub fn is_on(&self, name: &str) -> bool {
        matches!(self.entry(name).map(|entry| &entry.value), Some(Value::Switch(true)))
    }

    /// The items of a key that parse, which is all of them once the value was checked.
    pub fn list<T: std::str::FromStr>(&self, name: &str) -> Vec<T> {
        match self.entry(name).map(|entry| &entry.value) {
            Some(Value::List(list)) => list.iter().filter_map(|item| item.parse().ok()).collect(),
            _ => Vec::new(),
        }
    }

    /// These values, with those of `new` where a key can change while the server runs; and the
    /// names of the keys that differ but need a restart.
    pub fn with_live(&self, new: &Self) -> (Self, Vec<&'static str>) {
        let pairs = self.0.iter().zip(&new.0);
        let waiting = pairs.clone().filter(|(a, b)| !a.key.live && a.value != b.value);
        let waiting = waiting.map(|(a, _)| a.key.name).collect();
        let entries = pairs.map(|(a, b)| if a.key.live { b } else { a }.clone()).collect();
        (Self(entries), waiting)
    }

    pub(super) fn set(
        &mut self,
        key: &'static Key,
        value: Result<Value, String>,
        origin: Origin,
    ) -> Option<Problem> {
        let entry = self.0.iter_mut().find(|entry| entry.key.name == key.name)?;
        let text = match value {
            Ok(_) if matches!((&origin, &entry.origin), (Origin::File(..), Origin::File(..))) => {
                format!("already given at {}", entry.origin)
            }
            Ok(value) => {
                (entry.value, entry.origin) = (value, origin);
                return None;
            }
            Err(why) => why,
        };
        Some(Problem { origin: origin.to_string(), key: key.name.to_owned(), text })
    }
}
