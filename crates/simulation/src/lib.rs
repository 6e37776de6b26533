//! The use cases in virtual time: instances that crash, a store and an amoCRM that fail in every
//! way, and a witness who knows the law. Everything follows from a seed.

mod actors;
mod amo;
mod ask;
mod book;
mod bugs;
mod clocks;
mod crm;
mod deeds;
mod executor;
mod instances;
mod keeper;
mod law;
mod report;
mod runtime;
mod schedule;
mod seen;
mod settle;
mod store;
mod told;
mod trace;
mod weather;
mod world;

pub use bugs::Bug;
pub use law::{Broken, Law};
pub use report::{Failure, Totals, replay, run};
