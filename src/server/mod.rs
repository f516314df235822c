//! The running server: it binds, serves, reloads and stops.
//!
//! Invariant: either every listener is bound and the certificate is good before the first request
//! is taken, or nothing is served; and a reload that fails changes nothing.

pub mod config;
pub mod log;
pub mod memory;
pub mod tls;
pub mod stall;
pub mod framing;
pub mod gate;
pub mod activity;
pub mod conn;
pub mod listen;
pub mod jobs;
pub mod outbound;
pub mod feeds;
pub mod push;
pub mod app;

pub use listen::BoundAddress;

use activity::Timing;
use config::{Current, Source};
use conn::{Handlers, Phase, Shell};
use std::sync::Arc;
use std::time::Duration;
use tls::Certificate;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_rustls::TlsAcceptor;

/// Serves until `SIGTERM` or `SIGINT`; then takes nothing new and finishes what runs, for as long
/// as the configuration says or until a second signal. `SIGHUP` reads configuration and
/// certificate anew from `source`. `on_ready` is told where the server listens, once it does.
///
/// # Errors
/// What kept the server from starting, and what to do.
pub async fn run(
    current: Arc<Current>,
    source: Source,
    handlers: Handlers,
    on_ready: impl FnOnce(Vec<BoundAddress>),
) -> Result<(), String> {
    let config = current.get();
    let mut signals = Signals::new().map_err(|e| format!("cannot wait for signals: {e}"))?;
    tls::install_provider();
    let certificate = Certificate::load(&config)?;
    let acceptor = match &certificate {
        Some(certificate) => Some(TlsAcceptor::from(certificate.clone().server_config()?)),
        None => None,
    };
    let bound = listen::bind(&config).await?;
    let addresses: Vec<BoundAddress> = bound.iter().map(|bound| bound.at).collect();
    let shell = Shell::new(current.clone(), handlers, Timing::default());
    for bound in bound {
        tokio::spawn(listen::accept(shell.clone(), bound, acceptor.clone()));
    }
    on_ready(addresses);
    while signals.next().await == Order::Reload {
        reload(&current, &source, certificate.as_deref());
    }
    drain(&shell, &mut signals).await;
    Ok(())
}

/// Finishes what runs.
async fn drain(shell: &Shell, signals: &mut Signals) {
    let patience = shell.current.get().shutdown;
    tracing::info!(connections = shell.gate.open(), "stopping");
    shell.phase.send_replace(Phase::Draining);
    shell.stopping.send_replace(true);
    let stopped = async { while signals.next().await == Order::Reload {} };
    tokio::select! {
        () = shell.gate.room(1) => return,
        () = tokio::time::sleep(patience) => {}
        () = stopped => {}
    }
    tracing::warn!(connections = shell.gate.open(), "closing connections that still work");
    shell.phase.send_replace(Phase::Closing);
    let _ = tokio::time::timeout(Duration::from_secs(1), shell.gate.room(1)).await;
}

/// Puts into force what can change while the server runs, and says what cannot.
fn reload(current: &Current, source: &Source, certificate: Option<&Certificate>) {
    let old = current.get();
    let reloaded = source.load().and_then(|new| old.reloaded(&new));
    let (new, waiting) = match reloaded {
        Ok(reloaded) => reloaded,
        Err(error) => {
            for problem in &error.0 {
                tracing::error!("reload: {problem}");
            }
            tracing::error!("reload: the configuration stays as it was");
            return;
        }
    };
    for warning in &new.warnings {
        tracing::warn!("reload: {warning}");
    }
    for key in waiting {
        tracing::warn!("reload: {key} changed, which needs a restart");
    }
    match certificate.map(|certificate| certificate.reload(&new)) {
        Some(Ok(true)) => tracing::info!("reload: another certificate is in use"),
        Some(Err(why)) => tracing::error!("reload: the certificate stays as it was: {why}"),
        Some(Ok(false)) | None => {}
    }
    log::set_level(new.log_level);
    current.set(new);
    tracing::info!("reloaded");
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Reload,
    Stop,
}

struct Signals {
    hangup: Signal,
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) -> Order {
        tokio::select! {
            _ = self.hangup.recv() => Order::Reload,
            _ = self.terminate.recv() => Order::Stop,
            _ = self.interrupt.recv() => Order::Stop,
        }
    }
}
