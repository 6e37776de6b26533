//! `amo-connect connections`: what an operator does about one user, or all.

mod import;
mod refresh;
mod story;
mod trials;

use std::sync::Arc;

use amo_connect_domain::authorization::attempt::MEMORY;
use amo_connect_domain::clock::before;
use amo_connect_domain::connection::CrmConnection;
use amo_connect_domain::connection::audit::{Actor, AuditEntry};
use amo_connect_domain::ids::UserId;
use amo_connect_domain::ports::{Storage, StoreError};
use clap::{Args, Subcommand};
use serde_json::Value;

use super::exit::{Ended, Exit};
use super::{Failure, print};
use crate::config::{Given, Refresh, Settings, Tokens, Uses};
use crate::wiring;

/// How many users are read at a time.
const PAGE: u32 = 200;

/// How much of a story is told.
const ENTRIES: u32 = 1000;

/// What to do with connections. The service may run meanwhile.
#[derive(Subcommand)]
pub(super) enum ConnectionsCommand {
    /// List everybody's connection
    List(ListArgs),
    /// Show a user's connection, its story, and what became of the attempts to connect of the last 24 hours
    Show(ShowArgs),
    /// Refresh a user's tokens now, due or not, and wait for the outcome
    Refresh(OneArgs<Refresh>),
    /// Disconnect a user, as the app does
    Disconnect(OneArgs<Tokens>),
    /// Import the refresh tokens of an earlier service, which must be stopped: a token works once
    Import(import::ImportArgs),
}

/// How to list.
#[derive(Args)]
pub(super) struct ListArgs {
    /// Print a JSON array
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    settings: Settings<Tokens>,
}

/// Whom to show, and how.
#[derive(Args)]
pub(super) struct ShowArgs {
    /// The user, as the JWT names them
    user: String,
    /// Print a JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    settings: Settings<Tokens>,
}

/// Whom to change.
#[derive(Args)]
pub(super) struct OneArgs<U: Uses> {
    /// The user, as the JWT names them
    user: String,
    #[command(flatten)]
    settings: Settings<U>,
}

impl ConnectionsCommand {
    pub(super) async fn run(self) -> Result<(), Failure> {
        match self {
            Self::List(args) => list(&args).await,
            Self::Show(args) => show(&args).await,
            Self::Refresh(args) => refresh::run(&args).await,
            Self::Disconnect(args) => disconnect(&args).await,
            Self::Import(args) => import::run(&args).await,
        }
    }
}

async fn list(args: &ListArgs) -> Result<(), Failure> {
    let store = store(&args.settings.given).await?;
    let (mut rows, mut last) = (Vec::new(), None);
    loop {
        let users = store.users(last, PAGE).await?;
        for user in &users {
            rows.push(row(&*store, user).await?);
        }
        let Some(user) = users.into_iter().next_back() else { break };
        last = Some(user);
    }
    if args.json {
        return print(&serde_json::to_string_pretty(&rows)?);
    }
    print(&story::table(&rows))
}

async fn show(args: &ShowArgs) -> Result<(), Failure> {
    let user = UserId::new(args.user.as_str())?;
    let store = store(&args.settings.given).await?;
    let connection = store.connection(&user).await;
    let entries = store.audit(&user, ENTRIES).await?;
    let attempts = store.attempts_of(&user, ENTRIES).await?;
    let exchanges = store.exchanges_of(&user, ENTRIES).await?;
    if matches!(connection, Ok(None)) && entries.is_empty() && attempts.is_empty() && exchanges.is_empty() {
        return Err(Ended { exit: Exit::UnknownUser, why: "unknown user".to_owned() }.into());
    }
    let mut shown = told(&user, connection, entries.last())?;
    shown["audit"] = entries.iter().map(story::entry).collect();
    let now = store.clock().await?;
    let oldest = before(now, MEMORY);
    let of_code = |code| exchanges.iter().find(|exchange| Some(exchange.code) == code);
    let recent = attempts.iter().filter(|attempt| attempt.opened_at >= oldest);
    shown["attempts"] = recent.map(|attempt| trials::attempt(attempt, of_code(attempt.code()), now)).collect();
    let recent = exchanges.iter().filter(|exchange| exchange.admitted_at >= oldest);
    shown["exchanges"] = recent.map(|exchange| trials::exchange(exchange, now)).collect();
    if args.json {
        return print(&serde_json::to_string_pretty(&shown)?);
    }
    print(&story::tell(&shown))
}

/// A user's connection for a list.
async fn row(store: &dyn Storage, user: &UserId) -> Result<Value, StoreError> {
    let connection = store.connection(user).await;
    let last = match &connection {
        Err(StoreError::Corrupt(_)) => store.audit(user, 1).await.unwrap_or_default().pop(),
        _ => None,
    };
    told(user, connection, last.as_ref())
}

/// A user's connection. One whose row cannot be read is shown all the same, with the account that
/// its story ends at.
fn told(
    user: &UserId,
    connection: Result<Option<CrmConnection>, StoreError>,
    last: Option<&AuditEntry>,
) -> Result<Value, StoreError> {
    match connection {
        Ok(connection) => Ok(story::row(user, connection.as_ref())),
        Err(StoreError::Corrupt(why)) => Ok(story::unreadable(user, why, last)),
        Err(error) => Err(error),
    }
}

async fn disconnect(args: &OneArgs<Tokens>) -> Result<(), Failure> {
    let user = UserId::new(args.user.as_str())?;
    let store = store(&args.settings.given).await?;
    let had = store
        .summary(&user)
        .await
        .map_or(true, |connection| connection.is_some_and(|connection| connection.account.is_some()));
    store.disconnect(&user, Actor::Operator).await?;
    print(if had { "Disconnected." } else { "There was no connection." })
}

async fn store(settings: &Given) -> Result<Arc<dyn Storage>, Failure> {
    Ok(wiring::open(settings.check_storage()?).await?.storage)
}
