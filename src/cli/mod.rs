//! The command line: one file per subcommand.
//!
//! Invariant: messages go to standard error as `davenport: ...`, results to standard output, and
//! the exit code is one of those that `--help` lists. With `--json`, both are JSON.

pub mod amount;
pub mod out;
pub mod ask;
pub mod session;
pub mod view;
pub mod account;
pub mod user_list;
pub mod user;
pub mod group;
pub mod resource;
pub mod domain;
pub mod alias;
pub mod password;
pub mod app_password;
pub mod named;
pub mod link;
pub mod delegate;
pub mod share;
pub mod collection;
pub mod subscription;
pub mod calendar;
pub mod mail;
pub mod find_time;
pub mod why;
pub mod lock;
pub mod config;
pub mod serve;

use crate::format::tz::database;
use crate::kernel::fault::Fault;
use crate::server::config::source::CONFIG_VARIABLE;
use crate::server::config::{Config, ConfigError, Flag, Source};
use clap::{Parser, Subcommand};
use out::Out;
use std::fmt;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::LazyLock;

const EXIT_CODES: &str = "\
Configuration: --config FILE, else the file that DAVENPORT_CONFIG names, else davenport.toml in the
working directory, else /etc/davenport/davenport.toml, else none. Variables such as
DAVENPORT_HTTP_LISTEN override the file; options override both.

Exit codes:
  0  done
  1  failed
  2  the command line is wrong
  3  the configuration is wrong";

/// Standards-first groupware server: calendars, contacts, files and mail over CalDAV, CardDAV, WebDAV, IMAP, POP3.
#[derive(Debug, Parser)]
#[command(name = "davenport", version = version(), after_help = EXIT_CODES)]
struct Cli {
    /// Configuration file
    #[arg(long, global = true, value_name = "FILE", display_order = 100)]
    config: Option<PathBuf>,
    /// Directory of everything that the server keeps on this machine (overrides data_dir)
    #[arg(long, global = true, value_name = "DIR", display_order = 101)]
    data_dir: Option<String>,
    /// Write results as JSON, and errors as {"error": "..."}
    #[arg(long, global = true, display_order = 99)]
    json: bool,
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
    /// Add, list, show, change and delete users
    #[command(subcommand, after_help = EXIT_CODES)]
    User(user::UserCommand),
    /// Add, list, show, change and delete groups and their members
    #[command(subcommand, after_help = EXIT_CODES)]
    Group(group::GroupCommand),
    /// Add, list, show, change and delete rooms and other things with a calendar
    #[command(subcommand, after_help = EXIT_CODES)]
    Resource(resource::ResourceCommand),
    /// Add, list, show and delete the domains of addresses
    #[command(subcommand, after_help = EXIT_CODES)]
    Domain(domain::DomainCommand),
    /// Add, list, show, move and delete further addresses
    #[command(subcommand, after_help = EXIT_CODES)]
    Alias(alias::AliasCommand),
    /// Give a user a new password
    #[command(after_help = password::HELP)]
    Password(password::Password),
    /// Make, list, show and take back passwords for one program each
    #[command(subcommand, after_help = EXIT_CODES)]
    AppPassword(app_password::AppPasswordCommand),
    /// Make, list and take back addresses that show a calendar
    #[command(subcommand, after_help = EXIT_CODES)]
    Link(link::LinkCommand),
    /// Let others act for an account with all of its calendars
    #[command(subcommand, after_help = EXIT_CODES)]
    Delegate(delegate::DelegateCommand),
    /// Show calendars and address books in others' homes
    #[command(subcommand, after_help = EXIT_CODES)]
    Share(share::ShareCommand),
    /// Show calendars of other servers in an account
    #[command(subcommand, after_help = EXIT_CODES)]
    Subscription(subscription::SubscriptionCommand),
    /// Make calendars, address books and folders for users, groups and resources
    #[command(subcommand, after_help = EXIT_CODES)]
    Collection(collection::CollectionCommand),
    /// Calendars that the server fills
    #[command(subcommand, after_help = EXIT_CODES)]
    Calendar(calendar::CalendarCommand),
    /// Mailboxes, and messages from files
    #[command(subcommand, after_help = EXIT_CODES)]
    Mail(mail::MailCommand),
    /// Show who was told what about a meeting, and why
    #[command(after_help = why::HELP)]
    Why(why::Why),
    /// Find times that suit several people and a room
    #[command(after_help = find_time::HELP)]
    FindTime(find_time::FindTime),
    /// Keep a user from signing in
    #[command(after_help = lock::LOCK)]
    Lock(lock::Lock),
    /// Let a locked user sign in again
    #[command(after_help = lock::UNLOCK)]
    Unlock(lock::Lock),
}

