//! What is in amoCRM at the end, read past the service, beside what users were told.

use std::collections::HashMap;
use std::time::Duration;

use reqwest::Client;
use serde_json::{Value, json};

use crate::accounts::{self, SHARED};
use crate::arguments::Mistake;
use crate::call::client;
use crate::life::Life;
use crate::stage::{CHECKER, CHECKERS_SECRET, Stage};
use crate::tally::Fault;
use crate::writes::{Kind, Order, Outcome};

/// An object of amoCRM's.
#[derive(Clone, Copy, Debug)]
struct Object {
    id: u64,
    account: usize,
    created_by: u64,
}

/// Everything that is there, by name or text.
#[derive(Debug, Default)]
struct Found {
    leads: HashMap<String, Vec<Object>>,
    notes: HashMap<String, Vec<Object>>,
    tasks: HashMap<String, Vec<Object>>,
}

/// Compares all writes with what is there.
pub(crate) async fn check(stage: &Stage, lives: &[Life]) {
    let orders = || lives.iter().flat_map(|life| &life.orders);
    mislead(stage, orders());
    let found = find(stage).await;
    for order in orders() {
        let of_kind = match order.kind {
            Kind::Lead | Kind::LeadWithComment => &found.leads,
            Kind::Note => &found.notes,
            Kind::Task => &found.tasks,
        };
        judge(stage, order, of_kind.get(&order.key).map(Vec::as_slice).unwrap_or_default());
        if order.kind == Kind::LeadWithComment {
            let comments = found.notes.get(&order.comment()).map_or(0, Vec::len);
            let is_due = matches!(order.outcome, Outcome::Done(_)) && !order.lacks_comment;
            if comments > 1 {
                stage.tally.fault(Fault::Doubled, &format!("the comment of {:?} is there {comments} times", order.key));
            } else if comments == 0 && is_due {
                stage.tally.fault(Fault::Lost, &format!("the comment of {:?} is not there", order.key));
            }
        }
    }
    let stats = stage.sandbox.stats();
    if stats.most_refreshes_of_one_token > 1 {
        let what = format!("one refresh token was under way {} times at a time", stats.most_refreshes_of_one_token);
        stage.tally.fault(Fault::Doubled, &what);
    }
}

fn judge(stage: &Stage, order: &Order, objects: &[Object]) {
    let key = &order.key;
    if objects.len() > 1 {
        stage.tally.fault(Fault::Doubled, &format!("{key:?} is there {} times", objects.len()));
    }
    if let Outcome::Done(made) = order.outcome
        && objects.iter().all(|object| object.id != made)
    {
        stage.tally.fault(Fault::Lost, &format!("{key:?} was made as {made}, which is not there"));
    }
    if let Some(other) =
        objects.iter().find(|object| (object.account, object.created_by) != (order.account, order.amo_user))
    {
        stage
            .tally
            .fault(Fault::Foreign, &format!("{key:?} was made by {} in account {}", other.created_by, other.account));
    }
    let is_there = u64::from(!objects.is_empty());
    match order.outcome {
        Outcome::Done(_) => stage.tally.add("writes answered as done that are there, once", is_there),
        Outcome::Expired => stage.tally.add("writes of keys that ended that are there, once", is_there),
        Outcome::Open => stage.tally.add("writes that stay unknown that are there, once", is_there),
    }
}

async fn find(stage: &Stage) -> Found {
    let (mut found, http) = (Found::default(), client(Duration::from_mins(1), 4));
    for account in 0..SHARED {
        let host = format!("http://{}", stage.host(account));
        let token = token(stage, account, &host, &http).await;
        for (list, path) in [("leads", "leads"), ("notes", "leads/notes"), ("tasks", "tasks")] {
            for page in 1.. {
                let get = http.get(format!("{host}/api/v4/{path}?limit=250&page={page}")).bearer_auth(&token);
                let answer = get.send().await.unwrap();
                if answer.status() == 204 {
                    break;
                }
                let body: Value = answer.json().await.unwrap();
                for object in body["_embedded"][list].as_array().unwrap() {
                    let (place, name) = match list {
                        "leads" => (&mut found.leads, &object["name"]),
                        "notes" => (&mut found.notes, &object["params"]["text"]),
                        _ => (&mut found.tasks, &object["text"]),
                    };
                    let number = |name: &str| object[name].as_u64().unwrap_or_default();
                    let made = Object { id: number("id"), account, created_by: number("created_by") };
                    place.entry(name.as_str().unwrap_or_default().to_owned()).or_default().push(made);
                }
            }
        }
    }
    found
}

/// An access token of an integration of the judge's own.
async fn token(stage: &Stage, account: usize, host: &str, http: &Client) -> String {
    let code =
        stage.sandbox.issue_code_for(accounts::number(account), accounts::Person::user(account).amo_user, CHECKER);
    let body = json!({
        "client_id": CHECKER, "client_secret": CHECKERS_SECRET, "grant_type": "authorization_code",
        "code": code.unwrap().code, "redirect_uri": stage.settings.redirect_uri(),
    });
    let answer = http.post(format!("{host}/oauth2/access_token")).json(&body).send().await.unwrap();
    let pair: Value = answer.json().await.unwrap();
    pair["access_token"].as_str().unwrap().to_owned()
}

/// Makes or takes away what the judge has to notice.
fn mislead<'a>(stage: &Stage, orders: impl Iterator<Item = &'a Order>) {
    for order in orders.filter(|order| order.kind == Kind::Lead).take(3) {
        let account = accounts::number(order.account);
        if stage.is_misled(Mistake::Doubled) {
            stage.sandbox.add_lead_as(account, order.amo_user, &json!({ "name": order.key })).unwrap();
        }
        if let (Outcome::Done(made), true) = (order.outcome, stage.is_misled(Mistake::Undone)) {
            stage.sandbox.delete_lead(account, made).unwrap();
        }
    }
}
