//! Work that ends, whatever becomes of its caller.

use amo_connect_domain::ports::StoreError;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use super::failure::{DatabaseError, Failure};

/// Runs `work` as a task of `runtime`, and waits for it. A caller that does not wait, and a
/// runtime of the caller's that ends, stop it nowhere: a transaction that is dropped halfway
/// would go on excluding the other processes.
pub(crate) async fn run_on<T: Send + 'static>(
    runtime: &Handle,
    work: impl Future<Output = Result<T, Failure>> + Send + 'static,
) -> Result<T, StoreError> {
    outcome_of(runtime.spawn(work)).await.map_err(StoreError::from)
}

/// What a task came to. Its panic goes on here.
pub(crate) async fn outcome_of<T>(task: JoinHandle<Result<T, Failure>>) -> Result<T, Failure> {
    match task.await {
        Ok(outcome) => outcome,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => Err(Failure::unavailable(DatabaseError::new("the program is stopping"))),
    }
}
