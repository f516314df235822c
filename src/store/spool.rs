//! Octets on their way in: a few stay in memory, many go to a file.
//!
//! Invariant: whatever is sent, no more than [`BLOB_INLINE_MAX`] octets of it are in memory; a
//! spool dropped without [`Spool::finish`] leaves no file.

use super::blob::{Content, Files, Incoming};
use crate::kernel::fault::Outcome;
use crate::kernel::limits::BLOB_INLINE_MAX;
use std::ops::Range;

/// Where octets gather.
pub struct Spool {
    files: Files,
    small: Vec<u8>,
    large: Option<Incoming>,
}

impl Spool {
    /// An empty one; its file, if it needs one, is among these.
    pub fn new(files: &Files) -> Self {
        Self { files: files.clone(), small: Vec::new(), large: None }
    }

    /// Takes the next piece.
    ///
    /// # Errors
    /// When its file cannot be written.
    pub fn write(&mut self, piece: &[u8]) -> Outcome<()> {
        if self.large.is_none() && self.small.len() + piece.len() > BLOB_INLINE_MAX {
            let mut incoming = self.files.receive()?;
            incoming.write(&std::mem::take(&mut self.small))?;
            self.large = Some(incoming);
        }
        match &mut self.large {
            Some(incoming) => incoming.write(piece),
            None => {
                self.small.extend_from_slice(piece);
                Ok(())
            }
        }
    }

    /// How many octets have come.
    pub fn size(&self) -> u64 {
        self.large.as_ref().map_or(self.small.len() as u64, Incoming::size)
    }

    /// Some of them; what lies past the end is left out.
    ///
    /// # Errors
    /// When its file cannot be read.
    pub fn read(&self, at: Range<u64>) -> Outcome<Vec<u8>> {
        let end = at.end.min(self.size());
        match &self.large {
            Some(incoming) => incoming.read(at.start.min(end)..end),
            None => {
                let some = self.small.get(at.start as usize..end as usize);
                Ok(some.unwrap_or_default().to_vec())
            }
        }
    }

    /// Makes them a content; those in a file are made durable, which waits for the disk.
    ///
    /// # Errors
    /// When its file cannot be made durable.
    pub fn finish(self) -> Outcome<Content> {
        match self.large {
            Some(incoming) => self.files.finish(incoming),
            None => Ok(Content::inline(self.small)),
        }
    }
}
