//! No message repeats a secret, not even one about arguments that nobody understands.

use crate::{GOOD, run};

#[tokio::test(flavor = "multi_thread")]
async fn what_was_typed_in_a_wrong_place_is_not_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let url = "postgres://u:hunter2@host/app";
    let assigned = "DATABASE_URL=postgres://u:hunter2@host/app";
    let cases: [&[&str]; 15] = [
        &["serve", url],
        &["serve", assigned],
        &["migrate", url],
        &["migrate", "--url=hunter2"],
        &["migrate", "--database-url", "a.db", "hunter2"],
        &["migrate", "--hunter2"],
        &["migrate", "-xhunter2"],
        &["connections", "list", url],
        &["connections", url],
        &["connections", "list", "--json=hunter2"],
        &["keys", assigned],
        &[url, "serve"],
        &[assigned, "serve"],
        &["jwt", "--user", "olena", "hunter2"],
        &["serve", "--jwt-secret", "-hunter2"],
    ];
    for arguments in cases {
        let (code, output, complaint) = run(arguments, &[], folder.path()).await;
        assert_eq!((code, output.as_str()), (Some(2), ""), "{arguments:?}: {complaint}");
        assert!(complaint.contains("error: ") && !complaint.contains("hunter2"), "{arguments:?}: {complaint}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistyped_flag_or_command_is_named() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, mistyped) in [(["serve", "--databse-url=x"], "--databse-url"), (["serv", "--bind=x"], "serv")] {
        let (code, _, complaint) = run(&arguments, &[], folder.path()).await;
        assert_eq!(code, Some(2));
        assert!(complaint.contains(&format!("'{mistyped}'")), "{complaint}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_variable_that_is_no_text_is_named() {
    use std::os::unix::ffi::OsStrExt as _;

    let output = tokio::process::Command::new(amo_connect_tests::binary())
        .arg("serve")
        .env_clear()
        .env("AMO_CLIENT_SECRET", std::ffi::OsStr::from_bytes(b"hunter2\xff"))
        .output()
        .await
        .unwrap();
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(complaint.contains("AMO_CLIENT_SECRET: is not UTF-8") && !complaint.contains("hunter2"), "{complaint}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_jwt_command_names_what_it_misses() {
    let folder = tempfile::tempdir().unwrap();
    let (code, _, complaint) = run(&["jwt", "--user", "olena"], &[], folder.path()).await;
    assert_eq!(code, Some(1));
    assert!(complaint.contains("JWT_SECRET: is required"), "{complaint}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_bad_setting_is_repeated_if_it_is_a_secret() {
    let folder = tempfile::tempdir().unwrap();
    let secrets = ["AMO_CLIENT_SECRET", "JWT_SECRET", "TOKEN_KEYS", "DATABASE_URL"];
    for bad in ["hunter2 ", "hunter2=hunter2 ", "x://hunter2:hunter2@hunter2", "-hunter2\n"] {
        let values = GOOD.map(|(name, value)| (name, if secrets.contains(&name) { bad } else { value }));
        let (code, output, complaint) = run(&["serve"], &values, folder.path()).await;
        assert_eq!((code, output.as_str()), (Some(1), ""));
        assert!(!complaint.contains("hunter2"), "{bad:?}: {complaint}");
    }
}
