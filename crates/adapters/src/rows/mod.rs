//! What every SQL store shares: the tables, the rows, and what the port's methods make of them.
//!
//! A database adds how it connects, begins a transaction, locks and tells the time
//! ([`Database`], [`Dialect`]); the rest is here, once.

mod access;
mod attempt;
mod audit;
mod background;
mod client;
mod columns;
mod connection;
mod exchange;
mod failure;
mod grant;
mod host_look_up;
mod in_diesel;
mod look;
mod pool;
mod reseal;
mod schema;
mod session;
mod store;
mod turns;

pub(crate) use access::{Acquitted, Dialect, Rows, SealedRow, StoreNow};
pub(crate) use background::{outcome_of, run_on};
pub use failure::DatabaseError;
pub(crate) use failure::Failure;
pub(crate) use in_diesel::rows_in_diesel;
pub(crate) use pool::{checkout, kind, pool};
pub use reseal::{Cursor, Resealed};
pub(crate) use session::Session;
pub use store::Store;
pub(crate) use store::{Database, Work};
pub(crate) use turns::{TurnRows, turn_rows_in_diesel};

/// What the statements of [`rows_in_diesel!`] name.
pub(crate) mod statements {
    pub(crate) use amo_connect_domain::connection::ReauthReason;
    pub(crate) use diesel::prelude::*;
    pub(crate) use diesel_async::RunQueryDsl;

    pub(crate) use super::attempt::{AttemptRow, OPEN};
    pub(crate) use super::audit::AuditRow;
    pub(crate) use super::client::ClientRow;
    pub(crate) use super::connection::{CONNECTED, ConnectionRow, LeaseColumns};
    pub(crate) use super::exchange::{ExchangeRow, IN_FLIGHT, UNSETTLED, WAITING};
    pub(crate) use super::failure::Failure;
    pub(crate) use super::host_look_up::HostLookUpRow;
    pub(crate) use super::look::LookRow;
    pub(crate) use super::schema::{
        attempts, audit, clients, connections, exchanges, heartbeat, host_look_ups, looks, schema_migrations, turns,
    };
    pub(crate) use super::turns::{INTEGRATION, LineRow};
}
