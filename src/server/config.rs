//! The configuration: defaults, a TOML file, `DAVENPORT_*` variables and options of the command
//! line, merged in this order and checked as a whole.
//!
//! Invariant: a [`Config`] exists only if every rule holds. [`keys::KEYS`] is the only place that
//! names keys; a test keeps `config/davenport.toml` in step with it.

pub mod nearest;
pub mod value;
pub mod keys;
pub mod merged;
pub mod rules;
pub mod source;
pub mod show;

pub use keys::{KEYS, Key};
pub use merged::{ConfigError, Merged, Origin, Problem};
pub use source::{Flag, Source};
pub use value::{Kind, Value};

use crate::kernel::secret::Secret;
use crate::protocol::http::outbound::Allowed;
use crate::protocol::http::peer::{ForwardedBy, Trust};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// Where the store is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreAt {
    /// An SQLite database in this file.
    Sqlite(PathBuf),
    /// A PostgreSQL database with this address, which may hold a password.
    Postgres(Secret),
}

/// Where the certificate comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tls {
    /// Nowhere.
    Off,
    /// Made by the server.
    SelfSigned,
    /// Read from two PEM files.
    Pem {
        /// The certificate and its chain.
        certificate: PathBuf,
        /// Its private key.
        key: PathBuf,
    },
}

/// Bounds that an operator may move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Octets of one uploaded file.
    pub file_max: u64,
    /// Connections at once.
    pub connections: usize,
    /// Connections at once from one address.
    pub connections_per_address: usize,
}

/// What the server fetches from elsewhere, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outbound {
    /// What may be fetched from beside the public network.
    pub allow: Vec<Allowed>,
    /// Certificate authorities beside Mozilla's.
    pub ca: Option<PathBuf>,
    /// Seconds between two looks at a feed.
    pub refresh: i64,
}

/// Telling programs of changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Push {
    /// Whether it is done.
    pub enabled: bool,
    /// Whom push services can turn to, or empty.
    pub contact: String,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// A checked configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// The directory of everything kept on this machine.
    pub data_dir: PathBuf,
    /// Where the store is.
    pub store: StoreAt,
    /// Connections to PostgreSQL at most.
    pub store_connections: u32,
    /// Listeners of plain HTTP.
    pub http_listen: Vec<SocketAddr>,
    /// Listeners of HTTPS.
    pub https_listen: Vec<SocketAddr>,
    /// Listeners of IMAP.
    pub imap_listen: Vec<SocketAddr>,
    /// Listeners of IMAP over TLS.
    pub imaps_listen: Vec<SocketAddr>,
    /// Listeners of POP3.
    pub pop3_listen: Vec<SocketAddr>,
    /// Listeners of POP3 over TLS.
    pub pop3s_listen: Vec<SocketAddr>,
    /// The certificate.
    pub tls: Tls,
    /// Which proxies are believed.
    pub trust: Trust,
    /// What the operator says the server's address is, without a slash at its end.
    pub public_url: Option<String>,
    /// How log lines are written.
    pub log_format: LogFormat,
    /// The least important lines written.
    pub log_level: tracing::Level,
    /// Bounds.
    pub limits: Limits,
    /// What the server fetches from elsewhere.
    pub outbound: Outbound,
    /// Telling programs of changes.
    pub push: Push,
    /// How long running requests may go on after the order to stop.
    pub shutdown: Duration,
    /// Days that replaced and deleted content is kept.
    pub history_days: u32,
    /// Whether each new user gets a calendar of birthdays.
    pub birthdays: bool,
    /// Whether the directory is an address book, too.
    pub directory_book: bool,
    /// Whether what is shared with somebody shows in his home without his answer.
    pub auto_accept: bool,
    /// Whether everybody who signs in may know when everybody is busy.
    pub open_free_busy: bool,
    /// Whether those who do not sign in may know it, too.
    pub anonymous_free_busy: bool,
    /// Whether access may be granted to those who have not signed in.
    pub anonymous: bool,
    /// The values behind the fields, with their origins.
    pub merged: Merged,
    /// What is allowed, but probably not meant.
    pub warnings: Vec<String>,
}

