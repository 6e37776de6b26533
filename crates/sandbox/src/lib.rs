//! A local amoCRM for tests and laptops: its authorization pages, token endpoint, API v4, limits and faults.
//!
//! It is somebody else's server: it knows nothing of who calls it. Start it in the process with
//! [`Sandbox::start`], and steer it through the returned handle or, over HTTP, under `/_sandbox`.
//! What is faithful, what is a switch and what is left out stands in the crate's README.

mod accounts;
mod api;
mod clock;
mod control;
mod cut;
mod data;
mod dress;
mod endpoint;
mod error;
mod faults;
mod fixtures;
mod grants;
mod hook;
mod hosts;
mod journal;
mod limits;
mod oauth;
mod options;
mod patch;
mod ports;
mod positions;
mod raw;
#[cfg(test)]
mod readme;
mod report;
mod sandbox;
mod server;
mod state;
mod stats;
mod store;
mod switches;
mod times;
mod tls;
mod webhooks;
mod world;

pub use accounts::{AccountId, AccountInfo, UserId, UserInfo};
pub use clock::ClockReading;
pub use control::{OpenLead, UserDetails};
pub use dress::Dress;
pub use error::SandboxError;
pub use faults::{Failure, Faults};
pub use fixtures::{FixtureMistake, FixtureMistakes, Fixtures};
pub use grants::{GrantInfo, IssuedCode};
pub use hook::HookOutcome;
pub use hosts::HostNames;
pub use journal::RequestRecord;
pub use options::{Integration, Options};
pub use positions::{
    BadContextUser, DefaultOrder, DeletedLead, EmptyCustomFields, FractionalPrice, LargerLimit, LeadAddedValue,
    Reopening, SinglePatch, TaskCompletion, UnknownId, UnknownMembers,
};
pub use report::Report;
pub use sandbox::Sandbox;
pub use stats::Stats;
pub use switches::{
    DenyRedirect, DisabledGrant, GarbageRefresh, RateLimitCovers, RateLimitScope, RefreshRace, RefreshRedirectUri,
    Switches, TooMany, Unauthorized, WrongRedirectUri,
};
pub use tls::Tls;
pub use webhooks::{
    DeliveryState, WebhookAnswer, WebhookAttempt, WebhookDelivery, WebhookEntities, WebhookOrder, WebhookPlan,
    WebhookReport, WebhookRepost, WebhookRequestId, WebhookSubscription, WebhookZone, WebhooksOfDisabled,
};
