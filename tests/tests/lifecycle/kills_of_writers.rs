//! `kill -9` at two hundred random moments of writes with keys, a hundred on each database.

use std::collections::HashMap;
use std::fmt;
use std::time::{Duration, Instant};

use amo_connect_sandbox::{Failure, Faults};
use amo_connect_tests::{ACCOUNT, Answer, Served, jwt, until, until_within};
use futures_util::future::join_all;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::stage::Stage;

const KILLS: usize = 100;
const SEED: u64 = 20_261_129;

/// How many writes are under way when a process is killed.
const CALLED: usize = 4;

/// How long a process that has begun to write lives at most: several calls go to amoCRM for each write.
const LONGEST_LIFE_MS: u64 = 800;

/// When absence counts (75 s), and what it takes to ask for everything again.
const TRUTH_WITHIN: Duration = Duration::from_secs(150);

/// A write with a key that names it, which is its text too.
#[derive(Clone)]
struct Order {
    key: String,
    path: String,
    body: Value,
    /// What the app was answered, as soon as it was.
    made: Option<u64>,
}

/// What became of the writes.
#[derive(Debug, Default)]
struct Toll {
    called: usize,
    /// The app heard that they were done.
    answered: usize,
    /// A process was killed before it had answered, and the write is found to be done.
    done: usize,
    /// The same, and the write was sent by whoever was asked then.
    sent_later: usize,
}

impl fmt::Display for Toll {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { called, answered, done, sent_later } = self;
        write!(
            f,
            "{KILLS} kills, {called} writes: {answered} answered before the kill, {done} done and not answered, \
             {sent_later} sent by the next process; none twice, none lost"
        )
    }
}

on_both_databases!(a_hundred_kills_double_no_write_and_lose_none_that_was_answered);

async fn a_hundred_kills_double_no_write_and_lose_none_that_was_answered(stage: Stage) {
    let begun = Instant::now();
    let mut random = ChaCha8Rng::seed_from_u64(SEED);
    let survivor = stage.serve().await;
    stage.connect_by(&survivor, "olena", ACCOUNT).await;
    let lead = survivor.get("olena", "/leads?limit=1").await.json()["data"][0]["amoLeadId"].as_u64().unwrap();

    let elsewhere = [stage.settings_elsewhere(), stage.settings_elsewhere()];
    let start = |number: usize| Served::begin(&elsewhere[number % 2], &[], &stage.folder());
    let (mut orders, mut toll) = (Vec::new(), Toll::default());
    let mut next = Some(start(0));
    for kill in 1..=KILLS {
        let victim = std::mem::replace(&mut next, (kill < KILLS).then(|| start(kill))).unwrap();
        victim.process().until_logged("serving").await;
        let latency = random.random_range(5..=40);
        play(&stage, latency, &mut random);
        let asked = stage.sandbox.stats().api_requests;
        let calls: Vec<_> = (0..CALLED).map(|number| call(&victim, order(kill, number, lead))).collect();
        // The moment: from before the record until after the answer, and every second time when a write is being
        // sent, however slow the machine is.
        if kill % 2 == 0 {
            until("a write has arrived", async || stage.sandbox.stats().api_requests > asked).await;
        }
        tokio::time::sleep(Duration::from_millis(random.random_range(0..LONGEST_LIFE_MS))).await;
        victim.into_process().kill().await;
        for call in calls {
            let order = call.await.unwrap();
            toll.called += 1;
            toll.answered += usize::from(order.made.is_some());
            orders.push(order);
        }
        stage.sandbox.set_faults(Faults::default()).unwrap();
    }

    let before = stage.sandbox.stats().api_requests;
    let settled = until_within(TRUTH_WITHIN, "every write is answered", async || {
        ask_again(&survivor, &mut orders, &mut toll).await;
        orders.iter().all(|order| order.made.is_some())
    })
    .await;
    assert!(stage.sandbox.stats().api_requests > before);

    let made = everything(&survivor, lead).await;
    for order in &orders {
        let ids = made.get(&order.key).map(Vec::as_slice).unwrap_or_default();
        assert_eq!(ids, [order.made.unwrap()], "{} {}", order.path, order.key);
    }
    // Each lead of a comment has it once.
    for order in orders.iter().filter(|order| order.body["comment"].is_string()) {
        let notes = survivor.get("olena", &format!("/leads/{}/notes?limit=250", order.made.unwrap())).await;
        let comments = notes.json()["data"].as_array().unwrap().clone();
        let own = comments.iter().filter(|note| note["text"] == order.body["comment"]).count();
        assert_eq!(own, 1, "{}: {comments:?}", order.key);
    }
    eprintln!(
        "{toll} (seed {SEED}, {:.0} s, of these {:.0} s for the last to settle)",
        begun.elapsed().as_secs_f64(),
        settled.as_secs_f64()
    );
    assert!(toll.answered > 0 && toll.done > 0 && toll.sent_later > 0, "{toll:?}");
}

