//! The door to `davenport_fuzz::feed` for libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| davenport_fuzz::feed::run(data));
