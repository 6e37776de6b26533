//! What [`StoreHealth`](amo_connect_domain::ports::StoreHealth) promises, promise by promise.

use super::Case;
use crate::suite;
use crate::token_store::durability;

suite::cases! {
    ($) store_health_cases for token_store;

    "Whether the store can be read, and its schema is one that this build can serve." => [
        durability::a_fresh_store_is_ready,
    ]
    "MUST write nothing: a store that cannot be written is ready." => [
        durability::a_heartbeat_is_written_by_a_beat_alone,
    ]
    "Every handle MUST see it from now on; of one that failed, none." => [
        durability::a_heartbeat_is_seen_by_every_handle,
    ]
}
