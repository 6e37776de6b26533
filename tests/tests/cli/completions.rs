//! `amo-connect completions`.

use amo_connect_tests::Process;

#[tokio::test(flavor = "multi_thread")]
async fn each_shell_gets_a_script_with_all_commands() {
    let folder = tempfile::tempdir().unwrap();
    for (shell, mark) in [("bash", "complete -F"), ("zsh", "#compdef amo-connect"), ("fish", "complete -c amo-connect")]
    {
        let (code, script, complaint) = Process::start(&["completions", shell], &[], folder.path()).ended().await;
        assert_eq!((code, complaint.as_str()), (Some(0), ""), "{shell}");
        for word in [mark, "connections", "healthcheck", "rotate", "serve"] {
            assert!(script.contains(word), "{shell}: no {word}");
        }
    }
    let (code, script, _) = Process::start(&["completions", "tcsh"], &[], folder.path()).ended().await;
    assert_eq!((code, script.as_str()), (Some(2), ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn bash_completes_a_command_by_the_script() {
    let folder = tempfile::tempdir().unwrap();
    let (_, script, _) = Process::start(&["completions", "bash"], &[], folder.path()).ended().await;
    let asks =
        "COMP_WORDS=(amo-connect he); COMP_CWORD=1; _amo__connect amo-connect he amo-connect; echo ${COMPREPLY[@]}";
    let bash = std::process::Command::new("bash").args(["-c", &format!("{script}\n{asks}")]).output().unwrap();
    assert_eq!(String::from_utf8(bash.stdout).unwrap(), "healthcheck help\n", "{:?}", bash.stderr);
}
