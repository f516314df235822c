//! The report: medians over the rounds as Markdown tables, and each aim as met or missed.
//!
//! Invariant: every factor compares figures of one section, which were measured in turn.

use crate::load::Sample;
use crate::workload::{IMPORT, NAMES};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The bare HTTP server among the workloads.
pub const HYPER: &str = "bare hyper";
/// Rows a commit that bare SQLite was given.
pub const ROWS: [usize; 3] = [1, 8, 32];

/// Everything measured on one engine with one number of events.
#[derive(Default)]
pub struct Section {
    /// The engine.
    pub engine: String,
    /// Events in the collection.
    pub objects: usize,
    /// Connections that were tried.
    pub connections: Vec<usize>,
    /// Samples of each workload and number of connections.
    pub samples: BTreeMap<(String, usize), Vec<Sample>>,
    /// Rows a second of bare SQLite by rows a commit, each round.
    pub rows: BTreeMap<usize, Vec<f64>>,
    /// Synced appends a second, each round.
    pub appends: Vec<f64>,
    /// Load averages.
    pub load: Vec<f64>,
    /// Events seeded a second.
    pub seeded: f64,
    /// Cards seeded a second.
    pub seeded_cards: f64,
    /// Octets on the disk for each event, beyond its own.
    pub disk: f64,
    /// Events of each import.
    pub import: usize,
    /// Milliseconds from the start of the process until it listens.
    pub start: f64,
    /// MiB of memory before the first request and after all.
    pub resident: (f64, f64),
}

fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut all: Vec<f64> = values.into_iter().collect();
    all.sort_by(f64::total_cmp);
    all.get(all.len().checked_sub(1)? / 2).copied()
}

impl Section {
    fn of(&self, workload: &str, connections: usize, what: fn(&Sample) -> f64) -> Option<f64> {
        let samples = self.samples.get(&(workload.to_owned(), connections))?;
        median(samples.iter().map(what))
    }

    /// The server's CPU in bare HTTP answers.
    fn factor(&self, workload: &str, connections: usize) -> Option<f64> {
        let bare = self.of(HYPER, connections, Sample::micros)?;
        Some(self.of(workload, connections, Sample::micros)? / bare.max(1e-9))
    }

    /// The table.
    pub fn table(&self) -> String {
        let mut out = format!("\n## {}, {} events\n\n", self.engine, self.objects);
        let _ = writeln!(
            out,
            "Start {:.0} ms; memory {:.1} MiB idle, {:.1} MiB after; seeded {:.0} events/s and \
             {:.0} cards/s over 32 connections; {:.0} octets on disk per event beyond its own; load {:.1} to {:.1}.\n",
            self.start,
            self.resident.0,
            self.resident.1,
            self.seeded,
            self.seeded_cards,
            self.disk,
            self.load.iter().copied().fold(f64::MAX, f64::min),
            self.load.iter().copied().fold(0.0, f64::max),
        );
        for (rows, rates) in &self.rows {
            let rate = median(rates.iter().copied()).unwrap_or(0.0);
            let _ = writeln!(out, "- bare SQLite, {rows} rows a commit: {rate:.0} rows/s");
        }
        let rate = median(self.appends.iter().copied()).unwrap_or(0.0);
        let _ = writeln!(out, "- append of 4 KB with fdatasync: {rate:.0}/s\n");
        let database = self.engine != "sqlite";
        let (title, line) = if database { (" database µs/op |", "---:|") } else { ("", "") };
        let _ = writeln!(
            out,
            "| workload | conn. | CPU µs/op | × hyper |{title} ops/s | p50 ms | p99 ms |"
        );
        let _ = writeln!(out, "|---|---:|---:|---:|{line}---:|---:|---:|");
        for workload in std::iter::once(HYPER).chain(NAMES) {
            for connections in &self.connections {
                self.row(workload, *connections, database, &mut out);
            }
        }
        out
    }

    fn row(&self, workload: &str, connections: usize, database: bool, out: &mut String) {
        let figure = |what| self.of(workload, connections, what);
        let Some(cpu) = figure(Sample::micros) else { return };
        let factor = self.factor(workload, connections).unwrap_or(0.0);
        let _ = write!(out, "| {workload} | {connections} | {cpu:.1} | {factor:.1} |");
        if database {
            let _ = write!(out, " {:.1} |", figure(Sample::database_micros).unwrap_or(0.0));
        }
        let (rate, p50, p99) = (figure(Sample::rate), figure(|s| s.p50), figure(|s| s.p99));
        let (rate, p50, p99) = (rate.unwrap_or(0.0), p50.unwrap_or(0.0), p99.unwrap_or(0.0));
        let _ = writeln!(out, " {rate:.0} | {p50:.2} | {p99:.2} |");
    }
}

