//! A person's browser, driven over WebDriver.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use fantoccini::actions::{InputSource as _, KeyAction, KeyActions, PointerAction, TouchActions};
use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use crate::engine::{Driver, Engine, Look};
use crate::supervisor;
use crate::traffic::{Traffic, of_chromium};

/// How long a page may take to do what it was asked for.
const WAIT_TIMEOUT: Duration = Duration::from_secs(20);

pub(crate) const TAB: char = '\u{e004}';
pub(crate) const ENTER: char = '\u{e007}';
pub(crate) const SPACE: char = ' ';

/// What has the keyboard, and whether a ring around it shows that.
const FOCUS: &str = "
    const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
    const ring = outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2;
    return { text: document.activeElement.innerText, ring };";

/// A browser with one page. Dropping it ends it.
pub(crate) struct Session {
    engine: Engine,
    client: Client,
    driver: Driver,
    traffic: Mutex<Vec<Value>>,
    /// What the screen showed when its last picture was taken.
    shown: Mutex<String>,
    folder: TempDir,
}

impl Session {
    /// Starts one that may open apps from pages of `origin`.
    pub(crate) async fn open(engine: Engine, look: Look, origin: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let driver = engine.start(folder.path()).await;
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(engine.capabilities(look, origin, folder.path()));
        let client = builder.connect(&driver.url).await.unwrap();
        let session = Self { engine, client, driver, traffic: Mutex::default(), shown: Mutex::default(), folder };
        if engine == Engine::Chromium {
            let scheme = if look.dark { "dark" } else { "light" };
            let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
            session.devtools("Emulation.setEmulatedMedia", media).await;
            session.devtools("Emulation.setScriptExecutionDisabled", json!({ "value": !look.script })).await;
        }
        session
    }

    /// Opens a page, and forgets what there was before.
    pub(crate) async fn visit(&self, url: &str) {
        self.try_visit(url).await.unwrap();
    }

    /// The same, for pages that may lead away before they are there.
    pub(crate) async fn try_visit(&self, url: &str) -> Result<(), CmdError> {
        self.traffic().await;
        self.traffic.lock().unwrap().clear();
        let (file, _) = self.notes();
        std::fs::write(file, "").unwrap();
        self.client.goto(url).await
    }

    /// What was asked for since the page was opened.
    pub(crate) async fn traffic(&self) -> Traffic {
        if self.engine == Engine::Chromium {
            let entries = self.log("performance").await;
            self.traffic.lock().unwrap().extend(entries.iter().filter_map(of_chromium));
        }
        let mut lines = self.traffic.lock().unwrap().clone();
        lines.extend(self.noted());
        Traffic::of_lines(&lines)
    }

    /// Waits until `count` apps have been opened.
    pub(crate) async fn until_opened(&self, count: usize) {
        let opened = || {
            let lines = self.noted().iter().filter(|line| line["opened"].is_string()).count();
            (lines >= count).then_some(())
        };
        let waited = tokio::time::timeout(WAIT_TIMEOUT, supervisor::until(opened)).await;
        assert!(waited.is_ok(), "not opened {count} times: {:?}", self.traffic().await);
    }

    /// What the console complains about, except the status of the page itself.
    pub(crate) async fn complaints(&self) -> Vec<String> {
        match self.engine {
            Engine::Chromium => {
                let entries = self.log("browser").await;
                let told = |entry: &Value| entry["message"].as_str().unwrap().to_owned();
                let serious = entries.iter().filter(|entry| entry["level"] != "INFO").map(told);
                let status = |entry: &String| entry.contains("/callback") && entry.contains("responded with a status");
                serious.filter(|entry| !status(entry)).collect()
            }
            Engine::WebKit => {
                let output = self.driver.process.output();
                output.lines().filter(|line| line.contains("CONSOLE")).map(str::to_owned).collect()
            }
        }
    }

    /// What was noted so far. A line that is being written is not read yet.
    fn noted(&self) -> Vec<Value> {
        let (file, read) = self.notes();
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let (whole, _) = text.rsplit_once('\n').unwrap_or_default();
        whole.lines().map(read).collect()
    }

    /// The file of notes, and how a line of it is read.
    fn notes(&self) -> (PathBuf, fn(&str) -> Value) {
        match self.engine {
            Engine::Chromium => (self.folder.path().join("opened"), |line| json!({ "opened": line })),
            Engine::WebKit => (self.folder.path().join("traffic.jsonl"), |line| serde_json::from_str(line).unwrap()),
        }
    }

