//! Services on which every outcome of a redirect has come about, each at its own address.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use amo_connect_sandbox::{Failure, Faults};
use amo_connect_tests::{ACCOUNT, Begun, DEEP_LINK, World};

use crate::session::Session;

/// An outcome that a browser can be sent to.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    /// What it is called in pictures.
    pub(crate) name: &'static str,
    /// The redirect's address.
    pub(crate) url: String,
    /// Where its button leads.
    pub(crate) link: String,
}

/// The services, and a redirect for each outcome.
pub(crate) struct Stage {
    worlds: [World; 4],
    /// Every outcome there is.
    pub(crate) outcomes: Vec<Outcome>,
}

impl Stage {
    /// Makes every outcome come about.
    pub(crate) async fn set() -> Self {
        let world = World::start().await;
        let claims = World::start_with(|settings| settings.require_claim = Some("true".to_owned())).await;
        let crowded = World::start_with(|settings| settings.address_rate = Some("1".to_owned())).await;
        let broken = World::start().await;

        let mut outcomes = Vec::new();
        let mut add = |name, world: &World, query: &[(&str, &str)], link: &[(&str, &str)]| {
            outcomes.push(Outcome { name, url: with(&world.url("/callback"), query), link: with(DEEP_LINK, link) });
        };
        for (name, world) in [("connected", &world), ("awaiting-claim", &claims)] {
            let attempt = world.attempt("olena").await;
            let (code, host) = world.code(ACCOUNT);
            let success = (name == "connected").then_some(("success", "true"));
            let link: Vec<_> = success.into_iter().chain([("code", &*code), ("state", &*attempt.state)]).collect();
            add(name, world, &[("code", &code), ("state", &attempt.state), ("referer", &host)], &link);
        }
        let (code, host) = world.code(ACCOUNT);
        let query = [("code", &*code), ("state", "own"), ("referer", &*host)];
        add("awaiting-owner", &world, &query, &[("code", &code), ("state", "own")]);
        let (code, host) = world.code(ACCOUNT);
        add("widget-install", &world, &[("code", &code), ("referer", &host), ("from_widget", "1")], &[]);
        let failures: [(&str, &[(&str, &str)], &str); 6] = [
            ("declined", &[("error", "access_denied")], "access_denied"),
            ("failed", &[("error", "server_error")], "authorization_failed"),
            ("missing-code", &[], "missing_code"),
            ("link-expired", &[("code", "def50200"), ("state", "ac1_old"), ("referer", &host)], "state_expired"),
            ("invalid-account-host", &[("code", "x"), ("referer", "evil.example")], "invalid_account_host"),
            ("invalid-code", &[("code", "def50200none"), ("referer", &host)], "invalid_code"),
        ];
        for (name, query, error) in failures {
            let state = query.iter().find(|(name, _)| *name == "state").copied();
            add(name, &world, query, &[Some(("error", error)), state].into_iter().flatten().collect::<Vec<_>>());
        }
        let down = crowded.code(ACCOUNT);
        let faults = Faults { token_outage: Some(Failure::Drop), ..Faults::default() };
        let (code, host) = world.code(ACCOUNT);
        let unavailable = [("code", &*code), ("state", "own"), ("referer", &*host)];
        add("crm-unavailable", &world, &unavailable, &[("error", "crm_unavailable"), ("state", "own")]);
        let query = [("code", &*down.0), ("state", "own"), ("referer", &*down.1)];
        add("storage-unavailable", &broken, &query, &[("error", "storage_unavailable"), ("state", "own")]);
        add("try-again", &crowded, &query, &[("error", "try_again"), query[0], ("state", "own"), query[2]]);

        // What was exchanged once is shown again; the rest finds amoCRM down, and the disk gone.
        for outcome in
            outcomes.iter().filter(|outcome| outcome.link.contains("code=") || outcome.name == "invalid-code")
        {
            assert!(world.http().get(&outcome.url).send().await.unwrap().status().as_u16() <= 400);
        }
        world.sandbox.set_faults(faults).unwrap();
        lose(&broken.folder());
        Self { worlds: [world, claims, crowded, broken], outcomes }
    }

    /// Opens `outcome`, and sees that it is the one.
    pub(crate) async fn visit(&self, session: &Session, outcome: &Outcome) {
        loop {
            if outcome.name == "try-again" {
                self.crowd(&outcome.url).await;
            }
            session.visit(&outcome.url).await;
            let link = session.run("return document.getElementById('return').dataset.link").await;
            // The limit may have let one through meanwhile.
            if outcome.name == "try-again" && link != outcome.link.as_str() {
                continue;
            }
            assert_eq!(link, outcome.link.as_str(), "{}", outcome.name);
            return;
        }
    }

    async fn crowd(&self, url: &str) {
        let http = self.worlds[0].http();
        while http.get(url).send().await.unwrap().status() != 429 {}
    }
}

/// A connection that has been made, and the redirect that made it.
pub(crate) async fn connected(world: &World) -> (Begun, Outcome) {
    let attempt = world.attempt("olena").await;
    let (code, host) = world.code(ACCOUNT);
    let query = [("code", &*code), ("state", &*attempt.state), ("referer", &*host)];
    let link = with(DEEP_LINK, &[("success", "true"), ("code", &code), ("state", &attempt.state)]);
    let outcome = Outcome { name: "connected", url: with(&world.url("/callback"), &query), link };
    (attempt, outcome)
}

fn with(base: &str, query: &[(&str, &str)]) -> String {
    if query.is_empty() { base.to_owned() } else { url::Url::parse_with_params(base, query).unwrap().into() }
}

/// Writes zeros over a database that is in use.
fn lose(folder: &Path) {
    for file in std::fs::read_dir(folder).unwrap() {
        let file = file.unwrap();
        let zeros = vec![0; usize::try_from(file.metadata().unwrap().len()).unwrap()];
        let mut file = OpenOptions::new().write(true).open(file.path()).unwrap();
        file.write_all(&zeros).unwrap();
    }
}
