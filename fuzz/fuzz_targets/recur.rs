//! The door to `davenport_fuzz::recur` for libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| davenport_fuzz::recur::run(data));
