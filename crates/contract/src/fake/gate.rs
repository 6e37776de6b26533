//! A gate before the CRM, where requests wait until a test lets them go.

#![expect(clippy::unwrap_used, clippy::missing_panics_doc, reason = "nobody closes a gate's semaphores")]

use std::sync::Arc;

use tokio::sync::Semaphore;

/// Where token requests, writes, and requests for the account wait.
#[derive(Clone, Debug)]
pub struct Gate {
    arrived: Arc<Semaphore>,
    let_go: Arc<Semaphore>,
}

impl Gate {
    pub(super) fn new() -> Self {
        Self { arrived: Arc::new(Semaphore::new(0)), let_go: Arc::new(Semaphore::new(0)) }
    }

    /// Ends when one more request has come.
    pub async fn arrival(&self) {
        self.arrived.acquire().await.unwrap().forget();
    }

    /// Lets so many requests go.
    pub fn let_go(&self, requests: usize) {
        self.let_go.add_permits(requests);
    }

    /// Comes, and waits to be let go.
    pub(super) async fn pass(&self) {
        self.arrived.add_permits(1);
        self.let_go.acquire().await.unwrap().forget();
    }
}
