//! Attachments that the server keeps for events (RFC 8607), and which contents name them.
//!
//! Invariant: an attachment is kept while a content names it, also one of the history; uses hang on
//! contents, so moving, copying and deleting objects costs nothing here.

use super::blob::{self, Body, Files};
use super::change_log;
use super::statement::statements;
use super::tx::Tx;
use super::value::Row;
use crate::kernel::clock::Timestamp;
use crate::kernel::fault::Outcome;
use crate::kernel::ids::{AttachmentId, BlobId, PrincipalId};

macro_rules! columns {
    () => {
        "a.id, a.managed_id, a.token, a.account_id, a.creator_id, a.size, a.media_type, a.filename, \
         a.created_at"
    };
}

statements! {
    INSERT = "INSERT INTO attachment (managed_id, token, account_id, creator_id, blob_id, size,
            media_type, filename, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id";
    NAMED = concat!("SELECT ", columns!(), " FROM json_each($1) m JOIN attachment a ON a.managed_id = m.value"),
        postgres: concat!("SELECT ", columns!(), " FROM attachment a WHERE a.managed_id = ANY($1) FOR SHARE");
    OF_CONTENT = concat!("SELECT ", columns!(), " FROM attachment_use u
        JOIN attachment a ON a.id = u.attachment_id WHERE u.blob_id = $1");
    USE = "INSERT INTO attachment_use (blob_id, attachment_id) VALUES ($1, $2)
        ON CONFLICT (blob_id, attachment_id) DO NOTHING";
    OPEN = concat!("SELECT ", columns!(), ", b.hash, b.data FROM attachment a
        JOIN blob b ON b.id = a.blob_id WHERE a.token = $1");
    UNUSED = "SELECT a.id, a.blob_id, a.account_id, a.size FROM attachment a WHERE a.created_at < $1
        AND NOT EXISTS (SELECT 1 FROM attachment_use u WHERE u.attachment_id = a.id)
        ORDER BY a.created_at LIMIT $2",
        postgres: "SELECT a.id, a.blob_id, a.account_id, a.size FROM attachment a WHERE a.created_at < $1
        AND NOT EXISTS (SELECT 1 FROM attachment_use u WHERE u.attachment_id = a.id)
        ORDER BY a.created_at LIMIT $2 FOR UPDATE SKIP LOCKED";
    REMOVE = "DELETE FROM attachment WHERE id = $1
        AND NOT EXISTS (SELECT 1 FROM attachment_use u WHERE u.attachment_id = attachment.id)";
}

/// An attachment without its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// Its identity.
    pub id: AttachmentId,
    /// What events call it (MANAGED-ID).
    pub managed_id: String,
    /// What its address has that nobody can guess.
    pub token: String,
    /// Whose quota it counts for.
    pub account: PrincipalId,
    /// Who made it.
    pub creator: PrincipalId,
    /// Its octets.
    pub size: u64,
    /// Its media type.
    pub media_type: String,
    /// The name of its file, if it has one.
    pub filename: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
}

fn attachment(row: &Row<'_>) -> Outcome<Attachment> {
    Ok(Attachment {
        id: AttachmentId(row.int(0)?),
        managed_id: row.text(1)?.to_owned(),
        token: row.text(2)?.to_owned(),
        account: PrincipalId(row.int(3)?),
        creator: PrincipalId(row.int(4)?),
        size: row.int(5)?.max(0) as u64,
        media_type: row.text(6)?.to_owned(),
        filename: row.opt_text(7)?.map(str::to_owned),
        created_at: Timestamp(row.int(8)?),
    })
}

/// Adds an attachment with a content that the store keeps already; its identity is not looked at.
pub async fn insert(tx: &mut Tx, it: &Attachment, content: BlobId) -> Outcome<AttachmentId> {
    let with = [
        (&it.managed_id).into(),
        (&it.token).into(),
        it.account.0.into(),
        it.creator.0.into(),
        content.0.into(),
        (it.size as i64).into(),
        (&it.media_type).into(),
        it.filename.as_deref().into(),
        it.created_at.0.into(),
    ];
    tx.one(&INSERT, &with, |row| Ok(AttachmentId(row.int(0)?))).await
}

/// Those that have these names, in no order; they stay until this write ends.
pub async fn named(tx: &mut Tx, managed_ids: &[String]) -> Outcome<Vec<Attachment>> {
    tx.all(&NAMED, &[managed_ids.into()], attachment).await
}

/// Those that a content names.
pub async fn of_content(tx: &mut Tx, content: BlobId) -> Outcome<Vec<Attachment>> {
    tx.all(&OF_CONTENT, &[content.0.into()], attachment).await
}

/// Notes that a content names an attachment.
pub async fn note(tx: &mut Tx, content: BlobId, it: AttachmentId) -> Outcome<()> {
    tx.execute(&USE, &[content.0.into(), it.0.into()]).await.map(drop)
}

/// The attachment at an address, with its content and that one's hash.
pub async fn open(
    tx: &mut Tx,
    token: &str,
    files: &Files,
) -> Outcome<Option<(Attachment, Vec<u8>, Body)>> {
    tx.first(&OPEN, &[token.into()], |row| {
        let it = attachment(row)?;
        let hash = row.bytes(9)?;
        let body = blob::body(files, hash, it.size as i64, row.opt_bytes(10)?)?;
        Ok((it, hash.to_vec(), body))
    })
    .await
}

/// Removes attachments made before `cutoff` that no content names, at most `limit`; gives how many.
pub async fn collect(tx: &mut Tx, cutoff: Timestamp, now: Timestamp, limit: i64) -> Outcome<usize> {
    let row = |row: &Row<'_>| Ok((row.int(0)?, row.int(1)?, row.int(2)?, row.int(3)?));
    let all = tx.all(&UNUSED, &[cutoff.0.into(), limit.into()], row).await?;
    let mut gone = 0;
    for (id, content, account, size) in all {
        if tx.execute(&REMOVE, &[id.into()]).await? == 1 {
            gone += 1;
            blob::release(tx, BlobId(content), now).await?;
            change_log::charge(tx, PrincipalId(account), -size).await?;
        }
    }
    Ok(gone)
}
