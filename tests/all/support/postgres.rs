//! One throw-away PostgreSQL cluster for all tests that run at the same time, whether they are
//! threads of one process (`cargo test`) or processes (`cargo nextest`).
//!
//! Whoever uses the cluster holds a shared lock on one file; who starts or stops it holds it alone.
//! The operating system frees the lock of a process that dies, however it dies. A watchdog (this
//! binary run once more, see [`watchdog`]) waits until nobody holds the lock, then stops the
//! cluster and removes its directory. Invariant: nothing is left running.

use super::cluster;
use sqlx::{Connection as _, Executor as _, PgConnection};
use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Set in the watchdog's environment.
const WATCHDOG: &str = "DAVENPORT_TEST_WATCHDOG";
/// How long nobody must have used the cluster before it is stopped.
const IDLE: Duration = Duration::from_millis(1_500);

/// A database of its own in the shared cluster.
pub struct Database {
    name: String,
    cluster: &'static Cluster,
}

impl Database {
    /// Makes one; starts the cluster when it does not run. `None`, said loudly, without the
    /// programs, unless `CI` is `true`: there it is a failure.
    pub async fn create() -> Option<Self> {
        static CLUSTER: OnceLock<Option<Cluster>> = OnceLock::new();
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let start = || tokio::task::block_in_place(Cluster::join);
        let cluster = CLUSTER.get_or_init(start).as_ref()?;
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("t{}_{number}", std::process::id());
        cluster.run(&format!("CREATE DATABASE {name} TEMPLATE template0")).await;
        Some(Self { name, cluster })
    }

    /// Where it is.
    pub fn url(&self) -> String {
        self.cluster.url(&self.name)
    }

    /// Removes it.
    pub async fn drop(self) {
        self.cluster.run(&format!("DROP DATABASE {} WITH (FORCE)", self.name)).await;
    }
}

struct Cluster {
    sockets: PathBuf,
    /// The shared lock, held until the process ends.
    _lock: File,
}

impl Cluster {
    fn url(&self, database: &str) -> String {
        cluster::url(&self.sockets, database)
    }

    async fn run(&self, sql: &str) {
        let mut connection = PgConnection::connect(&self.url("postgres")).await.unwrap();
        connection.execute(sqlx::AssertSqlSafe(sql.to_owned())).await.unwrap();
        connection.close().await.unwrap();
    }

    /// Joins the running cluster, or starts it.
    fn join() -> Option<Self> {
        let Some(programs) = cluster::programs() else {
            let why = "SKIPPED: no PostgreSQL programs (initdb, postgres) in PATH or \
                       /usr/lib/postgresql: HALF OF THE STORE IS NOT TESTED\n";
            // Not `eprintln!`: that is swallowed when the test passes.
            std::io::stderr().write_all(why.as_bytes()).unwrap();
            assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{why}");
            return None;
        };
        let place = Place::get();
        let lock = place.lock_file();
        loop {
            lock.lock_shared().unwrap();
            if place.is_up() {
                return Some(Self { sockets: place.root, _lock: lock });
            }
            lock.unlock().unwrap();
            // Between the two locks another process may have started it.
            lock.lock().unwrap();
            if !place.is_up() {
                place.start(&programs);
            }
            lock.unlock().unwrap();
        }
    }
}

/// The cluster's directory and the file that all lock. One for each build directory.
struct Place {
    root: PathBuf,
    lock: PathBuf,
}

impl Place {
    fn get() -> Self {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let hash = davenport::kernel::secret::sha256(target.as_os_str().as_encoded_bytes());
        let name = format!("davenport-pg-{}", davenport::kernel::secret::hex(&hash[..6]));
        // Not below the build directory: a socket's path is at most 107 octets long, and the
        // cluster's user must be able to reach it.
        Self { root: std::env::temp_dir().join(name), lock: target.join("postgres.lock") }
    }

    fn lock_file(&self) -> File {
        let mut how = File::options();
        how.create(true).truncate(false).write(true).open(&self.lock).unwrap()
    }

    fn is_up(&self) -> bool {
        cluster::is_ready(&self.root) && self.listens()
    }

    fn listens(&self) -> bool {
        std::os::unix::net::UnixStream::connect(self.root.join(".s.PGSQL.5432")).is_ok()
    }

    fn start(&self, programs: &Path) {
        let _ = fs::remove_dir_all(&self.root);
        let cluster = cluster::Cluster::create(&self.root, programs, &["--no-sync"]).unwrap();
        // First the watchdog: from here on the tests may be killed at any moment.
        self.watch();
        let server = cluster.serve(|command| {
            command.args(["-c", "max_connections=300", "-c", "fsync=off"]);
            command.args(["-c", "full_page_writes=off", "-c", "autovacuum=off"]);
            // A group of its own: an interrupt typed at the terminal is for the tests alone.
            command.process_group(0);
        });
        // It outlives this process.
        drop(server.unwrap());
    }

    #[expect(clippy::zombie_processes, reason = "the watchdog outlives this process")]
    fn watch(&self) {
        let mut watchdog = Command::new(std::env::current_exe().unwrap());
        watchdog.args(["support::postgres::watchdog", "--exact"]).env(WATCHDOG, "1");
        watchdog.process_group(0).current_dir("/");
        watchdog.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        watchdog.spawn().unwrap();
    }

    /// Tells the server to end at once, waits until it has, and removes what it wrote.
    fn stop(&self) {
        let pid = fs::read_to_string(self.root.join("data/postmaster.pid")).unwrap_or_default();
        let pid = pid.lines().next().filter(|pid| pid.parse::<u32>().is_ok());
        // A server that was killed leaves its file; the number may be another's by now.
        if let Some(pid) = pid.filter(|_| self.listens()) {
            let _ = Command::new("kill").args(["-QUIT", pid]).status();
            for _ in 0..500 {
                if !self.root.join("data/postmaster.pid").exists() {
                    break;
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        let _ = fs::remove_dir_all(&self.root);
    }
}

/// No test: run by [`Place::watch`] it outlives the tests and stops the cluster after them.
#[test]
fn watchdog() {
    if std::env::var_os(WATCHDOG).is_none() {
        return;
    }
    let place = Place::get();
    let lock = place.lock_file();
    loop {
        std::thread::sleep(IDLE);
        if lock.try_lock().is_ok() {
            return place.stop();
        }
    }
}
