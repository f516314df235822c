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