impl Config {
    fn from_merged(merged: Merged, warnings: Vec<String>) -> Self {
        let small = |name| u32::try_from(merged.number(name)).unwrap_or(u32::MAX);
        let count = |name| usize::try_from(merged.number(name)).unwrap_or(usize::MAX);
        let data_dir = PathBuf::from(merged.text("data_dir"));
        Self {
            store: store(&merged, &data_dir),
            store_connections: small("store_connections"),
            http_listen: merged.list("http.listen"),
            https_listen: merged.list("https.listen"),
            imap_listen: merged.list("imap.listen"),
            imaps_listen: merged.list("imaps.listen"),
            pop3_listen: merged.list("pop3.listen"),
            pop3s_listen: merged.list("pop3s.listen"),
            tls: tls(&merged),
            trust: Trust {
                proxies: merged.list("trusted_proxies"),
                header: match merged.text("forwarded_header") {
                    "forwarded" => ForwardedBy::Forwarded,
                    "x-forwarded" => ForwardedBy::XForwarded,
                    _ => ForwardedBy::Auto,
                },
            },
            public_url: match merged.text("public_url").trim_end_matches('/') {
                "" => None,
                url => Some(url.to_owned()),
            },
            log_format: match merged.text("log.format") {
                "json" => LogFormat::Json,
                _ => LogFormat::Text,
            },
            log_level: merged.text("log.level").parse().unwrap_or(tracing::Level::INFO),
            limits: Limits {
                file_max: merged.number("limits.file_max"),
                connections: count("limits.connections"),
                connections_per_address: count("limits.connections_per_address"),
            },
            outbound: Outbound {
                allow: merged.list("outbound.allow"),
                ca: Some(merged.text("outbound.ca")).filter(|p| !p.is_empty()).map(PathBuf::from),
                refresh: i64::from(small("subscriptions.refresh_minutes")) * 60,
            },
            push: Push {
                enabled: merged.is_on("push.enabled"),
                contact: merged.text("push.contact").to_owned(),
            },
            shutdown: Duration::from_secs(merged.number("shutdown_seconds")),
            history_days: small("history_days"),
            birthdays: merged.is_on("birthdays"),
            directory_book: merged.is_on("directory.address_book"),
            auto_accept: merged.is_on("sharing.auto_accept"),
            open_free_busy: merged.is_on("scheduling.open_free_busy"),
            anonymous_free_busy: merged.is_on("scheduling.anonymous_free_busy"),
            anonymous: merged.is_on("access.anonymous"),
            data_dir,
            merged,
            warnings,
        }
    }

    /// The server's address without a slash at its end: `public_url`, else the first listener.
    pub fn base_url(&self) -> String {
        if let Some(url) = &self.public_url {
            return url.clone();
        }
        let https = self.https_listen.first().map(|address| ("https", address));
        match https.or_else(|| self.http_listen.first().map(|address| ("http", address))) {
            Some((scheme, address)) if address.ip().is_unspecified() => {
                format!("{scheme}://localhost:{}", address.port())
            }
            Some((scheme, address)) => format!("{scheme}://{address}"),
            None => "http://localhost".to_owned(),
        }
    }

    /// This configuration with the keys of `new` that can change while the server runs, and the
    /// names of the changed keys that need a restart.
    ///
    /// # Errors
    /// When the mixture breaks a rule.
    pub fn reloaded(&self, new: &Self) -> Result<(Self, Vec<&'static str>), ConfigError> {
        let (merged, waiting) = self.merged.with_live(&new.merged);
        let problems = rules::broken(&merged);
        if !problems.is_empty() {
            return Err(ConfigError(problems));
        }
        Ok((Self::from_merged(merged, new.warnings.clone()), waiting))
    }
}

fn store(merged: &Merged, data_dir: &std::path::Path) -> StoreAt {
    match merged.text("store") {
        "sqlite" => StoreAt::Sqlite(data_dir.join("davenport.db")),
        text => match text.strip_prefix("sqlite://") {
            Some(path) => StoreAt::Sqlite(PathBuf::from(path)),
            None => StoreAt::Postgres(Secret::new(text)),
        },
    }
}

fn tls(merged: &Merged) -> Tls {
    match rules::tls_mode(merged) {
        "self-signed" => Tls::SelfSigned,
        "pem" => Tls::Pem {
            certificate: PathBuf::from(merged.text("tls_certificate")),
            key: PathBuf::from(merged.text("tls_key")),
        },
        _ => Tls::Off,
    }
}

/// The configuration in force, which a reload replaces.
#[derive(Debug)]
pub struct Current(RwLock<Arc<Config>>);

impl Current {
    /// Puts a configuration into force.
    pub fn new(config: Config) -> Arc<Self> {
        Arc::new(Self(RwLock::new(Arc::new(config))))
    }

    /// The configuration in force now.
    pub fn get(&self) -> Arc<Config> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts another into force.
    pub fn set(&self, config: Config) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(config);
    }
}

#[cfg(test)]
mod tests;
