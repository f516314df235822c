//! Results on standard output, as text for people or as JSON for programs.
//!
//! Invariant: a list is written page by page, so its length costs no memory; with `--json`
//! nothing but JSON is written.

use super::Failure;
use serde::Serialize;
use std::io::{ErrorKind, Write};

/// Where results go, and in which form.
#[derive(Clone, Copy, Debug)]
pub struct Out {
    json: bool,
}

/// One line of a list.
pub trait Line: Serialize {
    /// The columns' titles.
    const TITLES: &'static [&'static str];
    /// The columns' texts.
    fn cells(&self) -> Vec<String>;
}

impl Out {
    /// Text, or JSON.
    pub fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether JSON is wanted.
    pub fn is_json(self) -> bool {
        self.json
    }

    /// Writes a text as it is.
    ///
    /// # Errors
    /// [`Failure::Closed`] when nobody reads any more; [`Failure::Failed`].
    pub fn raw(self, text: &str) -> Result<(), Failure> {
        let mut out = std::io::stdout().lock();
        let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        written.map_err(|error| match error.kind() {
            ErrorKind::BrokenPipe => Failure::Closed,
            _ => Failure::Failed(format!("cannot write: {error}")),
        })
    }

    /// Writes a result.
    ///
    /// # Errors
    /// Those of [`Out::raw`].
    pub fn result(self, value: &impl Serialize, text: impl Into<String>) -> Result<(), Failure> {
        match self.json {
            true => self.raw(&format!("{}\n", json(value)?)),
            false => self.raw(&format!("{}\n", text.into().trim_end())),
        }
    }

    /// Begins a list.
    pub fn list(self) -> Listing {
        Listing { out: self, begun: false }
    }

    /// Warns on standard error.
    pub fn warn(self, text: &str) {
        match self.json {
            true => eprintln!("{}", serde_json::json!({ "warning": text })),
            false => eprintln!("davenport: warning: {text}"),
        }
    }
}

/// A value as JSON on one line.
///
/// # Errors
/// [`Failure::Failed`] for what JSON cannot hold.
pub fn json(value: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string(value).map_err(|e| Failure::Failed(format!("cannot write JSON: {e}")))
}

/// A list under way: a JSON array, or a table whose columns are aligned page by page.
#[derive(Debug)]
pub struct Listing {
    out: Out,
    begun: bool,
}

impl Listing {
    /// Writes the next page.
    ///
    /// # Errors
    /// Those of [`Out::raw`].
    pub fn page<L: Line>(&mut self, lines: &[L]) -> Result<(), Failure> {
        let mut text = String::new();
        if self.out.json {
            for line in lines {
                text.push_str(if self.begun { ",\n" } else { "[" });
                text.push_str(&json(line)?);
                self.begun = true;
            }
        } else {
            let titles = L::TITLES.iter().map(|title| (*title).to_owned()).collect();
            let head = (!self.begun && !lines.is_empty()).then_some(titles);
            let rows: Vec<Vec<String>> =
                head.into_iter().chain(lines.iter().map(Line::cells)).collect();
            text = table(&rows);
            self.begun |= !lines.is_empty();
        }
        self.out.raw(&text)
    }

    /// Ends the list.
    ///
    /// # Errors
    /// Those of [`Out::raw`].
    pub fn end(self) -> Result<(), Failure> {
        match (self.out.json, self.begun) {
            (true, true) => self.out.raw("]\n"),
            (true, false) => self.out.raw("[]\n"),
            _ => Ok(()),
        }
    }
}

/// Rows with their columns under each other.
pub fn table(rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max()
    };
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(&format!("{cell:<width$}  "));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::table;

    #[test]
    fn columns_stand_under_each_other() {
        let rows = [["NAME", "WHO"], ["zoë", "Z"], ["alexander", ""]];
        let rows = rows.map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(table(&rows), "NAME       WHO\nzoë        Z\nalexander\n");
    }
}
