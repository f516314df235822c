//! The door to `davenport_fuzz::token` for libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| davenport_fuzz::token::run(data));
