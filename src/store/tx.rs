//! A transaction in hand: what the tables' modules run statements on, whichever engine it is.
//!
//! Invariant: a transaction in which a statement failed is never committed, even when the work
//! ignored the error. PostgreSQL would roll such a one back and report success.

use super::statement::Statement;
use super::value::{Row, Value};
use super::watch::Changes;
use super::{postgres, sqlite};
use crate::kernel::clock::Timestamp;
use crate::kernel::fault::{Fault, Outcome};
use crate::kernel::ids::{BlobId, PrincipalId};
use std::collections::BTreeMap;
use std::pin::Pin;

/// What work on a transaction is: a boxed future that borrows it. On SQLite it never waits, so it
/// is polled once, in place.
pub type Future<'t, T> = Pin<Box<dyn std::future::Future<Output = Outcome<T>> + Send + 't>>;

/// A transaction.
pub struct Tx {
    pub(super) on: Connection,
    /// References to contents that this write gains or loses; counted at its end in the order of
    /// the contents, so that two writes cannot wait for each other (see `blob::settle`).
    pub(super) references: BTreeMap<BlobId, References>,
    /// The accounts that this write has locked, and what it will leave in their rows, which are
    /// written once, at its end (see `change_log::settle`).
    pub(super) ledgers: BTreeMap<PrincipalId, Ledger>,
    /// What it changes, for those who wait for changes (see `watch`).
    pub(super) changes: Changes,
    /// Whether this write adds a job, which the worker shall know of.
    pub(super) has_job: bool,
    /// In a write: the first failure of a statement. Nothing more is run then.
    failed: Option<Fault>,
    writing: bool,
    /// Statements that were run.
    ran: u64,
}

/// A connection of either engine.
pub(super) enum Connection {
    Sqlite(sqlite::Connection),
    Postgres(postgres::Connection),
}

/// How a write changes the references to one content.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct References {
    /// So many more, or fewer.
    pub change: i64,
    /// The latest moment at which the write touched it.
    pub touched_at: Timestamp,
}

/// What a write makes of an account's row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ledger {
    /// The last number taken.
    pub number: i64,
    /// The octets used.
    pub used: i64,
    /// See `change_log::booking`; a write does not change it.
    pub booking: i64,
}

impl Tx {
    /// A transaction on this connection, on which it has been begun.
    pub(super) fn new(on: Connection) -> Self {
        let (references, ledgers, changes) = Default::default();
        let (failed, has_job, writing) = (None, false, false);
        Self { on, references, ledgers, changes, has_job, failed, writing, ran: 0 }
    }

    /// Begins a write: forgets what an earlier one on this connection left.
    pub(super) fn restart(&mut self) {
        self.references.clear();
        self.ledgers.clear();
        self.changes.clear();
        self.has_job = false;
        self.failed = None;
        self.writing = true;
    }

    /// Fails when a statement of this write has failed.
    pub(super) fn sound(&self) -> Outcome<()> {
        self.failed.clone().map_or(Ok(()), Err)
    }

    /// How many statements have been run on it: what a write costs, apart from its rows.
    pub fn statements(&self) -> u64 {
        self.ran
    }

    fn note<T>(&mut self, result: Outcome<T>) -> Outcome<T> {
        self.ran += 1;
        if let Err(fault) = &result
            && self.writing
        {
            self.failed = Some(fault.clone());
        }
        result
    }

    /// Runs a statement that answers no rows; gives the number of rows it changed.
    pub async fn execute(&mut self, statement: &Statement, with: &[Value<'_>]) -> Outcome<u64> {
        self.sound()?;
        let result = match &mut self.on {
            Connection::Sqlite(c) => c.execute(statement, with),
            Connection::Postgres(c) => c.execute(statement, with).await,
        };
        self.note(result)
    }

    /// Whether a statement costs no round trip: then several small ones are cheaper than one
    /// that does the work of all.
    pub(super) fn is_embedded(&self) -> bool {
        matches!(self.on, Connection::Sqlite(_))
    }

    /// Runs an INSERT of at most one row; gives the row's number unless it was there already.
    /// On PostgreSQL the statement must say `RETURNING id`; SQLite knows it without.
    pub async fn insert(
        &mut self,
        statement: &Statement,
        with: &[Value<'_>],
    ) -> Outcome<Option<i64>> {
        if !self.is_embedded() {
            return self.first(statement, with, |row| row.int(0)).await;
        }
        let inserted = self.execute(statement, with).await?;
        match &self.on {
            Connection::Sqlite(c) if inserted > 0 => Ok(Some(c.last_row())),
            _ => Ok(None),
        }
    }

    /// Runs a query and hands each row to `visit`.
    pub async fn each(
        &mut self,
        statement: &Statement,
        with: &[Value<'_>],
        visit: &mut (dyn FnMut(&Row<'_>) -> Outcome<()> + Send),
    ) -> Outcome<()> {
        self.sound()?;
        let result = match &mut self.on {
            Connection::Sqlite(c) => c.each(statement, with, visit),
            Connection::Postgres(c) => c.each(statement, with, visit).await,
        };
        self.note(result)
    }

    /// Runs a query and collects what `map` makes of each row.
    pub async fn all<T: Send>(
        &mut self,
        statement: &Statement,
        with: &[Value<'_>],
        mut map: impl FnMut(&Row<'_>) -> Outcome<T> + Send,
    ) -> Outcome<Vec<T>> {
        let mut rows = Vec::new();
        self.each(statement, with, &mut |row| {
            rows.push(map(row)?);
            Ok(())
        })
        .await?;
        Ok(rows)
    }

    /// The first row, if there is one.
    pub async fn first<T: Send>(
        &mut self,
        statement: &Statement,
        with: &[Value<'_>],
        mut map: impl FnMut(&Row<'_>) -> Outcome<T> + Send,
    ) -> Outcome<Option<T>> {
        let mut found = None;
        self.each(statement, with, &mut |row| {
            if found.is_none() {
                found = Some(map(row)?);
            }
            Ok(())
        })
        .await?;
        Ok(found)
    }

    /// Has the engine prepare a statement without running it.
    pub async fn prepare(&mut self, statement: &Statement) -> Outcome<()> {
        match &mut self.on {
            Connection::Sqlite(c) => c.prepare(statement),
            Connection::Postgres(c) => c.prepare(statement).await,
        }
    }

    /// The one row that must be there.
    pub async fn one<T: Send>(
        &mut self,
        statement: &Statement,
        with: &[Value<'_>],
        map: impl FnMut(&Row<'_>) -> Outcome<T> + Send,
    ) -> Outcome<T> {
        let found = self.first(statement, with, map).await?;
        found.ok_or_else(|| Fault::internal("a row that must be there is missing"))
    }
}
