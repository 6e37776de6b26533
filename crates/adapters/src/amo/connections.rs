//! The connections that reads go over: kept ones, and new ones where a kept one was lost.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use http::StatusCode;
use reqwest::Request;

use super::settings::{AmoLimits, AmoSettings};
use crate::http::{Answer, CallBudget, HttpClient, IDLE, KEPT_PER_HOST, Loss};

/// A pool of connections, and a way past it.
///
/// amoCRM ends connections that we keep, and seldom one alone: a server behind its balancer goes,
/// and all that led there. So after a loss all reads of that host go over new connections, until
/// each that was kept before it is too old to be used.
///
/// Each account has a host of its own, so connections are kept to so many hosts and no more.
pub(super) struct Connections {
    kept: HttpClient,
    new: HttpClient,
    /// When a connection to these hosts was lost.
    losses: Mutex<HashMap<String, Instant>>,
    /// When a connection to these hosts was last used that is kept.
    used: Mutex<HashMap<String, Instant>>,
    /// How many hosts connections are kept to.
    most_hosts: usize,
}

impl Connections {
    pub(super) fn new(
        limits: &AmoLimits,
        settings: &AmoSettings,
        budget: &Arc<CallBudget>,
    ) -> Result<Self, reqwest::Error> {
        let most_hosts = (limits.calls / KEPT_PER_HOST).max(1);
        let limits = limits.of_reads(settings);
        let (kept, new) = (HttpClient::for_reads(limits)?, HttpClient::unpooled(limits)?);
        let (kept, new) = (kept.within(budget), new.within(budget));
        Ok(Self { kept, new, losses: Mutex::default(), used: Mutex::default(), most_hosts })
    }

    /// Sends `request` once.
    pub(super) async fn send(&self, request: Request) -> Result<Answer, Loss> {
        let host = request.url().authority().to_owned();
        if self.has_lost_one(&host) || !self.may_keep(&host) {
            return self.new.send(request).await.and_then(unless_idle);
        }
        let answer = self.kept.send(request).await.and_then(unless_idle);
        let loss = answer.as_ref().map_or_else(|loss| Some(*loss), |answer| answer.whole().err());
        if loss == Some(Loss::Cut) {
            let mut losses = locked(&self.losses);
            losses.retain(|_, lost| lost.elapsed() < IDLE);
            losses.insert(host, Instant::now());
        }
        answer
    }

    /// Sends `request` once, over a connection of its own.
    pub(super) async fn send_on_a_new_one(&self, request: Request) -> Result<Answer, Loss> {
        self.new.send(request).await
    }

    fn has_lost_one(&self, host: &str) -> bool {
        locked(&self.losses).get(host).is_some_and(|lost| lost.elapsed() < IDLE)
    }

    /// Whether a connection to this host is kept, or may be from now on.
    fn may_keep(&self, host: &str) -> bool {
        let mut used = locked(&self.used);
        if used.len() >= self.most_hosts && !used.contains_key(host) {
            used.retain(|_, used| used.elapsed() < IDLE);
            if used.len() >= self.most_hosts {
                return false;
            }
        }
        used.insert(host.to_owned(), Instant::now());
        true
    }
}

fn locked<T>(hosts: &Mutex<T>) -> MutexGuard<'_, T> {
    hosts.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A server that answers 408 has not read the request: it ends a connection that was idle for too
/// long.
fn unless_idle(answer: Answer) -> Result<Answer, Loss> {
    if answer.status == StatusCode::REQUEST_TIMEOUT { Err(Loss::Cut) } else { Ok(answer) }
}
