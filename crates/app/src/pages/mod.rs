//! The page that amoCRM's redirect reaches: the person's way back into the app.
//!
//! One layout for every outcome. The button is in the first paint, and nothing moves until it
//! is tapped.

mod callback;
mod headers;
mod language;
mod nonce;
mod outcome;
mod texts;

#[cfg(test)]
pub(crate) mod contrast;
#[cfg(test)]
mod tests;

pub use callback::{CallbackPage, callback_page};
pub use headers::{client_headers, headers};
pub use language::Language;
pub use nonce::Nonce;
pub use outcome::{deep_link_parameters, status};
