//! Listing a user's pipelines and their stages.

use std::sync::Arc;

use crate::connection::Grant;
use crate::crm::pipeline::Pipeline;
use crate::ids::UserId;
use crate::ports::AmoError;
use crate::usecase::UseCases;
use crate::usecase::reads::retry::retried_if_lost;
use crate::usecase::reads::{ReadError, Reader, Reading};

impl UseCases {
    /// `user`'s pipelines in amoCRM's order, those put away among them.
    pub async fn pipelines(&self, user: &UserId) -> Result<Arc<Vec<Pipeline>>, ReadError> {
        self.read(user, |reader| async move { self.pipelines_of(&reader).await }).await
    }

    /// The pipelines, as they were within the last minute.
    pub(crate) async fn pipelines_of(&self, reader: &Reader) -> Result<Reading<Arc<Vec<Pipeline>>>, AmoError> {
        if let Some(pipelines) = self.reads.cache.pipelines(&reader.holder, self.runtime.instant()) {
            return Ok(Reading::kept(pipelines));
        }
        let (this, reader) = (self.clone(), reader.clone());
        let asking = self.reads.pipelines.join(reader.flight_key(), move || async move {
            let Grant { host, tokens, .. } = &reader.grant;
            let pipelines = Arc::new(retried_if_lost(|| this.amo.pipelines(host, &tokens.access)).await?);
            this.reads.cache.keep_pipelines(&reader.holder, &pipelines, this.runtime.instant());
            Ok(pipelines)
        });
        Ok(Reading::served(asking.await?, None))
    }
}
