//! A request of an honest user, and what is wrong with its answer whoever asks.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use amo_connect_tests::documented;
use rand::rngs::ChaCha8Rng;
use reqwest::{Client, Method};
use serde_json::Value;

use crate::accounts::Person;
use crate::instances::Target;
use crate::stage::Stage;
use crate::tally::Fault;

/// What is promised (a callback waits 5 s for its place and 10 s for amoCRM, all else 15 s), and what a machine may add
/// that does other things besides.
const PROMISED: Duration = Duration::from_secs(15 + 5);

/// How long a client waits at all.
const LONGEST: Duration = Duration::from_mins(1);

/// How many times a request is sent whose connection the service ends to make room for others.
const EVICTIONS: usize = 5;

/// Refusals that change nothing and that any request may meet, while amoCRM, an attacker or an instance has a bad day.
pub(crate) const REFUSALS: [(u16, &str); 10] = [
    (429, "too_many_requests"),
    (429, "try_again"),
    (502, "crm_unavailable"),
    (502, "outcome_unknown"),
    (503, "exchange_in_progress"),
    (503, "overloaded"),
    (503, "rate_limited"),
    (503, "refresh_in_progress"),
    (503, "storage_unavailable"),
    (504, "crm_timeout"),
];

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) body: Option<Value>,
    pub(crate) key: Option<String>,
    pub(crate) query: Vec<(&'static str, String)>,
    /// Whether it carries the user's JWT.
    pub(crate) is_signed: bool,
}

impl Request {
    pub(crate) fn get(path: &str) -> Self {
        Self { method: Method::GET, path: path.to_owned(), body: None, key: None, query: Vec::new(), is_signed: true }
    }

    pub(crate) fn post(path: &str, body: Value) -> Self {
        Self { method: Method::POST, body: Some(body), ..Self::get(path) }
    }
}

/// An answer that was read whole and is as documented.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The problem's code, or the error of a page's deep link; empty in a success.
    pub(crate) code: String,
    pub(crate) json: Value,
    pub(crate) is_replayed: bool,
    pub(crate) took: Duration,
}

impl Answer {
    pub(crate) fn is(&self, status: u16, code: &str) -> bool {
        self.status == status && self.code == code
    }

    /// Whether it is a refusal that any request may meet.
    pub(crate) fn is_refusal(&self) -> bool {
        REFUSALS.iter().any(|(status, code)| self.is(*status, code))
    }

    /// What it is, in few words.
    pub(crate) fn told(&self) -> String {
        format!("{} {}", self.status, if self.code.is_empty() { "without a code" } else { &self.code })
    }
}

/// What came of a request.
#[derive(Clone, Debug)]
pub(crate) enum Heard {
    Answer(Box<Answer>),
    /// The process was killed; it may have done anything.
    Killed,
    /// Nothing, or what may not be. It is counted already.
    Fault,
}

/// Who asks.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) stage: Arc<Stage>,
    http: Client,
}

impl Caller {
    pub(crate) fn new(stage: &Arc<Stage>) -> Self {
        let http = client(LONGEST, 0);
        Self { stage: Arc::clone(stage), http }
    }

    /// Asks one of the instances.
    pub(crate) async fn ask(&self, person: &Person, request: &Request, random: &mut ChaCha8Rng) -> Heard {
        let target = self.stage.instances.choose(random);
        self.ask_at(&target, person, request).await
    }

