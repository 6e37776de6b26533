//! Requests at an even pace, so many at a time, each counted by its answer.

use std::sync::Arc;
use std::time::Duration;

use reqwest::RequestBuilder;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::{Answers, Attack};

/// Sends what `request` makes, so many a second and so many at a time. What cannot be sent in time is left out. It has
/// no end, and what is under way ends with it.
pub(super) async fn send(
    attack: Attack,
    answers: &Answers,
    a_second: u32,
    at_a_time: usize,
    mut request: impl FnMut(usize) -> RequestBuilder,
) {
    let (places, mut under_way) = (Arc::new(Semaphore::new(at_a_time)), JoinSet::new());
    let mut due = tokio::time::interval(Duration::from_secs(1) / a_second);
    for number in 0.. {
        due.tick().await;
        while under_way.try_join_next().is_some() {}
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
        let (request, answers) = (request(number), answers.clone());
        under_way.spawn(async move {
            match request.send().await {
                Ok(answer) => {
                    answers.count(attack, answer.status().as_str());
                    let _ = answer.bytes().await;
                }
                Err(_) => answers.count(attack, "no answer"),
            }
            drop(place);
        });
    }
}
