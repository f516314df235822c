//! A transaction in hand: what the tables' modules run statements on, whichever engine it is.

use super::statement::Statement;
use super::value::{Row, Value};
use super::{postgres, sqlite};
use crate::kernel::fault::{Fault, Outcome};
use std::pin::Pin;

/// What work on a transaction is: a boxed future that borrows it. On SQLite it never waits, so it
/// is polled once, in place.
pub type Future<'t, T> = Pin<Box<dyn std::future::Future<Output = Outcome<T>> + Send + 't>>;

/// A transaction.
pub enum Tx {
    /// On a connection of the embedded engine.
    Sqlite(sqlite::Connection),
    /// On a connection of the large one.
    Postgres(postgres::Connection),
}

impl Tx {
    /// Runs a statement that answers no rows; gives the number of rows it changed.
    pub async fn execute(&mut self, statement: &Statement, with: &[Value<'_>]) -> Outcome<u64> {
        match self {
            Self::Sqlite(c) => c.execute(statement, with),
            Self::Postgres(c) => c.execute(statement, with).await,
        }
    }

    /// Runs a query and hands each row to `visit`.
    pub async fn each(
        &mut self,
        statement: &Statement,
        with: &[Value<'_>],
        visit: &mut (dyn FnMut(&Row<'_>) -> Outcome<()> + Send),
    ) -> Outcome<()> {
        match self {
            Self::Sqlite(c) => c.each(statement, with, visit),
            Self::Postgres(c) => c.each(statement, with, visit).await,
        }
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
        match self {
            Self::Sqlite(c) => c.prepare(statement),
            Self::Postgres(c) => c.prepare(statement).await,
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
