//! The door to `davenport_fuzz::framing` for libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| davenport_fuzz::framing::run(data));
