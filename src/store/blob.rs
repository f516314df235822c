//! Contents by their SHA-256, one instance each: small ones in the database, large ones as files.
//!
//! Invariants: a file is written, synced and named before a row refers to it, so a crash leaves at
//! worst an unreferenced file; a row whose `refs` is 0 is collected after a time of grace, and
//! its file only after the row is gone for good and only if nobody has uploaded it anew meanwhile.
//! Files take their names and lose them under one lock of all processes that share the folder.
//!
//! Contents are shared by accounts, so a write must not hold one's row while it waits for
//! another: references are counted once, at the end of a write, in the order of the rows' numbers
//! ([`settle`]). Only a content that is new is locked earlier, by making its row.

use super::statement::statements;
use super::tx::Tx;
use super::value::Row;
use crate::kernel::clock::Timestamp;
use crate::kernel::fault::{Fault, Outcome};
use crate::kernel::ids::BlobId;
use crate::kernel::secret::hex;
use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};
use std::{fs, io};

statements! {
    KEEP = "INSERT INTO blob (hash, size, refs, touched_at, data) VALUES ($1, $2, 1, $3, $4)
        ON CONFLICT (hash) DO NOTHING",
        postgres: "INSERT INTO blob (hash, size, refs, touched_at, data) VALUES ($1, $2, 1, $3, $4)
        ON CONFLICT (hash) DO NOTHING RETURNING id";
    BY_HASH = "SELECT id FROM blob WHERE hash = $1";
    COUNT = "UPDATE blob SET refs = refs + $2, touched_at = max(touched_at, $3) WHERE id = $1",
        postgres: "UPDATE blob SET refs = refs + $2, touched_at = greatest(touched_at, $3)
        WHERE id = $1";
    READ = "SELECT hash, size, data FROM blob WHERE id = $1";
    UNREFERENCED = "SELECT id, hash, data IS NULL FROM blob
        WHERE refs = 0 AND touched_at < $1 ORDER BY touched_at LIMIT $2",
        postgres: "SELECT id, hash, (data IS NULL)::int::bigint FROM blob
        WHERE refs = 0 AND touched_at < $1 ORDER BY touched_at LIMIT $2 FOR UPDATE SKIP LOCKED";
    DROP = "DELETE FROM blob WHERE id = $1 AND refs = 0";
    DISUSE = "DELETE FROM attachment_use WHERE blob_id = $1";
}

/// A content where it lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// The octets, from the database.
    Inline(Vec<u8>),
    /// A file of so many octets.
    File { path: PathBuf, size: u64 },
}

impl Body {
    /// All octets.
    ///
    /// # Errors
    /// When its file cannot be read.
    pub fn octets(&self) -> Outcome<Cow<'_, [u8]>> {
        match self {
            Self::Inline(octets) => Ok(Cow::Borrowed(octets)),
            Self::File { path, .. } => fs::read(path).map(Cow::Owned).map_err(disk),
        }
    }
}

/// A content about to be stored: the octets, or a file that [`Files`] has already made durable.
#[derive(Clone, Debug)]
pub struct Content {
    /// SHA-256 of the octets.
    pub hash: [u8; 32],
    /// How many octets.
    pub size: u64,
    /// The octets, unless they are in a file.
    pub data: Option<Vec<u8>>,
}

impl Content {
    /// A content small enough for the database.
    pub fn inline(data: Vec<u8>) -> Self {
        let hash = crate::kernel::secret::sha256(&data);
        Self { hash, size: data.len() as u64, data: Some(data) }
    }
}

/// Stores the content, or takes one more reference to the instance already there.
pub async fn keep(tx: &mut Tx, content: &Content, at: Timestamp) -> Outcome<BlobId> {
    let with = [
        content.hash[..].into(),
        (content.size as i64).into(),
        at.0.into(),
        content.data.as_deref().into(),
    ];
    if let Some(new) = tx.insert(&KEEP, &with).await? {
        return Ok(BlobId(new));
    }
    let id = |row: &Row<'_>| Ok(BlobId(row.int(0)?));
    let there = tx.first(&BY_HASH, &with[..1], id).await?.ok_or_else(collected)?;
    count(tx, there, 1, at);
    Ok(there)
}

/// One more reference.
pub async fn retain(tx: &mut Tx, blob: BlobId) -> Outcome<()> {
    count(tx, blob, 1, Timestamp::default());
    Ok(())
}

/// One reference less; at 0 the content waits for [`collect`].
pub async fn release(tx: &mut Tx, blob: BlobId, at: Timestamp) -> Outcome<()> {
    count(tx, blob, -1, at);
    Ok(())
}

fn count(tx: &mut Tx, blob: BlobId, change: i64, at: Timestamp) {
    let references = tx.references.entry(blob).or_default();
    references.change += change;
    references.touched_at = references.touched_at.max(at);
}

