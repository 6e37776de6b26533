//! `amo-connect sandbox`: a local amoCRM, the service wired to it, and the phone.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, absolute};
use std::sync::Arc;
use std::time::Duration;

use amo_connect_sandbox::{AccountId, DefaultOrder, Options, Sandbox, Switches};
use serde_json::json;

use super::folder::Folder;
use super::{SandboxArgs, member, start_amo};
use crate::budgets;
use crate::cli::signals::Signals;
use crate::cli::{Failure, chain, jwt, print, serve};
use crate::config::Given;
use crate::phone::{self, DemoUser};
use crate::server::Running;
use crate::{stores, wiring};

/// The people who play the app's users.
const DEMO_USERS: [&str; 2] = ["Olena", "Ivan"];

/// How long the printed JWTs are good.
const JWT_TERM: Duration = Duration::from_hours(30 * 24);

/// Where the service listens if nothing else is said.
const BIND: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

pub(super) async fn run(args: SandboxArgs) -> Result<(), Failure> {
    let bind = args.bind.unwrap_or(BIND);
    for (flag, address) in [("--bind", bind), ("--amo-bind", args.amo_bind)] {
        args.check_address(flag, address)?;
        if !reached_at(address).ip().is_loopback() {
            let why = "off this machine redirects and tokens need https, which a sandbox does not have; \
                       0.0.0.0 listens on all addresses and is called 127.0.0.1";
            return Err(format!("{flag} {address}: {why}").into());
        }
    }
    let listener = wiring::bind(bind).map_err(|error| format!("{} (--bind changes it)", chain(&error)))?;
    let listens = listener.local_addr()?;
    let service = format!("http://{}", reached_at(listens));
    let options = args.options()?;
    let options = Options {
        redirect_uri: format!("{service}/api/amo-crm/callback"),
        hook_url: Some(format!("{service}/api/amo-crm/hooks/disconnected")),
        // What a colleague adds is seen on the phone's first page.
        switches: Switches { default_order: DefaultOrder::NewestFirst, ..options.switches },
        ..options
    };
    let sandbox = Arc::new(start_amo(options, Some(listens)).await?);

    let folder = Folder::open(args.data.as_deref())?;
    let secrets = folder.secrets()?;
    let mut config = Given {
        amo_client_id: Some("sandbox".to_owned()),
        amo_client_secret: Some("sandbox-secret".to_owned()),
        amo_redirect_uri: Some(format!("{service}/api/amo-crm/callback")),
        amo_auth_url: Some(sandbox.auth_url()),
        amo_allowed_hosts: Some(sandbox.hosts().join(",")),
        app_deep_link: Some(format!("{service}/app/callback")),
        jwt_secret: Some(secrets.jwt_secret.clone()),
        token_keys: Some(secrets.token_keys),
        ..Given::default()
    }
    .check()?;
    // Not by DATABASE_URL, which refuses paths that look like something else.
    config.storage.database = stores::sqlite(absolute(folder.path().join("amo-connect.db"))?);
    let users = DEMO_USERS
        .iter()
        .map(|name| {
            let jwt = jwt::sign(json!({ "sub": name.to_lowercase() }), &secrets.jwt_secret, JWT_TERM)?;
            Ok(DemoUser { name: (*name).to_owned(), jwt })
        })
        .collect::<Result<Vec<_>, Failure>>()?;

    let signature = config.amo.hook_signature(first_account(&sandbox).get()).unwrap_or_default();
    budgets::raise_descriptors();
    let state = wiring::assemble(config.storage, config.amo, &config.service).await?;
    let signals = Signals::new()?;
    let running = Running::start(listener, state, phone::routes(users.clone(), sandbox.clone()))?;
    print(&guide(&service, &sandbox, &users, &signature, folder.path()))?;
    let ended = serve::until_told(signals, running, Duration::ZERO, config.shutdown_timeout).await;
    sandbox.stop().await;
    ended
}

