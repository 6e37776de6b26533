//! What the whole-system tests stand on: the service over HTTP, beside a local amoCRM or on any ports.
#![expect(clippy::unwrap_used, clippy::missing_panics_doc, reason = "a test that cannot go on says so loudly")]

mod answer;
mod browser;
pub mod compatibility;
mod databases;
pub mod documented;
mod jwt;
mod kept_connection;
mod postgres;
mod process;
mod proxy;
mod served;
mod service;
mod settings;
mod test_app;
mod until;
mod world;

pub use answer::{Answer, Outcome};
pub use browser::Browser;
pub use databases::{PgOfServer, SqliteFile, TestDatabase};
pub use jwt::{jwt, signed};
pub use kept_connection::{KeptConnection, Reply};
pub use postgres::{PgDatabase, test_server};
pub use process::{KEPT, Process, binary, free_ports, word_after};
pub use proxy::{Proxy, Way};
pub use served::{Served, start, start_unread, variables};
pub use service::{Begun, Service};
pub use settings::{DEEP_LINK, JWT_SECRET};
pub use test_app::{RunningApp, TestApp, at};
pub use until::{until, until_within};
pub use world::{ACCOUNT, Instance, RIVAL, World};