/// Writes down the references that a write gained and lost; the last thing that a write does.
pub(super) async fn settle(tx: &mut Tx) -> Outcome<()> {
    for (blob, references) in std::mem::take(&mut tx.references) {
        let with = [blob.0.into(), references.change.into(), references.touched_at.0.into()];
        let counted = tx.execute(&COUNT, &with).await?;
        // A content without references was collected in the moment between `keep` and now.
        if counted == 0 && references.change > 0 {
            return Err(collected());
        }
    }
    Ok(())
}

fn collected() -> Fault {
    Fault::Busy("the content was collected at this moment".into())
}

/// Where the content lies.
pub async fn read(tx: &mut Tx, blob: BlobId, files: &Files) -> Outcome<Body> {
    tx.one(&READ, &[blob.0.into()], |row| {
        body(files, row.bytes(0)?, row.int(1)?, row.opt_bytes(2)?)
    })
    .await
}

/// Makes a [`Body`] of a row's hash, size and data.
pub(super) fn body(files: &Files, hash: &[u8], size: i64, data: Option<&[u8]>) -> Outcome<Body> {
    Ok(match data {
        Some(data) => Body::Inline(data.to_vec()),
        None => Body::File { path: files.path(hash), size: size.max(0) as u64 },
    })
}

/// Removes rows without references untouched since `cutoff`, at most `limit`; gives how many, and
/// the hashes of those kept as files, which [`Files::remove`] takes once this is committed.
pub async fn collect(tx: &mut Tx, cutoff: Timestamp, limit: i64) -> Outcome<(usize, Vec<Vec<u8>>)> {
    let rows = tx
        .all(&UNREFERENCED, &[cutoff.0.into(), limit.into()], |row| {
            Ok((row.int(0)?, row.bytes(1)?.to_vec(), row.flag(2)?))
        })
        .await?;
    let (mut gone, mut files) = (0, Vec::new());
    for (id, hash, in_file) in rows {
        if tx.execute(&DROP, &[id.into()]).await? == 1 {
            gone += 1;
            // What it names (`attachment`) may be let go now.
            tx.execute(&DISUSE, &[id.into()]).await?;
            files.extend(in_file.then_some(hash));
        }
    }
    Ok((gone, files))
}

/// Whether a row has this hash.
pub async fn exists(tx: &mut Tx, hash: &[u8]) -> Outcome<bool> {
    Ok(tx.first(&BY_HASH, &[hash.into()], |_| Ok(())).await?.is_some())
}

/// Where contents come in.
const INCOMING: &str = "incoming";
/// The file that processes lock; its content is of no account.
const LOCK: &str = "lock";
/// The file that says whose folder it is.
const MARK: &str = "store";

/// The folder of large contents: `ab/cdef…` by hash, and `incoming/` for those on their way.
#[derive(Clone, Debug)]
pub struct Files {
    root: PathBuf,
    /// Held, and locked for other processes, while a file takes its name and while one is removed.
    naming: Arc<Mutex<fs::File>>,
    /// Whether the folder is this store's for sure: else nothing unknown is removed from it.
    ours: bool,
}

impl Files {
    /// Makes the folder. [`Files::sweep`] clears what an earlier run left half received.
    pub fn open(root: &Path) -> Outcome<Self> {
        let incoming = root.join(INCOMING);
        let made = fs::create_dir_all(&incoming);
        made.map_err(|e| Fault::internal(format!("cannot make {}: {e}", incoming.display())))?;
        if let Some(above) = root.parent().filter(|above| !above.as_os_str().is_empty()) {
            sync_folder(above)?;
        }
        let mut how = fs::File::options();
        let lock = how.create(true).truncate(false).write(true).open(root.join(LOCK));
        let naming = Arc::new(Mutex::new(lock.map_err(disk)?));
        Ok(Self { root: root.to_path_buf(), naming, ours: false })
    }

    /// Finds out whether the folder belongs to the store with this mark. An empty one takes it.
    pub(super) fn claim(&mut self, mark: &str) -> Outcome<()> {
        let path = self.root.join(MARK);
        if !path.exists() && self.is_empty()? {
            fs::write(&path, mark).map_err(disk)?;
        }
        self.ours = fs::read_to_string(&path).is_ok_and(|text| text == mark);
        if !self.ours {
            let folder = self.root.display();
            tracing::warn!("{folder} has files of another store: unknown files are kept");
        }
        Ok(())
    }

    fn is_empty(&self) -> Outcome<bool> {
        let mut entries = fs::read_dir(&self.root).map_err(disk)?;
        let known =
            |entry: &fs::DirEntry| entry.file_name() == INCOMING || entry.file_name() == LOCK;
        Ok(entries.all(|entry| entry.is_ok_and(|entry| known(&entry))))
    }

    /// Does something while no other thread and no other process names or removes a file here.
    fn alone<T>(&self, work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        let naming = self.naming.lock().unwrap_or_else(PoisonError::into_inner);
        naming.lock()?;
        let result = work();
        // Closing would unlock as well; the file stays open.
        naming.unlock()?;
        result
    }

    /// Where the content with this hash lies, if it is a file.
    pub fn path(&self, hash: &[u8]) -> PathBuf {
        let name = hex(hash);
        let (folder, rest) = name.split_at(name.len().min(2));
        self.root.join(folder).join(rest)
    }

