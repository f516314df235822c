//! The server, or a test that plays it, as a child process.
//!
//! Invariant: it ends with its test at the latest, however the test ends.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

/// A running child.
pub struct Process {
    child: Child,
    /// The lines that were waited for.
    said: Vec<String>,
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Process {
    /// The server's binary with an empty environment, keeping its data in `folder`.
    pub fn davenport(folder: &Path) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_davenport"));
        command.env_clear().current_dir(folder).arg("--data-dir").arg(folder).arg("serve");
        command
    }

    /// Starts a child, and waits until it has written a line with each of these, in their order.
    pub fn start(command: &mut Command, wanted: &[&str]) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let mut process = Self { child, said: Vec::new() };
        let mut lines = output.lines().map_while(Result::ok);
        for mark in wanted {
            let Some(line) = lines.find(|line| line.contains(mark)) else {
                panic!("no {mark:?} after {:?}: {:?}", process.said, process.child.wait())
            };
            process.said.push(line);
        }
        // The rest of what it says must have somewhere to go.
        std::thread::spawn(move || lines.for_each(drop));
        process
    }

    /// Where it listens, as the line says that was waited for as number `index`.
    pub fn address(&self, index: usize) -> SocketAddr {
        let url = self.said[index].split_once("://").unwrap().1;
        url.split('/').next().unwrap().parse().unwrap()
    }

    /// The first administrator's password, as the line says that was waited for as number `index`.
    pub fn password(&self, index: usize) -> String {
        let rest = self.said[index].split_once("Password: ").unwrap().1;
        rest.split_whitespace().next().unwrap().to_owned()
    }

    /// Sends a signal by its name without `SIG`.
    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &id]).status().unwrap().success());
    }

    /// `SIGKILL`.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// Waits for its end; gives its exit code, and what it wrote to standard error if that is a
    /// pipe.
    pub fn end(mut self) -> (Option<i32>, String) {
        let mut errors = String::new();
        if let Some(pipe) = &mut self.child.stderr {
            pipe.read_to_string(&mut errors).unwrap();
        }
        (self.child.wait().unwrap().code(), errors)
    }
}