/// One aim: what was measured, the bound, and whether more is better.
struct Aim {
    what: String,
    is: f64,
    bound: f64,
    at_least: bool,
}

/// Every aim as a line; the second value is how many were missed.
pub fn aims(sections: &[Section]) -> (String, usize) {
    let mut all = Vec::new();
    for section in sections {
        of_section(section, &mut all);
        let small = sections.iter().find(|s| s.engine == section.engine);
        if let Some(small) = small.filter(|small| small.objects < section.objects) {
            growth(small, section, &mut all);
        }
    }
    let mut out = "\n## Aims\n\n| aim | measured | bound | |\n|---|---:|---:|---|\n".to_owned();
    let mut missed = 0;
    for aim in all {
        let met = if aim.at_least { aim.is >= aim.bound } else { aim.is <= aim.bound };
        missed += usize::from(!met);
        let sign = if aim.at_least { "≥" } else { "≤" };
        let word = if met { "met" } else { "**missed**" };
        let _ =
            writeln!(out, "| {} | {:.2} | {sign} {:.2} | {word} |", aim.what, aim.is, aim.bound);
    }
    (out, missed)
}

/// Times the CPU of a bare answer that a request may cost.
const FACTORS: [(&str, f64); 6] = [
    ("get", 5.0),
    ("propfind0", 5.0),
    ("sync-none", 6.0),
    ("sync-one", 8.0),
    ("query-uid", 8.0),
    ("multiget50", 60.0),
];

/// Microseconds of CPU that a query may cost, with up to 1 000 objects and with more.
const MICROS: [(&str, f64, f64); 3] =
    [("query-64", 700.0, 700.0), ("busy-month", 300.0, 300.0), ("card-search", 500.0, 2_000.0)];

fn of_section(section: &Section, all: &mut Vec<Aim>) {
    let title = format!("{} {}", section.engine, section.objects);
    let mut most = |what: String, is: Option<f64>, bound: f64| {
        let what = format!("{title}: {what}");
        all.extend(is.map(|is| Aim { what, is, bound, at_least: false }));
    };
    for connections in &section.connections {
        for (workload, bound) in FACTORS {
            let what = format!("{workload} at {connections}, × hyper's CPU");
            most(what, section.factor(workload, *connections), bound);
        }
        for (workload, few, many) in MICROS {
            let bound = if section.objects <= 1_000 { few } else { many };
            let what = format!("{workload} at {connections}, µs CPU");
            most(what, section.of(workload, *connections, Sample::micros), bound);
        }
        for workload in ["propfind1-etags", "sync-initial"] {
            let whole = section.of(workload, *connections, Sample::micros);
            let each = whole.map(|micros| micros / section.objects.max(1) as f64);
            most(format!("{workload} at {connections}, µs CPU a member"), each, 4.0);
        }
    }
    for connections in &section.connections {
        let what = format!("import of {} events, ms for 10 000", section.import);
        let each = section.of(IMPORT, *connections, |s| s.p50);
        let scale = 10_000.0 / section.import.max(1) as f64;
        most(what, each.map(|ms| ms * scale), 3_000.0);
    }
    most("idle memory, MiB".into(), Some(section.resident.0), 30.0);
    most("octets on disk per event beyond its own".into(), Some(section.disk), 2_000.0);
    if section.engine != "sqlite" {
        return;
    }
    for connections in [8, 32] {
        let bare = section.rows.get(&connections).and_then(|r| median(r.iter().copied()));
        for workload in ["put-new", "put-update", "delete"] {
            let rate = section.of(workload, connections, Sample::rate);
            let (Some(bare), Some(rate)) = (bare, rate) else { continue };
            let what = format!("{title}: {workload} at {connections}, part of bare SQLite's rate");
            all.push(Aim { what, is: rate / bare.max(1e-9), bound: 0.25, at_least: true });
        }
    }
}

/// What may not grow with the collection: at 8 connections, where CPU is least disturbed.
fn growth(small: &Section, large: &Section, all: &mut Vec<Aim>) {
    for workload in ["get", "propfind0", "sync-none", "sync-one", "query-uid", "multiget50"] {
        let (before, after) = (small.factor(workload, 8), large.factor(workload, 8));
        let (Some(before), Some(after)) = (before, after) else { continue };
        let what = format!(
            "{}: {workload} at {} over {} events",
            large.engine, large.objects, small.objects
        );
        all.push(Aim { what, is: after / before.max(1e-9), bound: 1.15, at_least: false });
    }
}
