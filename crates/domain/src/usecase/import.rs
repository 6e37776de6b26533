//! Importing the connections of an earlier service, a refresh token each.
//!
//! A token is looked at first, which spends nothing. One that the CRM knows is stored as a connection
//! without an access token, and refreshed as any other: under its lease, with its doubts and backoffs. So
//! whoever is killed at any moment can begin again, and the background of a service finishes what is left.

use crate::connection::import::{Import, ImportRecord, NotImported};
use crate::connection::{ConnectionState, CrmConnection, ReauthReason};
use crate::host::AccountHost;
use crate::host_look_up::FoundHost;
use crate::ids::{AccountId, Generation, UserId};
use crate::ports::{AmoError, StoreError};
use crate::token::{AccessToken, RefreshToken, RefreshTokenHash};
use crate::usecase::UseCases;
use crate::usecase::tokens::refresh_token::{AskedBy, RefreshOutcome};

/// A refresh token that an earlier service kept.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Whose connection it is to become.
    pub user: UserId,
    /// The account's host, as the earlier service knew it. It is one that is allowed.
    pub host: AccountHost,
    /// The token.
    pub token: RefreshToken,
}

/// What an import of one token came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Imported {
    /// It is a connection now.
    Now,
    /// It was imported before, and was served then.
    Before,
    /// It was left out.
    Skipped(Skipped),
    /// It makes no connection.
    Refused(Refused),
    /// It is stored, and is not served yet. Whoever imports it again finds out, or a service does.
    Unfinished(Option<AmoError>),
    /// It could not be looked at. It was neither stored nor sent.
    NotAsked(AmoError),
}

/// Why a token was left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skipped {
    /// The user is connected.
    Connected,
    /// The user has disconnected from this service.
    Disconnected,
    /// The token was imported for another user.
    AnotherUsers,
}

/// Why a token makes no connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The CRM does not know the token at this host. It was not sent.
    Unknown,
    /// The token's account is at this other host. It was not sent.
    Elsewhere(AccountHost),
    /// The CRM refused to renew it.
    Refused(ReauthReason),
    /// The integration was switched off in the account.
    Revoked,
}

/// What can be told of a token before it is stored.
enum Considered {
    /// It was stored before.
    OnRecord(ImportRecord),
    /// It can be imported, into this account.
    Good(Option<AccountId>),
    /// It is not imported.
    Over(Imported),
}

impl UseCases {
    /// Looks at a token without spending it: `Ok` if it can be imported.
    async fn look_at(&self, candidate: &Candidate) -> Result<Result<Option<FoundHost>, Refused>, AmoError> {
        let access = AccessToken::new("");
        let Some(asked) = self.amo.locator(&candidate.host, &access) else { return Ok(Ok(None)) };
        let located = self.amo.locate(&asked, &access, &candidate.token).await?;
        Ok(match located.at {
            None => Err(Refused::Unknown),
            // The file may be mixed up, and nobody must get another's account.
            Some(found) if found.host != candidate.host => Err(Refused::Elsewhere(found.host)),
            found => Ok(found),
        })
    }

    /// What an import of the token would come to, as far as that can be told without spending it:
    /// [`Imported::Now`] if it can be imported.
    pub async fn preview_import(&self, candidate: &Candidate, replaces: bool) -> Result<Imported, StoreError> {
        Ok(match self.consider(candidate, replaces).await? {
            Considered::OnRecord(record) if record.user != candidate.user => Imported::Skipped(Skipped::AnotherUsers),
            Considered::OnRecord(record) => {
                let connection = self.stores.tokens.connection(&record.user).await?;
                outcome(connection.as_ref(), record.generation, Imported::Before, None)
            }
            Considered::Good(_) => Imported::Now,
            Considered::Over(outcome) => outcome,
        })
    }

