//! What the CRM keeps: leads with what belongs to them, and their pipelines.

pub mod account;
pub mod contact;
pub mod custom_field;
pub mod event;
pub mod lead;
pub mod note;
pub mod page;
pub mod pipeline;
pub mod task;
pub mod write;
