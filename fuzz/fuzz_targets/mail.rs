//! The door to `davenport_fuzz::mail` for libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| davenport_fuzz::mail::run(data));