    /// Imports a token, or finds out what became of it. A connection that the user has, or has ended, stays
    /// unless the import `replaces` it.
    pub async fn import(&self, candidate: &Candidate, replaces: bool) -> Result<Imported, StoreError> {
        let account = match self.consider(candidate, replaces).await? {
            Considered::OnRecord(record) => return self.go_on(&candidate.user, record).await,
            Considered::Good(account) => account,
            Considered::Over(outcome) => return Ok(outcome),
        };
        let Candidate { user, host, token } = candidate.clone();
        let import = Import { user, host, account, token, replaces };
        match self.stores.imports.import(&import, self.runtime.now()).await? {
            Ok(connection) => self.finish(&import.user, connection.generation).await,
            Err(NotImported::OnRecord(record)) => self.go_on(&import.user, record).await,
            Err(NotImported::Connected) => Ok(Imported::Skipped(Skipped::Connected)),
            Err(NotImported::Disconnected) => Ok(Imported::Skipped(Skipped::Disconnected)),
        }
    }

    /// What can be told of a token without spending it.
    async fn consider(&self, candidate: &Candidate, replaces: bool) -> Result<Considered, StoreError> {
        let hash = RefreshTokenHash::of(&candidate.token);
        if let Some(record) = self.stores.imports.import_record(hash).await? {
            return Ok(Considered::OnRecord(record));
        }
        let connection = self.stores.tokens.connection(&candidate.user).await?;
        if let Some(skipped) = connection.filter(|_| !replaces).as_ref().and_then(skipped) {
            return Ok(Considered::Over(Imported::Skipped(skipped)));
        }
        Ok(match self.look_at(candidate).await {
            Ok(Ok(found)) => Considered::Good(found.and_then(|found| found.account)),
            Ok(Err(refused)) => Considered::Over(Imported::Refused(refused)),
            Err(error) => Considered::Over(Imported::NotAsked(error)),
        })
    }

    /// What became of a token that is on record.
    async fn go_on(&self, user: &UserId, record: ImportRecord) -> Result<Imported, StoreError> {
        if record.user != *user {
            return Ok(Imported::Skipped(Skipped::AnotherUsers));
        }
        let connection = self.stores.tokens.connection(user).await?;
        let is_waiting = |stored: &CrmConnection| stored.generation == record.generation && stored.grant().is_some();
        if connection.as_ref().is_some_and(is_waiting) {
            return self.finish(user, record.generation).await;
        }
        Ok(outcome(connection.as_ref(), record.generation, Imported::Before, None))
    }

    /// Refreshes the imported tokens, and tells what that came to.
    async fn finish(&self, user: &UserId, generation: Generation) -> Result<Imported, StoreError> {
        let asked = self.refreshing(user.clone(), generation, AskedBy::Hand).await;
        let error = match asked {
            Ok(RefreshOutcome::Failed(error) | RefreshOutcome::BackingOff(error, _)) => Some(error),
            _ => None,
        };
        let connection = self.stores.tokens.connection(user).await?;
        Ok(outcome(connection.as_ref(), generation, Imported::Now, error))
    }
}

/// Why a token is left out for a user whose connection this is.
fn skipped(connection: &CrmConnection) -> Option<Skipped> {
    match connection.state {
        ConnectionState::Connected(_) => Some(Skipped::Connected),
        ConnectionState::Disconnected => Some(Skipped::Disconnected),
        ConnectionState::NeedsReauth { .. } | ConnectionState::Revoked(_) => None,
    }
}

/// What became of the imported tokens of `generation`, whose connection is as it is now. If they were
/// served it is `served`, whatever came later.
fn outcome(
    connection: Option<&CrmConnection>,
    generation: Generation,
    served: Imported,
    error: Option<AmoError>,
) -> Imported {
    let Some(connection) = connection else { return Imported::Unfinished(error) };
    let is_later = connection.generation > generation;
    match &connection.state {
        ConnectionState::Disconnected => Imported::Skipped(Skipped::Disconnected),
        _ if is_later => served,
        ConnectionState::Connected(_) => Imported::Unfinished(error),
        ConnectionState::NeedsReauth { reason, .. } => Imported::Refused(Refused::Refused(*reason)),
        ConnectionState::Revoked(_) => Imported::Refused(Refused::Revoked),
    }
}
