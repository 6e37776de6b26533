//! The phone page as its own page's clicks and its app's calls reach it.

use std::ops::Deref;

use amo_connect::config::Config;
use amo_connect::phone;
use amo_connect::server::Running;
use amo_connect::state::AppState;
use amo_connect::wiring;
use amo_connect_sandbox::Options;
use amo_connect_tests::{ACCOUNT, Answer, World};
use serde_json::Value;

/// A service, its amoCRM, and a phone page beside them. Olena is connected.
pub(crate) struct Phone {
    world: World,
    _running: Running,
}

impl Deref for Phone {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}

impl Phone {
    pub(crate) async fn start() -> Self {
        Self::start_with(async |config: Config| {
            wiring::assemble(config.storage, config.amo, &config.service).await.unwrap()
        })
        .await
    }

    pub(crate) async fn start_with(assemble: impl AsyncFnOnce(Config) -> AppState) -> Self {
        let world = World::without_service_over(Options::default()).await;
        let config = world.settings.clone().check().unwrap();
        let listener = wiring::bind(config.bind).unwrap();
        let state = assemble(config).await;
        let running = Running::start(listener, state, phone::routes(Vec::new(), world.sandbox.clone())).unwrap();
        world.connect("olena", ACCOUNT).await;
        Self { world, _running: running }
    }

    /// Connects `user` anew, to the account that Olena is connected to, with the rights of one of its people.
    pub(crate) async fn connect_as(&self, user: &str, amo_user: u64) {
        let issued = self.sandbox.issue_code_for(ACCOUNT, amo_user, "sandbox").unwrap();
        self.connect_with(user, &issued.code, &issued.referer).await;
    }

    pub(crate) fn click(&self, what: &str) -> reqwest::RequestBuilder {
        self.http().post(format!("{}/app/amo/{what}", self.base))
    }

    /// Clicks, and gives the whole answer.
    pub(crate) async fn plays(&self, what: &str) -> Value {
        let answer = Answer::to(self.click(what)).await;
        answer.data();
        assert_eq!(answer.header("cache-control"), "no-store");
        answer.json()
    }

    /// What is on now.
    pub(crate) async fn now(&self) -> Value {
        Answer::to(self.http().get(format!("{}/app/amo", self.base))).await.data()
    }

    pub(crate) async fn leads(&self) -> Answer {
        self.get("olena", "/leads?limit=5").await
    }
}
