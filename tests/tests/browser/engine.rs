//! The two browsers, and how each is started.

use std::path::Path;

use fantoccini::wd::Capabilities;
use serde_json::json;

use crate::supervisor::Supervised;

/// A phone of today, and the smallest that is still in use.
pub(crate) const SIZES: [(u32, u32); 2] = [(390, 844), (320, 480)];

const SHELL: &str = include_str!("shell.py");

/// What a page is drawn by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    /// Android's.
    Chromium,
    /// Safari's.
    WebKit,
}

/// How a browser is set up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    /// Width and height in CSS pixels.
    pub(crate) size: (u32, u32),
    /// Whether its owner likes it dark.
    pub(crate) dark: bool,
    /// Whether JavaScript is on.
    pub(crate) script: bool,
    /// The language it asks for.
    pub(crate) language: &'static str,
}

impl Default for Look {
    fn default() -> Self {
        Self { size: SIZES[0], dark: false, script: true, language: "en" }
    }
}

/// A driver that is ready for a session, and what it needs to live.
pub(crate) struct Driver {
    /// The driver's own process.
    pub(crate) process: Supervised,
    /// Where it listens.
    pub(crate) url: String,
    /// The screen that WebKit draws on, with its name.
    pub(crate) display: Option<(String, Supervised)>,
}

impl Engine {
    /// Starts its driver.
    pub(crate) async fn start(self, folder: &Path) -> Driver {
        match self {
            Self::Chromium => chromedriver(folder).await,
            Self::WebKit => webkit_driver(folder).await,
        }
    }

    /// What a session is asked for. `origin` is a page that may open apps without a dialog, as
    /// after *Always allow*.
    pub(crate) fn capabilities(self, look: Look, origin: &str, folder: &Path) -> Capabilities {
        let folder = folder.to_str().unwrap();
        let (width, height) = look.size;
        let wanted = match self {
            Self::Chromium => json!({
                "goog:loggingPrefs": { "performance": "ALL", "browser": "ALL" },
                "goog:chromeOptions": {
                    "args": [
                        "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                        "--disable-quic", "--no-first-run", "--disable-background-networking",
                        "--disable-component-update", "--disable-sync",
                        format!("--user-data-dir={folder}/profile"),
                        format!("--accept-lang={}", look.language),
                    ],
                    "mobileEmulation": {
                        "deviceMetrics": { "width": width, "height": height, "pixelRatio": 2, "touch": true, "mobile": true },
                    },
                    "prefs": {
                        "protocol_handler": { "allowed_origin_protocol_pairs": { origin: { "foryoure": true } } },
                        "session": { "restore_on_startup": 4, "startup_urls": ["about:blank"] },
                    },
                },
            }),
            Self::WebKit => {
                let mut arguments = vec![
                    format!("{folder}/shell.py"),
                    format!("--folder={folder}"),
                    format!("--width={width}"),
                    format!("--height={height}"),
                    format!("--language={}", look.language),
                ];
                arguments.extend(look.dark.then(|| "--dark".to_owned()));
                arguments.extend((!look.script).then(|| "--no-script".to_owned()));
                json!({ "webkitgtk:browserOptions": { "binary": "/usr/bin/python3", "args": arguments } })
            }
        };
        wanted.as_object().unwrap().clone()
    }
}

async fn chromedriver(folder: &Path) -> Driver {
    // What Chromium hands an app's link to; it notes that, and there is no app.
    let opener = folder.join("xdg-open");
    let notes = folder.join("opened");
    std::fs::write(&notes, "").unwrap();
    std::fs::write(&opener, format!("#!/bin/sh\nprintf '%s\\n' \"$1\" >>'{}'\n", notes.display())).unwrap();
    make_executable(&opener);
    let path = std::env::split_paths(&std::env::var_os("PATH").unwrap()).collect::<Vec<_>>();
    let path = std::env::join_paths([folder.to_owned()].into_iter().chain(path)).unwrap();
    let variables = [("PATH", path.to_str().unwrap()), ("TMPDIR", folder.to_str().unwrap())];
    let port = |output: &str| {
        let (_, rest) = output.split_once("started successfully on port ")?;
        Some(rest.split_once('.')?.0.to_owned())
    };
    loop {
        // It ends at once where the port it takes is free on one of [::1] and 127.0.0.1 only.
        let mut process = Supervised::start("driver", &["chromedriver", "--port=0"], &variables, folder);
        if let Some(port) = process.ready(port).await {
            return Driver { process, url: format!("http://127.0.0.1:{port}"), display: None };
        }
    }
}

async fn webkit_driver(folder: &Path) -> Driver {
    std::fs::write(folder.join("shell.py"), SHELL).unwrap();
    let screen = ["Xvfb", "-displayfd", "1", "-screen", "0", "1000x1000x24", "-nolisten", "tcp"];
    let mut display = Supervised::start("display", &screen, &[], folder);
    // It may complain about screens that others have before it finds one.
    let number = display.ready(|output| output.lines().find_map(|line| line.parse::<u32>().ok())).await;
    let name = format!(":{}", number.expect("a screen"));
    let home = folder.to_str().unwrap();
    let variables = [
        ("DISPLAY", name.as_str()),
        ("GSETTINGS_BACKEND", "memory"),
        ("HOME", home),
        ("LIBGL_ALWAYS_SOFTWARE", "1"),
        ("NO_AT_BRIDGE", "1"),
        ("WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS", "1"), // it does not start as root otherwise
        ("XDG_CACHE_HOME", home),
        ("XDG_DATA_HOME", home),
    ];
    loop {
        // It cannot tell which port it was given, so it is given one that was free a moment ago.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let driver = ["stdbuf", "--output=L", "WebKitWebDriver", &format!("--port={port}")];
        let mut process = Supervised::start("driver", &driver, &variables, folder);
        let listens = |_: &str| std::net::TcpStream::connect(("127.0.0.1", port)).ok();
        if process.ready(listens).await.is_some() {
            return Driver { process, url: format!("http://127.0.0.1:{port}"), display: Some((name, display)) };
        }
    }
}

fn make_executable(file: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o755)).unwrap();
}
