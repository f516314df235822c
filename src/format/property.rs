//! One property of a card or calendar object as a value of its own, which can be changed and written again.
//!
//! Invariant: what is read from a line and written again means the same: parameters are decoded and
//! encoded alike (RFC 6868), the value stays raw. Standards: RFC 6350 §3.2, §3.3, §5.

use crate::format::line::{Line, fold};
use std::borrow::Cow;

/// A property.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Property {
    /// Its group (`item1`), if it has one.
    pub group: Option<String>,
    /// Its name as written.
    pub name: String,
    /// Its parameters in their order.
    pub params: Vec<Parameter>,
    /// Its value, escapes not undone.
    pub value: String,
}

/// A parameter with its values, decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name as written; empty for vCard 2.1's values without a name.
    pub name: String,
    /// Its values, without quotes.
    pub values: Vec<String>,
}

impl From<&Line<'_>> for Property {
    fn from(line: &Line<'_>) -> Self {
        let params = line.params().map(|param| Parameter {
            name: param.name.to_owned(),
            values: param.values().map(Cow::into_owned).collect(),
        });
        Self {
            group: line.group().map(str::to_owned),
            name: line.name().to_owned(),
            params: params.collect(),
            value: line.value().to_owned(),
        }
    }
}

impl Property {
    /// A property without parameters.
    pub fn new(name: &str, value: &str) -> Self {
        Self { name: name.to_owned(), value: value.to_owned(), ..Self::default() }
    }

    /// Whether this is the name, whatever its case.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// The values of all parameters of this name.
    pub fn values<'p>(&'p self, name: &'p str) -> impl Iterator<Item = &'p str> {
        let named = move |p: &&Parameter| p.name.eq_ignore_ascii_case(name);
        self.params.iter().filter(named).flat_map(|p| p.values.iter().map(String::as_str))
    }

    /// The first value of a parameter.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|p| p.name.eq_ignore_ascii_case(name))?.values.first().map(|v| &**v)
    }

    /// Whether a parameter has this value, whatever its case.
    pub fn says(&self, name: &str, value: &str) -> bool {
        self.values(name).any(|own| own.trim().eq_ignore_ascii_case(value))
    }

    /// Takes all parameters of this name away; their values.
    pub fn take(&mut self, name: &str) -> Vec<String> {
        let mut taken = Vec::new();
        self.params.retain_mut(|param| {
            let found = param.name.eq_ignore_ascii_case(name);
            if found {
                taken.append(&mut param.values);
            }
            !found
        });
        taken
    }

    /// Gives a parameter these values and no others; none: takes it away.
    pub fn set(&mut self, name: &str, values: Vec<String>) {
        let at = self.params.iter().position(|p| p.name.eq_ignore_ascii_case(name));
        self.take(name);
        if !values.is_empty() {
            let at = at.unwrap_or(self.params.len()).min(self.params.len());
            self.params.insert(at, Parameter { name: name.to_owned(), values });
        }
    }

    /// Gives a parameter one value.
    pub fn set_one(&mut self, name: &str, value: &str) {
        self.set(name, vec![value.to_owned()]);
    }

    /// Writes it as one line, folded.
    pub fn write(&self, out: &mut String) {
        let mut line = String::with_capacity(self.value.len() + 64);
        if let Some(group) = &self.group {
            line.push_str(group);
            line.push('.');
        }
        line.push_str(&self.name);
        for param in &self.params {
            line.push(';');
            if !param.name.is_empty() {
                line.push_str(&param.name);
                line.push('=');
            }
            for (i, value) in param.values.iter().enumerate() {
                line.push_str(if i > 0 { "," } else { "" });
                encode(value, &mut line);
            }
        }
        line.push(':');
        line.push_str(&self.value);
        fold(&line, out);
    }
}

/// A parameter's value with what it cannot hold encoded (RFC 6868 §3.1), in quotes where it must be.
pub fn encode(value: &str, out: &mut String) {
    let quoted = value.contains([',', ':', ';']) || value.trim() != value;
    out.push_str(if quoted { "\"" } else { "" });
    let mut chars = value.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\n' => out.push_str("^n"),
            '"' => out.push_str("^'"),
            '\r' if chars.peek() == Some(&'\n') => {}
            '^' => out.push_str("^^"),
            c if c.is_ascii_control() && c != '\t' => {}
            c => out.push(c),
        }
    }
    out.push_str(if quoted { "\"" } else { "" });
}

/// A text with the escapes that a value needs (RFC 5545 §3.3.11, RFC 6350 §3.4); a semicolon too, so that it can
/// stand in a structured value.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' | ',' | ';' => out.extend(['\\', c]),
            '\r' if chars.peek() == Some(&'\n') => {}
            '\r' | '\n' => out.push_str("\\n"),
            c => out.push(c),
        }
    }
    out
}

/// A TEXT value with its escapes undone (RFC 5545 §3.3.11, RFC 6350 §3.4).
pub fn text(value: &str) -> Cow<'_, str> {
    if !value.contains('\\') {
        return Cow::Borrowed(value);
    }
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match (c, if c == '\\' { chars.next() } else { None }) {
            ('\\', Some('n' | 'N')) => out.push('\n'),
            ('\\', Some(escaped @ ('\\' | ';' | ',' | ':'))) => out.push(escaped),
            ('\\', Some(other)) => out.extend(['\\', other]),
            (c, _) => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// The parts of a value between separators that no backslash escapes (RFC 6350 §3.4). The
/// separator is an ASCII byte.
pub fn split_unescaped(value: &str, separator: u8) -> impl Iterator<Item = &str> {
    let mut rest = Some(value);
    std::iter::from_fn(move || {
        let text = rest?;
        let mut escaped = false;
        let end = text.bytes().position(|b| {
            let found = b == separator && !escaped;
            escaped = b == b'\\' && !escaped;
            found
        });
        rest = end.and_then(|at| text.get(at + 1..));
        text.get(..end.unwrap_or(text.len()))
    })
}