/// A note, a task, a lead or a lead with a comment.
fn order(kill: usize, number: usize, lead: u64) -> Order {
    let key = format!("write-{kill}-{number}");
    let (path, body) = match (kill + number) % 4 {
        0 => (format!("/leads/{lead}/notes"), json!({ "text": key })),
        1 => (format!("/leads/{lead}/tasks"), json!({ "text": key, "completeTill": "2026-12-24T09:00:00Z" })),
        2 => ("/leads".to_owned(), json!({ "name": key })),
        _ => {
            ("/leads".to_owned(), json!({ "name": key, "guestPhone": "+380671234567", "comment": format!("of {key}") }))
        }
    };
    Order { key, path, body, made: None }
}

/// Asks for a write, as an app does that hears nothing if the process dies.
fn call(service: &Served, order: Order) -> JoinHandle<Order> {
    let request = service.http().post(service.url(&order.path)).bearer_auth(jwt("olena"));
    let request = request.header("Idempotency-Key", &order.key).json(&order.body);
    tokio::spawn(async move {
        let made = match request.send().await {
            Ok(answer) if answer.status() == 201 => answer.json::<Value>().await.ok().and_then(|body| number(&body)),
            _ => None,
        };
        Order { made, ..order }
    })
}

fn number(body: &Value) -> Option<u64> {
    body["data"]["amoLeadId"].as_u64().or_else(|| body["data"]["id"].as_u64())
}

/// Asks `service` for all writes that nobody has answered.
async fn ask_again(service: &Served, orders: &mut [Order], toll: &mut Toll) {
    let mut open: Vec<&mut Order> = orders.iter_mut().filter(|order| order.made.is_none()).collect();
    for some in open.chunks_mut(8) {
        let asked = join_all(some.iter().map(|order| {
            let request = service.http().post(service.url(&order.path)).bearer_auth(jwt("olena"));
            Answer::to(request.header("Idempotency-Key", &order.key).json(&order.body))
        }));
        for (order, answer) in some.iter_mut().zip(asked.await) {
            if answer.status == 201 {
                order.made = number(&answer.json());
                let was_done = answer.header("idempotency-replayed") == "true";
                *(if was_done { &mut toll.done } else { &mut toll.sent_later }) += 1;
            } else {
                assert!([502, 503, 409].contains(&answer.status), "{answer:?}");
            }
        }
    }
}

/// The numbers of all that is there, by name or text.
async fn everything(service: &Served, lead: u64) -> HashMap<String, Vec<u64>> {
    let mut made = HashMap::<String, Vec<u64>>::new();
    let lists = [
        (format!("/leads/{lead}/notes?limit=250"), "text", "id"),
        (format!("/leads/{lead}/tasks?limit=250"), "text", "id"),
        ("/leads?limit=250&order=-id".to_owned(), "name", "amoLeadId"),
    ];
    for (list, name, id) in lists {
        for page in 1.. {
            let answer = service.get("olena", &format!("{list}&page={page}")).await.json();
            for object in answer["data"].as_array().unwrap() {
                if let (Some(name), Some(id)) = (object[name].as_str(), object[id].as_u64()) {
                    made.entry(name.to_owned()).or_default().push(id);
                }
            }
            if answer["hasMore"] == false {
                break;
            }
        }
    }
    made
}

/// amoCRM takes its time, fails now and then before it has done anything, and loses answers.
fn play(stage: &Stage, latency: u64, random: &mut ChaCha8Rng) {
    let mut fate = || match random.random_range(0..6) {
        0 => Failure::DropAfter,
        1 => Failure::Drop,
        2 => Failure::Status(502),
        _ => Failure::Pass,
    };
    let fail_api = (0..CALLED).map(|_| fate()).collect();
    stage.sandbox.set_faults(Faults { latency_ms: latency, fail_api, ..Faults::default() }).unwrap();
}
