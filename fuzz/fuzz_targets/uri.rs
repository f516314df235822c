//! The door to `davenport_fuzz::uri` for libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| davenport_fuzz::uri::run(data));
