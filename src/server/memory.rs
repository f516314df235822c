//! How the C library's allocator gives memory back.
//!
//! A password check takes 19 MiB for some milliseconds. glibc learns from the first such block to
//! keep the next ones, so a server that nobody uses would hold tens of mebibytes for good. A fixed
//! threshold makes it hand large blocks back at once.

/// Octets from which a block is mapped by itself and unmapped when it is freed.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const MAPPED: i32 = 4 << 20;

/// Sets the allocator up; to be called before any thread is started.
pub fn set_up() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: mallopt only stores the number, and no other thread runs yet.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, MAPPED);
        // A fixed first threshold fixes this one too, at 128 KiB: then every buffer of an answer
        // would be given back and faulted in again.
        libc::mallopt(libc::M_TRIM_THRESHOLD, MAPPED);
    }
}
