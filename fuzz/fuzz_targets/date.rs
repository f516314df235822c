//! The door to `davenport_fuzz::date` for libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| davenport_fuzz::date::run(data));
