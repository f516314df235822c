//! The door to `davenport_fuzz::if_header` for libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| davenport_fuzz::if_header::run(data));
