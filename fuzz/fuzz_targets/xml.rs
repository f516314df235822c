//! The door to `davenport_fuzz::xml` for libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| davenport_fuzz::xml::run(data));
