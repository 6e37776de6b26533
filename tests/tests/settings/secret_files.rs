//! Secrets in files: what mounts them gives a path instead of a value.

use std::path::Path;

use amo_connect_tests::{Process, World};

use crate::{GOOD, KEYS, SECRET, changed, run};

/// A file in `folder` with `content`, by its path.
fn file(folder: &Path, name: &str, content: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_runs_with_all_of_its_secrets_in_files() {
    let world = World::without_service().await;
    let settings = &world.settings;
    let folder = world.folder();
    let secrets = [
        ("AMO_CLIENT_SECRET_FILE", "sandbox-secret\n"),
        ("JWT_SECRET_FILE", &format!("{SECRET}\r\n")),
        ("TOKEN_KEYS_FILE", KEYS),
        ("DATABASE_URL_FILE", "sqlite:in-a-file.db\n"),
    ]
    .map(|(name, content)| (name, file(&folder, name, content)));
    let plain = [
        ("AMO_CLIENT_ID", settings.amo_client_id.clone()),
        ("AMO_REDIRECT_URI", settings.amo_redirect_uri.clone()),
        ("AMO_AUTH_URL", settings.amo_auth_url.clone()),
        ("AMO_ALLOWED_HOSTS", settings.amo_allowed_hosts.clone()),
        ("BIND", Some("127.0.0.1:0".to_owned())),
        ("DRAIN_DELAY", settings.drain_delay.clone()),
    ]
    .map(|(name, value)| (name, value.unwrap()));
    let variables: Vec<_> = secrets.iter().chain(&plain).map(|(name, value)| (*name, value.as_str())).collect();
    let served = Process::start(&["serve"], &variables, &folder);
    served.until_logged("serving").await;
    assert!(folder.join("in-a-file.db").exists());
    served.stop().await;

    let jwt = ["jwt", "--user", "olena"];
    let (code, by_file, complaint) = run(&jwt, &variables[1..2], &folder).await;
    assert_eq!(code, Some(0), "{complaint}");
    let (_, by_value, _) = run(&jwt, &[("JWT_SECRET", SECRET)], &folder).await;
    let parts = |jwt: &str| jwt.trim().split('.').map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(parts(&by_file)[0], parts(&by_value)[0]);
    assert_eq!(parts(&by_file).len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_mistake_with_a_file_is_named_and_neither_its_path_nor_its_content_is_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let padded = file(folder.path(), "padded", " hunter2\n");
    let long = file(folder.path(), "long", &"hunter2".repeat(10_000));
    let empty = file(folder.path(), "empty", "\n");
    let short = file(folder.path(), "short", "hunter2");
    let values = changed(&[
        ("AMO_CLIENT_SECRET_FILE", &padded),
        ("AMO_CLIENT_SECRET", ""),
        ("JWT_SECRET", ""),
        ("JWT_SECRET_FILE", &short),
        ("TOKEN_KEYS", ""),
        ("TOKEN_KEYS_FILE", "hunter2-was-meant-as-the-value"),
        ("DATABASE_URL_FILE", &short),
    ]);
    let (code, output, complaint) = run(&["serve"], &values, folder.path()).await;
    assert_eq!((code, output.as_str()), (Some(1), ""));
    for line in [
        "AMO_CLIENT_SECRET: has a blank or an invisible character at its start",
        "JWT_SECRET: has fewer than 32 bytes",
        "TOKEN_KEYS_FILE: its file cannot be read: entity not found",
        "DATABASE_URL: is given, and DATABASE_URL_FILE is too",
    ] {
        assert!(complaint.contains(line), "{line}: {complaint}");
    }
    assert!(!complaint.contains("hunter2") && !complaint.contains("padded"), "{complaint}");

    for (path, line) in
        [(&long, "TOKEN_KEYS_FILE: its file has more than 65536 bytes"), (&empty, "TOKEN_KEYS: is required")]
    {
        let values = changed(&[("TOKEN_KEYS", ""), ("TOKEN_KEYS_FILE", path)]);
        let (_, _, complaint) = run(&["serve"], &values, folder.path()).await;
        assert!(complaint.contains(line), "{line}: {complaint}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_secret_has_no_file() {
    let folder = tempfile::tempdir().unwrap();
    for (name, _) in GOOD {
        let flag = format!("--{}-file", name.to_ascii_lowercase().replace('_', "-"));
        let (code, _, complaint) = run(&["serve", &flag, "x"], &[], folder.path()).await;
        let is_secret = ["AMO_CLIENT_SECRET", "JWT_SECRET", "TOKEN_KEYS", "DATABASE_URL"].contains(&name);
        assert_eq!(code, Some(if is_secret { 1 } else { 2 }), "{name}: {complaint}");
    }
}
