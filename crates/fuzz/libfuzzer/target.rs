//! The fuzz target of this binary's name.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| amo_connect_fuzz::run(env!("CARGO_BIN_NAME"), data));
