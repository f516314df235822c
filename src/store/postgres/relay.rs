//! What the processes over one PostgreSQL database tell each other of changes (`watch`).
//!
//! `NOTIFY` takes a lock of the whole database until its commit, which would make all writes follow
//! each other. So a write does not notify: one task of the process does it after the commits, for all
//! that came meanwhile at once. What a process that dies takes with it is found by looking.

use super::{Connection, Hand};
use crate::kernel::limits::{NEWS_PAUSE_MILLIS, NEWS_RETRY_SECONDS};
use crate::store::tx::{self, Tx};
use crate::store::watch::{self, Bus, Change, News};
use sqlx::postgres::{PgListener, PgPool};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::Receiver;

/// Tells other processes, until the way there is closed and everything is told.
pub async fn announce(
    pool: PgPool,
    hand: Arc<Hand>,
    bus: Arc<Bus>,
    mut changes: Receiver<Arc<[Change]>>,
) {
    while let Some(first) = changes.recv().await {
        let mut all = vec![first];
        while let Ok(more) = changes.try_recv() {
            all.push(more);
        }
        let text = bus.text(&all);
        let told = async {
            let connection = Connection::acquire(&pool, &hand).await?;
            watch::tell(&mut Tx::new(tx::Connection::Postgres(connection)), &text).await
        };
        if let Err(fault) = told.await {
            tracing::debug!(%fault, "other processes are not told of changes");
        }
        tokio::time::sleep(Duration::from_millis(NEWS_PAUSE_MILLIS)).await;
    }
}

/// Hears what other processes tell, until the pool is closed. It keeps one connection.
pub async fn listen(pool: PgPool, bus: Arc<Bus>) {
    while !pool.is_closed() {
        match hear(&pool, &bus).await {
            Ok(()) | Err(sqlx::Error::PoolClosed) => return,
            Err(error) => tracing::warn!(%error, "changes by other processes are heard of late"),
        }
        tokio::time::sleep(Duration::from_secs(NEWS_RETRY_SECONDS)).await;
    }
}

async fn hear(pool: &PgPool, bus: &Bus) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(watch::CHANNEL).await?;
    // Nothing was heard until now.
    bus.publish(News::Anew);
    loop {
        match listener.try_recv().await? {
            Some(told) => bus.heard(told.payload()).into_iter().for_each(|news| bus.publish(news)),
            // The connection was lost, and another one took its place.
            None => bus.publish(News::Anew),
        }
    }
}
