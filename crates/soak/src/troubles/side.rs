//! An instance beside the others, with a database of its own and a user who connects to it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use super::PATIENCE;
use crate::accounts::{self, OTHERS, Person, TROUBLED};
use crate::call::client;
use crate::instances::Settings;
use crate::process::{Logs, Process};
use crate::stage::{Stage, free_address};

const POLL: Duration = Duration::from_millis(100);

/// The instance, and how it is called.
pub(super) struct Side {
    pub(super) process: Option<Process>,
    pub(super) settings: Settings,
    pub(super) address: String,
    stage: Arc<Stage>,
    http: Client,
    folder: TempDir,
}

/// A status with the code of a problem, or the body of a success.
pub(super) type Reply = Result<Value, String>;

impl Side {
    /// Settings of an instance whose database is a file in a folder of its own. It is not started yet.
    pub(super) fn new(stage: &Arc<Stage>) -> Self {
        let (folder, address) = (tempfile::tempdir().unwrap(), free_address());
        let database = format!("sqlite:{}", folder.path().join("side.db").display());
        let settings = stage.settings.clone().with("BIND", &address).with("DATABASE_URL", &database);
        let http = client(Duration::from_secs(30), 0);
        Self { process: None, settings, address, stage: Arc::clone(stage), http, folder }
    }

    /// Its folder.
    pub(super) fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// Starts `command`, which ends up as the service.
    pub(super) async fn start(&mut self, command: Command) -> Result<(), String> {
        // Its warnings are meant: they are not counted with those of the others.
        let process = Process::start(command, &self.settings.variables, self.folder.path(), &Logs::default());
        process.until_serving().await.map_err(|said| format!("it did not start: {said}"))?;
        self.process = Some(process);
        Ok(())
    }

    pub(super) fn process(&self) -> &Process {
        self.process.as_ref().unwrap()
    }

    /// One of the people of its account.
    pub(super) fn person(place: usize) -> Person {
        Person::other(TROUBLED, place % OTHERS)
    }

    /// Connects a user.
    pub(super) async fn connect(&self, place: usize) -> Reply {
        let begun = self.call(Method::POST, "/authorize", place, Some(json!({}))).await?;
        let person = Self::person(place);
        let issued = self.stage.sandbox.issue_code_for(accounts::number(TROUBLED), person.amo_user, "sandbox").unwrap();
        let body = json!({ "code": issued.code, "state": begun["data"]["state"], "referer": issued.referer });
        self.call(Method::POST, "/exchange-code", place, Some(body)).await
    }

    pub(super) async fn get(&self, path: &str, place: usize) -> Reply {
        self.call(Method::GET, path, place, None).await
    }

    async fn call(&self, method: Method, path: &str, place: usize, body: Option<Value>) -> Reply {
        let person = Self::person(place);
        self.call_as(&person.jwt, method, path, body).await
    }

    /// The same as any user.
    pub(super) async fn call_as(&self, jwt: &str, method: Method, path: &str, body: Option<Value>) -> Reply {
        let request = self.http.request(method, format!("http://{}/api/amo-crm{path}", self.address)).bearer_auth(jwt);
        let request = if let Some(body) = body { request.json(&body) } else { request };
        let answer = request.send().await.map_err(|error| format!("no answer: {error}"))?;
        let status = answer.status();
        let body: Value = answer.json().await.unwrap_or_default();
        if status.is_success() {
            return Ok(body);
        }
        Err(format!("{} {}", status.as_u16(), body["code"].as_str().unwrap_or_default()))
    }

    /// Whether it is alive, over a new connection.
    pub(super) async fn is_alive(&self) -> bool {
        let alive = self.http.get(format!("http://{}/healthz", self.address)).send().await;
        alive.is_ok_and(|alive| alive.status() == StatusCode::OK)
    }

    /// A metric, by its name and labels; zero if it is not there.
    pub(super) async fn metric(&self, name: &str) -> u64 {
        let Ok(page) = self.http.get(format!("http://{}/metrics", self.address)).send().await else { return 0 };
        let page = page.text().await.unwrap_or_default();
        let value = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.and_then(|value| value.parse().ok()).unwrap_or_default()
    }
}

/// Ends when it is so, and says how long that took; or that it is not so after a long time.
pub(super) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) -> Result<Duration, String> {
    let begun = Instant::now();
    while !is_so().await {
        if begun.elapsed() > PATIENCE {
            return Err(format!("{PATIENCE:?} have passed, and still not: {what}"));
        }
        tokio::time::sleep(POLL).await;
    }
    Ok(begun.elapsed())
}

/// In seconds.
pub(super) fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

/// A file that takes the whole of what is free in `folder`.
pub(super) fn fill(folder: &Path) -> PathBuf {
    use std::io::Write as _;

    let path = folder.join("fill");
    let mut file = std::fs::File::create(&path).unwrap();
    for block in [vec![0; 64 * 1024], vec![0; 512]] {
        while file.write_all(&block).is_ok() {}
    }
    path
}
