//! What the whole-system tests stand on: the service over HTTP, beside a local amoCRM.
#![expect(clippy::unwrap_used, clippy::missing_panics_doc, reason = "a test that cannot go on says so loudly")]

mod answer;
mod browser;
mod process;
mod world;

pub use answer::Answer;
pub use browser::Browser;
pub use process::{Process, binary};
pub use world::{ACCOUNT, Begun, DEEP_LINK, RIVAL, World, jwt, signed};
