//! `amo-connect sandbox`: a local amoCRM, the service wired to it, and a page that plays the phone.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use amo_connect_adapters::cipher::TokenKeys;
use amo_connect_sandbox::{Options, Sandbox};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::Args;
use serde_json::json;

use super::{Failure, jwt, print, serve};
use crate::config::ServeArgs;
use crate::phone::{self, DemoUser};
use crate::server::Running;
use crate::wiring;

/// The people who play the app's users.
const DEMO_USERS: [&str; 2] = ["Olena", "Ivan"];

/// How long the printed JWTs are good.
const JWT_TERM: Duration = Duration::from_hours(30 * 24);

/// Where it listens and what it keeps.
#[derive(Args)]
pub(super) struct SandboxArgs {
    /// Where the service and the phone page listen
    #[arg(long, default_value = "127.0.0.1:8080")]
    bind: SocketAddr,
    /// Where the local amoCRM listens; its other accounts take the ports after it
    #[arg(long, default_value = "127.0.0.1:8081")]
    amo_bind: SocketAddr,
    /// The folder that keeps database and keys [default: a new one, removed at the end]
    #[arg(long)]
    data: Option<PathBuf>,
    /// What names, leads and times are made from
    #[arg(long, default_value_t = Options::default().seed)]
    seed: u64,
    /// Listen where others than this machine can come in
    #[arg(long)]
    i_know_this_is_not_amocrm: bool,
}

/// Runs it until it is told to stop.
pub(super) async fn run(args: SandboxArgs) -> Result<(), Failure> {
    for address in [args.bind, args.amo_bind] {
        if !address.ip().is_loopback() && !args.i_know_this_is_not_amocrm {
            let why = "others than this machine could come in; add --i-know-this-is-not-amocrm if that is meant";
            return Err(format!("will not listen on {address}: {why}").into());
        }
    }
    let listener = wiring::bind(args.bind).map_err(|error| format!("{} (--bind changes it)", super::chain(&error)))?;
    let service = format!("http://{}", listener.local_addr()?);
    let sandbox = Sandbox::start(Options {
        amo_bind: args.amo_bind,
        redirect_uri: format!("{service}/api/amo-crm/callback"),
        hook_url: Some(format!("{service}/api/amo-crm/hooks/disconnected")),
        allow_non_loopback: args.i_know_this_is_not_amocrm,
        seed: args.seed,
        ..Options::default()
    })
    .await?;

    let folder = Folder::open(args.data.as_deref())?;
    let secrets = folder.secrets()?;
    let config = ServeArgs {
        amo_client_id: Some("sandbox".to_owned()),
        amo_client_secret: Some("sandbox-secret".to_owned()),
        amo_redirect_uri: Some(format!("{service}/api/amo-crm/callback")),
        amo_auth_url: Some(sandbox.auth_url()),
        amo_allowed_hosts: Some(sandbox.hosts().join(",")),
        app_deep_link: Some(format!("{service}/app/callback")),
        jwt_secret: Some(secrets.jwt_secret.clone()),
        token_keys: Some(secrets.token_keys),
        database_url: Some(format!("sqlite:{}", folder.path().join("amo-connect.db").display())),
        ..ServeArgs::default()
    }
    .check()?;
    let users = DEMO_USERS
        .iter()
        .map(|name| {
            let jwt = jwt::sign(json!({ "sub": name.to_lowercase() }), &secrets.jwt_secret, JWT_TERM)?;
            Ok(DemoUser { name: (*name).to_owned(), jwt })
        })
        .collect::<Result<Vec<_>, Failure>>()?;

    let state = wiring::assemble(config.storage, config.amo, &config.service).await?;
    let phone = phone::routes(users.clone(), sandbox.accounts());
    let running = Running::start(listener, state, phone)?;
    print(&guide(&service, &sandbox, &users, folder.path()))?;
    let ended = serve::until_told(running, config.shutdown_timeout).await;
    sandbox.stop().await;
    ended
}

/// What a newcomer needs: where to look, and how to do the same by hand.
fn guide(service: &str, sandbox: &Sandbox, users: &[DemoUser], folder: &Path) -> String {
    let api = format!("{service}/api/amo-crm");
    let amo = sandbox.hosts().first().cloned().unwrap_or_default();
    let tokens =
        users.iter().zip(["JWT", "JWT2"]).map(|(user, name)| format!("# {}\n{name}={}\n\n", user.name, user.jwt));
    let tokens: String = tokens.collect();
    format!(
        r#"Open {service}/ : the phone. amoCRM is at http://{amo} , a sandbox on this machine.

{tokens}# Connect by hand: begin an attempt; a browser would now go to its authorizationUrl
curl -sX POST {api}/authorize -H "Authorization: Bearer $JWT"
curl -s {api}/authorize/ATTEMPT_ID -H "Authorization: Bearer $JWT"
# instead, have the local amoCRM issue a code, and bring it as its redirect would
curl -sX POST http://{amo}/_sandbox/codes -d '{{"account":31920194}}'
curl -s "{api}/callback?code=CODE&state=STATE&referer={amo}"
curl -sX POST {api}/exchange-code -H "Authorization: Bearer $JWT" -H 'Content-Type: application/json' -d '{{"code":"CODE"}}'

# Connected
curl -s {api}/status -H "Authorization: Bearer $JWT"
curl -s "{api}/leads?limit=5" -H "Authorization: Bearer $JWT"
curl -sX POST {api}/disconnect -H "Authorization: Bearer $JWT"
curl -s {service}/healthz
curl -s {service}/readyz

# What amoCRM has seen
curl -s http://{amo}/_sandbox

Data: {}
Stop: Ctrl-C"#,
        folder.display()
    )
}

/// Where the sandbox keeps its database and keys.
enum Folder {
    Kept(PathBuf),
    Passing(tempfile::TempDir),
}

struct Secrets {
    jwt_secret: String,
    token_keys: String,
}

impl Folder {
    fn open(chosen: Option<&Path>) -> Result<Self, Failure> {
        match chosen {
            Some(path) => {
                let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
                made.map_err(|error| format!("--data {}: {error}", path.display()))?;
                Ok(Self::Kept(path.to_owned()))
            }
            None => Ok(Self::Passing(tempfile::Builder::new().prefix("amo-connect-sandbox-").tempdir()?)),
        }
    }

    fn path(&self) -> &Path {
        match self {
            Self::Kept(path) => path,
            Self::Passing(folder) => folder.path(),
        }
    }

    /// The secrets of this folder, made at its first use.
    fn secrets(&self) -> Result<Secrets, Failure> {
        let file = self.path().join("secrets.json");
        if let Ok(text) = fs::read_to_string(&file) {
            let kept: serde_json::Value = serde_json::from_str(&text)?;
            let read = |name: &str| kept[name].as_str().map(str::to_owned);
            let (Some(jwt_secret), Some(token_keys)) = (read("jwtSecret"), read("tokenKeys")) else {
                return Err(format!("{} is not a sandbox's", file.display()).into());
            };
            return Ok(Secrets { jwt_secret, token_keys });
        }
        let mut random = [0; 32];
        getrandom::fill(&mut random)?;
        let secrets = Secrets {
            jwt_secret: URL_SAFE_NO_PAD.encode(random),
            token_keys: TokenKeys::generate_entry()?.to_string(),
        };
        let text = json!({ "jwtSecret": secrets.jwt_secret, "tokenKeys": secrets.token_keys }).to_string();
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(&file)?.write_all(text.as_bytes())?;
        Ok(secrets)
    }
}
