//! The instances of the service: one that stays, one that is restarted, one that comes and goes.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use amo_connect_tests::{DEEP_LINK, JWT_SECRET};
use rand::RngExt as _;
use rand::rngs::ChaCha8Rng;
use tokio::process::Command;

use crate::process::{Logs, Process};

/// The place of the instance that stays for the whole run, and that is measured.
pub(crate) const STAYS: usize = 0;

/// The place of the one that is restarted.
pub(crate) const RESTARTED: usize = 1;

/// The place of the one that comes and goes.
pub(crate) const COMES_AND_GOES: usize = 2;

const TOKEN_KEYS: &str = "soak:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// What instances are started with.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) binary: PathBuf,
    pub(crate) variables: Vec<(String, String)>,
}

impl Settings {
    /// Those of a service that browsers reach at `address`.
    pub(crate) fn new(binary: PathBuf, address: &str, database: &str) -> Self {
        let redirect_uri = format!("http://{address}/api/amo-crm/callback");
        let variables = [
            ("AMO_CLIENT_ID", "sandbox"),
            ("AMO_CLIENT_SECRET", "sandbox-secret"),
            ("AMO_REDIRECT_URI", &redirect_uri),
            ("APP_DEEP_LINK", DEEP_LINK),
            ("JWT_SECRET", JWT_SECRET),
            ("TOKEN_KEYS", TOKEN_KEYS),
            ("DATABASE_URL", database),
            ("TRUSTED_PROXIES", "127.0.0.0/8"),
            ("DRAIN_DELAY", "1s"),
            ("LOG_FORMAT", "json"),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self { binary, variables: variables.into() }
    }

    /// The same beside this amoCRM.
    pub(crate) fn with_amocrm(self, auth_url: &str, hosts: &[String]) -> Self {
        self.with("AMO_AUTH_URL", auth_url).with("AMO_ALLOWED_HOSTS", &hosts.join(","))
    }

    /// The same with another value of a variable.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.retain(|(other, _)| other != name);
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn redirect_uri(&self) -> String {
        let (_, uri) = self.variables.iter().find(|(name, _)| name == "AMO_REDIRECT_URI").unwrap();
        uri.clone()
    }

    /// `serve`, as a command.
    pub(crate) fn serve(&self) -> Command {
        let mut command = Command::new(&self.binary);
        command.arg("serve");
        command
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Away,
    Serves,
    /// It was told to stop: it answers whom it has, and nobody sends more.
    Leaves,
}

#[derive(Debug, Default)]
struct Place {
    address: String,
    state: State,
    /// How often the instance here was killed.
    kills: u64,
    process: Option<Process>,
}

/// An instance that a request goes to.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) place: usize,
    pub(crate) base: String,
    kills: u64,
}

/// All instances, as a proxy before them knows them.
#[derive(Debug)]
pub(crate) struct Instances([Mutex<Place>; 3]);

impl Instances {
    pub(crate) fn at(addresses: [String; 3]) -> Self {
        Self(addresses.map(|address| Mutex::new(Place { address, ..Place::default() })))
    }

    fn place(&self, place: usize) -> MutexGuard<'_, Place> {
        self.0[place].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where an instance listens.
    pub(crate) fn address(&self, place: usize) -> String {
        self.place(place).address.clone()
    }

    /// Starts the instance of this place, and ends when it serves, or has failed and said why.
    pub(crate) async fn start(
        &self,
        place: usize,
        settings: &Settings,
        folder: &Path,
        logs: &Logs,
    ) -> Result<(), String> {
        let settings = settings.clone().with("BIND", &self.address(place));
        let process = Process::start(settings.serve(), &settings.variables, folder, logs);
        process.until_serving().await?;
        let mut place = self.place(place);
        (place.state, place.process) = (State::Serves, Some(process));
        Ok(())
    }

    /// Stops it in order; its exit code.
    pub(crate) async fn stop(&self, place: usize) -> Option<i32> {
        let process = {
            let mut place = self.place(place);
            place.state = State::Leaves;
            place.process.take().unwrap()
        };
        let code = process.stop().await;
        self.place(place).state = State::Away;
        code
    }

    /// `kill -9`, whatever it does.
    pub(crate) async fn kill(&self, place: usize) {
        let process = {
            let mut place = self.place(place);
            (place.state, place.kills) = (State::Away, place.kills + 1);
            place.process.take().unwrap()
        };
        process.kill().await;
    }

    /// One that serves, by chance.
    pub(crate) fn choose(&self, random: &mut ChaCha8Rng) -> Target {
        let serving: Vec<usize> = (0..self.0.len()).filter(|place| self.place(*place).state == State::Serves).collect();
        self.target(serving.get(random.random_range(0..serving.len().max(1))).copied().unwrap_or(STAYS))
    }

    /// The one of this place.
    pub(crate) fn target(&self, place: usize) -> Target {
        let of = self.place(place);
        Target { place, base: format!("http://{}", of.address), kills: of.kills }
    }

    /// All that serve.
    pub(crate) fn serving(&self) -> Vec<Target> {
        let serves = |place: &usize| self.place(*place).state == State::Serves;
        (0..self.0.len()).filter(serves).map(|place| self.target(place)).collect()
    }

    /// Whether the instance was killed since the target was given.
    pub(crate) fn was_killed(&self, target: &Target) -> bool {
        self.place(target.place).kills > target.kills
    }

    /// The number of the process in this place.
    pub(crate) fn process(&self, place: usize) -> Option<u32> {
        self.place(place).process.as_ref().map(Process::id)
    }

    /// Whether one that should serve has ended by itself.
    pub(crate) fn any_has_ended(&self) -> bool {
        (0..self.0.len()).any(|place| {
            let mut place = self.place(place);
            place.state == State::Serves && place.process.as_mut().is_none_or(Process::has_ended)
        })
    }
}
