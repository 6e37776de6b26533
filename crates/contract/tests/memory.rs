//! The stores in memory keep the promises of their ports: one test per case.

mod token_store {
    amo_connect_contract::token_store_contract!(amo_connect_contract::MemoryHarness);
}

mod rate_limit_store {
    amo_connect_contract::rate_limit_store_contract!(amo_connect_contract::MemoryRateLimitStoreHarness);
}

mod key_registry {
    amo_connect_contract::key_registry_contract!(amo_connect_contract::MemoryKeyRegistry);
}
