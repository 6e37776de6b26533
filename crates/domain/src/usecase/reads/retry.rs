//! Retrying a read once after its connection was lost, with a permit of its own.

use std::future::Future;

use crate::connection::Grant;
use crate::ids::AccountId;
use crate::ports::AmoError;
use crate::usecase::UseCases;

/// Sends `read`, and once more if its connection was lost. Only for calls that change nothing in the
/// CRM.
pub(crate) async fn retried_if_lost<T, F>(read: impl Fn() -> F) -> Result<T, AmoError>
where
    F: Future<Output = Result<T, AmoError>>,
{
    match read().await {
        Err(error @ AmoError::ConnectionLost) => {
            tracing::info!(%error, "read retried");
            read().await
        }
        outcome => outcome,
    }
}

impl UseCases {
    /// The number of `grant`'s account.
    pub(crate) async fn account_of(&self, grant: &Grant) -> Result<AccountId, AmoError> {
        let account = retried_if_lost(|| self.amo.account(&grant.host, &grant.tokens.access)).await;
        account.map(|account| account.number)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::future::ready;

    use futures_util::FutureExt as _;

    use super::*;

    /// The outcome of a read with this first and second answer, and how often it is sent.
    fn outcome(first: Result<u8, AmoError>, then: Result<u8, AmoError>) -> (Result<u8, AmoError>, u32) {
        let sent = Cell::new(0);
        let read = || {
            sent.set(sent.get() + 1);
            ready(if sent.get() == 1 { first } else { then })
        };
        let outcome = retried_if_lost(read).now_or_never();
        (outcome.unwrap_or(Err(AmoError::TimedOut)), sent.get())
    }

    #[test]
    fn only_a_lost_connection_makes_a_read_retried() {
        let lost = Err(AmoError::ConnectionLost);
        assert_eq!(outcome(lost, Ok(7)), (Ok(7), 2));
        assert_eq!(outcome(lost, lost), (lost, 2));
        assert_eq!(outcome(lost, Err(AmoError::Blocked)), (Err(AmoError::Blocked), 2));
        assert_eq!(outcome(Ok(7), lost), (Ok(7), 1));
        for error in [AmoError::Unavailable, AmoError::TimedOut, AmoError::OutcomeUnknown, AmoError::PermitUnavailable]
        {
            assert_eq!(outcome(Err(error), Ok(7)), (Err(error), 1), "{error:?}");
        }
    }
}
