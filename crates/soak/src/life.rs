//! A user of the app, who does one thing after the other and knows what must be true.

use std::time::Duration;

use amo_connect_sandbox::GrantInfo;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::json;

use crate::accounts::{self, Person};
use crate::arguments::Mistake;
use crate::call::{Answer, Caller, Heard, Request};
use crate::tally::Fault;
use crate::writes::Order;

/// How many things all users together do in a second.
const PACE: f64 = 25.0;

/// What a user knows of the own connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is there.
    Connected,
    /// There is none, or it was ended for a good reason.
    Apart,
    /// The answer that would tell was lost with its process.
    Unknown,
}

/// A user with all that they remember.
pub(crate) struct Life {
    pub(crate) caller: Caller,
    pub(crate) person: Person,
    pub(crate) random: ChaCha8Rng,
    pub(crate) standing: Standing,
    /// How many connects and disconnects may have been: keys are good within one such time.
    pub(crate) epoch: u64,
    /// Whether an exchange that the user has given up may still be made.
    pub(crate) may_come: bool,
    /// How many pairs of tokens amoCRM had given in vain when the user last connected.
    pub(crate) lost_before: i64,
    pub(crate) orders: Vec<Order>,
}

impl Life {
    pub(crate) fn new(caller: &Caller, person: Person, seed: u64) -> Self {
        Self {
            caller: caller.clone(),
            person,
            random: ChaCha8Rng::seed_from_u64(seed),
            standing: Standing::Apart,
            epoch: 0,
            may_come: false,
            lost_before: 0,
            orders: Vec::new(),
        }
    }

    /// Lives until the run is over.
    pub(crate) async fn live(mut self) -> Self {
        let stage = self.caller.stage.clone();
        #[expect(clippy::cast_precision_loss, reason = "a pause need not be exact")]
        let pause = stage.arguments.users as f64 / PACE;
        while !stage.is_over() {
            let pause = Duration::from_secs_f64(pause * self.random.random_range(0.5..1.5));
            let until = tokio::time::Instant::now() + pause;
            // A run that is over does not wait for who sleeps.
            while !stage.is_over() && tokio::time::Instant::now() < until {
                let left = until - tokio::time::Instant::now();
                tokio::time::sleep(left.min(Duration::from_millis(500))).await;
            }
            if !stage.is_over() {
                self.act().await;
            }
        }
        self
    }

    async fn act(&mut self) {
        if self.standing == Standing::Unknown {
            self.look().await;
            return;
        }
        if self.standing == Standing::Apart {
            match self.random.random_range(0..4) {
                0 => drop(self.look().await),
                1 => drop(self.read_page().await),
                _ => self.connect().await,
            }
            return;
        }
        match self.random.random_range(0..100) {
            0..40 => drop(self.look().await),
            40..62 => drop(self.read_page().await),
            62..78 => self.read_lead().await,
            78..82 => drop(self.read_self().await),
            82..97 => self.write().await,
            _ => self.disconnect().await,
        }
    }

    /// Asks; `None` if there is no answer to judge.
    pub(crate) async fn ask(&mut self, request: &Request) -> Option<Answer> {
        match self.caller.ask(&self.person, request, &mut self.random).await {
            Heard::Answer(answer) => Some(*answer),
            Heard::Killed | Heard::Fault => None,
        }
    }

    pub(crate) fn fault(&self, fault: Fault, what: &str) {
        self.caller.stage.tally.fault(fault, &format!("{}: {what}", self.person.name));
    }

