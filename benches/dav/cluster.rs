//! A throw-away PostgreSQL cluster that syncs like a real one.
//!
//! Invariant: it is stopped and its directory removed with the value that holds it. It stays in
//! this process's group, so that an interrupt typed at the terminal ends it too.

use super::process;
use sqlx::{Connection as _, Executor as _, PgConnection, Row as _};
use std::fs::{self, File, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A running cluster.
pub struct Cluster {
    server: Child,
    root: PathBuf,
}

impl Cluster {
    /// Starts one; `None` where its programs are missing.
    pub fn start() -> Result<Option<Self>, String> {
        let Some(programs) = programs() else { return Ok(None) };
        // A socket's path is at most 107 octets long, and the cluster's user must reach it.
        let root = std::env::temp_dir().join(format!("davenport-bench-{}", std::process::id()));
        let text = |e: std::io::Error| e.to_string();
        fs::create_dir(&root).map_err(text)?;
        fs::set_permissions(&root, Permissions::from_mode(0o700)).map_err(text)?;
        let owner = unprivileged(&root);
        if let Some((user, group)) = owner {
            chown(&root, Some(user), Some(group)).map_err(text)?;
        }
        let log = File::create(root.join("log")).map_err(text)?;
        let command = |name: &str| -> Result<Command, String> {
            let mut command = Command::new(programs.join(name));
            command.current_dir("/").stdin(Stdio::null()).arg("-D").arg(root.join("data"));
            command.stdout(log.try_clone().map_err(text)?);
            command.stderr(log.try_clone().map_err(text)?);
            if let Some((user, group)) = owner {
                command.uid(user).gid(group);
            }
            Ok(command)
        };
        let how = ["--username=davenport", "--auth=trust", "--encoding=UTF8", "--locale=C"];
        let made = command("initdb")?.args(how).status().map_err(text)?;
        if !made.success() {
            return Err(format!("initdb failed: see {}", root.join("log").display()));
        }
        let mut server = command("postgres")?;
        server.args(["-c", "listen_addresses=", "-k"]).arg(&root);
        let mut server = server.spawn().map_err(text)?;
        let state = root.join("data/postmaster.pid");
        while !fs::read_to_string(&state).is_ok_and(|text| text.contains("ready")) {
            if server.try_wait().map_err(text)?.is_some() {
                return Err(format!("postgres ended: see {}", root.join("log").display()));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(Some(Self { server, root }))
    }

    /// Makes a database; gives its URL.
    pub async fn database(&self, name: &str) -> Result<String, String> {
        self.run("postgres", &format!("CREATE DATABASE {name} TEMPLATE template0")).await?;
        Ok(self.url(name))
    }

    /// Octets on the disk of a database, after a checkpoint and without dead rows.
    pub async fn octets(&self, name: &str) -> Result<f64, String> {
        self.run(name, "VACUUM").await?;
        let url = self.url(name);
        let mut connection = PgConnection::connect(&url).await.map_err(|e| e.to_string())?;
        let row = connection.fetch_one("SELECT pg_database_size(current_database())").await;
        let size: i64 = row.and_then(|row| row.try_get(0)).map_err(|e| e.to_string())?;
        Ok(size as f64)
    }

    /// Seconds of CPU of all its processes.
    pub fn cpu(&self) -> f64 {
        process::cpu_of_family(self.server.id())
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://davenport@localhost/{database}?host={}", self.root.display())
    }

    async fn run(&self, database: &str, sql: &str) -> Result<(), String> {
        let url = self.url(database);
        let mut connection = PgConnection::connect(&url).await.map_err(|e| e.to_string())?;
        let ran = connection.execute(sqlx::AssertSqlSafe(sql.to_owned())).await;
        ran.map(drop).map_err(|e| e.to_string())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-INT", &self.server.id().to_string()]).status();
        let _ = self.server.wait();
        let _ = fs::remove_dir_all(&self.root);
    }
}

/// The directory of the cluster's programs.
fn programs() -> Option<PathBuf> {
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
