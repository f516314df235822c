//! `davenport serve`: run the server in the foreground.

use super::{Failure, load, runtime};
use crate::kernel::secret::Secret;
use crate::server::config::{Config, Current, Flag, Source};
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
    /// Where the certificate comes from: self-signed or pem (overrides tls)
    #[arg(long, value_name = "MODE")]
    tls: Option<String>,
}

impl Serve {
    /// Runs the server until a signal ends it.
    ///
    /// # Errors
    /// Every [`Failure`].
    pub fn run(self, mut source: Source) -> Result<(), Failure> {
        let lists = [("--http", "http.listen", self.http), ("--https", "https.listen", self.https)];
        for (flag, key, list) in lists.into_iter().filter(|(_, _, list)| !list.is_empty()) {
            source.flags.push(Flag { flag, key, value: list.join(",") });
        }
        if let Some(value) = self.tls {
            source.flags.push(Flag { flag: "--tls", key: "tls", value });
        }
        let config = load(&source)?;
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
    let current = Current::new(config);
    let mut app = app::start(&current).await.map_err(|fault| fault.to_string())?;
    let (handler, first) = (app.handler.clone(), app.first.take());
    let announced = run(current, source, handler, |addresses| announce(&addresses, first)).await;
    app.close().await;
    announced.map_err(Failure::Failed)
}

/// Tells people and scripts where the server is, and once the first administrator's password; a
/// closed standard output is no reason to stop.
fn announce(addresses: &[BoundAddress], first: Option<(String, Secret)>) {
    let mut out = std::io::stdout();
    for address in addresses {
        let _ = writeln!(out, "Davenport is ready at {address}");
    }
    if let Some(first) = addresses.first() {
        let base = first.to_string();
        let base = base.trim_end_matches('/');
        let _ = writeln!(
            out,
            "  Calendar and contacts programs, Thunderbird, Evolution, DAVx5, vdirsyncer: {base}/\n  \
             Calendars: {base}/dav/calendars/NAME/   Address books: {base}/dav/addressbooks/NAME/\n  \
             Files (davfs2, rclone, a file manager): {base}/dav/files/NAME/"
        );
    }
    if let Some((name, password)) = first {
        let _ = writeln!(
            out,
            "  Administrator: {name}   Password: {}   (shown this once)",
            password.expose()
        );
    }
    let _ = out.flush();
}
