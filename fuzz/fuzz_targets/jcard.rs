//! The door to `davenport_fuzz::jcard` for libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| davenport_fuzz::jcard::run(data));
