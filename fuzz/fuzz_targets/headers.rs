//! The door to `davenport_fuzz::headers` for libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| davenport_fuzz::headers::run(data));
