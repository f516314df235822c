//! The door to `davenport_fuzz::split` for libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| davenport_fuzz::split::run(data));
