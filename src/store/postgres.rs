//! The large engine: PostgreSQL 15 or newer through `sqlx` (its PostgreSQL part alone).
//!
//! A write is one transaction; it first locks the row of the account that it changes, so writes
//! to one account follow each other and its numbers become visible in order. A write runs in a
//! task of its own: a caller that goes away cannot leave it half done.

use super::migrate;
use super::statement::Statement;
use super::tx::{self, Future, Tx};
use super::value::{Row, Value};
use crate::kernel::fault::{Fault, Outcome};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::query::Query;
use sqlx::{ConnectOptions as _, Postgres as Dialect};
use std::str::FromStr as _;
use std::time::Duration;

/// The engine.
pub struct Postgres {
    pool: PgPool,
}

impl Postgres {
    /// Connects and brings the schema up to date.
    pub async fn open(url: &str, connections: u32) -> Outcome<Self> {
        let options = PgConnectOptions::from_str(url)
            .map_err(|e| Fault::malformed(format!("the store's URL is not usable: {e}")))?
            .application_name("davenport")
            .statement_cache_capacity(256)
            // No statement here runs long enough to be worth compiling, and a walk over a tree is
            // guessed to cost so much that it always would be.
            .options([("jit", "off")])
            .disable_statement_logging();
        let pool = PgPoolOptions::new()
            .max_connections(connections.max(2))
            // A ping before each use would cost a round trip each time.
            .test_before_acquire(false)
            .acquire_timeout(Duration::from_secs(20))
            .connect_with(options)
            .await
            .map_err(|e| Fault::Busy(format!("PostgreSQL cannot be reached: {e}")))?;
        migrate::postgres(&pool).await?;
        Ok(Self { pool })
    }

    /// Reads; every statement sees what was committed before it began.
    pub async fn read<T, F>(&self, work: F) -> Outcome<T>
    where
        T: Send,
        F: for<'t> FnOnce(&'t mut Tx) -> Future<'t, T> + Send,
    {
        let connection = Connection(self.pool.acquire().await.map_err(fault)?, false);
        work(&mut Tx::new(tx::Connection::Postgres(connection))).await
    }

    /// One transaction.
    pub async fn write<T, F>(&self, work: F) -> Outcome<T>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut Tx) -> Future<'t, T> + Send + 'static,
    {
        let pool = self.pool.clone();
        let task = tokio::spawn(async move {
            let mut connection = Connection(pool.acquire().await.map_err(fault)?, true);
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
            connection.1 = false;
            result
        });
        task.await.map_err(|_| Fault::internal("a write panicked"))?
    }

    /// Closes the pool after what is under way.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// One PostgreSQL connection, and whether a transaction is open on it.
pub struct Connection(PoolConnection<Dialect>, bool);

impl Drop for Connection {
    /// A connection left inside a transaction (its work panicked) must not go back to the pool.
    fn drop(&mut self) {
        if self.1 {
            self.0.close_on_drop();
        }
    }
}

impl Connection {
    async fn control(&mut self, sql: &'static str) -> Outcome<()> {
        sqlx::query(sql).execute(&mut *self.0).await.map(drop).map_err(fault)
    }

    /// See [`Tx::execute`].
    pub async fn execute(&mut self, statement: &Statement, with: &[Value<'_>]) -> Outcome<u64> {
        let query = bind(statement.postgres(), with);
        query.execute(&mut *self.0).await.map(|done| done.rows_affected()).map_err(fault)
    }

    /// See [`Tx::each`].
    pub async fn each(
        &mut self,
        statement: &Statement,
        with: &[Value<'_>],
        visit: &mut (dyn FnMut(&Row<'_>) -> Outcome<()> + Send),
    ) -> Outcome<()> {
        let query = bind(statement.postgres(), with);
        for row in &query.fetch_all(&mut *self.0).await.map_err(fault)? {
            visit(&Row::Postgres(row))?;
        }
        Ok(())
    }

    /// See [`Tx::prepare`].
    pub async fn prepare(&mut self, statement: &Statement) -> Outcome<()> {
        use sqlx::{Executor as _, SqlSafeStr as _};
        let prepared = (&mut *self.0).prepare(statement.postgres().into_sql_str()).await.map(drop);
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
