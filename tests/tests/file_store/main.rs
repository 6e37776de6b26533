//! A store that is no database, on files of JSON: the worked example of `docs/writing-an-adapter.md`,
//! compiled and run.

#![expect(clippy::unwrap_used, reason = "a harness that cannot be made fails its case")]

mod file;
mod harness;
mod rate_limits;
mod records;
mod sealed;
mod store;
mod token_store;
mod upkeep;

mod tokens {
    amo_connect_contract::token_store_contract!(crate::harness::FileHarness);
}

mod limits {
    amo_connect_contract::rate_limit_store_contract!(crate::harness::FileHarness);
}
