//! `davenport serve`: run the server in the foreground.

use super::out::Out;
use super::{Failure, load, runtime};
use crate::kernel::secret::Secret;
use crate::server::config::{Config, Current, Flag, Source};
use crate::server::listen::Speaks;
use crate::server::{BoundAddress, app, log, run};
use clap::Args;
use std::io::Write;
use std::time::Duration;

/// The options of `davenport serve`.
#[derive(Debug, Args)]
pub struct Serve {
    /// Speak plain HTTP here (overrides http.listen; repeatable)
    #[arg(long, value_name = "ADDR:PORT")]
    http: Vec<String>,
    /// Speak HTTPS here (overrides https.listen; repeatable)
    #[arg(long, value_name = "ADDR:PORT")]
    https: Vec<String>,
    /// Speak IMAP here (overrides imap.listen; repeatable)
    #[arg(long, value_name = "ADDR:PORT")]
    imap: Vec<String>,
    /// Speak IMAP over TLS here (overrides imaps.listen; repeatable)
    #[arg(long, value_name = "ADDR:PORT")]
    imaps: Vec<String>,
    /// Speak POP3 here (overrides pop3.listen; repeatable)
    #[arg(long, value_name = "ADDR:PORT")]
    pop3: Vec<String>,
    /// Speak POP3 over TLS here (overrides pop3s.listen; repeatable)
    #[arg(long, value_name = "ADDR:PORT")]
    pop3s: Vec<String>,
    /// Where the certificate comes from: self-signed or pem (overrides tls)
    #[arg(long, value_name = "MODE")]
    tls: Option<String>,
}

impl Serve {
    /// Runs the server until a signal ends it.
    ///
    /// # Errors
    /// Every [`Failure`].
    pub fn run(self, mut source: Source, out: Out) -> Result<(), Failure> {
        let lists = [
            ("--http", "http.listen", self.http),
            ("--https", "https.listen", self.https),
            ("--imap", "imap.listen", self.imap),
            ("--imaps", "imaps.listen", self.imaps),
            ("--pop3", "pop3.listen", self.pop3),
            ("--pop3s", "pop3s.listen", self.pop3s),
        ];
        for (flag, key, list) in lists.into_iter().filter(|(_, _, list)| !list.is_empty()) {
            source.flags.push(Flag { flag, key, value: list.join(",") });
        }
        if let Some(value) = self.tls {
            source.flags.push(Flag { flag: "--tls", key: "tls", value });
        }
        let config = load(&source, out)?;
        log::init(config.log_format, config.log_level);
        let runtime = runtime()?;
        let result = runtime.block_on(serve(config, source));
        runtime.shutdown_timeout(Duration::from_secs(1));
        result
    }
}

/// Builds the server from its configuration and runs it.
///
/// # Errors
/// [`Failure::Failed`].
pub async fn serve(config: Config, source: Source) -> Result<(), Failure> {
    let named = config.public_url.clone();
    let current = Current::new(config);
    let mut app = app::start(&current).await.map_err(|fault| fault.to_string())?;
    let mut first = app.first.take();
    let announced = |addresses: Vec<BoundAddress>| {
        announce(&addresses, named);
        tell_password(first.take());
    };
    let result = run(current, source, app.handlers.clone(), announced).await;
    app.close().await;
    // The administrator is made before the server can listen, and the password is kept nowhere.
    tell_password(first);
    result.map_err(Failure::Failed)
}

/// Tells people and scripts where the server is; a closed standard output is no reason to stop.
fn announce(addresses: &[BoundAddress], named: Option<String>) {
    let mut out = std::io::stdout();
    let (http, mail): (Vec<&BoundAddress>, Vec<&BoundAddress>) =
        addresses.iter().partition(|address| address.speaks == Speaks::Http);
    for address in &http {
        let _ = writeln!(out, "Davenport is ready at {address}");
    }
    // Where there is TLS, clients are sent there: some say no password elsewhere.
    let best = http.iter().find(|address| address.secure).or(http.first());
    if let Some(base) = named.or_else(|| best.map(|best| best.to_string())) {
        let base = base.trim_end_matches('/');
        let _ = writeln!(
            out,
            "  Calendar and contacts programs, Thunderbird, Evolution, DAVx5, vdirsyncer: {base}/\n  \
             Calendars: {base}/dav/calendars/NAME/   Address books: {base}/dav/addressbooks/NAME/\n  \
             Files (davfs2, rclone, a file manager): {base}/dav/files/NAME/"
        );
    }
    for address in mail {
        let _ = writeln!(out, "  Mail: {address}");
    }
    let _ = out.flush();
}

/// Tells the first administrator's password, once.
fn tell_password(first: Option<(String, Secret)>) {
    let Some((name, password)) = first else { return };
    let mut out = std::io::stdout();
    let _ = writeln!(
        out,
        "  Administrator: {name}   Password: {}   (shown this once)",
        password.expose()
    );
    let _ = out.flush();
}
