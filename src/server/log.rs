//! Log lines on standard error, as text or as JSON, with a level that can change while the
//! server runs. Lines of libraries are written from `info` upward only, whatever the level.

use super::config::LogFormat;
use std::io::IsTerminal;
use std::sync::OnceLock;
use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::reload;
use tracing_subscriber::{Layer, Registry, fmt};

static LEVEL: OnceLock<reload::Handle<Targets, Registry>> = OnceLock::new();

fn targets(level: Level) -> Targets {
    Targets::new().with_default(level.min(Level::INFO)).with_target("davenport", level)
}

/// Starts logging; the first call in a process counts.
pub fn init(format: LogFormat, level: Level) {
    let (filter, handle) = reload::Layer::new(targets(level));
    let layer = fmt::layer().with_writer(std::io::stderr);
    let layer = match format {
        LogFormat::Text => layer.with_ansi(std::io::stderr().is_terminal()).boxed(),
        LogFormat::Json => layer.json().with_current_span(true).with_span_list(false).boxed(),
    };
    let subscriber = Registry::default().with(filter).with(layer);
    if tracing::subscriber::set_global_default(subscriber).is_ok() {
        let _ = LEVEL.set(handle);
    }
}

/// Changes the level of a started log.
pub fn set_level(level: Level) {
    if let Some(handle) = LEVEL.get() {
        let _ = handle.reload(targets(level));
    }
}
