//! How a user connects: an attempt, amoCRM's redirect or the app's claim, and what must be so then.

use std::time::Duration;

use rand::RngExt as _;
use serde_json::json;

use crate::accounts;
use crate::arguments::Mistake;
use crate::call::{Answer, Request};
use crate::life::{Life, Standing};
use crate::tally::Fault;

/// How often a redirect is reloaded before the user begins anew.
const RELOADS: usize = 6;

/// How long a user waits before reloading.
const PAUSE: Duration = Duration::from_secs(2);

impl Life {
    /// Tries to connect. A user who could not tries again at their next turn.
    pub(crate) async fn connect(&mut self) {
        let Some(begun) = self.ask(&Request::post("/authorize", json!({}))).await else { return };
        if begun.status != 200 {
            return self.refused("/authorize", &begun).await;
        }
        let opened = begun.json["data"]["state"].as_str().unwrap_or_default().to_owned();
        let stage = self.caller.stage.clone();
        let number = accounts::number(self.person.account);
        let issued = stage.sandbox.issue_code_for(number, self.person.amo_user, "sandbox").unwrap();
        // From now on the exchange may be made, whatever the user hears.
        (self.epoch, self.may_come) = (self.epoch + 1, true);
        let claims = self.random.random_ratio(1, 4);
        let request = if claims {
            Request::post("/exchange-code", json!({ "code": issued.code, "state": opened, "referer": issued.referer }))
        } else {
            let query = vec![("code", issued.code), ("state", opened), ("referer", issued.referer)];
            Request { query, is_signed: false, ..Request::get("/callback") }
        };
        let mut was_in_doubt = false;
        for _ in 0..RELOADS {
            match self.ask(&request).await {
                Some(answer) if answer.status == 200 => return self.connected().await,
                Some(answer) => match verdict(&answer) {
                    Verdict::Again => {}
                    Verdict::GiveUp if was_in_doubt || stage.has_faults() => {
                        stage.tally.add("codes that were spent by an exchange whose answer was lost", 1);
                        return;
                    }
                    Verdict::GiveUp | Verdict::Wrong => {
                        return self.fault(Fault::Wrong, &format!("{}: {}", request.path, answer.told()));
                    }
                },
                None => {}
            }
            was_in_doubt = true;
            self.standing = Standing::Unknown;
            if stage.is_over() {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn connected(&mut self) {
        (self.standing, self.may_come) = (Standing::Connected, false);
        self.caller.stage.tally.add("connects", 1);
        if self.is_misled(Mistake::Lost) {
            self.caller.stage.database.forget(&self.person.name).await;
        }
        self.lost_before = self.pairs_lost().await;
        self.look().await;
    }
}

enum Verdict {
    Again,
    GiveUp,
    Wrong,
}

/// What an answer other than a success means to who connects.
fn verdict(answer: &Answer) -> Verdict {
    match (answer.status, answer.code.as_str()) {
        _ if answer.is_refusal() => Verdict::Again,
        (400, "invalid_code") | (410, "code_expired") => Verdict::GiveUp,
        _ => Verdict::Wrong,
    }
}
