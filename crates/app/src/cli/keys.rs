//! `amo-connect keys new`.

use amo_connect_adapters::cipher::TokenKeys;
use clap::Subcommand;

use super::{Failure, print};

/// What to do with the keys of stored tokens.
#[derive(Subcommand)]
pub(super) enum KeysCommand {
    /// Print a new entry for `TOKEN_KEYS`: a key id and a fresh key
    New,
}

/// Does it.
pub(super) fn run(command: &KeysCommand) -> Result<(), Failure> {
    match command {
        KeysCommand::New => print(&TokenKeys::generate_entry()?),
    }
}
