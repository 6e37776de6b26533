//! Attempts: opened, looked up, closed.

use amo_connect_domain::authorization::attempt::{Attempt, AttemptState};
use amo_connect_domain::authorization::budget::ATTEMPTS_OF_A_USER;
use amo_connect_domain::ids::{AttemptId, UserId};
use amo_connect_domain::token::StateHash;

use super::Session;
use super::sweep::BATCH;
use crate::rows::attempt::AttemptRow;
use crate::rows::failure::Failure;

impl Session<'_> {
    pub(in crate::rows) async fn open_attempt(mut self, attempt: Attempt) -> Result<(), Failure> {
        self.rows.lock_user(&attempt.user).await?;
        let others = self.open_attempts(&attempt.user).await?;
        for superseded in Attempt::superseded(others) {
            self.update_attempt(&superseded).await?;
        }
        self.rows.forget_attempts_of(attempt.user.as_str().as_bytes(), ATTEMPTS_OF_A_USER, BATCH).await?;
        self.rows.insert_attempt(&AttemptRow::from(&attempt)).await
    }

    pub(in crate::rows) async fn attempt(self, id: AttemptId) -> Result<Option<Attempt>, Failure> {
        self.rows.attempt(&id.0).await?.map(Attempt::try_from).transpose()
    }

    pub(in crate::rows) async fn attempt_by_state(self, state: StateHash) -> Result<Option<Attempt>, Failure> {
        self.rows.attempt_by_state(&state.0).await?.map(Attempt::try_from).transpose()
    }

    pub(in crate::rows) async fn close_attempt(mut self, state: StateHash, end: AttemptState) -> Result<(), Failure> {
        let Some(row) = self.rows.attempt_by_state(&state.0).await? else { return Ok(()) };
        let found = Attempt::try_from(row)?;
        self.rows.lock_user(&found.user).await?;
        match self.load_attempt(found.id).await? {
            Some(mut attempt) if attempt.state == AttemptState::Open => {
                attempt.state = end;
                self.update_attempt(&attempt).await
            }
            _ => Ok(()),
        }
    }

    pub(super) async fn load_attempt(&mut self, id: AttemptId) -> Result<Option<Attempt>, Failure> {
        self.rows.attempt(&id.0).await?.map(Attempt::try_from).transpose()
    }

    /// The newest first.
    pub(super) async fn open_attempts(&mut self, user: &UserId) -> Result<Vec<Attempt>, Failure> {
        let rows = self.rows.open_attempts(user.as_str().as_bytes()).await?;
        rows.into_iter().map(Attempt::try_from).collect()
    }

    pub(super) async fn update_attempt(&mut self, attempt: &Attempt) -> Result<(), Failure> {
        self.rows.update_attempt(&AttemptRow::from(attempt)).await
    }
}
