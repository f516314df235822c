//! The large engine: PostgreSQL 15 or newer through `sqlx` (its PostgreSQL part alone).
//!
//! A write is one transaction; it first locks the row of the account that it changes, so writes
//! to one account follow each other and its numbers become visible in order. A write runs in a
//! task of its own: a caller that goes away cannot leave it half done.
//!
//! sqlx's pool asks the server something (a round trip) each time a connection is given back to
//! it. So connections that are known to be good are kept at hand here, in front of the pool.
//! Invariant: one is kept only after its last statement came to its end and succeeded.

mod relay;

use super::migrate;
use super::statement::Statement;
use super::tx::{self, Future, Tx};
use super::value::{Row, Value};
use super::watch::Bus;
use crate::kernel::fault::{Fault, Outcome};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::query::Query;
use sqlx::{ConnectOptions as _, Postgres as Dialect};
use std::str::FromStr as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;

/// How long a caller waits for a connection.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long other processes may take to be told of the last changes.
const FAREWELL: Duration = Duration::from_secs(2);
/// So many uses of a connection in a row go past the pool; then the pool sees it once and may
/// replace it because of its age.
const USES: u32 = 1_000;

/// The engine.
pub struct Postgres {
    pool: PgPool,
    hand: Arc<Hand>,
    /// What tells other processes of changes.
    announcer: Mutex<Option<JoinHandle<()>>>,
    /// Whether this process hears what others tell.
    listens: AtomicBool,
}

/// Connections at hand, and how many more may be in use.
struct Hand {
    idle: Mutex<Vec<(PoolConnection<Dialect>, u32)>>,
    free: Arc<Semaphore>,
}

/// How statements are planned. Each is about few rows, which an index finds; but a walk over a tree is
/// guessed to find a hundred, and a young table has no statistics, so that tables of thousands of rows
/// would be read whole for each write. None runs long enough to be worth compiling.
const PLANS: [(&str, &str); 2] = [("jit", "off"), ("enable_seqscan", "off")];

impl Postgres {
    /// Connects and brings the schema up to date.
    pub(super) async fn open(url: &str, connections: u32, bus: &Arc<Bus>) -> Outcome<Self> {
        let connections = connections.max(2);
        let options = PgConnectOptions::from_str(url)
            .map_err(|e| Fault::malformed(format!("the store's URL is not usable: {e}")))?
            .application_name("davenport")
            .statement_cache_capacity(256)
            .options(PLANS)
            .disable_statement_logging();
        let pool = PgPoolOptions::new()
            // One more, which hears what other processes tell.
            .max_connections(connections + 1)
            // The pool is asked seldom, and then perhaps because connections have broken.
            .test_before_acquire(true)
            .acquire_timeout(PATIENCE)
            .connect_with(options)
            .await
            .map_err(|e| Fault::Busy(format!("PostgreSQL cannot be reached: {e}")))?;
        migrate::postgres(&pool).await?;
        let free = Arc::new(Semaphore::new(connections as usize));
        let hand = Arc::new(Hand { idle: Mutex::default(), free });
        let changes = bus.open_relay();
        let announce = relay::announce(pool.clone(), hand.clone(), bus.clone(), changes);
        let announcer = Mutex::new(Some(tokio::spawn(announce)));
        Ok(Self { pool, hand, announcer, listens: AtomicBool::new(false) })
    }

    /// Hears from now on what other processes tell.
    pub(super) fn listen(&self, bus: &Arc<Bus>) {
        if !self.listens.swap(true, Ordering::Relaxed) {
            tokio::spawn(relay::listen(self.pool.clone(), bus.clone()));
        }
    }

    /// Reads; every statement sees what was committed before it began.
    pub async fn read<T, F>(&self, work: F) -> Outcome<T>
    where
        T: Send,
        F: for<'t> FnOnce(&'t mut Tx) -> Future<'t, T> + Send,
    {
        let connection = Connection::acquire(&self.pool, &self.hand).await?;
        work(&mut Tx::new(tx::Connection::Postgres(connection))).await
    }

    /// One transaction; `after` is told when it is committed.
    pub async fn write<T, F>(&self, work: F, after: impl FnOnce(&T) + Send + 'static) -> Outcome<T>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut Tx) -> Future<'t, T> + Send + 'static,
    {
        let (pool, hand) = (self.pool.clone(), self.hand.clone());
        let task = tokio::spawn(async move {
            let mut connection = Connection::acquire(&pool, &hand).await?;
            connection.in_transaction = true;
            connection.control("BEGIN").await?;
            let mut tx = Tx::new(tx::Connection::Postgres(connection));
            let result = work(&mut tx).await;
            let tx::Connection::Postgres(mut connection) = tx.on else {
                return Err(Fault::internal("the transaction changed its engine"));
            };
            match &result {
                Ok(_) => connection.control("COMMIT").await?,
                Err(_) => connection.control("ROLLBACK").await?,
            }
            connection.in_transaction = false;
            let _ = result.as_ref().map(after);
            result
        });
        task.await.map_err(|_| Fault::internal("a write panicked"))?
    }

    /// Closes the pool after what is under way, and after other processes were told of it.
    pub(super) async fn close(&self, bus: &Bus) {
        bus.close_relay();
        let announcer = self.announcer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(announcer) = announcer {
            let _ = tokio::time::timeout(FAREWELL, announcer).await;
        }
        self.hand.free.close();
        let idle = std::mem::take(&mut *self.hand.idle());
        drop(idle);
        self.pool.close().await;
    }
}

