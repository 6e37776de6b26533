//! The snippets of docs/mobile.md: what the page shows is what was compiled and run here.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use amo_connect_tests::{World, jwt};
use amo_connect_xtask::{browsers, snippets};
use serde_json::json;
use tokio::process::Command;

const SNIPPETS: [&str; 7] =
    ["connect.ts", "start.ts", "expo.ts", "native-intent.ts", "shipped.ts", "leads.ts", "writes.ts"];

/// The app's users, for the tests of `run.test.ts`.
const USERS: [&str; 16] = [
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
    "reads offline",
    "develops",
    "writes",
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
        let world = World::start_with(|settings| {
            settings.require_claim = Some(claim);
            settings.app_deep_links = Some("foryoure-dev://amo-crm/callback".to_owned());
        });
        let world = world.await;
        let jwts: serde_json::Map<_, _> = USERS.iter().map(|user| ((*user).to_owned(), jwt(user).into())).collect();
        let setting = json!({
            "api": world.url(""), "authUrl": world.sandbox.auth_url(), "jwts": jwts, "requireClaim": require_claim,
        });
        let mut node = Command::new("node");
        node.args(["--test", "--test-reporter=spec", "built/run.test.js"]).current_dir(folder.path());
        let output = run(node.env("SETTING", setting.to_string())).await;
        assert!(output.contains("pass 16") && output.contains("skipped 0"), "{output}");
    }
}

#[tokio::test]
async fn the_snippets_in_other_languages_parse() {
    assert_eq!(run(&mut parse(&root().join("docs/mobile.md"))).await, "swift 2\nkotlin 1\nxml 1\njson 2\n");
}

#[tokio::test]
async fn a_snippet_with_a_slip_does_not_parse() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("page.md");
    let slips = [
        ("swift", "func connect() { return"),
        ("kotlin", "fun connect() { finish( }"),
        ("xml", "<activity><intent-filter></activity>"),
        ("json", r#"{"webcredentials": }"#),
    ];
    for (language, slip) in slips {
        std::fs::write(&page, format!("# A page\n\n```{language}\n{slip}\n```\n")).unwrap();
        let (succeeded, text) = ended(&mut parse(&page)).await;
        assert!(!succeeded && text.contains("Error"), "{language}: {text}");
    }
}

/// What parses the snippets of `page`, and counts them.
fn parse(page: &Path) -> Command {
    let mut command = Command::new(snippets::python());
    command.arg(root().join("tests/snippets/parse.py")).arg(page);
    command
}

async fn run(command: &mut Command) -> String {
    let (succeeded, text) = ended(command).await;
    assert!(succeeded, "{command:?}: {text}");
    text
}

/// Whether `command` succeeded, and what it said.
async fn ended(command: &mut Command) -> (bool, String) {
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output().await.unwrap();
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    (output.status.success(), text)
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
