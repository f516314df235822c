//! The door to `davenport_fuzz::conditional` for libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| davenport_fuzz::conditional::run(data));
