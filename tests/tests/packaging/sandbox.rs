//! What is shipped for the CI of other services: the image of the local amoCRM, its Compose file, its action.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use amo_connect_tests::{Process, binary, free_ports};

use crate::read;

/// The list after `key` in the stage `sandbox` of the Dockerfile.
fn list_of_image(key: &str) -> Vec<String> {
    let dockerfile = read("Dockerfile");
    let (_, stage) = dockerfile.split_once(" AS sandbox\n").unwrap();
    let (stage, _) = stage.split_once("\nFROM ").unwrap();
    let (_, list) = stage.split_once(key).unwrap_or_else(|| panic!("no {key} in {stage}"));
    serde_json::from_str(list.lines().next().unwrap()).unwrap()
}

/// The image is not built here: this runs what it runs, on another port.
#[tokio::test(flavor = "multi_thread")]
async fn the_image_starts_a_local_amocrm_that_its_health_check_finds() {
    let folder = tempfile::tempdir().unwrap();
    let words = list_of_image("\nENTRYPOINT ");
    assert_eq!(words[0], "/usr/local/bin/amo-connect");
    let first = format!("127.0.0.1:{}", free_ports(30_000));
    let flags: Vec<_> = words[1..].iter().map(|word| word.replace("0.0.0.0:8081", &first)).collect();
    assert!(flags.contains(&format!("--amo-bind={first}")), "{flags:?}");
    let mut flags: Vec<_> = flags.iter().map(String::as_str).collect();
    flags.push("--public-name=amocrm");
    let mut sandbox = Process::start(&flags, &[], folder.path());
    let guide = sandbox.until_printed("Stop:").await;
    assert!(guide.contains("AMO_AUTH_URL=http://amocrm:"), "{guide}");

    let words = list_of_image("\n  CMD ");
    let mut check: Vec<_> = words[1..].iter().map(String::as_str).collect();
    check.push(&first);
    assert_eq!(check[..2], ["healthcheck", "--sandbox"]);
    assert_eq!(Process::start(&check, &[], folder.path()).ended().await.0, Some(0));
}

#[test]
fn the_compose_file_and_the_lines_of_the_readme_are_the_same() {
    let readme = read("crates/sandbox/README.md");
    let (_, rest) = readme.split_once("```yaml\nservices:\n").unwrap();
    let (lines, _) = rest.split_once("```").unwrap();
    assert!(read("crates/sandbox/examples/compose.yaml").ends_with(&format!("\nservices:\n{lines}")));
}

/// The inputs of the action that its lines in the README give it.
#[test]
fn the_action_has_the_inputs_that_the_readme_gives_it_and_hands_on_all() {
    let action = read("deploy/action/action.yml");
    let (_, inputs) = action.split_once("\ninputs:\n").unwrap();
    let (inputs, _) = inputs.split_once("\noutputs:\n").unwrap();
    let inputs: Vec<_> = inputs
        .lines()
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .map(|line| line.trim().trim_end_matches(':'))
        .collect();
    assert!(inputs.len() >= 8, "{inputs:?}");
    let script = read("deploy/action/start.sh");
    for input in &inputs {
        let variable = input.replace('-', "_").to_uppercase();
        assert!(
            action.contains(&format!("        {variable}: ${{{{ inputs.{input} }}}}\n")),
            "{input} is not handed on"
        );
        assert!(script.contains(&format!("${{{variable}:")), "start.sh does not use {variable}");
    }
    let readme = read("crates/sandbox/README.md");
    let (_, rest) = readme.split_once("/deploy/action@").unwrap();
    let (rest, _) = rest.split_once("\n- run:").unwrap();
    let given = rest.lines().filter(|line| line.starts_with("    ")).map(|line| line.trim().split(':').next().unwrap());
    let given: Vec<_> = given.collect();
    assert_eq!(given.len(), 4, "{given:?}");
    assert!(given.iter().all(|name| inputs.contains(name)), "{given:?}");
}

/// Runs the step of the action, as GitHub does. Gives its output, what the steps that follow have in
/// their environment, and what it gives back.
fn step(folder: &Path, variables: &[(&str, &str)]) -> (Output, String, String) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/action/start.sh");
    let (environment, outputs) = (folder.join("environment"), folder.join("outputs"));
    for file in [&environment, &outputs] {
        fs::write(file, "").unwrap();
    }
    let output = Command::new("bash")
        .arg(script)
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("RUNNER_TEMP", folder)
        .env("GITHUB_ENV", &environment)
        .env("GITHUB_OUTPUT", &outputs)
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    (output, fs::read_to_string(environment).unwrap(), fs::read_to_string(outputs).unwrap())
}

