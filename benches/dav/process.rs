//! The server as a process of its own, and what the kernel counts of processes.
//!
//! Invariant: a process that was started here ends with the value that holds it.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

/// A child that listens.
pub struct Listening {
    child: Child,
    /// Held open, because a child may still write there.
    _output: BufReader<ChildStdout>,
    /// Where it listens.
    pub address: SocketAddr,
    /// What it wrote until it listened.
    pub said: String,
}

impl Listening {
    /// Starts a child and reads its standard output until a line holds `last`. Some line before
    /// or with it says `at http://ADDRESS`.
    pub fn start(command: &mut Command, last: &str) -> Result<Self, String> {
        let spawned = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        let mut child = spawned.map_err(|e| format!("cannot start {command:?}: {e}"))?;
        let mut output = BufReader::new(child.stdout.take().ok_or("no output")?);
        let mut said = String::new();
        while !said.contains(last) || !said.ends_with('\n') {
            if output.read_line(&mut said).map_err(|e| e.to_string())? == 0 {
                let end = child.wait();
                return Err(format!("{command:?} ended ({end:?}) after {said:?}"));
            }
        }
        let address = said.split_once("at http://").map_or("", |(_, rest)| rest);
        let address = address.split(['/', '\n']).next().unwrap_or_default();
        let address = address.parse().map_err(|e| format!("no address in {said:?}: {e}"))?;
        Ok(Self { child, _output: output, address, said })
    }

    /// Its process number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Orders it to stop and waits until it has.
    pub fn stop(mut self) {
        let id = self.child.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &id]).status();
        let _ = self.child.wait();
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The server's binary, keeping its data in `folder` and its log beside.
pub fn davenport(folder: &Path, store: Option<&str>) -> Result<Command, String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_davenport"));
    let log = fs::File::options().create(true).append(true).open(folder.join("log"));
    command.args(["serve", "--http", "127.0.0.1:0", "--data-dir"]).arg(folder);
    command.stderr(log.map_err(|e| e.to_string())?).current_dir(folder);
    // One address makes all connections here.
    command.env("DAVENPORT_LIMITS_CONNECTIONS_PER_ADDRESS", "10000");
    if let Some(url) = store {
        command.env("DAVENPORT_STORE", url);
    }
    Ok(command)
}

/// Seconds of a tick in `/proc`: Linux shows 100 a second to programs on every platform.
const TICK: f64 = 0.01;

/// The numbers of `/proc/ID/stat` after the name: the third field has index 0.
fn stat(id: u32) -> Option<Vec<i64>> {
    let text = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let (_, rest) = text.rsplit_once(") ")?;
    Some(rest.split_whitespace().map(|field| field.parse().unwrap_or(0)).collect())
}

/// Seconds of CPU, user and system, that a process has used.
pub fn cpu(id: u32) -> f64 {
    stat(id).map_or(0.0, |s| (s[11] + s[12]) as f64 * TICK)
}

/// Seconds of CPU of a process and all its children, past and present.
pub fn cpu_of_family(id: u32) -> f64 {
    let ended = stat(id).map_or(0.0, |s| (s[13] + s[14]) as f64 * TICK);
    let all = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = all.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let living = ids.filter(|child| stat(*child).is_some_and(|s| s[1] == i64::from(id)));
    cpu(id) + ended + living.map(cpu).sum::<f64>()
}

/// Resident memory of a process in MiB.
pub fn resident(id: u32) -> f64 {
    let text = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok());
    kib.unwrap_or(0.0) / 1024.0
}

/// The load average of the last minute.
pub fn load() -> f64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().next().and_then(|first| first.parse().ok()).unwrap_or(0.0)
}
