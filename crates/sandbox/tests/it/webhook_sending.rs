//! Webhooks as a receiver gets them: each change once, in the order of the commits, and what the
//! switches make of it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU16, Ordering},
    },
    time::Duration,
};

use amo_connect_sandbox::{WebhookEntities, WebhookOrder};
use reqwest::Method;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::watch,
    time::timeout,
};

use crate::{
    leads::Leads,
    leads_write::{FIRST, SECOND},
    support::{AGENCY, ids},
};

/// A webhook as it came: its head, and the names and values of its form.
#[derive(Debug, Clone)]
pub(crate) struct Hook {
    pub(crate) head: String,
    pub(crate) form: Vec<(String, String)>,
}

impl Hook {
    /// What it tells of: `leads[add]`, and the number of the first entity.
    pub(crate) fn told(&self) -> (String, u64) {
        let (name, value) = self.form.iter().find(|(name, _)| name.ends_with("[0][id]")).unwrap();
        (name.trim_end_matches("[0][id]").to_owned(), value.parse().unwrap())
    }

    /// Its `x-amocrm-requestid`.
    pub(crate) fn request_id(&self) -> String {
        let line = self.head.lines().find_map(|line| line.strip_prefix("x-amocrm-requestid: "));
        line.unwrap_or_else(|| panic!("{}", self.head)).to_owned()
    }

    /// Reads a request; the stream must stay open until it is answered.
    async fn read(stream: &mut TcpStream) -> Option<Self> {
        let mut bytes = Vec::new();
        loop {
            stream.read_buf(&mut bytes).await.ok().filter(|&read| read > 0)?;
            let text = String::from_utf8_lossy(&bytes);
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.unwrap_or("0").parse::<usize>().unwrap() {
                let form = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
                return Some(Self { head: head.to_owned(), form });
            }
        }
    }
}

/// Takes webhooks and answers them with a status.
pub(crate) struct Receiver {
    pub(crate) url: String,
    got: watch::Receiver<Vec<Hook>>,
    status: Arc<AtomicU16>,
}

/// The status of a receiver that never answers.
pub(crate) const NEVER: u16 = 0;

impl Receiver {
    pub(crate) async fn start(status: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let (sender, got) = watch::channel(Vec::new());
        let (sender, status) = (Arc::new(sender), Arc::new(AtomicU16::new(status)));
        let answer = Arc::clone(&status);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (sender, answer) = (Arc::clone(&sender), Arc::clone(&answer));
                tokio::spawn(async move {
                    let Some(hook) = Hook::read(&mut stream).await else { return };
                    sender.send_modify(|hooks| hooks.push(hook));
                    match answer.load(Ordering::SeqCst) {
                        NEVER => drop(stream.read_u8().await),
                        status => {
                            let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n");
                            stream.write_all(answer.as_bytes()).await.unwrap();
                        }
                    }
                });
            }
        });
        Self { url, got, status }
    }

    /// Answers with another status from now on.
    pub(crate) fn answers(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    /// What has come so far.
    pub(crate) fn hooks(&self) -> Vec<Hook> {
        self.got.borrow().clone()
    }

    /// What has come so far, in short.
    pub(crate) fn told(&self) -> Vec<(String, u64)> {
        self.hooks().iter().map(Hook::told).collect()
    }

    /// Waits until so many have come.
    pub(crate) async fn until(&self, count: usize) -> Vec<Hook> {
        self.got.clone().wait_for(|hooks| hooks.len() >= count).await.unwrap().clone()
    }
}

impl Leads {
    /// A client of an agency whose time stands still, and a receiver with these settings.
    pub(crate) async fn with_receiver(settings: &[&str]) -> (Self, Receiver) {
        let (leads, receiver) = (Self::start().await, Receiver::start(200).await);
        leads.amo.sandbox.freeze_clock(true);
        leads.amo.switch(|switches| switches.webhook_timeout_ms = 60_000);
        leads.subscribe(&receiver.url, settings).await;
        (leads, receiver)
    }
}

