//! The shell lines that the sandbox and its README give people work as they stand.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so loudly")]

use std::net::TcpListener;
use std::path::Path;
use std::process::{Output, Stdio};

use amo_connect_tests::{KEPT, Process, binary, free_ports};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

/// Stands after the answer to each line.
const END: &str = "=== end of the answer ===";

/// Gives a shell `lines`, as if they were pasted; its `PATH` has our binary.
async fn shell(lines: &str, folder: &Path) -> Output {
    let binary = binary();
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", binary.parent().unwrap().display());
    let mut shell = Command::new("sh")
        .env_clear()
        .env("PATH", path)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut input = shell.stdin.take().unwrap();
    let lines = lines.to_owned();
    let pasting = tokio::spawn(async move { input.write_all(lines.as_bytes()).await });
    let output = shell.wait_with_output().await.unwrap();
    pasting.await.unwrap().unwrap();
    output
}

/// What a shell answers to each of `lines`, in their order.
async fn answers(lines: &[&str], folder: &Path) -> Vec<String> {
    let end = format!("\nprintf '\\n{END}\\n'\n");
    let pasted = lines.join(&end) + &end;
    let output = shell(&pasted, folder).await;
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    let said = String::from_utf8(output.stdout).unwrap();
    let mut answers: Vec<_> = said.split(END).map(|answer| answer.trim().to_owned()).collect();
    assert_eq!(answers.pop().as_deref(), Some(""));
    answers
}

/// The lines of a guide between two of its lines, and what each of those that ask something
/// answers. Comments are checked: an interactive zsh takes them for commands.
async fn asked(guide: &str, from: &str, to: &str, folder: &Path) -> Vec<(String, String)> {
    let lines = || guide.lines().skip_while(|line| !line.starts_with(from)).take_while(|line| !line.starts_with(to));
    for comment in lines().filter(|line| line.starts_with('#')) {
        let harmless = |letter: char| letter.is_alphanumeric() || " #,.:/-".contains(letter);
        assert!(comment.chars().all(harmless), "not to be pasted: {comment}");
    }
    let lines: Vec<_> = lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    let answers = answers(&lines, folder).await;
    assert_eq!(answers.len(), lines.len(), "{answers:?}");
    let both = lines.iter().zip(answers).map(|(line, answer)| ((*line).to_owned(), answer));
    // The others keep a value for the lines after them.
    both.filter(|(line, _)| line.starts_with("curl ") || line.ends_with('"')).collect()
}

