//! Where values come from: the defaults, then the file, then the environment, then the command
//! line; a later one wins. Every value remembers where it came from, so that every error can say
//! so. All problems are gathered; none hides the next.

use super::Config;
use super::keys::{self, KEYS, Key};
use super::merged::{ConfigError, Merged, Origin, Problem};
use super::nearest::nearest_of;
use super::rules;
use super::value::Value;
use crate::kernel::limits::CONFIG_FILE_MAX;
use std::io::Read;
use std::path::{Path, PathBuf};
use toml::de::{DeTable, DeValue};

/// A value from the command line.
#[derive(Clone, Debug)]
pub struct Flag {
    /// The option as the user typed it, for messages.
    pub flag: &'static str,
    /// The key that it sets.
    pub key: &'static str,
    /// Its value; several are joined by commas.
    pub value: String,
}

/// Where to read the configuration from, now and again on reload.
#[derive(Clone, Debug, Default)]
pub struct Source {
    /// The file, if there is one.
    pub file: Option<PathBuf>,
    /// The environment: name and value.
    pub environment: Vec<(String, String)>,
    /// The command line.
    pub flags: Vec<Flag>,
}

/// The variable that names the file instead of `--config`.
pub const CONFIG_VARIABLE: &str = "DAVENPORT_CONFIG";

impl Source {
    /// Reads, merges and checks.
    ///
    /// # Errors
    /// Everything that is wrong, each with the place where it stands.
    pub fn load(&self) -> Result<Config, ConfigError> {
        let mut merged = Merged::defaults();
        let mut problems = Vec::new();
        let mut warnings = Vec::new();
        if let Some(file) = &self.file {
            match text_of(file) {
                Ok(text) => merge(file, &text, &mut merged, &mut problems),
                Err(problem) => problems.push(problem),
            }
        }
        self.read_environment(&mut merged, &mut problems, &mut warnings);
        for flag in &self.flags {
            let Some(key) = keys::find(flag.key) else { continue };
            let value = Value::from_text(key.kind, &flag.value);
            problems.extend(merged.set(key, value, Origin::Flag(flag.flag)));
        }
        checked(merged, problems, warnings)
    }

    /// What a file with this text would mean, were it the only source.
    ///
    /// # Errors
    /// As [`Source::load`].
    pub fn read(file: &Path, text: &str) -> Result<Config, ConfigError> {
        let (mut merged, mut problems) = (Merged::defaults(), Vec::new());
        merge(file, text, &mut merged, &mut problems);
        checked(merged, problems, Vec::new())
    }

    fn read_environment(
        &self,
        merged: &mut Merged,
        problems: &mut Vec<Problem>,
        warnings: &mut Vec<String>,
    ) {
        for (name, text) in &self.environment {
            let Some(rest) = name.strip_prefix("DAVENPORT_") else { continue };
            // Cluster managers describe a service of our name by such variables.
            let foreign = ["SERVICE_", "PORT"].iter().any(|prefix| rest.starts_with(prefix));
            if name == CONFIG_VARIABLE || foreign {
                continue;
            }
            match KEYS.iter().find(|key| key.variable() == *name) {
                Some(key) => {
                    let value = Value::from_text(key.kind, text);
                    problems.extend(merged.set(key, value, Origin::Variable(name.clone())));
                }
                None => {
                    let names: Vec<String> = KEYS.iter().map(Key::variable).collect();
                    let near = nearest_of(name, names.iter().map(String::as_str));
                    let hint = near.map_or(String::new(), |n| format!("; did you mean {n}?"));
                    warnings.push(format!("environment variable {name} names no key{hint}"));
                }
            }
        }
    }
}

/// The configuration, if there is no problem so far and no rule is broken.
fn checked(
    merged: Merged,
    mut problems: Vec<Problem>,
    mut warnings: Vec<String>,
) -> Result<Config, ConfigError> {
    if problems.is_empty() {
        problems = rules::broken(&merged);
    }
    if !problems.is_empty() {
        return Err(ConfigError(problems));
    }
    warnings.extend(rules::doubtful(&merged));
    Ok(Config::from_merged(merged, warnings))
}

fn text_of(path: &Path) -> Result<String, Problem> {
    let whole =
        |text: String| Problem { origin: path.display().to_string(), key: String::new(), text };
    let mut text = String::new();
    let read = std::fs::File::open(path)
        .and_then(|file| file.take(CONFIG_FILE_MAX + 1).read_to_string(&mut text));
    match read {
        Err(error) => Err(whole(format!("cannot be read: {error}"))),
        Ok(size) if size as u64 > CONFIG_FILE_MAX => {
            Err(whole(format!("is larger than {CONFIG_FILE_MAX} octets")))
        }
        Ok(_) => Ok(text),
    }
}

fn merge(path: &Path, text: &str, merged: &mut Merged, problems: &mut Vec<Problem>) {
    let lines = Lines::of(text);
    match DeTable::parse(text) {
        Ok(table) => {
            let mut walk = Walk { path, lines: &lines, merged, problems };
            walk.table("", table.get_ref());
        }
        Err(error) => {
            let line = lines.at(error.span().map_or(0, |span| span.start));
            let origin = Origin::File(path.to_owned(), line).to_string();
            let (key, why) = (key_of(text, line), error.message().to_owned());
            problems.push(Problem { origin, key, text: why });
        }
    }
}

/// The key that a line of a file gives a value to, empty when it shows none. Nothing else of the
/// line is told: its value may be a secret.
fn key_of(text: &str, line: usize) -> String {
    let before = text.lines().nth(line.saturating_sub(1)).and_then(|line| line.split_once('='));
    let key = before.map_or("", |(key, _)| key.trim());
    let bare = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    if key.chars().all(bare) { key.to_owned() } else { String::new() }
}

/// Where the line ends of a text are; counted once, however many problems there are.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        Self(ends.map(|(at, _)| at).collect())
    }

    /// The line that an octet stands in, from 1.
    fn at(&self, offset: usize) -> usize {
        self.0.partition_point(|end| *end < offset) + 1
    }
}

/// The walk through the tables of one file.
struct Walk<'a> {
    path: &'a Path,
    lines: &'a Lines,
    merged: &'a mut Merged,
    problems: &'a mut Vec<Problem>,
}

impl Walk<'_> {
    fn table(&mut self, prefix: &str, table: &DeTable<'_>) {
        let mut members: Vec<_> = table.iter().collect();
        members.sort_by_key(|(name, _)| name.span().start);
        for (name, value) in members {
            let full = match prefix {
                "" => name.get_ref().to_string(),
                prefix => format!("{prefix}.{}", name.get_ref()),
            };
            let origin = Origin::File(self.path.to_owned(), self.lines.at(name.span().start));
            match (value.get_ref(), keys::find(&full)) {
                (DeValue::Table(inner), _) if keys::is_table(&full) => self.table(&full, inner),
                (value, Some(key)) => {
                    let value = Value::from_toml(key.kind, value);
                    self.problems.extend(self.merged.set(key, value, origin));
                }
                (_, None) => {
                    let text = match keys::nearest(&full) {
                        _ if keys::is_table(&full) => format!("expected a table, [{full}]"),
                        Some(near) => format!("unknown key; did you mean {near}?"),
                        None => "unknown key; `davenport config show` lists them".to_owned(),
                    };
                    self.problems.push(Problem { origin: origin.to_string(), key: full, text });
                }
            }
        }
    }
}
