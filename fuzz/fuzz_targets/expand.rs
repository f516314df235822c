//! The door to `davenport_fuzz::expand` for libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| davenport_fuzz::expand::run(data));
