//! Numbered migrations (`schemas/sqlite`, `schemas/postgres`), run at the start under a lock.
//!
//! Invariant: the two lists have the same numbers; a schema newer than this program is refused
//! before anything is read or written.

use crate::kernel::fault::{Fault, Outcome};
use sqlx::postgres::PgPool;
use sqlx::{Connection as _, Row as _};

/// The migrations in order; the first has number 1. The pair is (SQLite, PostgreSQL).
static MIGRATIONS: &[(&str, &str)] = &[
    (
        include_str!("../../schemas/sqlite/0001_spine.sql"),
        include_str!("../../schemas/postgres/0001_spine.sql"),
    ),
    (
        include_str!("../../schemas/sqlite/0002_walk.sql"),
        include_str!("../../schemas/postgres/0002_walk.sql"),
    ),
    (
        include_str!("../../schemas/sqlite/0003_search.sql"),
        include_str!("../../schemas/postgres/0003_search.sql"),
    ),
    (
        include_str!("../../schemas/sqlite/0004_link.sql"),
        include_str!("../../schemas/postgres/0004_link.sql"),
    ),
    (
        include_str!("../../schemas/sqlite/0005_derived.sql"),
        include_str!("../../schemas/postgres/0005_derived.sql"),
    ),
    (
        include_str!("../../schemas/sqlite/0006_feed.sql"),
        include_str!("../../schemas/postgres/0006_feed.sql"),
    ),
    (
        include_str!("../../schemas/sqlite/0007_zone.sql"),
        include_str!("../../schemas/postgres/0007_zone.sql"),
    ),
    (
        include_str!("../../schemas/sqlite/0008_scheduling.sql"),
        include_str!("../../schemas/postgres/0008_scheduling.sql"),
    ),
    (
        include_str!("../../schemas/sqlite/0009_sharing.sql"),
        include_str!("../../schemas/postgres/0009_sharing.sql"),
    ),
    (
        include_str!("../../schemas/sqlite/0010_push.sql"),
        include_str!("../../schemas/postgres/0010_push.sql"),
    ),
    (
        include_str!("../../schemas/sqlite/0011_class.sql"),
        include_str!("../../schemas/postgres/0011_class.sql"),
    ),
    (
        include_str!("../../schemas/sqlite/0012_attachment.sql"),
        include_str!("../../schemas/postgres/0012_attachment.sql"),
    ),
    (
        include_str!("../../schemas/sqlite/0013_booking.sql"),
        include_str!("../../schemas/postgres/0013_booking.sql"),
    ),
    (
        include_str!("../../schemas/sqlite/0014_resource.sql"),
        include_str!("../../schemas/postgres/0014_resource.sql"),
    ),
    (
        include_str!("../../schemas/sqlite/0015_personal.sql"),
        include_str!("../../schemas/postgres/0015_personal.sql"),
    ),
    (
        include_str!("../../schemas/sqlite/0016_letters.sql"),
        include_str!("../../schemas/postgres/0016_letters.sql"),
    ),
    (
        include_str!("../../schemas/sqlite/0017_outgoing.sql"),
        include_str!("../../schemas/postgres/0017_outgoing.sql"),
    ),
    (
        include_str!("../../schemas/sqlite/0018_resource_rule.sql"),
        include_str!("../../schemas/postgres/0018_resource_rule.sql"),
    ),
    (
        include_str!("../../schemas/sqlite/0019_mail.sql"),
        include_str!("../../schemas/postgres/0019_mail.sql"),
    ),
    (
        include_str!("../../schemas/sqlite/0020_subscription.sql"),
        include_str!("../../schemas/postgres/0020_subscription.sql"),
    ),
];

/// PostgreSQL's advisory lock for starts ("davenprt" as a number).
const START_LOCK: i64 = 0x6461_7665_6e70_7274;

/// The schema that this program works with.
pub fn newest() -> i64 {
    MIGRATIONS.len() as i64
}

/// Brings an SQLite file up to date; its version is `user_version`.
pub fn sqlite(connection: &mut rusqlite::Connection) -> Outcome<()> {
    let immediate = rusqlite::TransactionBehavior::Immediate;
    let tx = connection.transaction_with_behavior(immediate).map_err(Fault::internal)?;
    let version = "SELECT user_version FROM pragma_user_version";
    let have: i64 = tx.query_row(version, [], |row| row.get(0)).map_err(Fault::internal)?;
    for (sql, _) in &MIGRATIONS[pending(have)?..] {
        tx.execute_batch(sql).map_err(Fault::internal)?;
    }
    tx.pragma_update(None, "user_version", newest()).map_err(Fault::internal)?;
    tx.commit().map_err(Fault::internal)
}

/// Brings a PostgreSQL database up to date; its version is the one row of `schema_version`.
pub async fn postgres(pool: &PgPool) -> Outcome<()> {
    let mut connection = pool.acquire().await.map_err(Fault::internal)?;
    let mut tx = connection.begin().await.map_err(Fault::internal)?;
    let lock = sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(START_LOCK);
    lock.execute(&mut *tx).await.map_err(Fault::internal)?;
    let make = "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)";
    sqlx::raw_sql(make).execute(&mut *tx).await.map_err(Fault::internal)?;
    let row = sqlx::query("SELECT max(version) FROM schema_version");
    let row = row.fetch_one(&mut *tx).await.map_err(Fault::internal)?;
    let have: Option<i64> = row.try_get(0).map_err(Fault::internal)?;
    for (_, sql) in &MIGRATIONS[pending(have.unwrap_or(0))?..] {
        sqlx::raw_sql(*sql).execute(&mut *tx).await.map_err(Fault::internal)?;
    }
    sqlx::raw_sql("DELETE FROM schema_version").execute(&mut *tx).await.map_err(Fault::internal)?;
    let set = sqlx::query("INSERT INTO schema_version VALUES ($1)").bind(newest());
    set.execute(&mut *tx).await.map_err(Fault::internal)?;
    tx.commit().await.map_err(Fault::internal)
}

/// The index of the first migration to run.
fn pending(have: i64) -> Outcome<usize> {
    match usize::try_from(have) {
        Ok(n) if n <= MIGRATIONS.len() => Ok(n),
        _ => Err(Fault::malformed(format!(
            "the store has schema {have}, but this program knows schemas up to {}: \
             run the newer davenport that made it",
            newest()
        ))),
    }
}
