//! What ordinary users see and may do, and requests that run with another user's rights.

use amo_connect_sandbox::BadContextUser;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{AGENCY, Amo, Answer, ids, read};

pub(crate) const OLENA: u64 = 10_110_001;
/// Sees everything, changes what is his own.
pub(crate) const ANDREW: u64 = 10_110_002;
/// Sees and changes what is her own.
pub(crate) const IRYNA: u64 = 10_110_003;
/// Left the agency.
const TARAS: u64 = 10_110_004;

/// A sandbox, and the tokens of its people.
pub(crate) struct Agency {
    pub(crate) amo: Amo,
    pub(crate) olena: String,
    pub(crate) andrew: String,
    pub(crate) iryna: String,
}

impl Agency {
    pub(crate) async fn start() -> Self {
        let amo = Amo::start().await;
        let [olena, andrew, iryna] = [OLENA, ANDREW, IRYNA].map(|user| token(&amo, user));
        let (olena, andrew, iryna) = (olena.await, andrew.await, iryna.await);
        Self { amo, olena, andrew, iryna }
    }

    pub(crate) async fn get(&self, path: &str, token: &str) -> Answer {
        self.amo.get(AGENCY, &format!("/api/v4/{path}"), token).await
    }

    /// All ids of a list, page by page.
    pub(crate) async fn all(&self, list: &str, token: &str) -> Vec<u64> {
        let mut all = Vec::new();
        loop {
            let page = self.get(&format!("{list}?limit=250&page={}", all.len() / 250 + 1), token).await;
            if page.status == 204 {
                return all;
            }
            all.extend(ids(&page.json(), list));
            if all.len() % 250 != 0 {
                return all;
            }
        }
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: Value, token: &str) -> Answer {
        let url = self.amo.url(AGENCY, &format!("/api/v4/{path}"));
        read(self.amo.http.request(method, url).bearer_auth(token).json(&body).send().await.unwrap()).await
    }

    /// Asks with a token and the header that names another user.
    async fn get_as(&self, path: &str, token: &str, user: &str) -> Answer {
        let url = self.amo.url(AGENCY, &format!("/api/v4/{path}"));
        let request = self.amo.http.get(url).bearer_auth(token).header("X-Context-User-ID", user);
        read(request.send().await.unwrap()).await
    }

