//! What the handlers share.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use amo_connect_domain::usecase::UseCases;
use tokio::runtime::Handle;
use tokio::task::JoinError;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};
use tracing::Instrument;

use crate::auth::jwt::Verifier;
use crate::budgets::{Budgets, TASKS};
use crate::caller_limits::Limits;
use crate::deep_link::DeepLinks;
use crate::error::ApiError;
use crate::metrics::Metrics;
use crate::readiness::Readiness;

/// What the handlers share.
pub struct AppState {
    /// What the service does.
    pub use_cases: UseCases,
    /// Who may ask.
    pub verifier: Verifier,
    /// How often.
    pub limits: Limits,
    /// Where *Return to App* leads.
    pub deep_links: DeepLinks,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Whether requests should come here.
    pub readiness: Readiness,
    /// What the process takes at most.
    pub budgets: Budgets,
    /// How long an idle connection of a client stays open.
    pub idle_timeout: Duration,
    /// The origins of the app's web builds.
    pub allowed_origins: Vec<String>,
    /// The runtime that outlives requests.
    pub runtime: Handle,
    /// The tasks that a shutdown waits for.
    pub tasks: TaskTracker,
}

impl AppState {
    /// Runs a use case as a task of the process: it runs to its end, also if the caller goes away.
    pub async fn run<T, E>(&self, work: impl Future<Output = Result<T, E>> + Send + 'static) -> Result<T, ApiError>
    where
        T: Send + 'static,
        E: Into<ApiError> + Send + 'static,
    {
        check_room(&self.tasks, &self.metrics)?;
        outcome_of(self.runtime.spawn(self.tasks.track_future(work.in_current_span())).await)
    }

    /// Runs a use case that only reads, while a caller waits for it: a caller that goes away takes
    /// no permit from others. A refresh that it has begun is a task of its own.
    pub async fn read<T, E>(&self, work: impl Future<Output = Result<T, E>> + Send + 'static) -> Result<T, ApiError>
    where
        T: Send + 'static,
        E: Into<ApiError> + Send + 'static,
    {
        check_room(&self.tasks, &self.metrics)?;
        let task = self.runtime.spawn(self.tasks.track_future(work.in_current_span()));
        outcome_of(AbortOnDropHandle::new(task).await)
    }
}

/// Whether there may be one task more.
fn check_room(tasks: &TaskTracker, metrics: &Metrics) -> Result<(), ApiError> {
    if tasks.len() < TASKS {
        return Ok(());
    }
    metrics.count_refused_task();
    Err(ApiError::Overloaded)
}

fn outcome_of<T, E: Into<ApiError>>(ended: Result<Result<T, E>, JoinError>) -> Result<T, ApiError> {
    match ended {
        Ok(done) => done.map_err(Into::into),
        Err(_) => Err(ApiError::Internal(None)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_too_many_is_refused_until_another_one_has_ended() {
        let (tasks, metrics) = (TaskTracker::new(), Metrics::new().unwrap());
        let mut running: Vec<_> = (0..TASKS).map(|_| tasks.token()).collect();
        assert!(matches!(check_room(&tasks, &metrics), Err(ApiError::Overloaded)));
        running.pop();
        assert!(check_room(&tasks, &metrics).is_ok());
    }
}
