//! Several handles on one file, and callers that do not wait.

use std::sync::Arc;
use std::time::Duration;

use amo_connect_domain::authorization::attempt::AttemptState;
use amo_connect_domain::authorization::code::Admitted;
use amo_connect_domain::connection::audit::Actor;
use amo_connect_domain::ports::{RefreshRequest, StoreError, StoreHealth as _, TokenStore};
use diesel::connection::SimpleConnection as _;
use tokio::sync::Barrier;

use super::fixtures::*;
use crate::cipher::TokenKeys;
use crate::sqlite::{SqliteOptions, SqliteTokenStore};

/// What sixteen tasks get who ask two handles for the same at once.
async fn race<T, F>(scratch: &Scratch, ask: impl Fn(SqliteTokenStore, u8) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let handles = [scratch.store().await, scratch.store().await];
    let start = Arc::new(Barrier::new(16));
    let tasks: Vec<_> = (0..16)
        .map(|number| {
            let asking = ask(handles[usize::from(number % 2)].clone(), number);
            let start = Arc::clone(&start);
            tokio::spawn(async move {
                start.wait().await;
                asking.await
            })
        })
        .collect();
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    answers
}

#[tokio::test(flavor = "multi_thread")]
async fn two_handles_admit_a_code_once() {
    let scratch = Scratch::new();
    let answers = race(&scratch, |store, number| async move {
        store.admit_code(&unsolicited(code("code")), owner(number), at(0)).await.unwrap()
    });
    let granted = answers.await.into_iter().filter(|answer| matches!(answer, Admitted::Granted(_))).count();
    assert_eq!(granted, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_handles_lease_a_refresh_once() {
    let scratch = Scratch::new();
    let connection = connected("olena");
    scratch.store().await.save(&connection, None).await.unwrap();
    let (user, generation) = (connection.user.clone(), connection.generation);
    let answers = race(&scratch, |store, number| {
        let user = user.clone();
        async move { store.lease_refresh(&user, &lease_request(generation, owner(number))).await.unwrap() }
    });
    let granted = answers.await.into_iter().filter(|answer| matches!(answer, RefreshRequest::Granted(..))).count();
    assert_eq!(granted, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_stays_locked_is_unavailable_and_then_available_again() {
    let scratch = Scratch::new();
    let options = SqliteOptions { busy_timeout: Duration::from_millis(20), ..options() };
    let store = SqliteTokenStore::open(&scratch.file(), TokenKeys::parse(KEY).unwrap(), options).await.unwrap();
    let mut other = scratch.raw();
    other.batch_execute("BEGIN IMMEDIATE").unwrap();
    let StoreError::Unavailable(source) = store.disconnect(&user("olena"), Actor::User).await.unwrap_err() else {
        panic!("a locked file is not available");
    };
    assert_eq!(source.to_string(), "database is locked");
    assert_eq!(store.connection(&user("olena")).await.unwrap(), None);
    other.batch_execute("ROLLBACK").unwrap();
    store.disconnect(&user("olena"), Actor::User).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_fails_undoes_the_steps_before_it() {
    let scratch = Scratch::new();
    let store = scratch.store().await;
    let attempts = ["one", "two", "three", "four", "five"].map(|name| attempt(name, user("olena"), 0));
    for attempt in &attempts {
        store.open_attempt(attempt).await.unwrap();
    }
    // A sixth supersedes the oldest, and then meets its own id.
    assert!(matches!(store.open_attempt(&attempts[0]).await, Err(StoreError::Conflict)));
    for attempt in attempts {
        assert_eq!(store.attempt(attempt.id).await.unwrap(), Some(attempt));
    }
}

/// Looks at `call` once, which starts it, and drops it.
async fn abandon<T>(call: impl Future<Output = T>) {
    tokio::select! {
        biased;
        _ = call => {}
        () = std::future::ready(()) => {}
    }
}

/// Abandons calls of every sort, and sees that each happened whole and stands in nobody's way.
async fn abandon_calls(store: &SqliteTokenStore, other: &SqliteTokenStore) {
    for number in 0..20 {
        // A user has few codes that are not settled.
        let attempt = attempt(&format!("state {number}"), user(&format!("olena {number}")), number);
        let code = code(&format!("code {number}"));
        store.open_attempt(&attempt).await.unwrap();
        abandon(store.attempt(attempt.id)).await;
        abandon(store.admit_code(&by_attempt(code, &attempt), owner(1), at(number))).await;
        abandon(store.connection(&attempt.user)).await;
        abandon(store.summary(&attempt.user)).await;
        while other.exchange(code).await.unwrap().is_none() {
            tokio::task::yield_now().await;
        }
        assert_eq!(other.attempt(attempt.id).await.unwrap().unwrap().state, AttemptState::Spent(code));
        other.ready().await.unwrap();
        store.ready().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_dropped_happens_whole_and_stands_in_nobodys_way() {
    let scratch = Scratch::new();
    abandon_calls(&scratch.store().await, &scratch.store().await).await;
}

#[test]
fn calls_may_be_dropped_on_a_single_threaded_runtime_too() {
    let main = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let scratch = Scratch::new();
    let (store, other) = main.block_on(async { (scratch.store().await, scratch.store().await) });
    let worker = tokio::runtime::Builder::new_current_thread().build().unwrap();
    worker.block_on(abandon_calls(&store, &other));
}