fn check(asked: &[(String, String)], expected: &[(&str, &str)]) {
    for ((line, answer), (call, text)) in asked.iter().zip(expected) {
        assert!(line.contains(call), "{call} is not asked by {line}");
        assert!(answer.contains(text), "{text} is not in the answer to {line}: {answer}");
    }
    assert_eq!(asked.len(), expected.len(), "{asked:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lines_that_the_sandbox_prints_work_in_their_order() {
    let folder = tempfile::tempdir().unwrap();
    let (process, guide) = Process::sandbox(&KEPT, folder.path()).await;
    let asked = asked(&guide, "# Olena", "Data: ", folder.path()).await;
    let expected = [
        ("/authorize -H", "\"attemptId\":"),
        ("/authorize/$ATTEMPT_ID", "\"state\":\"pending\""),
        ("/_sandbox/codes", "\"referer\":"),
        ("/callback?code=", "✓ Authorization successful!"),
        ("/exchange-code", "AMO CRM successfully connected"),
        ("/status", "\"state\":\"connected\""),
        ("/leads?limit=5", "\"limit\":5,\"hasMore\":true"),
        ("/leads/$LEAD_ID?include=", "\"missing\":[]"),
        ("/leads/$LEAD_ID/notes", "\"hasMore\":"),
        ("/leads/$LEAD_ID/tasks", "\"hasMore\":"),
        ("/leads/$LEAD_ID/events", "\"hasMore\":"),
        ("/me -H", "\"isAdmin\":true"),
        ("/users -H", "\"count\":4"),
        ("/tasks?responsibleUserId=me", "\"hasMore\":"),
        ("/pipelines -H", "\"count\":2"),
        ("/pipelines/$PIPELINE_ID/stages", "\"count\":"),
        ("/leads -H", "\"guestName\":\"Olena Koval\""),
        ("/leads/$LEAD_ID -H", "\"price\":12500"),
        ("/leads/$LEAD_ID/notes -H", "\"text\":\"She called\""),
        ("/leads/$LEAD_ID/tasks -H", "\"text\":\"Call back\""),
        ("/tasks/$TASK_ID -H", "\"isCompleted\":true"),
        ("/healthz", "\"status\":\"ok\""),
        ("/readyz", "\"status\":\"ready\""),
        ("/_sandbox", "\"counters\":"),
        ("/app/amo/add-lead", "Andrew Bailey added"),
        ("/app/amo/down", "\"on\":\"down\""),
        ("/leads?limit=5", "crm_unavailable"),
        ("/app/amo/normal", "A normal day."),
        ("/hooks/disconnected", "\"success\":true"),
        ("/_sandbox/disable", "\"status\":200"),
        ("/disconnect -H", "AMO CRM disconnected"),
    ];
    check(&asked, &expected);
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lines_that_the_amocrm_alone_prints_work_in_their_order() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["--amo-only", "--redirect-uri", "https://app.example/a?b=c&d='e'"];
    let (_process, guide) = Process::sandbox(&arguments, folder.path()).await;
    let asked = asked(&guide, "# The redirect URI", "Stop:", folder.path()).await;
    let faults = ("/_sandbox/faults", "\"latency_ms\":");
    let expected = [
        ("/oauth?client_id=", "/oauth?client_id=sandbox&state=hello"),
        ("/_sandbox/codes", "\"referer\":"),
        ("/oauth2/access_token", "\"access_token\":"),
        ("/api/v4/leads?limit=5", "\"_embedded\""),
        ("/_sandbox", "\"counters\":"),
        faults,
        faults,
        faults,
        faults,
        ("/_sandbox/faults", "\"gzip_unnamed\""),
        ("/_sandbox/expire", "\"expired\":1"),
        ("/_sandbox/revoke", "\"ended\":1"),
        ("/_sandbox/disable", "\"ended\":0"),
        ("/_sandbox/move", "\"host\":"),
        ("/_sandbox/clock", "\"advanced_s\":86400"),
        ("/_sandbox/reset", ""),
    ];
    check(&asked, &expected);
}

/// Its README promises it. What it breaks, it breaks on purpose.
#[tokio::test(flavor = "multi_thread")]
async fn the_amocrm_alone_writes_no_log() {
    let folder = tempfile::tempdir().unwrap();
    let (process, guide) = Process::sandbox(&["--amo-only"], folder.path()).await;
    let lines =
        guide.lines().skip_while(|line| !line.starts_with("ISSUED=")).take_while(|line| !line.contains("leads?"));
    let pair = lines.collect::<Vec<_>>().join("\n").replace("; echo \"$ISSUED\"", "").replace("; echo \"$PAIR\"", "");
    let (faults, _) = guide.split_once(" -d '{\"latency_ms\":4000}'").unwrap();
    let patch = faults.lines().last().unwrap();
    let said = [
        format!("{patch} -sd '{{\"fail_token\":[\"drop\"]}}' >/dev/null\n{pair}"),
        format!("{patch} -sd '{{\"fail_token\":[\"cut\"]}}' >/dev/null\n{pair}"),
        format!("{patch} -sd '{{\"dress\":[\"reset_after\"]}}' >/dev/null\n{pair}"),
    ];
    let output = shell(&said.join("\n"), folder.path()).await;
    assert!(output.status.success(), "{output:?}");
    assert_eq!(process.stop().await, "");
}

/// The step of a CI job that the sandbox's README shows, on another address than the default.
fn ci_step(amo: &str) -> String {
    let readme = include_str!("../../crates/sandbox/README.md");
    let (_, rest) = readme.split_once("A step of a CI job").unwrap();
    let (_, rest) = rest.split_once("```sh\n").unwrap();
    let (step, _) = rest.split_once("```").unwrap();
    assert!(step.contains("--amo-only") && step.contains("127.0.0.1:8081"), "{step}");
    step.replace("--amo-only", &format!("--amo-only --amo-bind {amo}")).replace("127.0.0.1:8081", amo)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ci_step_of_the_readme_fails_with_the_reason_if_the_port_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let amo = taken.local_addr().unwrap().to_string();
    let ended = tokio::time::timeout(std::time::Duration::from_secs(30), shell(&ci_step(&amo), folder.path())).await;
    let output = ended.unwrap_or_else(|_| panic!("it waits for ever"));
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{complaint}");
    assert!(complaint.contains(&format!("cannot listen on {amo}")), "{complaint}");
    assert!(complaint.contains("the sandbox did not start"), "{complaint}");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "", "nothing after it was run");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ci_step_of_the_readme_works() {
    let folder = tempfile::tempdir().unwrap();
    let amo = format!("127.0.0.1:{}", free_ports(20_000));
    let output = shell(&format!("{}\necho \"id: $AMO_CLIENT_ID\"\n", ci_step(&amo)), folder.path()).await;
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}");
    assert!(said.contains("\"code\":") && said.contains("id: sandbox"), "{said}");
}
