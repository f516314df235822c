//! The door to `davenport_fuzz::tz` for libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| davenport_fuzz::tz::run(data));
