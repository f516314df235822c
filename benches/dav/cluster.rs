//! A throw-away PostgreSQL cluster that syncs like a real one.
//!
//! Invariant: it is stopped and its directory removed with the value that holds it. It stays in
//! this process's group, so that an interrupt typed at the terminal ends it too.

#[path = "../../tests/all/support/cluster.rs"]
mod home;

use super::process;
use sqlx::{Connection as _, Executor as _, PgConnection, Row as _};
use std::path::PathBuf;
use std::process::{Child, Command};

/// A running cluster.
pub struct Cluster {
    server: Child,
    root: PathBuf,
}

impl Cluster {
    /// Starts one; `None` where its programs are missing.
    pub fn start() -> Result<Option<Self>, String> {
        let Some(programs) = home::programs() else { return Ok(None) };
        let root = std::env::temp_dir().join(format!("davenport-bench-{}", std::process::id()));
        let server = home::Cluster::create(&root, &programs, &[])?.serve(|_| ())?;
        Ok(Some(Self { server, root }))
    }

    /// Makes a database; gives its URL.
    pub async fn database(&self, name: &str) -> Result<String, String> {
        self.run("postgres", &format!("CREATE DATABASE {name} TEMPLATE template0")).await?;
        Ok(home::url(&self.root, name))
    }

    /// Octets on the disk of a database, after a checkpoint and without dead rows.
    pub async fn octets(&self, name: &str) -> Result<f64, String> {
        self.run(name, "VACUUM").await?;
        Ok(self.int(name, "SELECT pg_database_size(current_database())").await? as f64)
    }

    /// A number from a database.
    pub async fn int(&self, name: &str, sql: &'static str) -> Result<i64, String> {
        let url = home::url(&self.root, name);
        let mut connection = PgConnection::connect(&url).await.map_err(|e| e.to_string())?;
        let row = connection.fetch_one(sql).await;
        row.and_then(|row| row.try_get(0)).map_err(|e| e.to_string())
    }

    /// Seconds of CPU of all its processes.
    pub fn cpu(&self) -> f64 {
        process::cpu_of_family(self.server.id())
    }

    async fn run(&self, database: &str, sql: &str) -> Result<(), String> {
        let url = home::url(&self.root, database);
        let mut connection = PgConnection::connect(&url).await.map_err(|e| e.to_string())?;
        let ran = connection.execute(sqlx::AssertSqlSafe(sql.to_owned())).await;
        ran.map(drop).map_err(|e| e.to_string())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-INT", &self.server.id().to_string()]).status();
        let _ = self.server.wait();
        let _ = std::fs::remove_dir_all(&self.root);
    }
}
