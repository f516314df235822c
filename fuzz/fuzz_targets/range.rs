//! The door to `davenport_fuzz::range` for libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| davenport_fuzz::range::run(data));