/// The address that this machine's programs reach a listening one at: nobody can connect to
/// "all addresses".
fn reached_at(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// The account that the lines of the guide are about.
fn first_account(sandbox: &Sandbox) -> AccountId {
    sandbox.accounts().first().map_or(AccountId::FOR_YOU, |first| first.id)
}

/// What a newcomer needs: where to look, and how to do the same by hand. The lines can be pasted
/// into a shell, one after the other or all at once.
fn guide(service: &str, sandbox: &Sandbox, users: &[DemoUser], signature: &str, folder: &Path) -> String {
    let api = format!("{service}/api/amo-crm");
    let amo = sandbox.hosts().first().cloned().unwrap_or_default();
    let account = first_account(sandbox);
    let tokens =
        users.iter().zip(["JWT", "JWT2"]).map(|(user, name)| format!("# {}\n{name}={}\n\n", user.name, user.jwt));
    let tokens: String = tokens.collect();
    let [attempt_id, state] = ["attemptId", "state"].map(|name| member("ATTEMPT", name));
    // A number, and the first member of its name.
    let task_id = r#"$(echo "$TASK" | sed 's/.*"data":{"id":\([0-9]*\).*/\1/')"#;
    let [code, referer] = ["code", "referer"].map(|name| member("ISSUED", name));
    format!(
        r#"Open {service}/ : the phone. amoCRM is at http://{amo} , a sandbox on this machine.

{tokens}# Connect by hand, begin an attempt. A browser would now go to its authorizationUrl
ATTEMPT=$(curl -sX POST {api}/authorize -H "Authorization: Bearer $JWT"); echo "$ATTEMPT"
ATTEMPT_ID={attempt_id}
STATE={state}
curl -s {api}/authorize/$ATTEMPT_ID -H "Authorization: Bearer $JWT"
# Instead, have the local amoCRM issue a code, and bring it as its redirect would. The answer is a page, this is its heading
ISSUED=$(curl -sX POST http://{amo}/_sandbox/codes -d '{{"account":{account}}}'); echo "$ISSUED"
CODE={code}
REFERER={referer}
curl -s "{api}/callback?code=$CODE&state=$STATE&referer=$REFERER" | sed -n 's/.*<h1[^>]*>\([^<]*\)<.*/\1/p'
# What the app does with the code of its deep link
curl -sX POST {api}/exchange-code -H "Authorization: Bearer $JWT" -H 'Content-Type: application/json' -d "{{\"code\":\"$CODE\"}}"

# Connected
curl -s {api}/status -H "Authorization: Bearer $JWT"
curl -s "{api}/leads?limit=5" -H "Authorization: Bearer $JWT"
LEAD_ID=$(curl -s "{api}/leads?limit=1" -H "Authorization: Bearer $JWT" | sed 's/.*"amoLeadId":\([0-9]*\).*/\1/')
curl -s "{api}/leads/$LEAD_ID?include=notes,tasks,events" -H "Authorization: Bearer $JWT"
curl -s {api}/leads/$LEAD_ID/notes -H "Authorization: Bearer $JWT"
curl -s {api}/leads/$LEAD_ID/tasks -H "Authorization: Bearer $JWT"
curl -s {api}/leads/$LEAD_ID/events -H "Authorization: Bearer $JWT"
curl -s {api}/me -H "Authorization: Bearer $JWT"
curl -s {api}/users -H "Authorization: Bearer $JWT"
curl -s "{api}/tasks?responsibleUserId=me&isCompleted=false" -H "Authorization: Bearer $JWT"
curl -s {api}/pipelines -H "Authorization: Bearer $JWT"
PIPELINE_ID=$(curl -s {api}/pipelines -H "Authorization: Bearer $JWT" | sed 's/.*"pipelineId":\([0-9]*\).*/\1/')
curl -s {api}/pipelines/$PIPELINE_ID/stages -H "Authorization: Bearer $JWT"
# Written down: a lead, a note, a task, each once, however often its line is repeated
curl -sX POST {api}/leads -H "Authorization: Bearer $JWT" -H 'Content-Type: application/json' -H 'Idempotency-Key: lead-1' -d '{{"name":"Sunrise Hotel","guestName":"Olena Koval","guestPhone":"+380671234567","comment":"Wants a balcony"}}'
curl -sX PATCH {api}/leads/$LEAD_ID -H "Authorization: Bearer $JWT" -H 'Content-Type: application/json' -H 'Idempotency-Key: change-1' -d '{{"price":12500,"tagsToAdd":["VIP"]}}'
curl -sX POST {api}/leads/$LEAD_ID/notes -H "Authorization: Bearer $JWT" -H 'Content-Type: application/json' -H 'Idempotency-Key: note-1' -d '{{"text":"She called"}}'
TASK=$(curl -sX POST {api}/leads/$LEAD_ID/tasks -H "Authorization: Bearer $JWT" -H 'Content-Type: application/json' -H 'Idempotency-Key: task-1' -d '{{"text":"Call back","completeTill":"2027-01-15T09:00:00Z"}}'); echo "$TASK"
TASK_ID={task_id}
curl -sX PATCH {api}/tasks/$TASK_ID -H "Authorization: Bearer $JWT" -H 'Content-Type: application/json' -H 'Idempotency-Key: done-1' -d '{{"isCompleted":true,"result":"She will come"}}'
curl -s {service}/healthz
curl -s {service}/readyz

# What amoCRM has seen, and what happens there, which the drawer on the phone page clicks: a colleague adds a lead, and a bad day
curl -s http://{amo}/_sandbox
curl -sX POST {service}/app/amo/add-lead
curl -sX POST {service}/app/amo/down
curl -s "{api}/leads?limit=5" -H "Authorization: Bearer $JWT"
curl -sX POST {service}/app/amo/normal

# The hook by which amoCRM says that an administrator has switched the integration off. The service asks the account, which still serves it
curl -s "{api}/hooks/disconnected?account_id={account}&client_uuid=sandbox&signature={signature}"
# Now it is switched off in earnest, and amoCRM sends the hook
curl -sX POST http://{amo}/_sandbox/disable -d '{{"account":{account}}}'
curl -sX POST {api}/disconnect -H "Authorization: Bearer $JWT"

Data: {}
Stop: Ctrl-C"#,
        folder.display()
    )
}
