//! The door to `davenport_fuzz::config` for libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| davenport_fuzz::config::run(data));