/// What is told of leads.
pub(crate) const OF_LEADS: [&str; 6] =
    ["add_lead", "update_lead", "status_lead", "responsible_lead", "delete_lead", "restore_lead"];

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_sees_every_change_once_in_the_order_of_the_commits() {
    let (leads, receiver) = Leads::with_receiver(&OF_LEADS).await;
    let mut expected = Vec::new();
    let mut told = |words: &[&str], id: u64| expected.extend(words.iter().map(|word| (format!("leads[{word}]"), id)));
    let many = leads.post(json!(vec![json!({}); 250])).await;
    let many = ids(&many.json(), "leads");
    for &id in &many {
        told(&["add"], id);
    }
    for &id in many.iter().take(5).rev() {
        leads.patch(id, json!({"price": 5})).await;
        told(&["update"], id);
    }
    let one = many[0];
    leads.patch(one, json!({"status_id": SECOND, "responsible_user_id": 10_110_002})).await;
    told(&["update", "status", "responsible"], one);
    leads.amo.sandbox.delete_lead(AGENCY, one).unwrap();
    told(&["delete"], one);
    let restore = json!({"account": 31_920_194, "restore": one});
    assert_eq!(leads.amo.control("POST", "/leads", restore).await.status, 200);
    told(&["restore"], one);
    let both = json!([{"id": many[1], "name": "A"}, {"id": one, "status_id": FIRST}]);
    assert_eq!(leads.send(Method::PATCH, "leads", &both).await.status, 200);
    told(&["update"], many[1]);
    told(&["update", "status"], one);
    let refused = json!([{"id": one, "name": "B"}, {"id": 5, "name": "B"}]);
    assert_eq!(leads.send(Method::PATCH, "leads", &refused).await.status, 400);
    leads.amo.sandbox.drain_webhooks().await;
    assert_eq!(receiver.told(), expected);
    let stats = leads.amo.sandbox.stats();
    assert_eq!((stats.webhooks_sent, stats.webhooks_failed), (expected.len() as u64, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_with_more_changes_than_the_feed_keeps_is_told_whole() {
    let (leads, receiver) = Leads::with_receiver(&["add_lead", "update_contact"]).await;
    let contacts = leads.amo.get(AGENCY, "/api/v4/contacts?limit=2", &leads.token).await.json();
    let contacts: Vec<_> = ids(&contacts, "contacts").into_iter().map(|id| json!({"id": id})).collect();
    let lead = json!({"_embedded": {"contacts": contacts}});
    assert_eq!(leads.post(json!(vec![lead; 250])).await.status, 200);
    leads.amo.sandbox.drain_webhooks().await;
    let told = receiver.told();
    let of = |name: &str| told.iter().filter(|(told, _)| told == name).count();
    assert_eq!((of("leads[add]"), of("contacts[update]")), (250, 500));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_subscribed_is_told_and_only_since_then() {
    let (leads, receiver) = Leads::with_receiver(&["status_lead"]).await;
    let other = Receiver::start(200).await;
    let id = leads.add(json!({})).await;
    leads.patch(id, json!({"status_id": SECOND, "price": 1})).await;
    leads.subscribe(&other.url, &["delete_lead", "add_lead"]).await;
    leads.patch(id, json!({"status_id": FIRST})).await;
    leads.subscribe(&receiver.url, &["update_lead"]).await;
    leads.patch(id, json!({"status_id": SECOND})).await;
    leads.amo.sandbox.delete_lead(AGENCY, id).unwrap();
    leads.amo.sandbox.drain_webhooks().await;
    let told = |words: &[&str]| words.iter().map(|word| (format!("leads[{word}]"), id)).collect::<Vec<_>>();
    assert_eq!(receiver.told(), told(&["status", "status", "update"]));
    assert_eq!(other.told(), told(&["delete"]));
    leads.send(Method::DELETE, "webhooks", &json!({"destination": receiver.url})).await;
    leads.add(json!({})).await;
    leads.amo.sandbox.drain_webhooks().await;
    assert_eq!((receiver.hooks().len(), other.hooks().len()), (3, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_receiver_holds_up_neither_requests_nor_other_receivers() {
    let (leads, good) = Leads::with_receiver(&["add_lead"]).await;
    let slow = Receiver::start(NEVER).await;
    leads.subscribe(&slow.url, &["add_lead"]).await;
    for _ in 0..3 {
        leads.add(json!({})).await;
    }
    assert_eq!(good.until(3).await.len(), 3);
    assert_eq!(slow.until(1).await.len(), 1, "one at a time");
    let report = leads.amo.sandbox.webhooks(AGENCY).unwrap();
    assert_eq!(report.webhooks[1].queued, 3);
    let drained = leads.amo.control("POST", "/webhooks/drain", json!({"timeout_s": 0})).await;
    assert_eq!(drained.json(), json!({"drained": false}));
}

#[tokio::test(flavor = "multi_thread")]
async fn dropping_the_sandbox_ends_what_is_being_sent() {
    let (leads, _) = Leads::with_receiver(&["delete_lead"]).await;
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    leads.subscribe(&format!("http://{}/", silent.local_addr().unwrap()), &["add_lead"]).await;
    leads.add(json!({})).await;
    let (mut stream, _) = silent.accept().await.unwrap();
    Hook::read(&mut stream).await.unwrap();
    drop(leads);
    let mut byte = [0];
    let closed = timeout(Duration::from_secs(30), stream.read(&mut byte)).await;
    assert_eq!(closed.expect("the connection is closed").unwrap_or(0), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn duplicates_another_order_and_a_delay_are_switches() {
    let (leads, receiver) = Leads::with_receiver(&["add_lead"]).await;
    let two = async || {
        let known = receiver.hooks().len();
        let added = ids(&leads.post(json!([{}, {}])).await.json(), "leads");
        leads.amo.sandbox.drain_webhooks().await;
        let told = receiver.told().into_iter().skip(known).map(|(_, id)| id - added[0]);
        told.collect::<Vec<_>>()
    };
    assert_eq!(two().await, [0, 1]);
    leads.amo.switch(|switches| switches.webhook_duplicates = true);
    assert_eq!(two().await, [0, 0, 1, 1]);
    leads.amo.switch(|switches| {
        switches.webhook_duplicates = false;
        switches.webhook_order = WebhookOrder::Reversed;
    });
    assert_eq!(two().await, [1, 0]);
    leads.amo.switch(|switches| switches.webhook_order = WebhookOrder::Delayed);
    assert_eq!(two().await, [1]);
    leads.amo.control("POST", "/clock", json!({"advance_s": 1})).await;
    leads.amo.sandbox.drain_webhooks().await;
    assert_eq!(receiver.hooks().len(), 10);
    leads.amo.switch(|switches| {
        switches.webhook_order = WebhookOrder::Commits;
        switches.webhook_delay_s = 30;
    });
    assert_eq!(two().await, [0; 0]);
    leads.amo.control("POST", "/clock", json!({"advance_s": 29})).await;
    leads.amo.sandbox.drain_webhooks().await;
    assert_eq!(receiver.hooks().len(), 10);
    leads.amo.control("POST", "/clock", json!({"advance_s": 1})).await;
    let drained = leads.amo.control("POST", "/webhooks/drain", json!({})).await;
    assert_eq!((drained.json(), receiver.hooks().len()), (json!({"drained": true}), 12));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_webhook_may_tell_all_that_one_request_changed() {
    let (leads, receiver) = Leads::with_receiver(&OF_LEADS).await;
    leads.amo.switch(|switches| switches.webhook_entities = WebhookEntities::All);
    let added = ids(&leads.post(json!([{}, {}])).await.json(), "leads");
    let both = json!([{"id": added[0], "status_id": SECOND}, {"id": added[1], "price": 5}]);
    leads.send(Method::PATCH, "leads", &both).await;
    leads.amo.sandbox.drain_webhooks().await;
    let hooks = receiver.hooks();
    let numbers = |hook: usize| {
        let form = hooks[hook].form.iter().filter(|(name, _)| name.ends_with("][id]") && name.starts_with("leads"));
        form.map(|(name, value)| (name.as_str(), value.parse().unwrap())).collect::<Vec<(_, u64)>>()
    };
    assert_eq!(numbers(0), [("leads[add][0][id]", added[0]), ("leads[add][1][id]", added[1])]);
    assert_eq!(
        numbers(1),
        [("leads[update][0][id]", added[0]), ("leads[status][0][id]", added[0]), ("leads[update][1][id]", added[1])]
    );
    assert_eq!(hooks.len(), 2);
    let report = leads.amo.sandbox.webhooks(AGENCY).unwrap();
    assert_eq!(report.deliveries[1].settings, ["update_lead", "status_lead"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn updates_of_stages_tags_and_links_alone_are_told_or_by_switches_are_not() {
    let (leads, receiver) = Leads::with_receiver(&["update_lead", "status_lead", "responsible_lead"]).await;
    let contacts = leads.amo.get(AGENCY, "/api/v4/contacts?limit=1", &leads.token).await.json();
    let contact = json!({"contacts": [{"id": ids(&contacts, "contacts")[0]}]});
    let words = async || {
        let known = receiver.hooks().len();
        let id = leads.add(json!({"_embedded": contact})).await;
        for change in [
            json!({"status_id": SECOND}),
            json!({"responsible_user_id": 10_110_002}),
            json!({"tags_to_add": [{"name": "VIP"}]}),
            json!({"status_id": FIRST, "price": 5}),
            json!({"price": 5}),
            json!({"name": "x"}),
        ] {
            leads.patch(id, change).await;
        }
        leads.amo.sandbox.drain_webhooks().await;
        let told = receiver.told().into_iter().skip(known);
        told.map(|(name, _)| name["leads[".len()..name.len() - 1].to_owned()).collect::<Vec<_>>()
    };
    let (status, responsible) = (["update", "status"], ["update", "responsible"]);
    let all = [&["update"][..], &status, &responsible, &["update"], &status, &["update", "update"]].concat();
    assert_eq!(words().await, all);
    leads.amo.switch(|switches| {
        switches.webhook_update_with_status = false;
        switches.webhook_update_on_links = false;
        switches.webhook_update_on_tags = false;
    });
    assert_eq!(words().await, ["status", "responsible", "update", "status", "update", "update"]);
}
