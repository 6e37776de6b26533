//! A caller's work in a group, whatever it returns.

use std::panic::AssertUnwindSafe;
use std::thread;

use async_trait::async_trait;
use futures_util::FutureExt as _;
use tokio::sync::oneshot;

use crate::cipher::TokenKeys;
use crate::rows::{DatabaseError, Failure, Session, Work};
use crate::sqlite::database::SqliteRows;

/// What work came to: a panic of its own is for its caller.
pub(super) type Outcome<T> = thread::Result<Result<T, Failure>>;

/// A member of a group.
#[async_trait]
pub(super) trait Member: Send {
    /// Runs the work, and keeps what it came to. It may be run again after a rollback.
    async fn run(&mut self, rows: &mut SqliteRows<'_>, keys: &TokenKeys);

    /// Whether the work did what it should when it was last run.
    fn succeeded(&self) -> bool;

    /// Tells the caller what the work came to. Called once this can no longer change.
    fn tell(self: Box<Self>);

    /// Tells the caller that the work is not done, or that nobody knows.
    fn refuse(self: Box<Self>, error: DatabaseError);
}

/// Work that somebody waits for.
pub(super) struct Call<T, W> {
    work: W,
    outcome: Option<Outcome<T>>,
    answer: oneshot::Sender<Outcome<T>>,
}

impl<T, W> Call<T, W> {
    /// A call of `work`, and what answers it.
    pub(super) fn new(work: W) -> (Self, oneshot::Receiver<Outcome<T>>) {
        let (answer, answered) = oneshot::channel();
        (Self { work, outcome: None, answer }, answered)
    }
}

#[async_trait]
impl<T: Send, W: Work<T>> Member for Call<T, W> {
    async fn run(&mut self, rows: &mut SqliteRows<'_>, keys: &TokenKeys) {
        let work = self.work.clone();
        let running = AssertUnwindSafe(async { work(Session::new(rows, keys)).await });
        self.outcome = Some(running.catch_unwind().await);
    }

    fn succeeded(&self) -> bool {
        matches!(self.outcome, Some(Ok(Ok(_))))
    }

    fn tell(self: Box<Self>) {
        if let Some(outcome) = self.outcome {
            // Nobody is there any more who could be told otherwise.
            let _ = self.answer.send(outcome);
        }
    }

    fn refuse(self: Box<Self>, error: DatabaseError) {
        let _ = self.answer.send(Ok(Err(Failure::unavailable(error))));
    }
}
