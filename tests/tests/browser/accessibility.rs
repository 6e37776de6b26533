//! What axe-core has to say about the page; and its pictures for the docs.

use std::path::{Path, PathBuf};
use std::process::Command;

use amo_connect_xtask::browsers;
use serde_json::Value;
use wiremock::{Mock, MockServer, ResponseTemplate, matchers};

use crate::engine::{Engine, Look};
use crate::session::Session;
use crate::stage::Stage;

/// Scrolls everything to its top: axe-core cannot judge the contrast of text that is scrolled out of its ground.
const TO_THE_TOP: &str = "
    scrollTo(0, 0);
    for (const element of document.querySelectorAll('*')) element.scrollTop = 0;";

const FONT: &str = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf";

/// Set to make the pictures of the docs anew.
const UPDATE: &str = "UPDATE_PICTURES";

pub(crate) async fn no_outcome_has_a_barrier_in_the_light(engine: Engine) {
    check(engine, false).await;
}

pub(crate) async fn no_outcome_has_a_barrier_in_the_dark(engine: Engine) {
    check(engine, true).await;
}

/// The negative control: axe-core does look.
pub(crate) async fn a_page_with_barriers_is_caught(engine: Engine) {
    let server = MockServer::start().await;
    let html = "<title>x</title><button></button><p style='color: #999; background: #fff'>pale</p>";
    let answer = ResponseTemplate::new(200).set_body_raw(html, "text/html");
    Mock::given(matchers::any()).respond_with(answer).mount(&server).await;
    let session = Session::open(engine, Look::default(), &server.uri()).await;
    session.visit(&server.uri()).await;
    let found = barriers(&session).await;
    for rule in ["button-name", "color-contrast", "html-has-lang", "landmark-one-main"] {
        assert!(found.iter().any(|barrier| barrier.starts_with(rule)), "{rule}: {found:?}");
    }
}

async fn check(engine: Engine, dark: bool) {
    let stage = Stage::set().await;
    let session = Session::open(engine, Look { dark, ..Look::default() }, "http://127.0.0.1").await;
    let pictures = std::env::var_os(UPDATE).map(|_| tempfile::tempdir().unwrap());
    for outcome in &stage.outcomes {
        stage.visit(&session, outcome).await;
        let scheme = session.run("return matchMedia('(prefers-color-scheme: dark)').matches").await;
        assert_eq!(scheme, dark);
        assert_eq!(barriers(&session).await, [""; 0], "{}", outcome.name);
        if let Some(pictures) = &pictures {
            session.picture(&pictures.path().join(format!("{}.png", outcome.name))).await;
        }
    }
    assert_eq!(session.complaints().await, [""; 0]);
    if let Some(pictures) = &pictures {
        let names = stage.outcomes.iter().map(|outcome| outcome.name);
        let scheme = if dark { "dark" } else { "light" };
        let sheet = format!("callback-{}-{scheme}.png", format!("{engine:?}").to_lowercase());
        contact_sheet(pictures.path(), names, &docs().join("pictures").join(sheet), dark);
    }
}

/// The rules that the page breaks, or that nobody could judge, with where.
pub(crate) async fn barriers(session: &Session) -> Vec<String> {
    let axe = std::fs::read_to_string(browsers::node_modules().join("axe-core/axe.min.js"));
    session.run(&axe.expect("run `cargo xtask test` once: axe-core is missing")).await;
    session.run(TO_THE_TOP).await;
    let run = "const done = arguments[arguments.length - 1]; axe.run().then(done, (error) => done(String(error)));";
    let report = session.client().execute_async(run, vec![]).await.unwrap();
    assert!(report["passes"].as_array().is_some_and(|passes| !passes.is_empty()), "{report}");
    let found = ["violations", "incomplete"].into_iter().flat_map(|kind| report[kind].as_array().unwrap());
    found.map(told).collect()
}

fn told(rule: &Value) -> String {
    // With each place the reason, where axe-core has one.
    let why = |node: &Value| node["any"][0]["data"]["messageKey"].as_str().map(|why| format!(" ({why})"));
    let nodes = rule["nodes"].as_array().unwrap().iter();
    let nodes = nodes.map(|node| format!("{}{}", node["html"].as_str().unwrap(), why(node).unwrap_or_default()));
    format!("{}: {}", rule["id"].as_str().unwrap(), nodes.collect::<Vec<_>>().join(", "))
}

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs")
}

fn contact_sheet<'a>(from: &Path, names: impl Iterator<Item = &'a str>, to: &Path, dark: bool) {
    let (ground, ink) = if dark { ("#000000", "#cccccc") } else { ("#dddddd", "#222222") };
    let mut montage = Command::new("montage");
    montage.args(["-font", FONT]);
    for name in names {
        montage.args(["-label", name]).arg(from.join(format!("{name}.png")));
    }
    montage.args(["-geometry", "234x506+6+6", "-tile", "5x", "-background", ground, "-fill", ink, "-font", FONT]);
    let sheet = from.join("sheet.png");
    assert!(montage.arg(&sheet).status().unwrap().success());
    let small = ["-alpha", "off", "-dither", "None", "-colors", "250", "-strip"];
    let made = Command::new("convert").arg(sheet).args(small).arg(format!("PNG8:{}", to.display())).status().unwrap();
    assert!(made.success());
}
