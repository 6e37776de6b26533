//! The statements on rows, a file a table. Each database includes them as a module of its own, and
//! so has them compiled for its own connection: diesel's types name the database (ADR 9).
//!
//! The module around this one brings `Transaction`, whose field `connection` is a diesel-async
//! connection, `KEY_HEADER`, which is what the index on the keys of tokens is of, and `locked!`, which has a `SELECT` lock what it finds without waiting for any.

mod attempts;
mod audit;
mod clients;
mod connections;
mod exchanges;
mod health;
mod host_look_ups;
mod imports;
mod key_rings;
mod leases;
mod places;
mod rate_limits;
mod revocation_checks;
mod sealed;
mod writes;

use super::{KEY_HEADER, Transaction};
