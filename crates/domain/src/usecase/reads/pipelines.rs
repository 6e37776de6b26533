//! Listing a user's pipelines and their stages.

use std::sync::Arc;

use crate::crm::pipeline::Pipeline;
use crate::ids::UserId;
use crate::usecase::UseCases;
use crate::usecase::reads::ReadError;

impl UseCases {
    /// `user`'s pipelines in amoCRM's order, those put away among them.
    pub async fn pipelines(&self, user: &UserId) -> Result<Arc<Vec<Pipeline>>, ReadError> {
        self.read(user, |reader| async move { self.pipelines_of(&reader).await }).await
    }
}
