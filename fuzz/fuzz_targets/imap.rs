//! The door to `davenport_fuzz::imap` for libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| davenport_fuzz::imap::run(data));
