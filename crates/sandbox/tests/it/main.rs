//! What the sandbox promises, asked over HTTP as its clients ask it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod admin;
mod api;
mod companies;
mod complex;
mod contacts;
mod control;
mod dress;
mod events;
mod exchange;
mod faults;
mod filters;
mod fixtures;
mod hosts;
mod lead_changes;
mod lead_fields;
mod leads;
mod leads_write;
mod limits;
mod links;
mod names;
mod note_changes;
mod notes;
mod official_sdk;
mod pages;
mod requests;
mod rights;
mod rotation;
mod secrets;
mod settings;
mod start;
mod support;
mod switches;
mod tags;
mod task_rules;
mod tasks;
mod tls;
mod unsorted;
mod webhook_activity;
mod webhook_bodies;
mod webhook_cards;
mod webhook_retries;
mod webhook_sending;
mod webhooks;
mod wire;
