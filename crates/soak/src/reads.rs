//! What users read, which has to be theirs.

use rand::RngExt as _;
use serde_json::Value;

use crate::accounts;
use crate::arguments::Mistake;
use crate::call::{Answer, Request};
use crate::life::{Life, Standing};
use crate::tally::Fault;

/// How many leads a page has.
pub(crate) const PAGE: usize = 10;

impl Life {
    /// `GET /leads`.
    pub(crate) async fn read_page(&mut self) -> bool {
        let page = self.random.random_range(1..=5);
        self.read_numbered_page(page).await
    }

    /// This page of leads; whether it was served.
    pub(crate) async fn read_numbered_page(&mut self, page: u64) -> bool {
        let path = format!("/leads?limit={PAGE}&page={page}&order=id");
        let Some(data) = self.read(&path).await else { return false };
        let leads = data.as_array().map(Vec::as_slice).unwrap_or_default();
        if leads.len() != PAGE {
            self.fault(Fault::Wrong, &format!("{path}: {} leads", leads.len()));
        }
        for lead in leads {
            self.judge_lead(&path, lead);
        }
        true
    }

    /// `GET /leads/{id}`.
    pub(crate) async fn read_lead(&mut self) {
        let id = accounts::lead(self.person.account, self.random.random_range(0..1_000));
        let path = format!("/leads/{id}?include=notes,tasks");
        let Some(lead) = self.read(&path).await else { return };
        if lead["amoLeadId"] != id {
            self.fault(Fault::Wrong, &format!("{path}: the lead {}", lead["amoLeadId"]));
        }
        self.judge_lead(&path, &lead);
        for of_lead in ["notes", "tasks"].into_iter().flat_map(|part| lead[part].as_array().into_iter().flatten()) {
            self.judge_text(&path, &of_lead["text"]);
        }
    }

    /// `GET /me`; whether it was served.
    pub(crate) async fn read_self(&mut self) -> bool {
        let Some(me) = self.read("/me").await else { return false };
        let account = accounts::number(self.person.account).to_string();
        if me["userId"] != self.person.amo_user || me["accountId"] != *account {
            self.fault(Fault::Foreign, &format!("/me is {} of {}", me["userId"], me["accountId"]));
        }
        true
    }

    /// The `data` of a success, if it may be one.
    async fn read(&mut self, path: &str) -> Option<Value> {
        let request = Request::get(path);
        let own = self.person.clone();
        if self.is_misled(Mistake::Foreign) {
            // Whoever has the same place in the next account.
            self.person.jwt = crate::accounts::jwt(&self.caller.stage.neighbour(&own.name));
        }
        let answer = self.ask(&request).await;
        self.person = own;
        let answer: Answer = answer?;
        if answer.status != 200 {
            self.refused(path, &answer).await;
            return None;
        }
        if self.standing == Standing::Apart && !self.may_come || self.is_misled(Mistake::Wrong) {
            self.fault(Fault::Wrong, &format!("{path}: {}, and the user was not connected", answer.told()));
            return None;
        }
        Some(answer.json["data"].clone())
    }

    /// A lead is the account's, and so is its guest.
    pub(crate) fn judge_lead(&self, path: &str, lead: &Value) {
        self.judge_text(path, &lead["name"]);
        if !lead["guestName"].is_null() {
            self.judge_text(path, &lead["guestName"]);
        }
    }

    fn judge_text(&self, path: &str, text: &Value) {
        let prefix = accounts::prefix(self.person.account);
        if !text.as_str().is_some_and(|text| text.starts_with(&prefix)) {
            self.fault(Fault::Foreign, &format!("{path}: {text}, and what is the user's begins with {prefix:?}"));
        }
    }
}
