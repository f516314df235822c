//! Where imported messages come from: Maildir directories, mbox files, files of one message.
//!
//! Invariant: messages are read one by one, so that the length of a mailbox costs no memory.

use super::super::Failure;
use crate::domain::mail::flag;
use crate::format::mail::lines::crlf;
use crate::format::mail::mbox::{Found, Splitter};
use crate::format::mail::{Fields, date};
use crate::kernel::clock::{Timestamp, now};
use crate::kernel::limits::MESSAGE_MAX;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// A message of a source.
#[derive(Debug)]
pub struct Item {
    /// Its octets, with CRLF; none: it is too long.
    pub octets: Option<Vec<u8>>,
    /// Its flags.
    pub flags: i64,
    /// When it came.
    pub received_at: Timestamp,
}

/// Messages that belong into one mailbox.
#[derive(Debug)]
pub struct Source {
    /// The names of the folder below the mailbox, joined by `/`; empty: the mailbox itself.
    pub folder: String,
    form: Form,
}

#[derive(Debug)]
enum Form {
    /// Files of one message.
    Files(Vec<PathBuf>),
    Mbox(PathBuf),
}

/// Messages, one by one.
pub type Items = Box<dyn Iterator<Item = Result<Item, Failure>>>;

impl Source {
    /// What a path holds.
    ///
    /// # Errors
    /// When it cannot be read, or is a directory and no Maildir.
    pub fn of(path: &Path) -> Result<Vec<Self>, Failure> {
        if path.is_dir() {
            return maildir(path);
        }
        let mut start = [0; 5];
        let mut file = File::open(path).map_err(|error| unreadable(path, &error))?;
        let read = file.read(&mut start).map_err(|error| unreadable(path, &error))?;
        let form = match start.get(..read) {
            Some(b"From ") => Form::Mbox(path.to_owned()),
            _ => Form::Files(vec![path.to_owned()]),
        };
        Ok(vec![Self { folder: String::new(), form }])
    }

    /// Its messages.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn items(self) -> Result<Items, Failure> {
        match self.form {
            Form::Files(paths) => Ok(Box::new(paths.into_iter().map(|path| one(&path)))),
            Form::Mbox(path) => mbox(&path),
        }
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::Failed(format!("{}: {error}", path.display()))
}

/// A Maildir and the folders in it, as Maildir++ names them.
fn maildir(path: &Path) -> Result<Vec<Source>, Failure> {
    if !path.join("cur").is_dir() {
        let why = "is no Maildir: it has no directory \"cur\"";
        return Err(Failure::Failed(format!("{}: {why}", path.display())));
    }
    let mut all = vec![Source { folder: String::new(), form: Form::Files(files(path)?) }];
    let mut folders: Vec<PathBuf> = entries(path)?;
    folders.retain(|folder| folder.join("cur").is_dir());
    for folder in folders {
        let name = folder.file_name().map(|name| name.to_string_lossy().into_owned());
        if let Some(name) = name.as_deref().and_then(|name| name.strip_prefix('.')) {
            let form = Form::Files(files(&folder)?);
            all.push(Source { folder: name.replace('.', "/"), form });
        }
    }
    Ok(all)
}

fn entries(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    let unreadable = |error: std::io::Error| unreadable(path, &error);
    let entries = fs::read_dir(path).map_err(unreadable)?;
    let mut all = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(unreadable)?;
    all.sort();
    Ok(all)
}

/// The messages of a Maildir in the order in which they came, which their names say.
fn files(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut all = Vec::new();
    for part in ["cur", "new"] {
        let part = path.join(part);
        if part.is_dir() {
            all.extend(entries(&part)?.into_iter().filter(|path| path.is_file()));
        }
    }
    all.sort_by(|one, other| one.file_name().cmp(&other.file_name()));
    Ok(all)
}

fn one(path: &Path) -> Result<Item, Failure> {
    let unreadable = |error: std::io::Error| unreadable(path, &error);
    let file = File::open(path).map_err(unreadable)?;
    let modified = file.metadata().and_then(|about| about.modified()).ok();
    let modified = modified.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let mut octets = Vec::new();
    file.take(MESSAGE_MAX + 1).read_to_end(&mut octets).map_err(unreadable)?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    let in_maildir = path.parent().is_some_and(|dir| dir.ends_with("cur") || dir.ends_with("new"));
    let flags = name.filter(|_| in_maildir).map_or(0, |name| flag::of_maildir(&name));
    let modified = modified.map(|since| since.as_secs() as i64);
    let octets = crlf(octets);
    let received = if in_maildir { modified } else { dated(&octets).or(modified) };
    let received_at = received.map_or_else(now, Timestamp::from_seconds);
    let octets = (octets.len() as u64 <= MESSAGE_MAX).then_some(octets);
    Ok(Item { octets, flags, received_at })
}

/// When a message says that it was written.
fn dated(message: &[u8]) -> Option<i64> {
    let field = Fields::new(message).find(|field| field.is("date"))?;
    date::date(field.value).map(date::Date::seconds)
}

fn mbox(path: &Path) -> Result<Items, Failure> {
    let file = File::open(path).map_err(|error| unreadable(path, &error))?;
    let path = path.to_owned();
    let mut reader = BufReader::with_capacity(1 << 20, file);
    let mut splitter = Some(Splitter::new(MESSAGE_MAX as usize));
    let mut line = Vec::new();
    Ok(Box::new(std::iter::from_fn(move || {
        loop {
            line.clear();
            // A line that is longer is taken in pieces.
            let read = (&mut reader).take(MESSAGE_MAX).read_until(b'\n', &mut line);
            match read {
                Err(error) => return Some(Err(unreadable(&path, &error))),
                Ok(0) => return splitter.take()?.finish().map(|found| Ok(of_mbox(found))),
                Ok(_) => {}
            }
            if let Some(found) = splitter.as_mut()?.line(&line) {
                return Some(Ok(of_mbox(found)));
            }
        }
    })))
}

fn of_mbox(found: Found) -> Item {
    let octets = found.octets.map(crlf).filter(|octets| octets.len() as u64 <= MESSAGE_MAX);
    let message = octets.as_deref().unwrap_or_default();
    let status = Fields::new(message).filter(|field| field.is("status") || field.is("x-status"));
    let flags = status.fold(0, |flags, field| flags | flag::of_status(field.value));
    let received = found.received.or_else(|| dated(message));
    let received_at = received.map_or_else(now, Timestamp::from_seconds);
    Item { octets, flags, received_at }
}
