//! Connecting: what a browser and an app are told, and what amoCRM is sent.

mod attempts;
mod claims;
mod exchanges;
mod redirects;
mod strangers;