/// Ends what a step has started.
struct Started(String);

impl Started {
    fn of(outputs: &str) -> Self {
        Self(outputs.lines().find_map(|line| line.strip_prefix("pid=")).unwrap().to_owned())
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(&self.0).status();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_action_starts_a_local_amocrm_for_the_steps_that_follow() {
    let folder = tempfile::tempdir().unwrap();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/sandbox/examples/fixtures.yaml");
    let (binary, port) = (binary(), free_ports(31_000).to_string());
    let variables = [
        ("BINARY", binary.to_str().unwrap()),
        ("PORT", &port),
        ("FIXTURES", fixtures.to_str().unwrap()),
        ("REDIRECT_URI", "http://localhost:3000/callback?a=b c"),
        ("ARGS", "--seed=7\n--public-name=localhost\n"),
    ];
    let (output, environment, outputs) = step(folder.path(), &variables);
    assert!(output.status.success(), "{output:?}");
    let _started = Started::of(&outputs);
    assert!(environment.contains(&format!("AMO_AUTH_URL=http://localhost:{port}/oauth\n")), "{environment}");
    assert!(environment.contains("AMO_REDIRECT_URI=http://localhost:3000/callback?a=b c\n"), "{environment}");
    assert!(environment.contains("AMO_ALLOW_PRIVATE_ADDRESSES=true\n"), "{environment}");
    assert_eq!(environment.lines().count(), 6, "{environment}");
    let url = outputs.lines().find_map(|line| line.strip_prefix("url=")).unwrap();
    assert_eq!(url, format!("http://localhost:{port}"));
    let report: serde_json::Value =
        reqwest::get(format!("http://127.0.0.1:{port}/_sandbox")).await.unwrap().json().await.unwrap();
    assert_eq!((&report["accounts"][0]["name"], &report["seed"]), (&"Harbour Homes".into(), &7.into()));
}

#[test]
fn the_action_runs_an_archive_only_with_its_checksum() {
    let folder = tempfile::tempdir().unwrap();
    let (name, archive) = (folder.path().join("amo-connect-0.2.0"), folder.path().join("a.tar.gz"));
    fs::create_dir(&name).unwrap();
    std::os::unix::fs::symlink(binary(), name.join("amo-connect")).unwrap();
    let packed = Command::new("tar").args(["-czf", "a.tar.gz", "amo-connect-0.2.0"]).current_dir(&folder).status();
    assert!(packed.unwrap().success());
    let sum = Command::new("sha256sum").arg(&archive).output().unwrap();
    let sum = String::from_utf8(sum.stdout).unwrap()[..64].to_owned();
    let (url, port) = (format!("file://{}", archive.display()), free_ports(32_000).to_string());
    for (sum, complaint) in [("", "sha256 is missing"), (&*"0".repeat(64), "is not the one of this sha256")] {
        let (output, ..) = step(folder.path(), &[("ARCHIVE", &url), ("SHA256", sum), ("PORT", &port)]);
        let complaints = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(complaints.contains(complaint), "{complaints}");
    }
    let (output, _, outputs) = step(folder.path(), &[("ARCHIVE", &url), ("SHA256", &sum), ("PORT", &port)]);
    assert!(output.status.success(), "{output:?}");
    drop(Started::of(&outputs));
}

#[test]
fn the_action_fails_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let binary = binary();
    let wrong = folder.path().join("wrong.yaml");
    fs::write(&wrong, "accounts:\n  - name: Mine\n    usres: [Olena]\n").unwrap();
    let (output, environment, _) =
        step(folder.path(), &[("BINARY", binary.to_str().unwrap()), ("FIXTURES", wrong.to_str().unwrap())]);
    let complaints = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), environment.as_str()), (Some(1), ""));
    assert!(complaints.contains("wrong.yaml:3:5: accounts[0].usres: expected one of the keys"), "{complaints}");
    assert!(complaints.contains("::error title=Local amoCRM::"), "{complaints}");
    let (output, ..) = step(folder.path(), &[("BINARY", "amo-connect-that-is-not-there")]);
    let complaints = String::from_utf8(output.stderr).unwrap();
    assert!(complaints.contains("there is no amo-connect-that-is-not-there"), "{complaints}");
}
