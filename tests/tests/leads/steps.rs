//! What the tests do before they come to their point.

use amo_connect_sandbox::{Options, Switches};
use amo_connect_tests::{ACCOUNT, Answer, World};
use serde_json::{Value, json};

/// A service that is connected to *For You* as olena, with no limits of calls.
pub(crate) async fn world(leads: usize) -> World {
    let switches = Switches { rate_limit: 0, account_rate_limit: 0, ..Switches::default() };
    let mut world = World::without_service_over(Options { leads, switches, ..Options::default() }).await;
    world.settings.amo_rate_limit = Some("1000".to_owned());
    world.settings.user_rate = Some("0".to_owned());
    world.settings.address_rate = Some("0".to_owned());
    world.start_service().await;
    world.connect("olena", ACCOUNT).await;
    world
}

/// amoCRM itself, past the service.
pub(crate) struct Amo<'a> {
    world: &'a World,
    host: String,
    token: String,
}

impl<'a> Amo<'a> {
    pub(crate) async fn of(world: &'a World) -> Self {
        let (code, host) = world.code(ACCOUNT);
        let body = json!({
            "client_id": "sandbox", "client_secret": "sandbox-secret", "grant_type": "authorization_code",
            "code": code, "redirect_uri": world.settings.amo_redirect_uri,
        });
        let pair = world.http().post(format!("http://{host}/oauth2/access_token")).json(&body);
        let token = Answer::to(pair).await.json()["access_token"].as_str().unwrap().to_owned();
        Self { world, host, token }
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let request = self.world.http().get(format!("http://{}/api/v4{path}", self.host)).bearer_auth(&self.token);
        Answer::to(request).await.json()
    }
}

impl Amo<'_> {
    /// The entries of a list, of which amoCRM says that there is nothing where it is empty.
    pub(crate) async fn list(&self, path: &str, name: &str) -> Vec<Value> {
        let request = self.world.http().get(format!("http://{}/api/v4{path}", self.host)).bearer_auth(&self.token);
        let answer = Answer::to(request).await;
        if answer.status == 204 { Vec::new() } else { answer.json()["_embedded"][name].as_array().unwrap().clone() }
    }

    /// Adds what `body` has.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Value {
        let request = self.world.http().post(format!("http://{}/api/v4{path}", self.host)).bearer_auth(&self.token);
        let answer = Answer::to(request.json(body)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    }
}

/// How many calls of the API `work` costs.
pub(crate) async fn calls<T>(world: &World, work: impl Future<Output = T>) -> (T, u64) {
    let before = world.sandbox.stats().api_requests;
    let done = work.await;
    (done, world.sandbox.stats().api_requests - before)
}

pub(crate) fn ids(page: &Value) -> Vec<u64> {
    page["data"].as_array().unwrap().iter().map(|lead| lead["amoLeadId"].as_u64().unwrap()).collect()
}