impl Hand {
    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<(PoolConnection<Dialect>, u32)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One PostgreSQL connection.
pub struct Connection {
    /// There until the value is dropped.
    on: Option<PoolConnection<Dialect>>,
    uses: u32,
    hand: Arc<Hand>,
    /// Whether a transaction is open.
    in_transaction: bool,
    /// Whether the last statement came to its end and succeeded.
    sound: bool,
    /// Given back after the connection itself.
    _permit: OwnedSemaphorePermit,
}

impl Drop for Connection {
    /// A connection left inside a transaction (its work panicked) must not be used again; one
    /// whose state is not known is the pool's to look at.
    fn drop(&mut self) {
        let Some(mut on) = self.on.take() else { return };
        if self.in_transaction {
            on.close_on_drop();
        } else if self.sound && self.uses < USES {
            let mut idle = self.hand.idle();
            // After the engine is closed nobody would take it from there.
            if !self.hand.free.is_closed() {
                idle.push((on, self.uses + 1));
            }
        }
    }
}

impl Connection {
    async fn acquire(pool: &PgPool, hand: &Arc<Hand>) -> Outcome<Self> {
        let free = hand.free.clone().acquire_owned();
        let permit = match tokio::time::timeout(PATIENCE, free).await {
            Ok(Ok(permit)) => permit,
            Ok(Err(_)) => return Err(fault(sqlx::Error::PoolClosed)),
            Err(_) => return Err(fault(sqlx::Error::PoolTimedOut)),
        };
        let idle = hand.idle().pop();
        let (on, uses) = match idle {
            Some(known) => known,
            None => (pool.acquire().await.map_err(fault)?, 0),
        };
        let hand = hand.clone();
        Ok(Self { on: Some(on), uses, hand, in_transaction: false, sound: true, _permit: permit })
    }

    fn on(&mut self) -> Outcome<&mut sqlx::PgConnection> {
        let on = self.on.as_deref_mut();
        on.ok_or_else(|| Fault::internal("the connection was given back"))
    }

    /// Notes how a statement ended. One that is dropped before its end leaves `sound` false.
    fn ended<T>(&mut self, result: Result<T, sqlx::Error>) -> Outcome<T> {
        self.sound = result.is_ok();
        let result = result.map_err(|error| {
            let of_statement = error.as_database_error().is_some();
            (of_statement, fault(error))
        });
        if let Err((of_statement, fault)) = &result
            && (!of_statement || matches!(fault, Fault::Busy(_)))
        {
            // What ended this connection has most likely ended the others: the pool looks at them.
            drop(std::mem::take(&mut *self.hand.idle()));
        }
        result.map_err(|(_, fault)| fault)
    }

    async fn control(&mut self, sql: &'static str) -> Outcome<()> {
        self.sound = false;
        let done = sqlx::query(sql).execute(self.on()?).await.map(drop);
        self.ended(done)
    }

    /// See [`Tx::execute`].
    pub async fn execute(&mut self, statement: &Statement, with: &[Value<'_>]) -> Outcome<u64> {
        self.sound = false;
        let query = bind(statement.postgres(), with);
        let done = query.execute(self.on()?).await.map(|done| done.rows_affected());
        self.ended(done)
    }

    /// See [`Tx::each`].
    pub async fn each(
        &mut self,
        statement: &Statement,
        with: &[Value<'_>],
        visit: &mut (dyn FnMut(&Row<'_>) -> Outcome<()> + Send),
    ) -> Outcome<()> {
        self.sound = false;
        let query = bind(statement.postgres(), with);
        let rows = query.fetch_all(self.on()?).await;
        for row in &self.ended(rows)? {
            visit(&Row::Postgres(row))?;
        }
        Ok(())
    }

    /// See [`Tx::prepare`].
    pub async fn prepare(&mut self, statement: &Statement) -> Outcome<()> {
        use sqlx::{Executor as _, SqlSafeStr as _};
        self.sound = false;
        let prepared = self.on()?.prepare(statement.postgres().into_sql_str()).await.map(drop);
        self.sound = prepared.is_ok();
        prepared.map_err(|e| Fault::internal(format!("{e}: {}", statement.postgres())))
    }
}

fn bind<'q>(sql: &'static str, with: &[Value<'q>]) -> Query<'q, Dialect, PgArguments> {
    with.iter().fold(sqlx::query(sql), |query, value| match value {
        Value::Int(n) => query.bind(*n),
        Value::Text(text) => query.bind(*text),
        Value::Bytes(bytes) => query.bind(*bytes),
        Value::Texts(list) => query.bind(*list),
        Value::Ints(list) => query.bind(*list),
    })
}

fn fault(error: sqlx::Error) -> Fault {
    let code = error.as_database_error().and_then(|e| e.code().map(|c| c.into_owned()));
    match (code.as_deref(), &error) {
        // Serialization failure, deadlock, too many connections, shutting down, disk full.
        (Some("40001" | "40P01" | "53300" | "57P01" | "57P03" | "53100"), _)
        | (_, sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_)) => {
            Fault::Busy(format!("the store is busy: {error}"))
        }
        _ => Fault::internal(error),
    }
}
