//! What the CRM keeps: leads, their contacts and their pipelines.

pub mod contact;
pub mod custom_field;
pub mod lead;
pub mod pipeline;
