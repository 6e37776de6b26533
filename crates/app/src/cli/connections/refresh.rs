//! `connections refresh`: amoCRM's answer holds the only good tokens, so this process waits for it.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use amo_connect_domain::connection::{ConnectionState, CrmConnection};
use amo_connect_domain::ids::{Generation, UserId};
use amo_connect_domain::usecase::{AccessError, RefreshNowError, UseCases};
use tokio_util::task::TaskTracker;

use super::{OneArgs, story};
use crate::cli::signals::Signals;
use crate::cli::{Failure, complain, print};
use crate::config::Refresh;
use crate::key_guard::ServingKeys;
use crate::wiring;

pub(super) async fn run(args: &OneArgs<Refresh>) -> Result<(), Failure> {
    let user = UserId::new(args.user.as_str())?;
    let config = args.settings.given.check_refresh()?;
    let mut signals = Signals::new()?;
    let begun = async {
        let ring = config.storage.token_keys.ring();
        let opened = wiring::open(config.storage).await?;
        // What is sealed here must be opened by the instances that run, and by those that start meanwhile.
        let keys = ServingKeys::start(Arc::clone(&opened.keys), ring, true).await?;
        let before =
            opened.storage.connection(&user).await?.map(|connection| connection.generation).unwrap_or_default();
        Ok::<_, Failure>((opened, keys, before))
    };
    let (opened, keys, before) = tokio::select! {
        begun = begun => begun?,
        _ = signals.told() => return Err("stopped before amoCRM was asked".into()),
    };
    let store = Arc::clone(&opened.storage);
    let ports = (opened.storage, opened.rate_limits);
    let (use_cases, tasks) = wiring::use_cases_on(ports, config.amo, config.pace, config.settings)?;
    let ended = to_the_end(&use_cases, &tasks, &user, config.shutdown_timeout, &mut signals).await;
    keys.stop().await;
    ended?;
    let after = verdict(before, store.connection(&user).await?)?;
    print(&story::table(&[story::row(&user, Some(&after))]))
}

/// Refreshes, and ends when this process has nothing more to do about it. Callers give up
/// before amoCRM does; the pair must not be lost with this process.
async fn to_the_end(
    use_cases: &UseCases,
    tasks: &TaskTracker,
    user: &UserId,
    longest_wait: Duration,
    signals: &mut Signals,
) -> Result<(), Failure> {
    let mut refresh = pin!(async {
        let refreshed = use_cases.refresh_now(user).await;
        tasks.close();
        match tokio::time::timeout(longest_wait, tasks.wait()).await {
            Ok(()) => Ok(refreshed),
            Err(_) => Err(left_undone(use_cases)),
        }
    });
    let refreshed = tokio::select! {
        refreshed = &mut refresh => refreshed,
        _ = signals.told() => {
            complain("waiting for amoCRM, whose answer holds the only good tokens; a second interrupt leaves the refresh undone");
            tokio::select! {
                refreshed = &mut refresh => refreshed,
                () = signals.interrupted() => Err(format!("interrupted twice: {}", left_undone(use_cases))),
            }
        }
    };
    match refreshed? {
        // How it ended is on record, unless others are still at it.
        Ok(()) | Err(RefreshNowError::Access(AccessError::RefreshInProgress)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// What a process leaves that ends now.
pub(super) fn left_undone(use_cases: &UseCases) -> String {
    match use_cases.unsaved_pairs() {
        0 => "amoCRM has not answered; the refresh is left undone, and the service, or the next import, finds out what became of it".into(),
        pairs => format!(
            "amoCRM has given {pairs} token pair(s) that could not be saved and are lost with this process; \
             the user has to connect again"
        ),
    }
}

/// The connection, if it has had new tokens since it was of generation `before`.
fn verdict(before: Generation, after: Option<CrmConnection>) -> Result<CrmConnection, Failure> {
    let after = after.ok_or(AccessError::NotConnected)?;
    match (&after.state, after.problem) {
        (ConnectionState::Connected(_), _) if after.generation > before => Ok(after),
        (ConnectionState::Connected(_), Some(problem)) => Err(format!(
            "there are no new tokens; the problem on record is {} since {}",
            problem.code.code(),
            problem.since
        )
        .into()),
        (ConnectionState::Connected(_), None) => {
            Err("there are no new tokens yet: another process is still at it, or the database failed for a moment; \
                 `connections show` tells how it ends"
                .into())
        }
        (ConnectionState::Disconnected, _) => Err(AccessError::NotConnected.into()),
        (ConnectionState::NeedsReauth { .. }, _) => Err(AccessError::NeedsReauth.into()),
        (ConnectionState::Revoked(_), _) => Err(AccessError::Revoked.into()),
    }
}
