//! Values of configuration keys: read from TOML or from one line of text, checked against their
//! kind, written back as TOML.

use super::nearest::nearest_of;
use crate::protocol::http::network::Network;
use crate::protocol::http::outbound::Allowed;
use std::net::SocketAddr;
use toml::de::DeValue;

/// What a key's value must look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Any text.
    Text,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A whole number from..=to.
    Number(u64, u64),
    /// A number of octets, at least one: `1048576`, `"1 MiB"`.
    Size,
    /// A list of `ADDRESS:PORT`.
    Addresses,
    /// A list of addresses and networks in CIDR notation.
    Networks,
    /// Yes or no.
    Switch,
    /// A list of networks and names of hosts.
    Hosts,
}

/// A checked value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Text, a path, a word.
    Text(String),
    /// A number, or octets.
    Number(u64),
    /// A list of addresses or networks.
    List(Vec<String>),
    /// Yes or no.
    Switch(bool),
}

const UNITS: &[(&str, u64)] =
    &[("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1), ("", 1)];

impl Value {
    /// Reads a value as the environment and the command line write it; a list is separated by
    /// commas or spaces.
    ///
    /// # Errors
    /// What was expected instead.
    pub fn from_text(kind: Kind, text: &str) -> Result<Self, String> {
        let value = match kind {
            Kind::Text | Kind::Choice(_) => Self::Text(text.to_owned()),
            Kind::Number(..) => Self::Number(text.trim().parse().map_err(|_| expected(kind))?),
            Kind::Size => Self::Number(size(text).ok_or_else(|| expected(kind))?),
            Kind::Switch => Self::Switch(text.trim().parse().map_err(|_| expected(kind))?),
            Kind::Addresses | Kind::Networks | Kind::Hosts => Self::List(
                text.split([',', ' ']).filter(|t| !t.is_empty()).map(str::to_owned).collect(),
            ),
        };
        value.checked(kind)
    }

    /// Reads a value of a TOML file. One address stands for a list of one.
    ///
    /// # Errors
    /// What was expected instead.
    pub fn from_toml(kind: Kind, value: &DeValue<'_>) -> Result<Self, String> {
        match (kind, value) {
            (Kind::Text | Kind::Choice(_) | Kind::Size, DeValue::String(text)) => {
                Self::from_text(kind, text)
            }
            (Kind::Number(..) | Kind::Size, DeValue::Integer(number)) => {
                let parsed = u64::from_str_radix(number.as_str(), number.radix());
                Self::Number(parsed.map_err(|_| expected(kind))?).checked(kind)
            }
            (Kind::Addresses | Kind::Networks | Kind::Hosts, DeValue::String(text)) => {
                Self::List(vec![text.to_string()]).checked(kind)
            }
            (Kind::Addresses | Kind::Networks | Kind::Hosts, DeValue::Array(items)) => {
                let texts = items.iter().map(|item| item.get_ref().as_str().map(str::to_owned));
                let list: Option<Vec<String>> = texts.collect();
                Self::List(list.ok_or_else(|| expected(kind))?).checked(kind)
            }
            (Kind::Switch, DeValue::Boolean(on)) => Ok(Self::Switch(*on)),
            _ => Err(format!("{}, found {}", expected(kind), value.type_str())),
        }
    }

    fn checked(self, kind: Kind) -> Result<Self, String> {
        match (kind, &self) {
            (Kind::Choice(words), Self::Text(text)) if !words.contains(&text.as_str()) => {
                let hint = nearest_of(text, words.iter().copied().filter(|w| !w.is_empty()));
                let hint = hint.map_or(String::new(), |w| format!("; did you mean {w:?}?"));
                Err(format!("{}, found {text:?}{hint}", expected(kind)))
            }
            (Kind::Number(min, max), Self::Number(n)) if !(min..=max).contains(n) => {
                Err(format!("{}, found {n}", expected(kind)))
            }
            (Kind::Size, Self::Number(0)) => Err(expected(kind)),
            (Kind::Addresses, Self::List(list)) => {
                let wrong = list.iter().find(|text| text.parse::<SocketAddr>().is_err());
                wrong.map_or(Ok(()), |text| Err(format!("{}, found {text:?}", expected(kind))))?;
                Ok(self)
            }
            (Kind::Networks, Self::List(list)) => {
                for text in list {
                    text.parse::<Network>().map_err(|why| format!("{}; {why}", expected(kind)))?;
                }
                Ok(self)
            }
            (Kind::Hosts, Self::List(list)) => {
                for text in list {
                    text.parse::<Allowed>().map_err(|why| format!("{}; {why}", expected(kind)))?;
                }
                Ok(self)
            }
            _ => Ok(self),
        }
    }

    /// The value as TOML, sizes with their unit.
    pub fn to_toml(&self, kind: Kind) -> String {
        let quoted = |text: &str| toml::Value::from(text).to_string();
        match self {
            Self::Text(text) => quoted(text),
            Self::Number(octets) if kind == Kind::Size => {
                let unit = UNITS.iter().find(|(_, unit)| octets % unit == 0 && octets >= unit);
                let (name, unit) = unit.copied().unwrap_or(("B", 1));
                quoted(&format!("{} {name}", octets / unit))
            }
            Self::Number(number) => number.to_string(),
            Self::Switch(on) => on.to_string(),
            Self::List(list) => {
                let items: Vec<String> = list.iter().map(|item| quoted(item)).collect();
                format!("[{}]", items.join(", "))
            }
        }
    }

    /// The value as JSON; sizes are octets.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Text(text) => text.as_str().into(),
            Self::Number(number) => (*number).into(),
            Self::Switch(on) => (*on).into(),
            Self::List(list) => list.clone().into(),
        }
    }
}

fn size(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = text.get(digits.len()..)?;
    let (_, unit) = UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit))?;
    digits.trim().parse::<u64>().ok()?.checked_mul(*unit)
}

/// What a kind takes, for error texts.
fn expected(kind: Kind) -> String {
    match kind {
        Kind::Text => "expected text in quotes".to_owned(),
        Kind::Choice(words) => {
            let words: Vec<String> = words.iter().map(|word| format!("{word:?}")).collect();
            format!("expected one of {}", words.join(", "))
        }
        Kind::Number(min, max) => format!("expected a whole number from {min} to {max}"),
        Kind::Switch => "expected true or false".to_owned(),
        Kind::Size => "expected octets, such as 1048576 or \"1 MiB\"".to_owned(),
        Kind::Addresses => {
            "expected a list of \"ADDRESS:PORT\", such as [\"127.0.0.1:8008\", \"[::1]:8008\"]"
                .into()
        }
        Kind::Networks => {
            "expected a list of addresses or networks, such as [\"10.0.0.0/8\", \"::1\"]".to_owned()
        }
        Kind::Hosts => "expected a list of networks or names of hosts, such as [\"10.0.0.0/8\", \
                        \"intranet.example.org\"]"
            .to_owned(),
    }
}
