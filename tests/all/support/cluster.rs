//! The directory of a throw-away PostgreSQL cluster, and how its programs are run. The benchmark
//! includes this file too.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A cluster's directory: its data, its log and its sockets.
pub struct Cluster {
    root: PathBuf,
    programs: PathBuf,
    log: File,
    /// The user and group that the programs run as.
    owner: Option<(u32, u32)>,
}

impl Cluster {
    /// Makes the directory and, with these further options, the cluster in it. A socket's path is
    /// at most 107 octets long, and the cluster's user must be able to reach it.
    pub fn create(root: &Path, programs: &Path, options: &[&str]) -> Result<Self, String> {
        let cluster = Self::directory(root, programs).map_err(|e| format!("{root:?}: {e}"))?;
        let how = ["--username=davenport", "--auth=trust", "--encoding=UTF8", "--locale=C"];
        let made = cluster.command("initdb").and_then(|mut it| it.args(how).args(options).status());
        match made.is_ok_and(|status| status.success()) {
            true => Ok(cluster),
            false => Err(format!("initdb failed: see {}", root.join("log").display())),
        }
    }

    fn directory(root: &Path, programs: &Path) -> io::Result<Self> {
        fs::create_dir(root)?;
        fs::set_permissions(root, Permissions::from_mode(0o700))?;
        let owner = unprivileged(root);
        if let Some((user, group)) = owner {
            chown(root, Some(user), Some(group))?;
        }
        let log = File::create(root.join("log"))?;
        Ok(Self { root: root.to_owned(), programs: programs.to_owned(), log, owner })
    }

    fn command(&self, program: &str) -> io::Result<Command> {
        let mut command = Command::new(self.programs.join(program));
        command.current_dir("/").stdin(Stdio::null()).arg("-D").arg(self.root.join("data"));
        command.stdout(self.log.try_clone()?).stderr(self.log.try_clone()?);
        if let Some((user, group)) = self.owner {
            command.uid(user).gid(group);
        }
        Ok(command)
    }

    /// Starts the server with these further options, and waits until it takes connections.
    pub fn serve(&self, change: impl FnOnce(&mut Command)) -> Result<Child, String> {
        let ended = || format!("postgres ended: see {}", self.root.join("log").display());
        let mut command = self.command("postgres").map_err(|e| e.to_string())?;
        command.args(["-c", "listen_addresses=", "-k"]).arg(&self.root);
        change(&mut command);
        let mut server = command.spawn().map_err(|e| e.to_string())?;
        while !is_ready(&self.root) {
            if server.try_wait().map_err(|e| e.to_string())?.is_some() {
                return Err(ended());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(server)
    }
}

/// Whether the server of this directory takes connections: it says so in the eighth line of its
/// file, which outlives it when it is killed.
pub fn is_ready(root: &Path) -> bool {
    let state = fs::read_to_string(root.join("data/postmaster.pid")).unwrap_or_default();
    state.lines().nth(7).is_some_and(|line| line.trim() == "ready")
}

/// Where a database of the cluster in this directory is.
pub fn url(root: &Path, database: &str) -> String {
    format!("postgres://davenport@localhost/{database}?host={}", root.display())
}

/// The directory of the programs, if there is one.
pub fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut versions: Vec<_> = versions.map(|v| v.path().join("bin")).collect();
    versions.sort();
    folders.extend(versions.into_iter().rev());
    folders.into_iter().find(|f| f.join("initdb").exists() && f.join("postgres").exists())
}

/// PostgreSQL refuses to run as root: then a user and group to run it as.
fn unprivileged(ours: &Path) -> Option<(u32, u32)> {
    if fs::metadata(ours).is_ok_and(|it| it.uid() != 0) {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").ok()?;
    let find = |name: &str| {
        let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut ids = line.split(':').skip(2).map(|id| id.parse().ok());
        Some((ids.next()??, ids.next()??))
    };
    find("postgres").or_else(|| find("nobody"))
}
