//! Facts about the store itself.

use super::statement::statements;
use super::tx::Tx;
use crate::kernel::change::Epoch;
use crate::kernel::fault::Outcome;

statements! {
    KEEP_EPOCH = "INSERT INTO store (key, value) VALUES ('epoch', $1) ON CONFLICT (key) DO NOTHING";
    EPOCH = "SELECT value FROM store WHERE key = 'epoch'";
    KEEP_FOLDER = "INSERT INTO store (key, value) VALUES ('folder', $1) ON CONFLICT (key) DO NOTHING";
    FOLDER = "SELECT value FROM store WHERE key = 'folder'";
    OPTIMIZE = "PRAGMA optimize=0x10002", postgres: "ANALYZE";
}

/// The store's epoch; a new store takes `seed`.
pub async fn epoch(tx: &mut Tx, seed: String) -> Outcome<Epoch> {
    tx.execute(&KEEP_EPOCH, &[(&seed).into()]).await?;
    tx.one(&EPOCH, &[], |row| Ok(Epoch::new(row.text(0)?))).await
}

/// The mark of the folder that holds the store's large contents; a new store takes `seed`.
pub async fn folder(tx: &mut Tx, seed: &str) -> Outcome<String> {
    tx.execute(&KEEP_FOLDER, &[seed.into()]).await?;
    tx.one(&FOLDER, &[], |row| Ok(row.text(0)?.to_owned())).await
}

/// Has the engine look at what the tables hold, so that it chooses the right indexes.
pub async fn optimize(tx: &mut Tx) -> Outcome<()> {
    tx.each(&OPTIMIZE, &[], &mut |_| Ok(())).await
}