    pub(crate) async fn set(&self, user: u64, what: Value) {
        let mut body = json!({"account": 31_920_194, "user": user});
        body.as_object_mut().unwrap().extend(what.as_object().unwrap().clone());
        let answer = self.amo.control("PATCH", "/users", body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }

    /// A lead of `user`.
    pub(crate) async fn lead_of(&self, user: u64) -> Value {
        let path = format!("leads?limit=1&filter[responsible_user_id]={user}");
        self.get(&path, &self.olena).await.json()["_embedded"]["leads"][0].clone()
    }
}

async fn token(amo: &Amo, user: u64) -> String {
    let code = amo.sandbox.issue_code_for(AGENCY, user, "sandbox").unwrap().code;
    amo.token(AGENCY, &Amo::exchange_fields(&code)).await.pair().access
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_show_what_the_user_may_see() {
    let agency = Agency::start().await;
    let all = agency.all("leads", &agency.olena).await;
    assert_eq!(all.len(), 630);
    assert_eq!(agency.all("leads", &agency.andrew).await, all);
    for list in ["leads", "contacts"] {
        let own = agency.all(list, &agency.iryna).await;
        let path = format!("{list}?limit=250&filter[responsible_user_id]={IRYNA}");
        assert_eq!(own, ids(&agency.get(&path, &agency.olena).await.json(), list), "{list}");
        assert!(own.len() > 20 && own.len() < 100, "{list}: {}", own.len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_outside_ones_rights_is_missing_or_by_a_switch_forbidden() {
    let agency = Agency::start().await;
    let (own, foreign) = (agency.lead_of(IRYNA).await, agency.lead_of(OLENA).await);
    let contact = ids(&agency.get("contacts?limit=1", &agency.olena).await.json(), "contacts")[0];
    let path = |lead: &Value| format!("leads/{}", lead["id"]);
    assert_eq!(agency.get(&path(&own), &agency.iryna).await.json(), own);
    for (status, body) in [(204, ""), (403, "{\"title\":\"Forbidden\",")] {
        agency.amo.switch(|switches| switches.read_outside_rights = status);
        for path in [path(&foreign), format!("contacts/{contact}")] {
            let answer = agency.get(&path, &agency.iryna).await;
            assert_eq!(answer.status, status, "{path}");
            assert!(answer.body.starts_with(body), "{answer:?}");
        }
        assert_eq!(agency.get("leads/1", &agency.iryna).await.status, 204, "what is not there is not forbidden");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_changes_what_their_rights_do_not_reach() {
    let agency = Agency::start().await;
    let (own, foreign) = (agency.lead_of(ANDREW).await, agency.lead_of(OLENA).await);
    let change = json!([{"id": own["id"], "price": 1}, {"id": foreign["id"], "price": 1}]);
    let refused = agency.send(Method::PATCH, "leads", change.clone(), &agency.andrew).await;
    assert_eq!(refused.status, 403);
    assert_eq!(agency.lead_of(ANDREW).await, own, "one refused member rejects the whole request");
    let alone = format!("leads/{}", own["id"]);
    assert_eq!(agency.send(Method::PATCH, &alone, json!({"price": 1}), &agency.andrew).await.status, 200);
    agency.amo.switch(|switches| switches.write_outside_rights = 400);
    let refused = agency.send(Method::PATCH, "leads", change, &agency.andrew).await;
    assert_eq!(refused.json()["validation-errors"][0]["request_id"], "1");
    assert_eq!(refused.json()["validation-errors"][0]["errors"][0]["path"], "id");
    agency.amo.switch(|switches| switches.write_outside_rights = 403);
    let add = async || agency.send(Method::POST, "leads", json!([{"name": "x"}]), &agency.iryna).await;
    let id = ids(&add().await.json(), "leads")[0];
    let lead = agency.get(&format!("leads/{id}"), &agency.iryna).await.json();
    assert_eq!(
        (&lead["responsible_user_id"], &lead["created_by"], &lead["group_id"]),
        (&json!(IRYNA), &json!(IRYNA), &json!(311_001))
    );
    agency.set(IRYNA, json!({"rights": {"leads": {"add": "D"}}})).await;
    assert_eq!(add().await.status, 403);
    let delete = json!({"account": 31_920_194, "user": IRYNA, "delete": id});
    assert_eq!(agency.amo.control("POST", "/leads", delete).await.status, 400, "in the UI neither");
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_count_at_each_request() {
    let agency = Agency::start().await;
    let foreign = agency.lead_of(OLENA).await;
    let sees = async |lead: &Value| agency.get(&format!("leads/{}", lead["id"]), &agency.iryna).await.status == 200;
    assert!(!sees(&foreign).await);
    agency.set(IRYNA, json!({"rights": {"leads": {"view": "G"}}})).await;
    assert!(!sees(&foreign).await);
    assert_eq!(agency.all("leads", &agency.iryna).await, agency.all("leads", &agency.iryna).await);
    agency.set(IRYNA, json!({"group_id": 0})).await;
    assert!(sees(&foreign).await, "they are of one group now");
    agency.set(IRYNA, json!({"rights": {"leads": {"view": "D"}}})).await;
    assert_eq!(agency.all("leads", &agency.iryna).await, Vec::<u64>::new());
    let own = format!("leads/{}", agency.lead_of(IRYNA).await["id"]);
    let change = agency.send(Method::PATCH, &own, json!({"price": 1}), &agency.iryna).await;
    assert_eq!(change.status, 403, "who may not see it may not change it");
    agency.set(IRYNA, json!({"is_admin": true})).await;
    assert_eq!(agency.all("leads", &agency.iryna).await.len(), 630);
    assert_eq!(agency.get("users", &agency.iryna).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rights_to_a_stage_narrow_or_widen_the_general_ones() {
    let agency = Agency::start().await;
    let (own, foreign) = (agency.lead_of(IRYNA).await, agency.lead_of(OLENA).await);
    let stage = |lead: &Value, letter: &str| {
        json!({"entity_type": "leads", "pipeline_id": lead["pipeline_id"], "status_id": lead["status_id"],
               "rights": {"view": letter, "edit": letter, "delete": letter}})
    };
    assert_ne!(own["status_id"], foreign["status_id"]);
    agency.set(IRYNA, json!({"rights": {"status_rights": [stage(&own, "D"), stage(&foreign, "A")]}})).await;
    assert_eq!(agency.get(&format!("leads/{}", own["id"]), &agency.iryna).await.status, 204);
    assert_eq!(agency.get(&format!("leads/{}", foreign["id"]), &agency.iryna).await.status, 200);
    let users = agency.get("users", &agency.olena).await.json();
    let shown = &users["_embedded"]["users"][2]["rights"]["status_rights"];
    assert_eq!(*shown, json!([stage(&own, "D"), stage(&foreign, "A")]));
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_those_of_what_one_may_see() {
    let agency = Agency::start().await;
    let since = format!("events?filter[created_at]={}", agency.amo.sandbox.clock().now);
    agency.send(Method::POST, "leads", json!([{}]), &agency.olena).await;
    assert_eq!(agency.get(&since, &agency.iryna).await.status, 204);
    agency.send(Method::POST, "leads", json!([{}]), &agency.iryna).await;
    let events = agency.get(&since, &agency.iryna).await.json();
    let ids: Vec<_> =
        events["_embedded"]["events"].as_array().unwrap().iter().map(|event| event["id"].clone()).collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(events["_embedded"]["events"][0]["created_by"], IRYNA);
    let path = format!("events/{}", ids[0].as_str().unwrap());
    assert_eq!(agency.get(&path, &agency.iryna).await.json(), events["_embedded"]["events"][0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_runs_with_the_rights_of_the_context_user() {
    let agency = Agency::start().await;
    let own = agency.all("leads", &agency.iryna).await;
    let iryna = IRYNA.to_string();
    let page = agency.get_as("leads?limit=250", &agency.olena, &iryna).await.json();
    assert_eq!(ids(&page, "leads"), own);
    assert_eq!(agency.get_as("account", &agency.olena, &iryna).await.json()["current_user_id"], IRYNA);
    assert_eq!(agency.get_as("users", &agency.olena, &iryna).await.status, 403);
    let url = agency.amo.url(AGENCY, "/api/v4/leads");
    let add = agency.amo.http.post(url).bearer_auth(&agency.olena).header("X-Context-User-ID", &iryna);
    let id = ids(&read(add.json(&json!([{}])).send().await.unwrap()).await.json(), "leads")[0];
    assert_eq!(agency.get(&format!("leads/{id}"), &agency.olena).await.json()["created_by"], IRYNA);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_context_user_that_cannot_be_is_refused_in_three_ways() {
    let agency = Agency::start().await;
    let account = async |token: &str, user: &str| agency.get_as("account", token, user).await;
    let (taras, iryna) = (TARAS.to_string(), IRYNA.to_string());
    for (position, status) in
        [(BadContextUser::Unauthorized, 401), (BadContextUser::Forbidden, 403), (BadContextUser::Ignored, 200)]
    {
        agency.amo.switch(|switches| switches.unknown_context_user = position);
        for nobody in ["5", "olena", "", taras.as_str()] {
            assert_eq!(account(&agency.olena, nobody).await.status, status, "{nobody:?}");
        }
        agency.amo.switch(|switches| {
            (switches.unknown_context_user, switches.context_user_of_user) = (BadContextUser::default(), position);
        });
        assert_eq!(account(&agency.andrew, &iryna).await.status, status);
    }
    assert_eq!(account(&agency.andrew, &iryna).await.json()["current_user_id"], ANDREW);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deactivated_user_is_let_in_nowhere_but_an_administrators_grant_lives_on() {
    let agency = Agency::start().await;
    assert!(agency.amo.sandbox.issue_code_for(AGENCY, TARAS, "sandbox").is_err());
    let login = agency.amo.open(&format!("{}?client_id=sandbox", agency.amo.sandbox.auth_url())).await;
    assert!(login.body.contains(&IRYNA.to_string()) && !login.body.contains(&TARAS.to_string()));
    let consent = agency.amo.open(&format!("{}?client_id=sandbox&user={TARAS}", agency.amo.sandbox.auth_url())).await;
    assert_eq!(consent.status, 400);
    for user in [OLENA, IRYNA] {
        agency.set(user, json!({"is_active": false, "is_admin": false})).await;
    }
    assert_eq!(agency.all("leads", &agency.olena).await.len(), 630, "it was an administrator who granted");
    assert_eq!(agency.get("account", &agency.iryna).await.status, 401);
    agency.amo.switch(|switches| switches.deactivated_user = 403);
    assert_eq!(agency.get("account", &agency.iryna).await.status, 403);
    let lead = agency.lead_of(TARAS).await;
    let back = json!({"responsible_user_id": lead["responsible_user_id"]});
    let refused = agency.send(Method::PATCH, &format!("leads/{}", lead["id"]), back, &agency.olena).await;
    assert_eq!(refused.json()["validation-errors"][0]["errors"][0]["path"], "responsible_user_id");
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_are_changed_letter_by_letter_and_wrong_ones_are_named() {
    let agency = Agency::start().await;
    let set = async |body: Value| agency.amo.control("PATCH", "/users", body).await;
    let done = set(json!({"account": 31_920_194, "user": ANDREW, "rights": {"leads": {"edit": "A"}}})).await.json();
    assert_eq!(done["rights"]["leads"], json!({"view": "A", "edit": "A", "add": "A", "delete": "D", "export": "D"}));
    for (body, field) in [
        (json!({"account": 31_920_194}), "user"),
        (json!({"account": 31_920_194, "user": 5}), "user"),
        (json!({"account": 31_920_194, "user": ANDREW, "group_id": 9}), "group_id"),
        (json!({"account": 31_920_194, "user": ANDREW, "is_admin": 1}), "is_admin"),
        (json!({"account": 31_920_194, "user": ANDREW, "rights": {"leads": {"view": "X"}}}), "rights"),
        (json!({"account": 31_920_194, "user": ANDREW, "rights": {"leeds": {"view": "A"}}}), "rights"),
        (json!({"account": 31_920_194, "user": ANDREW, "right": {}}), "right"),
    ] {
        let refused = set(body.clone()).await;
        assert_eq!((refused.status.as_u16(), &refused.json()["field"]), (400, &json!(field)), "{body}");
    }
    agency.amo.sandbox.reset().unwrap();
    agency.amo.switch(|switches| switches.rate_limit = 0);
    let token = token(&agency.amo, OLENA).await;
    let users = agency.get("users", &token).await.json();
    assert_eq!(users["_embedded"]["users"][1]["rights"]["leads"]["edit"], "M");
}
