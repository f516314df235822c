//! The door to `davenport_fuzz::itip` for libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| davenport_fuzz::itip::run(data));