impl Command {
    fn run(self, source: Source, out: Out) -> Result<(), Failure> {
        let source = &source;
        match self {
            Self::Serve(serve) => serve.run(source.clone(), out),
            Self::Config(command) => command.run(source, out),
            Self::User(it) => session::run(source, out, async |s| it.run(s).await),
            Self::Group(it) => session::run(source, out, async |s| it.run(s).await),
            Self::Resource(it) => session::run(source, out, async |s| it.run(s).await),
            Self::Domain(it) => session::run(source, out, async |s| it.run(s).await),
            Self::Alias(it) => session::run(source, out, async |s| it.run(s).await),
            Self::Password(it) => session::run(source, out, async |s| it.run(s).await),
            Self::AppPassword(it) => session::run(source, out, async |s| it.run(s).await),
            Self::Link(it) => session::run(source, out, async |s| it.run(s).await),
            Self::Delegate(it) => session::run(source, out, async |s| it.run(s).await),
            Self::Share(it) => session::run(source, out, async |s| it.run(s).await),
            Self::Subscription(it) => session::run(source, out, async |s| it.run(s).await),
            Self::Collection(it) => session::run(source, out, async |s| it.run(s).await),
            Self::Mail(it) => session::run(source, out, async |s| it.run(s).await),
            Self::Calendar(it) => session::run(source, out, async |s| it.run(s).await),
            Self::Why(it) => session::run(source, out, async |s| it.run(s).await),
            Self::FindTime(it) => session::run(source, out, async |s| it.run(s).await),
            Self::Lock(it) => session::run(source, out, async |s| it.run(s, true).await),
            Self::Unlock(it) => session::run(source, out, async |s| it.run(s, false).await),
        }
    }
}

/// Why a subcommand did not do its work.
#[derive(Debug)]
pub enum Failure {
    /// Exit code 1.
    Failed(String),
    /// Exit code 1, and nothing to say: nobody reads the output any more.
    Closed,
    /// Exit code 2: options that only the work itself could find wrong.
    Usage(String),
    /// Exit code 3.
    Config(ConfigError),
}

impl From<String> for Failure {
    fn from(text: String) -> Self {
        Self::Failed(text)
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::Failed(fault.to_string())
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
            Self::Failed(text) | Self::Usage(text) => f.write_str(text),
            Self::Closed => Ok(()),
            Self::Config(error) => error.fmt(f),
        }
    }
}

/// What `--version` says: the time zones change more often than the program.
fn version() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| {
        format!("{} (time zones {})", env!("CARGO_PKG_VERSION"), database::version())
    });
    &TEXT
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    crate::server::memory::set_up();
    let before_dashes = std::env::args_os().skip(1).take_while(|argument| argument != "--");
    let json = before_dashes.into_iter().any(|argument| argument == "--json");
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) if json && error.use_stderr() => {
            let text = error.render().to_string();
            report(text.trim().trim_start_matches("error: "), json);
            return ExitCode::from(2);
        }
        Err(error) => error.exit(),
    };
    let Err(failure) = cli.command.run(source(cli.config, cli.data_dir), Out::new(json)) else {
        return ExitCode::SUCCESS;
    };
    report(&failure.to_string(), json);
    ExitCode::from(match failure {
        Failure::Failed(_) | Failure::Closed => 1,
        Failure::Usage(_) => 2,
        Failure::Config(_) => 3,
    })
}

/// Writes an error for people, or as JSON: `{"error": "..."}`.
fn report(text: &str, json: bool) {
    if json && !text.is_empty() {
        eprintln!("{}", serde_json::json!({ "error": text }));
    } else {
        text.lines().for_each(|line| eprintln!("davenport: {line}"));
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
pub fn load(source: &Source, out: Out) -> Result<Config, Failure> {
    let config = source.load()?;
    config.warnings.iter().for_each(|warning| out.warn(warning));
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

#[cfg(test)]
mod tests {
    use super::Cli;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
