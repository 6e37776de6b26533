//! What a browser asked for, and by whose will, from the engines' own logs.

use serde_json::{Value, json};

/// A document that a browser was told to go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Visit {
    /// Where it leads.
    pub(crate) url: String,
    /// Whether a person did something for it to happen.
    pub(crate) gesture: bool,
}

/// All that a browser asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Traffic {
    /// Documents, in their order: the test's own, and the page's.
    pub(crate) documents: Vec<Visit>,
    /// Links that were handed over to the system, to open an app with.
    pub(crate) opened: Vec<String>,
    /// Everything else: images, scripts, requests of scripts.
    pub(crate) others: Vec<String>,
}

impl Traffic {
    /// Reads lines as `shell.py` writes them.
    pub(crate) fn of_lines(lines: &[Value]) -> Self {
        let mut traffic = Self::default();
        for line in lines {
            let text = |name: &str| line[name].as_str().map(str::to_owned);
            if let Some(url) = text("document") {
                traffic.documents.push(Visit { url, gesture: line["gesture"] == true });
            }
            traffic.opened.extend(text("opened"));
            traffic.others.extend(text("other"));
        }
        traffic
    }

    /// Documents that the page went to, or tried to, after the test had opened it.
    pub(crate) fn attempts(&self) -> &[Visit] {
        self.documents.get(1..).unwrap_or_default()
    }
}

/// Says an entry of Chromium's performance log as `shell.py` would.
pub(crate) fn of_chromium(entry: &Value) -> Option<Value> {
    let message: Value = serde_json::from_str(entry["message"].as_str()?).ok()?;
    let (method, parameters) = (&message["message"]["method"], &message["message"]["params"]);
    match method.as_str()? {
        "Network.requestWillBeSent" => {
            let url = &parameters["request"]["url"];
            Some(if parameters["type"] == "Document" {
                json!({ "document": url, "gesture": parameters["hasUserGesture"] })
            } else {
                json!({ "other": url })
            })
        }
        // A window of its own, and a move within the document, are none of the page's business.
        "Page.windowOpen" => Some(json!({ "other": format!("a window for {}", parameters["url"]) })),
        "Page.navigatedWithinDocument" => Some(json!({ "document": parameters["url"], "gesture": false })),
        _ => None,
    }
}
