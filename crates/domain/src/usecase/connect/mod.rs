//! Connecting: from *Connect* in the app to a stored pair.

pub(super) mod authorize;
pub(super) mod callback;
pub(super) mod claim;
pub(super) mod deep_links;
pub(super) mod exchange;
pub(super) mod unrecorded_callbacks;
pub(super) mod unsolicited_codes;
