//! The door to `davenport_fuzz::ical` for libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| davenport_fuzz::ical::run(data));
