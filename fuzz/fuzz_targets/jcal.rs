//! The door to `davenport_fuzz::jcal` for libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| davenport_fuzz::jcal::run(data));
