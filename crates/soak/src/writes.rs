//! Writes with a key: asked for until the answer is certain, and never made twice.

use rand::RngExt as _;
use serde_json::{Value, json};

use crate::accounts;
use crate::call::{Answer, Heard, Request};
use crate::life::Life;
use crate::tally::Fault;

/// How many writes without a certain answer a user has at most.
const MOST_OPEN: usize = 3;

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Lead,
    LeadWithComment,
    Note,
    Task,
}

/// What is known of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Nobody has said for certain.
    Open,
    /// It made this object.
    Done(u64),
    /// Its key is over, because the user connected anew: it may have been made or not.
    Expired,
}

/// A write. Its key is the name or text of what it makes.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) key: String,
    pub(crate) account: usize,
    pub(crate) amo_user: u64,
    pub(crate) kind: Kind,
    pub(crate) outcome: Outcome,
    /// Whether amoCRM has refused its comment, as the answer says.
    pub(crate) lacks_comment: bool,
    /// The user's when it was first asked for.
    epoch: u64,
    /// The lead of a note or a task.
    lead: u64,
}

impl Order {
    fn request(&self) -> Request {
        let Self { key, lead, .. } = self;
        let (path, body) = match self.kind {
            Kind::Lead => ("/leads".to_owned(), json!({ "name": key, "price": 7 })),
            Kind::LeadWithComment => {
                let guest = format!("{}guest of {key}", accounts::prefix(self.account));
                ("/leads".to_owned(), json!({ "name": key, "guestName": guest, "comment": self.comment() }))
            }
            Kind::Note => (format!("/leads/{lead}/notes"), json!({ "text": key })),
            Kind::Task => {
                (format!("/leads/{lead}/tasks"), json!({ "text": key, "completeTill": "2030-12-24T09:00:00Z" }))
            }
        };
        Request { key: Some(key.replace(' ', "-")), ..Request::post(&path, body) }
    }

    /// The comment of a lead that has one.
    pub(crate) fn comment(&self) -> String {
        format!("{} comment", self.key)
    }

    fn object(&self, data: &Value) -> (Option<u64>, Value) {
        match self.kind {
            Kind::Lead | Kind::LeadWithComment => (data["amoLeadId"].as_u64(), data["name"].clone()),
            Kind::Note | Kind::Task => (data["id"].as_u64(), data["text"].clone()),
        }
    }
}

impl Life {
    /// Writes something new, or asks again for what has no certain answer.
    pub(crate) async fn write(&mut self) {
        let open: Vec<usize> = self.open_orders().collect();
        let repeats = !open.is_empty() && (open.len() >= MOST_OPEN || self.random.random_ratio(2, 3));
        let place = if repeats {
            open[self.random.random_range(0..open.len())]
        } else if !self.orders.is_empty() && self.random.random_ratio(1, 10) {
            // An app that has not heard asks again for what was done long ago.
            self.random.random_range(0..self.orders.len())
        } else {
            let order = self.new_order();
            self.orders.push(order);
            self.orders.len() - 1
        };
        self.ask_for(place).await;
    }

    pub(crate) fn open_orders(&self) -> impl Iterator<Item = usize> {
        self.orders.iter().enumerate().filter(|(_, order)| order.outcome == Outcome::Open).map(|(place, _)| place)
    }

    fn new_order(&mut self) -> Order {
        let kinds = [Kind::Lead, Kind::LeadWithComment, Kind::Note, Kind::Task];
        let (account, number) = (self.person.account, self.orders.len());
        Order {
            key: format!("{}{} w{number}", accounts::prefix(account), self.person.name),
            account,
            amo_user: self.person.amo_user,
            kind: kinds[self.random.random_range(0..kinds.len())],
            outcome: Outcome::Open,
            lacks_comment: false,
            epoch: self.epoch,
            lead: accounts::lead(account, self.random.random_range(0..1_000)),
        }
    }

    /// Asks for this write, the first time or again.
    pub(crate) async fn ask_for(&mut self, place: usize) {
        let order = self.orders[place].clone();
        let request = order.request();
        match self.caller.ask(&self.person, &request, &mut self.random).await {
            Heard::Answer(answer) if answer.status < 300 => self.done(place, &answer),
            Heard::Answer(answer) => self.not_done(place, &answer).await,
            // It stays open, and is asked for again.
            Heard::Killed => self.caller.stage.tally.add("writes whose process was killed", 1),
            Heard::Fault => {}
        }
    }

    fn done(&mut self, place: usize, answer: &Answer) {
        let order = self.orders[place].clone();
        let (made, text) = order.object(&answer.json["data"]);
        let Some(made) = made else {
            return self.fault(Fault::Wrong, &format!("{:?} was made and has no number", order.key));
        };
        if text != order.key.as_str() {
            self.fault(Fault::Foreign, &format!("{:?} was answered with {text}", order.key));
        }
        match order.outcome {
            Outcome::Done(before) if before != made => {
                self.fault(Fault::Doubled, &format!("{:?} was {before}, and is {made}", order.key));
            }
            Outcome::Done(_) if !answer.is_replayed => {
                self.fault(Fault::Doubled, &format!("{:?} was done, and is no replay", order.key));
            }
            Outcome::Expired => self.fault(Fault::Wrong, &format!("{:?} was expired, and is done", order.key)),
            Outcome::Open | Outcome::Done(_) => self.orders[place].outcome = Outcome::Done(made),
        }
        let missing = answer.json["data"]["missing"].as_array();
        self.orders[place].lacks_comment |= missing.is_some_and(|missing| missing.iter().any(|part| part == "comment"));
        self.caller.stage.tally.add("writes answered as done", u64::from(order.outcome == Outcome::Open));
    }

    async fn not_done(&mut self, place: usize, answer: &Answer) {
        let order = self.orders[place].clone();
        match (answer.status, answer.code.as_str()) {
            (409, "request_in_progress") => {
                self.caller.stage.tally.count(|counts| {
                    *counts.refused.entry(answer.code.clone()).or_default() += 1;
                });
            }
            // After a connect the keys of before are over. What was done before stays done.
            (409, "idempotency_key_expired") if order.epoch != self.epoch => {
                if order.outcome == Outcome::Open {
                    self.orders[place].outcome = Outcome::Expired;
                    self.caller.stage.tally.add("writes whose key ended with their connection", 1);
                }
            }
            _ => self.refused(&format!("the write {:?}", order.key), answer).await,
        }
    }
}
