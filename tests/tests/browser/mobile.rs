//! The snippets of docs/mobile.md: what the page shows is what was compiled and run here.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use amo_connect_tests::{World, jwt};
use amo_connect_xtask::browsers;
use serde_json::json;
use tokio::process::Command;

const SNIPPETS: [&str; 4] = ["connect.ts", "start.ts", "expo.ts", "shipped.ts"];

/// The app's users, for the tests of `run.test.ts`.
const USERS: [&str; 13] = [
    "allows",
    "declines",
    "is killed",
    "hesitates",
    "begins often",
    "is lured",
    "has the shipped app",
    "has it too",
    "has it and is killed",
    "starts cold",
    "has a thief",
    "is a thief",
    "is nobody",
];

#[test]
fn the_docs_show_the_snippets_as_they_are() {
    let page = std::fs::read_to_string(root().join("docs/mobile.md")).unwrap();
    for name in SNIPPETS {
        let source = std::fs::read_to_string(root().join("tests/npm/src").join(name)).unwrap();
        assert!(page.contains(&format!("```ts\n{source}```\n")), "docs/mobile.md does not show {name} as it is");
    }
    assert_eq!(page.matches("```ts\n").count(), SNIPPETS.len(), "a snippet that nobody compiles");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_snippets_compile_and_connect_against_the_local_amocrm() {
    // In there, so that the compiler finds the packages beside it.
    let modules = browsers::node_modules();
    let folder = tempfile::tempdir_in(modules.parent().unwrap()).expect("run `cargo xtask test` once: no packages");
    let source = root().join("tests/npm");
    run(Command::new("cp").arg("-r").args([source.join("src"), source.join("tsconfig.json")]).arg(folder.path())).await;
    run(Command::new(modules.join(".bin/tsc")).current_dir(folder.path())).await;
    for require_claim in [false, true] {
        let claim = require_claim.to_string();
        let world = World::start_with(|settings| settings.require_claim = Some(claim)).await;
        let jwts: serde_json::Map<_, _> = USERS.iter().map(|user| ((*user).to_owned(), jwt(user).into())).collect();
        let setting = json!({
            "api": world.url(""), "authUrl": world.sandbox.auth_url(), "jwts": jwts, "requireClaim": require_claim,
        });
        let mut node = Command::new("node");
        node.args(["--test", "--test-reporter=spec", "built/run.test.js"]).current_dir(folder.path());
        let output = run(node.env("SETTING", setting.to_string())).await;
        assert!(output.contains("pass 12") && output.contains("skipped 0"), "{output}");
    }
}

async fn run(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output().await.unwrap();
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{command:?}: {text}");
    text
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
