//! Clients that others make from the OpenAPI document: one in TypeScript, and schemathesis, which sends what it can think of.
//!
//! `cargo xtask test` installs what makes them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so loudly")]

use std::path::{Path, PathBuf};
use std::process::Stdio;

use amo_connect::openapi;
use amo_connect_sandbox::Switches;
use amo_connect_tests::{ACCOUNT, World, jwt};
use amo_connect_xtask::clients;
use serde_json::json;
use tokio::process::Command;

/// What schemathesis leaves out: amoCRM and its browsers call these two.
const AMOCRMS: &str = "/(callback|hooks/disconnected)$";

#[tokio::test(flavor = "multi_thread")]
async fn a_typescript_client_that_is_made_from_the_document_compiles_and_connects() {
    let modules = clients::node_modules();
    // In there, so that the compiler finds the packages beside it.
    let folder = tempfile::tempdir_in(modules.parent().unwrap()).expect("run `cargo xtask test` once: no packages");
    let source = tests().join("npm/client");
    let files = ["src", "tsconfig.json", "package.json"].map(|name| source.join(name));
    run(Command::new("cp").arg("-r").args(files).arg(folder.path())).await;
    std::fs::write(folder.path().join("openapi.json"), openapi::pretty()).unwrap();
    let mut generator = Command::new(modules.join(".bin/openapi-typescript"));
    run(generator.args(["openapi.json", "-o", "src/schema.d.ts"]).current_dir(folder.path())).await;
    run(Command::new(modules.join(".bin/tsc")).current_dir(folder.path())).await;

    let world = World::start().await;
    let (code, referer) = world.code(ACCOUNT);
    let setting = json!({
        "base": world.base, "jwt": jwt("olena"), "code": code, "referer": referer, "account": ACCOUNT.to_string(),
    });
    let mut node = Command::new("node");
    node.args(["--test", "--test-reporter=spec", "built/client.test.js"]).current_dir(folder.path());
    let output = run(node.env("SETTING", setting.to_string())).await;
    assert!(output.contains("pass 2") && output.contains("skipped 0"), "{output}");
}

#[tokio::test(flavor = "multi_thread")]
async fn schemathesis_finds_no_answer_that_is_not_as_the_document_says() {
    let world = World::start_with(|settings| {
        settings.user_rate = Some("0".to_owned());
        settings.address_rate = Some("0".to_owned());
        settings.amo_rate_limit = Some("1000".to_owned());
    })
    .await;
    // On a fast machine its requests come to more than amoCRM takes of an account.
    let unlimited = Switches { rate_limit: 0, account_rate_limit: 0, ..world.sandbox.switches() };
    world.sandbox.set_switches(unlimited).unwrap();
    world.connect("olena", ACCOUNT).await;
    // Whoever is disconnected has no leads any more, so that comes last.
    let rest = format!("{AMOCRMS}|/disconnect$");
    for (choice, paths) in [("--exclude-path-regex", rest.as_str()), ("--include-path-regex", "/disconnect$")] {
        let folder = tempfile::tempdir().unwrap();
        let mut schemathesis = Command::new(clients::schemathesis());
        schemathesis
            .arg("--config-file")
            .arg(tests().join("schemathesis/schemathesis.toml"))
            .args(["run", &format!("{}/openapi.json", world.base), choice, paths])
            .args(["--header", &format!("Authorization: Bearer {}", jwt("olena"))])
            .args(["--phases", "examples,coverage,fuzzing", "--max-examples", "10", "--seed", "14"])
            .args(["--continue-on-failure", "--no-color"])
            .current_dir(folder.path());
        let output = run(&mut schemathesis).await;
        let cases = output.lines().find(|line| line.contains(" generated, ")).unwrap();
        assert!(cases.contains(" passed") && !cases.contains(" found "), "{output}");
    }
    assert_eq!(world.state_of("olena").await, "not_connected");
}

async fn run(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output().await.unwrap();
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{command:?}: {text}");
    text
}

fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}
