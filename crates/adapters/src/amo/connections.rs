//! The connections that reads go over: kept ones, and new ones where a kept one was lost.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use http::StatusCode;
use reqwest::Request;

use super::settings::{AmoLimits, AmoSettings};
use crate::http::{Answer, HttpClient, IDLE, Loss};

/// A pool of connections, and a way past it.
///
/// amoCRM ends connections that we keep, and seldom one alone: a server behind its balancer goes,
/// and all that led there. So after a loss all reads of that host go over new connections, until
/// each that was kept before it is too old to be used.
pub(super) struct Connections {
    kept: HttpClient,
    new: HttpClient,
    /// When a connection to these hosts was lost.
    losses: Mutex<HashMap<String, Instant>>,
}

impl Connections {
    pub(super) fn new(limits: &AmoLimits, settings: &AmoSettings) -> Result<Self, reqwest::Error> {
        let limits = limits.of_reads(settings);
        let (kept, new) = (HttpClient::for_reads(limits)?, HttpClient::unpooled(limits)?);
        Ok(Self { kept, new, losses: Mutex::default() })
    }

    /// Sends `request` once.
    pub(super) async fn send(&self, request: Request) -> Result<Answer, Loss> {
        let host = request.url().authority().to_owned();
        if self.has_lost_one(&host) {
            return self.new.send(request).await.and_then(unless_idle);
        }
        let answer = self.kept.send(request).await.and_then(unless_idle);
        let loss = answer.as_ref().map_or_else(|loss| Some(*loss), |answer| answer.whole().err());
        if loss == Some(Loss::Cut) {
            let mut losses = self.losses();
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
        self.losses().get(host).is_some_and(|lost| lost.elapsed() < IDLE)
    }

    fn losses(&self) -> MutexGuard<'_, HashMap<String, Instant>> {
        self.losses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A server that answers 408 has not read the request: it ends a connection that was idle for too
/// long.
fn unless_idle(answer: Answer) -> Result<Answer, Loss> {
    if answer.status == StatusCode::REQUEST_TIMEOUT { Err(Loss::Cut) } else { Ok(answer) }
}
