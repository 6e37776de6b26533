//! Connections to the server, with our settings.

use std::error::Error as _;
use std::io;
use std::time::Duration;

use diesel::result::{ConnectionError, Error as DieselError};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection as _};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::url::PgUrl;
use super::{OpenError, PgOptions, tls};
use crate::rows::{DatabaseError, kind};

/// Makes connections.
#[derive(Clone)]
pub(super) struct Connector {
    config: Config,
    tls: Option<MakeRustlsConnect>,
    /// How long it may take, over all hosts.
    limit: Duration,
    /// What each session is told first; empty if there are none.
    settings: String,
}

impl Connector {
    pub(super) fn new(url: &PgUrl, options: &PgOptions) -> Result<Self, OpenError> {
        let mut config = url.config.clone();
        let each = *config.get_connect_timeout().unwrap_or(&options.connect_timeout);
        let hosts = config.get_hosts().len().max(config.get_hostaddrs().len());
        config.connect_timeout(each);
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(options.transaction_timeout);
        }
        let limit = each.saturating_mul(u32::try_from(hosts).unwrap_or(1));
        Ok(Self { config, tls: tls::connector(url)?, limit, settings: settings(options.transaction_timeout) })
    }

    /// Makes connections that are told nothing: a pooler would give what they were told to others.
    pub(super) fn without_session(self) -> Self {
        Self { settings: String::new(), ..self }
    }

    pub(super) async fn connect(&self) -> Result<AsyncPgConnection, DatabaseError> {
        let connecting = async {
            let connection = if let Some(tls) = &self.tls {
                let (client, driver) = self.config.connect(tls.clone()).await.map_err(|error| reason(&error))?;
                AsyncPgConnection::try_from_client_and_connection(client, driver).await
            } else {
                let (client, driver) = self.config.connect(NoTls).await.map_err(|error| reason(&error))?;
                AsyncPgConnection::try_from_client_and_connection(client, driver).await
            };
            let mut connection = connection.map_err(|error| kind(&error))?;
            if !self.settings.is_empty() {
                connection.batch_execute(&self.settings).await.map_err(|error| DatabaseError::of(&error))?;
            }
            Ok(connection)
        };
        let connected = tokio::time::timeout(self.limit, connecting).await;
        connected.unwrap_or(Err(DatabaseError::new("the server does not answer")))
    }
}

/// What a session is told, or a transaction if a pooler is between.
///
/// A server that loses us ends our transactions by itself. A lock is not waited for as long as a
/// free connection is: those who wait for one user must not keep all connections from the others.
/// A commit that a power cut takes back
/// is a lost user, so it is not taken for one before it is on disk, whatever the server's
/// default; a stricter default stays.
fn settings(transaction_timeout: Duration) -> String {
    scoped(transaction_timeout, "SESSION")
}

/// The same for one transaction.
pub(super) fn local_settings(transaction_timeout: Duration) -> String {
    scoped(transaction_timeout, "LOCAL")
}

fn scoped(transaction_timeout: Duration, scope: &str) -> String {
    let limit = transaction_timeout.as_millis();
    let (lock, idle) = (limit * 2 / 5, limit * 2);
    let is_local = scope == "LOCAL";
    format!(
        "SET {scope} lock_timeout = {lock};
         SET {scope} statement_timeout = {limit};
         SET {scope} idle_in_transaction_session_timeout = {idle};
         SELECT set_config('synchronous_commit', 'on', {is_local}) WHERE current_setting('synchronous_commit') = 'off'"
    )
}

/// An error of ours on its way through diesel, which has no place for one.
pub(super) fn as_diesels(error: DatabaseError) -> ConnectionError {
    ConnectionError::CouldntSetupConfiguration(DieselError::QueryBuilderError(Box::new(error)))
}

/// Why there is no connection, without the server's words, which may name the user.
fn reason(error: &tokio_postgres::Error) -> DatabaseError {
    let why = DatabaseError::new(match error.code() {
        Some(&SqlState::INVALID_PASSWORD | &SqlState::INVALID_AUTHORIZATION_SPECIFICATION) => {
            "the server refuses the user, the password or this machine"
        }
        Some(&SqlState::INVALID_CATALOG_NAME) => "the server has no such database",
        Some(&SqlState::INSUFFICIENT_PRIVILEGE) => "the user may not connect to the database",
        Some(&SqlState::TOO_MANY_CONNECTIONS) => "the server has too many connections",
        Some(&SqlState::CANNOT_CONNECT_NOW | &SqlState::ADMIN_SHUTDOWN | &SqlState::CRASH_SHUTDOWN) => {
            "the server is starting or stopping"
        }
        Some(_) => "the server refuses the connection",
        None if is_untrusted(error) => "the server's certificate is not to be trusted",
        None => match error.to_string().as_str() {
            "error performing TLS handshake" => "the server and we cannot agree on TLS",
            "invalid configuration" => "the server asks for a password",
            "authentication error" => "the server refuses the user, the password or this machine",
            _ => "the server cannot be reached",
        },
    });
    match error.code() {
        Some(state) => why.with_sql_state(state.code()),
        None => why.with_os_error(io_error(error).and_then(io::Error::raw_os_error)),
    }
}

fn io_error(error: &tokio_postgres::Error) -> Option<&io::Error> {
    error.source().and_then(|source| source.downcast_ref())
}

fn is_untrusted(error: &tokio_postgres::Error) -> bool {
    let tls = io_error(error).and_then(io::Error::get_ref).and_then(|inner| inner.downcast_ref::<rustls::Error>());
    matches!(tls, Some(rustls::Error::InvalidCertificate(_)))
}