    /// `GET /status`, which must be true; whether it was served.
    pub(crate) async fn look(&mut self) -> bool {
        let Some(answer) = self.ask(&Request::get("/status")).await else { return false };
        if answer.status != 200 {
            self.refused("/status", &answer).await;
            return false;
        }
        let data = &answer.json["data"];
        let state = data["state"].as_str().unwrap_or_default();
        if matches!(state, "connected" | "needs_reauth") && !self.is_own_account(data) {
            self.fault(Fault::Foreign, &format!("/status names account {}, {}", data["accountId"], data["domain"]));
        }
        match (self.standing, state) {
            (Standing::Connected | Standing::Unknown, "connected") => self.standing = Standing::Connected,
            (Standing::Connected, "needs_reauth") => self.ended("/status").await,
            (Standing::Apart | Standing::Unknown, "not_connected" | "needs_reauth") => self.standing = Standing::Apart,
            (Standing::Connected, _) => {
                self.fault(Fault::Lost, &format!("/status is {state}, and the user was connected"));
                self.standing = Standing::Unknown;
            }
            // A code that was sent before may come to its end late: the exchange goes on without its caller.
            (Standing::Apart, "connected") if self.may_come => self.standing = Standing::Connected,
            (Standing::Apart | Standing::Unknown, _) => {
                self.fault(Fault::Wrong, &format!("/status is {state}, and the user was {:?}", self.standing));
                self.standing = Standing::Unknown;
            }
        }
        true
    }

    fn is_own_account(&self, data: &serde_json::Value) -> bool {
        let number = accounts::number(self.person.account).to_string();
        let host = self.caller.stage.host(self.person.account);
        data["accountId"] == *number && data["domain"] == *host
    }

    /// Whatever but a success: it is a refusal that may be, or tells that the connection has ended.
    pub(crate) async fn refused(&mut self, path: &str, answer: &Answer) {
        match (self.standing, answer.status, answer.code.as_str()) {
            _ if answer.is_refusal() => {}
            (Standing::Apart | Standing::Unknown, 409, "not_connected" | "needs_reauth") => {
                self.standing = Standing::Apart;
            }
            (Standing::Connected, 409, "needs_reauth") => self.ended(path).await,
            (Standing::Connected, 409, "not_connected") => {
                self.fault(Fault::Lost, &format!("{path}: not_connected, and the user was connected"));
                self.standing = Standing::Unknown;
            }
            _ => self.fault(Fault::Wrong, &format!("{path}: {}", answer.told())),
        }
    }

    /// The service says that amoCRM has ended the connection. That is so if amoCRM gave a pair that never came.
    async fn ended(&mut self, path: &str) {
        let lost = self.pairs_lost().await;
        if lost > self.lost_before {
            self.caller
                .stage
                .tally
                .add("connections that amoCRM ended: its answer was lost on the way, or with its process", 1);
        } else {
            self.fault(
                Fault::Lost,
                &format!("{path}: needs_reauth, and amoCRM takes the refresh token that is on record"),
            );
        }
        self.standing = Standing::Apart;
        self.epoch += 1;
    }

    /// How many pairs amoCRM has given to this user that the service has not on record. A disconnect counts as a pair
    /// that is on record, so only what it has grown by since the last connect says something.
    pub(crate) async fn pairs_lost(&self) -> i64 {
        let stage = &self.caller.stage;
        let saved = stage.database.generation(&self.person.name).await;
        let is_own = |grant: &&GrantInfo| grant.user.get() == self.person.amo_user && grant.client_id == "sandbox";
        let given: u64 = stage.sandbox.grants().iter().filter(is_own).map(|grant| 1 + grant.refreshes).sum();
        given.cast_signed() - saved.cast_signed()
    }

    async fn disconnect(&mut self) {
        let answer = self.ask(&Request::post("/disconnect", json!({}))).await;
        match answer {
            Some(answer) if answer.status == 200 => {
                self.standing = Standing::Apart;
                self.epoch += 1;
                self.caller.stage.tally.add("disconnects", 1);
            }
            Some(answer) if answer.is_refusal() => self.standing = Standing::Unknown,
            Some(answer) => self.fault(Fault::Wrong, &format!("/disconnect: {}", answer.told())),
            // It may have been done.
            None => {
                self.standing = Standing::Unknown;
                self.epoch += 1;
            }
        }
    }

    pub(crate) fn is_misled(&mut self, by: Mistake) -> bool {
        self.caller.stage.is_misled(by) && self.random.random_ratio(1, 5)
    }
}