    /// A new file to receive a content into; dropped unfinished, it is removed.
    pub fn receive(&self) -> Outcome<Incoming> {
        let name = hex(&crate::kernel::secret::random::<16>());
        let path = self.root.join(INCOMING).join(name);
        let file = fs::File::options()
            .read(true)
            .write(true)
            .create_new(true)
            .open(&path)
            .map_err(disk)?;
        Ok(Incoming { file, path, hash: Default::default(), size: 0 })
    }

    /// Makes the received file durable under its hash.
    pub fn finish(&self, mut incoming: Incoming) -> Outcome<Content> {
        incoming.file.sync_all().map_err(disk)?;
        let hash = std::mem::take(&mut incoming.hash).finish();
        let target = self.path(&hash);
        let folder = target.parent().unwrap_or(&self.root);
        fs::create_dir_all(folder).map_err(disk)?;
        // Always: another reception may have made the folder and not yet come to this.
        sync_folder(&self.root)?;
        self.alone(|| fs::rename(&incoming.path, &target)).map_err(disk)?;
        sync_folder(folder)?;
        Ok(Content { hash, size: incoming.size, data: None })
    }

    /// Removes a file whose row is gone, unless it was received after `cutoff`: then somebody is
    /// about to make its row anew. The file may be missing already. Gives whether it was removed.
    pub fn remove(&self, hash: &[u8], cutoff: Timestamp) -> bool {
        let path = self.path(hash);
        let removed = self.alone(|| match fs::metadata(&path).and_then(|file| file.modified()) {
            Ok(modified) if received(modified) >= cutoff => Ok(false),
            Ok(_) => fs::remove_file(&path).map(|()| true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        });
        removed.unwrap_or_else(|error| {
            tracing::warn!(path = %path.display(), %error, "cannot remove a collected content");
            false
        })
    }

    /// The hashes of the files in the folder of this first octet that were received before
    /// `cutoff`; none when the folder may be another store's.
    pub fn older(&self, first: u8, cutoff: Timestamp) -> Vec<Vec<u8>> {
        let folder = hex(&[first]);
        let entries = match fs::read_dir(self.root.join(&folder)) {
            Ok(entries) if self.ours => entries,
            _ => return Vec::new(),
        };
        let is_old = |entry: &fs::DirEntry| {
            let modified = entry.metadata().and_then(|file| file.modified());
            modified.is_ok_and(|time| received(time) < cutoff)
        };
        let old = entries.flatten().filter(is_old);
        old.filter_map(|entry| unhex(&format!("{folder}{}", entry.file_name().to_str()?))).collect()
    }

    /// Removes files in `incoming/` not written to since `cutoff`: receptions that a crash cut off.
    /// Gives how many.
    pub fn sweep(&self, cutoff: Timestamp) -> usize {
        let Ok(entries) = fs::read_dir(self.root.join(INCOMING)) else { return 0 };
        let is_old = |entry: &fs::DirEntry| {
            let modified = entry.metadata().and_then(|file| file.modified());
            modified.is_ok_and(|time| received(time) < cutoff)
        };
        let old = entries.flatten().filter(is_old);
        old.filter(|entry| fs::remove_file(entry.path()).is_ok()).count()
    }
}

/// A content on its way into a file.
pub struct Incoming {
    file: fs::File,
    path: PathBuf,
    hash: crate::kernel::secret::Sha256,
    size: u64,
}

impl Incoming {
    /// Takes the next piece.
    pub fn write(&mut self, bytes: &[u8]) -> Outcome<()> {
        std::io::Write::write_all(&mut self.file, bytes).map_err(disk)?;
        self.hash.update(bytes);
        self.size += bytes.len() as u64;
        Ok(())
    }

    /// How many octets have come.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Some of the octets that have come.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn read(&self, at: std::ops::Range<u64>) -> Outcome<Vec<u8>> {
        let mut octets = vec![0; at.end.saturating_sub(at.start) as usize];
        let read = std::os::unix::fs::FileExt::read_exact_at(&self.file, &mut octets, at.start);
        read.map_err(disk)?;
        Ok(octets)
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        // After `finish` the name is gone already.
        let _ = fs::remove_file(&self.path);
    }
}

/// The octets of a file's name; `None` for what no content is named like.
fn unhex(name: &str) -> Option<Vec<u8>> {
    let pairs = name.as_bytes().chunks(2);
    let octet = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    (name.len() == 64).then(|| pairs.map(octet).collect())?
}

/// When a file was written, on the clock of [`Timestamp`].
fn received(modified: SystemTime) -> Timestamp {
    Timestamp(modified.duration_since(UNIX_EPOCH).map_or(0, |d| d.as_micros() as i64))
}

fn sync_folder(folder: &Path) -> Outcome<()> {
    fs::File::open(folder).and_then(|f| f.sync_all()).map_err(disk)
}

fn disk(error: io::Error) -> Fault {
    match error.kind() {
        io::ErrorKind::StorageFull => Fault::Busy("the disk is full".into()),
        _ => Fault::internal(error),
    }
}