    /// Taps in the middle of what `selector` finds.
    pub(crate) async fn tap(&self, selector: &str) {
        let element = self.find(selector).await;
        self.client
            .execute("arguments[0].scrollIntoView({ block: 'center' })", vec![serde_json::to_value(&element).unwrap()])
            .await
            .unwrap();
        let there = PointerAction::MoveToElement { element, duration: None, x: 0.0, y: 0.0 };
        let tap = TouchActions::new("finger".to_owned())
            .then(there)
            .then(PointerAction::Down { button: 0 })
            .then(PointerAction::Up { button: 0 });
        self.client.perform_actions(tap).await.unwrap();
    }

    /// Presses a key.
    pub(crate) async fn press(&self, value: char) {
        let press = KeyActions::new("keys".to_owned()).then(KeyAction::Down { value }).then(KeyAction::Up { value });
        self.client.perform_actions(press).await.unwrap();
    }

    /// The text of what has the keyboard. It must be seen that it has.
    pub(crate) async fn focus(&self) -> String {
        let focus = self.run(FOCUS).await;
        assert_eq!(focus["ring"], true, "{focus}");
        focus["text"].as_str().unwrap().to_owned()
    }

    /// Waits until `selector` finds something.
    pub(crate) async fn find(&self, selector: &str) -> Element {
        let wait = self.client.wait().at_most(WAIT_TIMEOUT).every(Duration::from_millis(50));
        wait.for_element(Locator::Css(selector)).await.unwrap_or_else(|error| panic!("{selector}: {error}"))
    }

    /// Waits until `script` returns something true.
    pub(crate) async fn until(&self, script: &str) -> Value {
        let looking = async {
            loop {
                let found = self.run(script).await;
                if found != Value::Null && found != false {
                    return found;
                }
                supervisor::pause().await;
            }
        };
        tokio::time::timeout(WAIT_TIMEOUT, looking).await.unwrap_or_else(|_| panic!("never true: {script}"))
    }

    /// Runs `script` on the page, past its policy.
    pub(crate) async fn run(&self, script: &str) -> Value {
        self.client.execute(script, vec![]).await.unwrap()
    }

    /// The WebDriver client, for what has no shorter way.
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// The page as a PNG, once there is something to be seen.
    pub(crate) async fn picture(&self, file: &Path) {
        let Some((name, _)) = &self.driver.display else {
            return std::fs::write(file, self.client.screenshot().await.unwrap()).unwrap();
        };
        // Screenshots over WebDriver never come back from a WebKit that draws in software; so it
        // is the screen's, which is behind the page: at first it may show none or the one before.
        let viewport = self.run("return `${innerWidth}x${innerHeight}+0+0`").await;
        let shot = ["-window", "root", "-crop", viewport.as_str().unwrap(), "+repage"];
        let taken = async {
            let mut before = String::new();
            loop {
                magick(Command::new("import").args(["-display", name]).args(shot).arg(file)).await;
                let seen = magick(Command::new("identify").args(["-format", "%k %#"]).arg(file)).await;
                let drawn = !seen.starts_with("1 ") && seen != *self.shown.lock().unwrap();
                if drawn && seen == before {
                    return seen;
                }
                before = seen;
            }
        };
        let seen = tokio::time::timeout(WAIT_TIMEOUT, taken).await.expect("a page unlike the one before");
        *self.shown.lock().unwrap() = seen;
    }

    async fn log(&self, kind: &'static str) -> Vec<Value> {
        let entries = self.client.issue_cmd(Vendor { path: "se/log", body: json!({ "type": kind }) }).await.unwrap();
        entries.as_array().unwrap().clone()
    }

    /// Tells Chromium by its own protocol.
    pub(crate) async fn devtools(&self, command: &str, parameters: Value) {
        let body = json!({ "cmd": command, "params": parameters });
        self.client.issue_cmd(Vendor { path: "goog/cdp/execute", body }).await.unwrap();
    }
}

async fn magick(command: &mut Command) -> String {
    let output = command.kill_on_drop(true).output().await.unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// A command that only Chromium's driver knows.
#[derive(Debug)]
struct Vendor {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Vendor {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap(), self.path))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(self.body.to_string()))
    }
}
