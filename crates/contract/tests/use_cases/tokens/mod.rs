//! Access tokens and refreshes: who is sent what when, and what is saved.

mod access;
mod background;
mod lost_pairs;
mod moves;
mod refreshing;
mod saving;
