//! What tells whether the database works.

use async_trait::async_trait;

use super::failure::Failure;

/// The migrations that were applied, whom they suit, and a row that is there to be written.
#[async_trait]
pub(crate) trait HealthRows: Send {
    async fn migrations(&mut self) -> Result<Vec<String>, Failure>;
    /// The oldest migration that a build has to know to serve the database.
    async fn oldest_migration(&mut self) -> Result<Option<String>, Failure>;
    async fn heartbeat(&mut self) -> Result<Option<i64>, Failure>;
    async fn beat(&mut self, micros: i64) -> Result<(), Failure>;
}
