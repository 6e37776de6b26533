//! What the handlers share.

use std::future::Future;

use amo_connect_domain::usecase::UseCases;
use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use crate::auth::Verifier;
use crate::config::HookConfig;
use crate::deep_link::DeepLink;
use crate::error::ApiError;
use crate::limits::Limits;

/// What the handlers share.
pub struct AppState {
    /// What the service does.
    pub use_cases: UseCases,
    /// Who may ask.
    pub verifier: Verifier,
    /// How often.
    pub limits: Limits,
    /// How amoCRM's hook is known.
    pub hook: HookConfig,
    /// Where *Return to App* leads.
    pub deep_link: DeepLink,
    /// The runtime that outlives requests.
    pub runtime: Handle,
    /// The tasks that a shutdown waits for.
    pub tasks: TaskTracker,
}

impl AppState {
    /// Runs a use case as a task of the process: it ends whoever hangs up. It also keeps store
    /// calls off actix's single-threaded workers, where diesel-async cannot drop a query.
    pub async fn run<T, E>(&self, work: impl Future<Output = Result<T, E>> + Send + 'static) -> Result<T, ApiError>
    where
        T: Send + 'static,
        E: Into<ApiError> + Send + 'static,
    {
        match self.runtime.spawn(self.tasks.track_future(work.in_current_span())).await {
            Ok(done) => done.map_err(Into::into),
            Err(_) => Err(ApiError::Internal(None)),
        }
    }
}
