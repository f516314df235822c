//! The door to `davenport_fuzz::vcard` for libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| davenport_fuzz::vcard::run(data));
