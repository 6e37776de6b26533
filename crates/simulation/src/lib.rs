//! The use cases in virtual time: instances that crash, a store and an amoCRM that fail in every
//! way, and a checker of the invariants. A seed determines everything.

mod actors;
mod amo;
mod ask;
mod background;
mod bugs;
mod clocks;
mod crm;
mod executor;
mod faults;
mod instances;
mod invariants;
mod observe;
mod operations;
mod profile;
mod report;
mod runtime;
mod schedule;
mod settle;
mod setup;
mod shares;
mod store;
mod trace;
mod world;
mod writes;

pub use bugs::Bug;
pub use invariants::{Broken, Invariant};
pub use profile::Profile;
pub use report::{Failure, Totals, replay, run};
