//! The phone of `amo-connect sandbox`: two pages that do what the app on a phone does.
//!
//! They are the app's side of the contract, in plain JavaScript against the public endpoints,
//! and know nothing of the service's inside. Beside the phone is a drawer with what happens at
//! amoCRM, what its people do and fault scenarios, so that one sees what the app's user would see.

mod baseline;
mod drawer;
mod fault_scenario;
mod markup;
mod now;
mod people;
mod routes;
mod screens;

#[cfg(test)]
mod tests;

use amo_connect_sandbox::AccountInfo;

pub use markup::{phone_page, return_page};
pub use routes::routes;

/// Somebody who is logged in to the app.
#[derive(Clone)]
pub struct DemoUser {
    /// What they are called.
    pub name: String,
    /// The JWT that the app has for them.
    pub jwt: String,
}

/// What both pages are made from.
pub struct PhonePage<'a> {
    /// Who can be switched between.
    pub users: &'a [DemoUser],
    /// Who can be logged in as at the local amoCRM.
    pub amo: &'a [AccountInfo],
    /// The nonce of this answer's `Content-Security-Policy`.
    pub nonce: &'a str,
}
