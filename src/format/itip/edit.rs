//! Changes of a text in place: pieces of it replaced, everything else left byte for byte.
//!
//! Invariant: what is written anew has the line ends of the text that it comes into. Standard:
//! RFC 5545 §3.1.

use crate::format::ical::Component;
use crate::format::line::{Line, fold};
use crate::format::property::encode;
use std::ops::Range;

/// Whether a text's lines end in CRLF.
pub fn is_crlf(text: &str) -> bool {
    text.split_once('\n').is_none_or(|(first, _)| first.ends_with('\r'))
}

/// Whether a name is in a list, whatever its case.
pub fn is_in(name: &str, names: &[&str]) -> bool {
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// A logical line, folded, with the line ends of a text.
pub fn folded(line: &str, crlf: bool) -> String {
    let mut out = String::with_capacity(line.len() + 8);
    fold(line, &mut out);
    if crlf { out } else { out.replace("\r\n", "\n") }
}

/// Lines with the line ends of a text.
pub fn with_ends(lines: &str, crlf: bool) -> String {
    let mut out = String::with_capacity(lines.len() + 16);
    for line in lines.lines() {
        out.push_str(line);
        out.push_str(if crlf { "\r\n" } else { "\n" });
    }
    out
}

/// A line with parameters set, or, where there is no value, taken away; the others stay as they are
/// written. Not folded.
pub fn with_params(line: &Line<'_>, changes: &[(&str, Option<&str>)]) -> String {
    let mut out = line.full_name().to_owned();
    let mut rest = changes.to_vec();
    for param in line.params() {
        if !changes.iter().any(|(name, _)| name.eq_ignore_ascii_case(param.name)) {
            out.push_str(&format!(";{}={}", param.name, param.raw));
        } else if let Some(at) = rest.iter().position(|(n, _)| n.eq_ignore_ascii_case(param.name)) {
            set(rest.swap_remove(at), &mut out);
        }
    }
    rest.sort_by_key(|(name, _)| changes.iter().position(|(n, _)| n == name));
    rest.into_iter().for_each(|change| set(change, &mut out));
    out.push(':');
    out.push_str(line.value());
    out
}

/// Parameters whose values RFC 5545 §3.2 has in quotes, whatever is in them.
const QUOTED: [&str; 4] = ["SENT-BY", "DELEGATED-TO", "DELEGATED-FROM", "MEMBER"];

/// Adds a parameter that has a value.
fn set((name, value): (&str, Option<&str>), out: &mut String) {
    let Some(value) = value else { return };
    out.push_str(&format!(";{name}="));
    match is_in(name, &QUOTED) {
        true => out.push_str(&quoted(value)),
        false => encode(value, out),
    }
}

/// A parameter's value in quotes, needed or not.
pub fn quoted(value: &str) -> String {
    let mut out = String::with_capacity(value.len() + 2);
    encode(value, &mut out);
    if out.starts_with('"') { out } else { format!("\"{out}\"") }
}

/// A line's parameters and colon under another name, ready for another value.
pub fn head(line: &Line<'_>, name: &str) -> String {
    let text = line.text();
    let params = text.get(line.full_name().len()..text.len().saturating_sub(line.value().len()));
    format!("{name}{}", params.unwrap_or(":").trim_start())
}

/// What a line becomes on its way.
pub enum Becomes {
    /// What it is.
    Same,
    /// Nothing.
    Gone,
    /// Another line, not folded.
    Line(String),
}

/// Writes a component anew: each of its own lines becomes what `each` says, of the components
/// inside it those stay that `inside` lets through, and `more` lines come to its end.
pub fn rewrite(
    text: &str,
    it: Component<'_>,
    each: &dyn Fn(&Line<'_>) -> Becomes,
    inside: &dyn Fn(Component<'_>) -> bool,
    more: &[String],
) -> String {
    let crlf = is_crlf(text);
    let mut out = format!("BEGIN:{}{}", it.name(), if crlf { "\r\n" } else { "\n" });
    for line in it.properties() {
        match each(line) {
            Becomes::Same => push(text.get(line.start..line.end), crlf, &mut out),
            Becomes::Gone => {}
            Becomes::Line(line) => out.push_str(&folded(&line, crlf)),
        }
    }
    more.iter().for_each(|line| out.push_str(&folded(line, crlf)));
    for child in it.children().filter(|child| inside(*child)) {
        push(text.get(child.span()), crlf, &mut out);
    }
    out.push_str(&folded(&format!("END:{}", it.name()), crlf));
    out
}

/// Adds lines, and the line end that the last of them may lack.
pub fn push(lines: Option<&str>, crlf: bool, out: &mut String) {
    let lines = lines.unwrap_or_default();
    out.push_str(lines);
    if !lines.is_empty() && !lines.ends_with('\n') {
        out.push_str(if crlf { "\r\n" } else { "\n" });
    }
}

/// Pieces of a text that are to be replaced.
#[derive(Debug, Default)]
pub struct Edits {
    list: Vec<(Range<usize>, String)>,
}

impl Edits {
    /// Puts lines in the place of a piece.
    pub fn put(&mut self, place: Range<usize>, lines: String) {
        self.list.push((place, lines));
    }

    /// Takes a line out.
    pub fn remove(&mut self, line: &Line<'_>) {
        self.put(line.start..line.end, String::new());
    }

    /// Adds lines before the END line of a component, or, if it has components inside it, before
    /// the first of them.
    pub fn append(&mut self, text: &str, it: Component<'_>, lines: String) {
        let place = match it.children().next() {
            Some(child) => child.span().start,
            None => {
                let span = it.span();
                let inside = text.get(span.clone()).unwrap_or_default().trim_end();
                let end = inside.rfind('\n').map_or(span.end, |at| span.start + at + 1);
                it.properties().last().map_or(end, |line| line.end)
            }
        };
        self.put(place..place, lines);
    }

    /// The text with all of them; of two that overlap the first counts.
    pub fn apply(mut self, text: &str) -> String {
        self.list.sort_by_key(|(place, _)| (place.start, place.end));
        let mut out = String::with_capacity(text.len() + 64);
        let mut at = 0;
        for (place, lines) in &self.list {
            if place.start < at {
                continue;
            }
            out.push_str(text.get(at..place.start).unwrap_or_default());
            out.push_str(lines);
            at = place.end;
        }
        out.push_str(text.get(at..).unwrap_or_default());
        out
    }
}
