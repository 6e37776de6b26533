//! A command's help shows the settings that it uses, and no others.

use crate::run;

/// The variables that a help names.
async fn named(command: &[&str]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let (code, help, complaint) = run(&[command, &["--help"]].concat(), &[], folder.path()).await;
    assert_eq!(code, Some(0), "{command:?}: {complaint}");
    let names = help.split("[env: ").skip(1).filter_map(|rest| rest.split(&['=', ']'][..]).next());
    names.map(str::to_owned).filter(|name| !["LOG_FORMAT", "RUST_LOG"].contains(&name.as_str())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_shows_only_the_settings_that_it_uses() {
    assert_eq!(named(&["migrate"]).await, ["DATABASE_URL"]);
    for command in
        [&["keys", "rotate"][..], &["connections", "list"], &["connections", "show"], &["connections", "disconnect"]]
    {
        assert_eq!(named(command).await, ["TOKEN_KEYS", "DATABASE_URL", "DATABASE_POOL"], "{command:?}");
    }
    let refresh = named(&["connections", "refresh"]).await;
    let uses = [
        "AMO_CLIENT_ID",
        "AMO_CLIENT_SECRET",
        "AMO_REDIRECT_URI",
        "TOKEN_KEYS",
        "DATABASE_URL",
        "DATABASE_POOL",
        "AMO_AUTH_URL",
        "AMO_ALLOWED_HOSTS",
        "AMO_ALLOW_PRIVATE_ADDRESSES",
        "AMO_RATE_LIMIT",
        "AMO_RATE_LIMIT_SCOPE",
        "SHUTDOWN_TIMEOUT",
    ];
    assert_eq!(refresh, uses);
    assert_eq!(named(&["connections", "import"]).await, uses);
    assert_eq!(named(&["move"]).await, ["MOVE_TO", "DATABASE_URL"]);
    assert_eq!(named(&["jwt"]).await, ["JWT_SECRET", "JWT_USER_CLAIM", "JWT_ISSUER", "JWT_AUDIENCE"]);
    assert_eq!(named(&["healthcheck"]).await, ["AMO_CA_FILE", "BIND"]);
    for command in [&["sandbox"][..], &["keys", "new"], &["completions"]] {
        assert!(named(command).await.is_empty(), "{command:?}");
    }
    assert!(named(&["serve"]).await.len() > 24);
    assert_eq!(named(&["doctor"]).await, named(&["serve"]).await);
}
