//! The door to `davenport_fuzz::xcal` for libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| davenport_fuzz::xcal::run(data));
