//! The door to `davenport_fuzz::csv` for libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| davenport_fuzz::csv::run(data));
