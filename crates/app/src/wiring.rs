//! The one file that names concrete adapters.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use amo_connect_adapters::amo::{AmoSettings, OauthAmoClient, PacedAmoClient};
use amo_connect_adapters::migrate::Pending;
use amo_connect_adapters::runtime::TokioRuntime;
use amo_connect_adapters::sqlite::{OpenError, SqliteOptions, SqliteTokenStore};
use amo_connect_domain::ports::{AmoClient, TokenStore};
use amo_connect_domain::usecase::UseCases;
use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;

use crate::auth::Verifier;
use crate::config::{ServiceConfig, StorageConfig};
use crate::limits::Limits;
use crate::state::AppState;

/// Why the service could not be put together.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database cannot be used.
    #[error("the database cannot be opened")]
    Database(#[from] OpenError),
    /// The HTTP client cannot be made.
    #[error("the client of amoCRM cannot be made")]
    Client(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The address is taken, or not ours.
    #[error("cannot listen on {0}")]
    Bind(SocketAddr, #[source] io::Error),
    /// The server did not start, or ended.
    #[error("the server ended")]
    Server(#[from] io::Error),
}

/// Opens `address`, before anything else is touched.
pub fn bind(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).map_err(|error| StartError::Bind(address, error))
}

/// The service on its real adapters.
pub async fn assemble(
    storage: StorageConfig,
    amo: AmoSettings,
    service: &ServiceConfig,
) -> Result<AppState, StartError> {
    let pending = if storage.auto_migrate { Pending::Apply } else { Pending::Refuse };
    let options = SqliteOptions { pending, ..SqliteOptions::default() };
    let store = SqliteTokenStore::open(&storage.database, storage.token_keys, options).await?;
    let amo = OauthAmoClient::new(amo).map_err(|error| StartError::Client(error.into()))?;
    let amo = PacedAmoClient::new(amo, service.amo_rate_limit);
    Ok(assemble_with(Arc::new(store), Arc::new(amo), service))
}

/// The service on any store and any CRM.
pub fn assemble_with(store: Arc<dyn TokenStore>, amo: Arc<dyn AmoClient>, service: &ServiceConfig) -> AppState {
    let (runtime, tasks) = (Handle::current(), TaskTracker::new());
    let process = Arc::new(TokioRuntime::new(runtime.clone(), tasks.clone()));
    AppState {
        use_cases: UseCases::new(store, amo, process, service.settings.clone()),
        verifier: Verifier::hs256(&service.jwt),
        limits: Limits::new(service.user_rate, service.address_rate, service.trusted_proxies.clone()),
        deep_link: service.deep_link.clone(),
        runtime,
        tasks,
    }
}
