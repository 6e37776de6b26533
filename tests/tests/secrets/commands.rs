//! What an operator runs beside the service.

use amo_connect_tests::{ACCOUNT, PgDatabase, test_server};
use serde_json::{Value, json};

use crate::planted::{Kind, plain};
use crate::stage::Stage;

/// Commands that need no stopped service.
pub(crate) async fn run(stage: &Stage) {
    for arguments in [
        &["connections", "list"][..],
        &["connections", "list", "--json"],
        &["connections", "show", "olena"],
        &["connections", "show", "olena", "--json"],
        &["connections", "refresh", "olena"],
        &["connections", "disconnect", "petro"],
        &["doctor"],
        &["doctor", "--json"],
        &["keys", "rotate"],
        &["healthcheck"],
        &["migrate"],
    ] {
        stage.command(arguments, 0, &[]).await;
    }
    // It prints a JWT, whose head every access token has too, and not the secret.
    stage.command(&["jwt", "--user", "olena"], 0, &[Kind::Jwt, Kind::AccessToken]).await;
    import(stage).await;
}

/// Tokens of an earlier service: good, spent, garbage, and lines that nobody can read.
async fn import(stage: &Stage) {
    let [good, spent] = [pair(stage).await, pair(stage).await];
    let host = stage.wire.name_of(&stage.sandbox.host(ACCOUNT).unwrap());
    asked(stage, &[("grant_type", "refresh_token"), ("refresh_token", &*spent)]).await;
    let garbage = stage.secrets.plant(Kind::RefreshToken, plain());
    let file = stage.folder.path().join("tokens.ndjson");
    let line = |user: &str, token: &str| json!({ "user": user, "domain": host, "refreshToken": token }).to_string();
    let good = [line("taras", &good), line("ulas", &spent), line("fedir", &garbage)].join("\n");
    let broken = format!("{good}\n{{\"user\":\"a\",\"refreshToken\":\"{garbage}\n{garbage}\n{}", line(&garbage, ""));
    for (text, arguments, code) in [
        (&broken, &["--json"][..], 1),
        (&broken, &[], 1),
        (&good, &["--dry-run"], 4),
        (&good, &["--json"], 4),
        (&good, &["--replace"], 4),
    ] {
        std::fs::write(&file, text).unwrap();
        let arguments = [&["connections", "import", file.to_str().unwrap()], arguments].concat();
        stage.command(&arguments, code, &[]).await;
    }
    std::fs::remove_file(file).unwrap();
}

/// A refresh token as an earlier service got it.
async fn pair(stage: &Stage) -> String {
    let code = stage.code(ACCOUNT).code;
    let pair = asked(stage, &[("grant_type", "authorization_code"), ("code", &code)]).await;
    stage.secrets.plant(Kind::AccessToken, pair["access_token"].as_str().unwrap());
    stage.secrets.plant(Kind::RefreshToken, pair["refresh_token"].as_str().unwrap())
}

/// What amoCRM's token endpoint answers.
async fn asked(stage: &Stage, what: &[(&str, &str)]) -> Value {
    let (settings, host) = (&stage.settings, stage.sandbox.host(ACCOUNT).unwrap());
    let client = [
        ("client_id", settings.amo_client_id.as_deref().unwrap()),
        ("client_secret", settings.amo_client_secret.as_deref().unwrap()),
        ("redirect_uri", settings.amo_redirect_uri.as_deref().unwrap()),
    ];
    let form: Vec<_> = client.iter().chain(what).collect();
    let request = stage.service().http().post(format!("http://{host}/oauth2/access_token")).form(&form);
    request.send().await.unwrap().json().await.unwrap()
}

/// Moves a file to PostgreSQL, whose address has a password. The service is stopped.
pub(crate) async fn move_store(stage: &Stage) {
    let database = PgDatabase::migrated(&test_server()).await;
    let password = stage.secrets.plant(Kind::DatabasePassword, plain());
    let url = database.url().replace("postgres@", &format!("postgres:{password}@"));
    let (missing, mistyped) = (url.replace(database.name(), "missing"), format!("{url}?sslmode={password}"));
    for (to, code) in [(&url, 0), (&url, 1), (&missing, 1), (&mistyped, 1)] {
        stage.command(&["move", "--to", to], code, &[]).await;
    }
    let rows = database.values("SELECT r::text FROM connections r").await;
    stage.outputs.take("the database", rows.join("\n"));
}
