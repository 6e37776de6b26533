//! A service whose JWTs are verified in one of three ways, olena, who is connected and has things of her own, and ivan,
//! who is connected to another account.

use amo_connect_tests::{ACCOUNT, Answer, JWT_SECRET, RIVAL, World, until};
use jsonwebtoken::Algorithm;
use reqwest::Method;
use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::signer::Signer;

/// The id of the app's key.
pub(crate) const KEY_ID: &str = "app";

/// What stands in all that is olena's.
const MARK: &str = "Olenas";

/// How JWTs are verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keys {
    /// `JWT_SECRET`.
    Secret,
    /// `JWT_PUBLIC_KEY_FILE`.
    Public,
    /// `JWT_JWKS_URL`.
    Set,
}

impl Keys {
    /// The name of its golden file.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Secret => "secret",
            Self::Public => "public-key",
            Self::Set => "key-set",
        }
    }

    fn signer(self) -> Signer {
        match self {
            Self::Secret => Signer::of_secret(JWT_SECRET.as_bytes()),
            Self::Public => Signer::new(Algorithm::RS256),
            Self::Set => Signer::new(Algorithm::ES256),
        }
    }

    /// Another key of a key set, for another algorithm.
    fn second(self) -> Signer {
        Signer::new(if self == Self::Set { Algorithm::RS256 } else { Algorithm::ES256 })
    }
}

/// What olena has, as paths and bodies name it.
#[derive(Default)]
pub(crate) struct Things {
    pub(crate) attempt: String,
    pub(crate) code: String,
    pub(crate) lead: String,
    pub(crate) task: String,
    pub(crate) pipeline: String,
}

pub(crate) struct Stage {
    pub(crate) world: World,
    /// What the app signs with.
    pub(crate) app: Signer,
    /// A key for another algorithm; where there is a key set, it is in it.
    pub(crate) second: Signer,
    pub(crate) things: Things,
    /// A host that the service must not call, and that would say what a forger wants.
    forgers_host: MockServer,
    /// Texts that only olena may see.
    secrets: Vec<String>,
    /// Requests of the API and at the token endpoint before those of the test.
    calls_before: u64,
    _key_set: MockServer,
}

impl Stage {
    pub(crate) async fn with(keys: Keys) -> Self {
        let mut world = World::start_with(|settings| {
            settings.user_rate = Some("0".to_owned());
            settings.address_rate = Some("0".to_owned());
            settings.amo_rate_limit = Some("1000".to_owned());
        })
        .await;
        let (things, secrets) = belongings(&world).await;
        world.connect("ivan", RIVAL).await;

        let (app, second) = (keys.signer(), keys.second());
        let key_set = MockServer::start().await;
        let settings = &mut world.settings;
        settings.jwt_issuer = Some("for-you".to_owned());
        settings.jwt_audience = Some("crm".to_owned());
        if keys != Keys::Secret {
            settings.jwt_secret = None;
        }
        if keys == Keys::Public {
            let path = world.folder().join("key.pem");
            std::fs::write(&path, app.public_pem()).unwrap();
            world.settings.jwt_public_key_file = path.to_str().map(str::to_owned);
        }
        if keys == Keys::Set {
            let set = json!({ "keys": [app.jwk(KEY_ID), second.jwk("second")] });
            Mock::given(any()).respond_with(ResponseTemplate::new(200).set_body_json(set)).mount(&key_set).await;
            world.settings.jwt_jwks_url = Some(format!("{}/keys", key_set.uri()));
        }
        world.restart().await;
        let forgers_host = MockServer::start().await;
        let calls_before = 0;
        let mut stage = Self { world, app, second, things, forgers_host, secrets, calls_before, _key_set: key_set };
        let token = stage.token("olena");
        until("the keys are there", async || {
            let request = stage.world.http().get(stage.world.url("/status")).bearer_auth(&token);
            Answer::to(request).await.status == 200
        })
        .await;
        stage.calls_before = stage.calls();
        stage
    }

    /// The header of the app's own tokens.
    pub(crate) fn header(&self) -> Value {
        json!({ "alg": self.app.algorithm, "typ": "JWT", "kid": KEY_ID })
    }

    /// The claims of the app's own tokens.
    pub(crate) fn claims(&self, user: &str) -> Value {
        json!({ "sub": user, "iss": "for-you", "aud": "crm", "exp": jsonwebtoken::get_current_timestamp() + 3600 })
    }

    /// The app's token of this user.
    pub(crate) fn token(&self, user: &str) -> String {
        self.app.signed(&self.header(), &self.claims(user))
    }

    /// Where a forger would have the keys read.
    pub(crate) fn forgers_url(&self) -> String {
        format!("{}/keys", self.forgers_host.uri())
    }

    pub(crate) async fn forgers_host_was_asked(&self) -> usize {
        self.forgers_host.received_requests().await.unwrap().len()
    }

    /// How often amoCRM was called since the stage was set.
    pub(crate) fn calls_of_amocrm(&self) -> u64 {
        self.calls() - self.calls_before
    }

    fn calls(&self) -> u64 {
        let stats = self.world.sandbox.stats();
        stats.api_requests + stats.token_requests
    }

    #[track_caller]
    pub(crate) fn assert_shows_nothing_of_olenas(&self, answer: &Answer, what: &str) {
        let shown: Vec<_> = self.secrets.iter().filter(|secret| answer.text.contains(*secret)).collect();
        assert!(shown.is_empty(), "{what} shows {shown:?}: {answer:?}");
    }
}

/// Connects olena, and makes what is hers. Gives that, and what nobody else may see.
async fn belongings(world: &World) -> (Things, Vec<String>) {
    let (attempt, code) = world.connect("olena", ACCOUNT).await;
    let made = async |path: &str, body: Value| {
        let answer = world.write("olena", Method::POST, path, None, &body).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json()["data"].clone()
    };
    let guest = format!("{MARK} guest");
    let lead = made("/leads", json!({ "name": format!("{MARK} lead"), "guestName": guest })).await;
    let lead = lead["amoLeadId"].to_string();
    made(&format!("/leads/{lead}/notes"), json!({ "text": format!("{MARK} note") })).await;
    let task = json!({ "text": format!("{MARK} task"), "completeTill": "2027-01-15T09:00:00Z" });
    let task = made(&format!("/leads/{lead}/tasks"), task).await["id"].to_string();
    let pipeline = world.get("olena", "/pipelines").await.json()["data"][0].clone();
    let stage = pipeline["stages"][1]["id"].to_string();
    let secrets = vec![MARK.to_owned(), ACCOUNT.to_string(), attempt.state.clone(), code.clone(), stage];
    let things = Things { attempt: attempt.id, code, lead, task, pipeline: pipeline["id"].to_string() };
    (things, secrets)
}
