//! Groups: who is in them, what is told of them, and what is left of them.

mod ends;
mod fixtures;
mod turns;
