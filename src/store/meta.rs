//! Facts about the store itself.

use super::statement::statements;
use super::tx::Tx;
use crate::kernel::change::Epoch;
use crate::kernel::fault::Outcome;

statements! {
    KEEP = "INSERT INTO store (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING";
    FACT = "SELECT value FROM store WHERE key = $1";
    FACT_KEPT = "SELECT value FROM store WHERE key = $1",
        postgres: "SELECT value FROM store WHERE key = $1 FOR SHARE";
    SET_FACT = "INSERT INTO store (key, value) VALUES ($1, $2)
        ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    OPTIMIZE = "PRAGMA optimize=0x10002", postgres: "ANALYZE";
}

/// The store's epoch; a new store takes `seed`.
pub async fn epoch(tx: &mut Tx, seed: String) -> Outcome<Epoch> {
    kept(tx, "epoch", &seed).await.map(Epoch::new)
}

/// The mark of the folder that holds the store's large contents; a new store takes `seed`.
pub async fn folder(tx: &mut Tx, seed: &str) -> Outcome<String> {
    kept(tx, "folder", seed).await
}

/// A fact that never changes; a store without it takes `seed`.
pub async fn kept(tx: &mut Tx, key: &str, seed: &str) -> Outcome<String> {
    tx.execute(&KEEP, &[key.into(), seed.into()]).await?;
    tx.one(&FACT, &[key.into()], |row| Ok(row.text(0)?.to_owned())).await
}

/// What nobody knows who cannot read the store; a new store takes `seed`.
pub async fn secret(tx: &mut Tx, seed: &str) -> Outcome<String> {
    kept(tx, "secret", seed).await
}

/// By which rules the index that queries look into was worked out.
pub const INDEX_VERSION: &str = "index.version";
/// Whether messages for people elsewhere wait for an outlet: `mailto`, or nothing.
pub const OUTLET: &str = "outlet";
/// The key pair that push services know the server by.
pub const PUSH_KEY: &str = "push.key";
/// The secret that push topics are made of.
pub const PUSH_SECRET: &str = "push.secret";
/// How far the marking of collections has come whose index is to be worked out anew.
pub const INDEX_MARKING: &str = "index.marking";

/// A fact about the store, where it is known.
pub async fn fact(tx: &mut Tx, key: &str) -> Outcome<Option<String>> {
    tx.first(&FACT, &[key.into()], |row| Ok(row.text(0)?.to_owned())).await
}

/// The same, which nobody changes until this write ends.
pub async fn fact_kept(tx: &mut Tx, key: &str) -> Outcome<Option<String>> {
    tx.first(&FACT_KEPT, &[key.into()], |row| Ok(row.text(0)?.to_owned())).await
}

/// Writes a fact about the store.
pub async fn set_fact(tx: &mut Tx, key: &str, value: &str) -> Outcome<()> {
    tx.execute(&SET_FACT, &[key.into(), value.into()]).await.map(drop)
}

/// Has the engine look at what the tables hold, so that it chooses the right indexes.
pub async fn optimize(tx: &mut Tx) -> Outcome<()> {
    tx.each(&OPTIMIZE, &[], &mut |_| Ok(())).await
}