    /// Asks this instance.
    pub(crate) async fn ask_at(&self, target: &Target, person: &Person, request: &Request) -> Heard {
        for _ in 0..EVICTIONS {
            let begun = Instant::now();
            let sent = self.send(target, person, request).await;
            self.stage.tally.count(|counts| counts.asked += 1);
            match sent {
                Ok((answer, fault)) => return self.judge(person, request, answer, fault),
                Err(_) if self.stage.instances.was_killed(target) => {
                    self.stage.tally.count(|counts| counts.killed += 1);
                    return Heard::Killed;
                }
                // Where connections are more than places, one may end before its request has come.
                Err(error) if !error.is_timeout() && self.stage.is_crowded.load(Ordering::Relaxed) => {
                    self.stage.tally.count(|counts| counts.evicted += 1);
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                Err(error) => {
                    let (error, took) = (chain(&error), begun.elapsed());
                    let Request { method, path, .. } = request;
                    let place = target.place;
                    let what = format!("no answer of instance {place} to {method} {path} after {took:.1?}: {error}");
                    self.stage.tally.fault(Fault::Lost, &what);
                    return Heard::Fault;
                }
            }
        }
        let refused = |counts: &mut crate::tally::Counts| *counts.refused.entry("evicted".to_owned()).or_default() += 1;
        self.stage.tally.count(refused);
        Heard::Fault
    }

    async fn send(
        &self,
        target: &Target,
        person: &Person,
        request: &Request,
    ) -> Result<(Answer, Option<String>), reqwest::Error> {
        let Request { method, path, body, key, query, is_signed } = request;
        let mut call = self.http.request(method.clone(), format!("{}/api/amo-crm{path}", target.base)).query(query);
        call = call.header("X-Forwarded-For", &person.address);
        if *is_signed {
            call = call.bearer_auth(&person.jwt);
        }
        if let Some(key) = key {
            call = call.header("Idempotency-Key", key);
        }
        if let Some(body) = body {
            call = call.json(body);
        }
        let begun = Instant::now();
        let response = call.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let address = response.url().path().to_owned();
        let text = response.text().await?;
        let took = begun.elapsed();
        let fault = documented::fault(method, &address, status, &headers, &text);
        let json: Value = serde_json::from_str(&text).unwrap_or_default();
        let code = if status < 400 { String::new() } else { code(&json, &text) };
        let is_replayed = headers.get("idempotency-replayed").is_some_and(|value| value == "true");
        Ok((Answer { status, code, json, is_replayed, took }, fault))
    }

    /// What holds of each answer.
    fn judge(&self, person: &Person, request: &Request, answer: Answer, fault: Option<String>) -> Heard {
        let tally = &self.stage.tally;
        tally.count(|counts| {
            counts.longest = counts.longest.max(answer.took);
            counts.slow += u64::from(answer.took > PROMISED);
            if answer.status < 300 {
                counts.served += 1;
            } else if answer.is_refusal() {
                *counts.refused.entry(answer.code.clone()).or_default() += 1;
            }
        });
        let Request { method, path, .. } = request;
        if let Some(fault) = fault {
            tally.fault(Fault::Wrong, &format!("{method} {path} of {}: {}: {fault}", person.name, answer.told()));
            return Heard::Fault;
        }
        if answer.status == 500 {
            tally.fault(Fault::Wrong, &format!("{method} {path} of {}: {}", person.name, answer.told()));
            return Heard::Fault;
        }
        Heard::Answer(Box::new(answer))
    }
}

/// The code of a problem, or the error of a page's deep link.
fn code(problem: &Value, page: &str) -> String {
    let of_page = || {
        let (_, rest) = page.split_once("error=")?;
        Some(rest.chars().take_while(|letter| letter.is_ascii_lowercase() || *letter == '_').collect())
    };
    problem["code"].as_str().map(str::to_owned).or_else(of_page).unwrap_or_default()
}

/// A client that keeps so many connections, and follows no redirect.
pub(crate) fn client(timeout: Duration, kept: usize) -> Client {
    let client = Client::builder().redirect(reqwest::redirect::Policy::none());
    client.pool_max_idle_per_host(kept).timeout(timeout).build().unwrap()
}

/// An error with all that lies behind it, without its address.
fn chain(error: &reqwest::Error) -> String {
    let mut source = std::error::Error::source(error);
    let mut told = Vec::new();
    while let Some(error) = source {
        told.push(error.to_string());
        source = error.source();
    }
    told.join(": ")
}
