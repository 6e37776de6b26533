//! `OauthAmoClient` against real sockets: what it sends, and what it makes of every answer.

#![expect(clippy::unwrap_used, reason = "the lint spares test functions, not what they share")]

mod bench;
mod budgets;
mod coded_pairs;
mod damaged_reads;
mod doubtful_pairs;
mod kept_connections;
mod look_ups;
mod lost_answers;
mod pairs;
mod reads;
mod refused_reads;
mod refused_tokens;
mod secrecy;
mod token_requests;
mod wrapped_pairs;
