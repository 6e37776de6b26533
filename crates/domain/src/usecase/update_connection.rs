//! Updating a connection's row by compare-and-set, again if another change came first.

use std::future::Future;

use crate::connection::{AnotherGeneration, CrmConnection, ProblemCode};
use crate::host::AccountHost;
use crate::ids::{Generation, UserId};
use crate::ports::StoreError;
use crate::usecase::UseCases;

/// How many tries there are to record the end of a lease. If all fail, the lease lapses.
const TRIES_TO_END: u32 = 6;

impl UseCases {
    /// Follows an account to another host.
    pub(crate) async fn follow(&self, user: &UserId, generation: Generation, host: &AccountHost) {
        tracing::info!(%user, amo.host = %host, "account has moved");
        if let Err(error) = self.update(user, |connection| connection.follow(generation, host.clone())).await {
            tracing::warn!(%user, %error, "new account host not recorded");
        }
    }

    /// Notes why amoCRM cannot be used, or that it can. It is a hint for people, so a failure to note
    /// it is only logged.
    pub(crate) async fn note(&self, user: &UserId, generation: Generation, problem: Option<ProblemCode>) {
        let noted = self.update(user, |connection| connection.note(generation, problem, self.runtime.now()));
        if let Err(error) = noted.await {
            tracing::warn!(%user, %error, "problem not recorded");
        }
    }

    /// Changes the user's row as it is now. `None` if `change` does not apply to it.
    pub(crate) async fn update(
        &self,
        user: &UserId,
        change: impl Fn(&mut CrmConnection) -> Result<(), AnotherGeneration>,
    ) -> Result<Option<CrmConnection>, StoreError> {
        loop {
            let Some(before) = self.stores.tokens.connection(user).await? else { return Ok(None) };
            let mut connection = before.clone();
            if change(&mut connection).is_err() {
                return Ok(None);
            }
            if connection == before {
                return Ok(Some(connection));
            }
            match self.stores.tokens.save(&connection, Some(before.revision)).await {
                Ok(revision) => return Ok(Some(connection.stored_as(revision))),
                Err(StoreError::Conflict) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Records something, again if the database fails. If every try fails it is `None`: the lease
    /// lapses, and the token is sent once more.
    pub(crate) async fn persist<T, F>(&self, what: &str, record: impl Fn() -> F) -> Option<T>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        for tries in 0..TRIES_TO_END {
            match record().await {
                Ok(recorded) => return Some(recorded),
                Err(error) => tracing::warn!(%error, attempt = tries, "{what} not recorded"),
            }
            self.before_saving_again(tries).await;
        }
        None
    }
}
