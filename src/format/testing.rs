//! Test data shared by the tests of this layer. It lies outside the crate, so one place finds it.

use std::path::{Path, PathBuf};

/// The folder of the shared data: `DAVENPORT_SHARED`, or `../shared` beside the crate root.
pub fn shared() -> PathBuf {
    match std::env::var_os("DAVENPORT_SHARED") {
        Some(dir) => dir.into(),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"),
    }
}

/// The text of one shared file, named by its path below `shared/data`.
///
/// # Panics
/// When it cannot be read: a test without its data has proved nothing.
pub fn data(name: &str) -> String {
    let path = shared().join("data").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Every file of a shared folder, with its name, in the order of the names.
///
/// # Panics
/// When they cannot be read.
pub fn folder(name: &str) -> Vec<(String, Vec<u8>)> {
    let dir = shared().join("data").join(name);
    let entries = std::fs::read_dir(&dir).unwrap_or_else(|e| panic!("{}: {e}", dir.display()));
    let mut files: Vec<(String, Vec<u8>)> = entries
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read(&path).unwrap())
        })
        .collect();
    files.sort();
    files
}
