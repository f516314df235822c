//! The command line: one file per subcommand.
//!
//! Invariant: messages go to standard error as `davenport: ...`, results to standard output, and
//! the exit code is one of those that `--help` lists.

pub mod config;
pub mod serve;

use crate::server::config::source::CONFIG_VARIABLE;
use crate::server::config::{Config, ConfigError, Flag, Source};
use clap::{Parser, Subcommand};
use std::fmt;
use std::path::PathBuf;
use std::process::ExitCode;

const EXIT_CODES: &str = "\
Configuration: --config FILE, else the file that DAVENPORT_CONFIG names, else davenport.toml in the
working directory, else /etc/davenport/davenport.toml, else none. Variables such as
DAVENPORT_HTTP_LISTEN override the file; options override both.

Exit codes:
  0  done
  1  failed
  2  the command line is wrong
  3  the configuration is wrong";

/// Standards-first groupware server: calendars, contacts and files over CalDAV, CardDAV, WebDAV.
#[derive(Debug, Parser)]
#[command(name = "davenport", version, after_help = EXIT_CODES)]
struct Cli {
    /// Configuration file
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Directory of everything that the server keeps on this machine (overrides data_dir)
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server
    #[command(after_help = EXIT_CODES)]
    Serve(serve::Serve),
    /// Check and show the configuration
    #[command(subcommand, after_help = EXIT_CODES)]
    Config(config::ConfigCommand),
}

/// Why a subcommand did not do its work.
#[derive(Debug)]
pub enum Failure {
    /// Exit code 1.
    Failed(String),
    /// Exit code 3.
    Config(ConfigError),
}

impl From<String> for Failure {
    fn from(text: String) -> Self {
        Self::Failed(text)
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(text) => f.write_str(text),
            Self::Config(error) => error.fmt(f),
        }
    }
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let source = source(cli.config, cli.data_dir);
    let result = match cli.command {
        Command::Serve(serve) => serve.run(source),
        Command::Config(command) => command.run(&source),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            for line in failure.to_string().lines() {
                eprintln!("davenport: {line}");
            }
            ExitCode::from(match failure {
                Failure::Failed(_) => 1,
                Failure::Config(_) => 3,
            })
        }
    }
}

/// Where this process reads its configuration from.
fn source(file: Option<PathBuf>, data_dir: Option<String>) -> Source {
    let text = |part: std::ffi::OsString| part.to_string_lossy().into_owned();
    let named = file.or_else(|| std::env::var_os(CONFIG_VARIABLE).map(PathBuf::from));
    let usual = ["davenport.toml", "/etc/davenport/davenport.toml"].map(PathBuf::from);
    let flag = data_dir.map(|value| Flag { flag: "--data-dir", key: "data_dir", value });
    Source {
        file: named.or_else(|| usual.into_iter().find(|path| path.exists())),
        environment: std::env::vars_os().map(|(name, value)| (text(name), text(value))).collect(),
        flags: flag.into_iter().collect(),
    }
}

/// Loads the configuration and writes its warnings.
///
/// # Errors
/// [`Failure::Config`].
pub fn load(source: &Source) -> Result<Config, Failure> {
    let config = source.load()?;
    for warning in &config.warnings {
        eprintln!("davenport: warning: {warning}");
    }
    Ok(config)
}

/// The runtime of a subcommand that waits for sockets or the store.
///
/// # Errors
/// [`Failure::Failed`].
pub fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.enable_all().build().map_err(|e| Failure::Failed(format!("cannot start: {e}")))
}
