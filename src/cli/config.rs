//! `davenport config`: check the configuration, show it, write the commented example.

use super::out::Out;
use super::{Failure, load};
use crate::server::config::{Config, ConfigError, Problem, Source, Tls, show};
use crate::server::outbound::Outbound;
use crate::server::tls::Certificate;
use clap::Subcommand;
use serde_json::json;
use std::io::Write;

/// The parts of `davenport config`.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Check the configuration, and say everything that is wrong with it
    Check,
    /// Show every value in force and where it came from; passwords are masked
    Show,
    /// Write the commented example, every key with its default
    Example,
}

impl ConfigCommand {
    /// Runs it.
    ///
    /// # Errors
    /// [`Failure::Config`], and [`Failure::Failed`] when the output cannot be written.
    pub fn run(self, source: &Source, out: Out) -> Result<(), Failure> {
        let text = match self {
            Self::Check => {
                files(&load(source, out)?)?;
                match (&source.file, out.is_json()) {
                    (file, true) => format!("{}\n", json!({ "file": file, "good": true })),
                    (Some(file), _) => format!("{}: good\n", file.display()),
                    (None, _) => "no configuration file; the defaults are good\n".to_owned(),
                }
            }
            Self::Show if out.is_json() => format!("{}\n", show::json(&load(source, out)?.merged)),
            Self::Show => show::toml(&load(source, out)?.merged),
            Self::Example => show::example(),
        };
        let written = std::io::stdout().write_all(text.as_bytes());
        written.map_err(|e| Failure::Failed(format!("cannot write: {e}")))
    }
}

/// Whether the named PEM files can be used; a certificate that the server makes itself is not made
/// here.
fn files(config: &Config) -> Result<(), Failure> {
    let own = match config.tls {
        Tls::Pem { .. } => Certificate::load(config).map(drop),
        _ => Ok(()),
    };
    let checked = [("tls", own), ("outbound.ca", Outbound::new(config).map(drop))];
    let wrong = |(key, it): (&str, Result<(), String>)| {
        it.err().map(|text| Problem { origin: String::new(), key: key.to_owned(), text })
    };
    let problems: Vec<Problem> = checked.into_iter().filter_map(wrong).collect();
    if problems.is_empty() { Ok(()) } else { Err(ConfigError(problems).into()) }
}
