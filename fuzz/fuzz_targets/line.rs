//! The door to `davenport_fuzz::line` for libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| davenport_fuzz::line::run(data));
