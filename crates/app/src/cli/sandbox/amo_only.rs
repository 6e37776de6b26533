//! `amo-connect sandbox --amo-only`: the local amoCRM for a service of someone else's.

use amo_connect_sandbox::{AccountInfo, Options, Report, Sandbox};

use super::{SandboxArgs, member, start_amo};
use crate::cli::signals::Signals;
use crate::cli::{Failure, complain, print};

pub(super) async fn run(args: SandboxArgs) -> Result<(), Failure> {
    args.check_address("--amo-bind", args.amo_bind)?;
    for (flag, given) in [("--bind", args.bind.is_some()), ("--data", args.data.is_some())] {
        if given {
            complain(&format!("{flag} is for the service, which --amo-only leaves out; it is not used"));
        }
    }
    let defaults = args.options()?;
    let options = Options {
        redirect_uri: args.redirect_uri.unwrap_or_else(|| defaults.redirect_uri.clone()),
        hook_url: args.hook_url.clone(),
        ..defaults
    };
    let sandbox = start_amo(options, None).await?;
    // Before the guide: whoever has read it may tell us to stop.
    let mut signals = Signals::new()?;
    print(&guide(&sandbox, args.hook_url.as_deref(), args.hosts.domain()))?;
    signals.told().await;
    sandbox.stop().await;
    Ok(())
}

/// What a service, and a test of one, needs to know. `domain` is that of all accounts, if they have one.
fn guide(sandbox: &Sandbox, hook_url: Option<&str>, domain: Option<&str>) -> String {
    let Report { auth_url, hosts, client_id, redirect_uri, accounts, .. } = sandbox.report();
    let amo = accounts.first().and_then(|account| sandbox.url(account.id, "").ok()).unwrap_or_default();
    let (ca_file, ca_lines) = trust(sandbox);
    let resolved = resolution(sandbox.names());
    // Names lead to this machine. An address needs no leave.
    let private = if resolved.is_empty() { "" } else { "AMO_ALLOW_PRIVATE_ADDRESSES=true\n" };
    let hook = hook_url.map_or_else(|| "nowhere, --hook-url sends it".to_owned(), |url| format!("to {url}"));
    let (code, access_token) = (member("ISSUED", "code"), member("PAIR", "access_token"));
    let quoted = redirect_uri.replace('\'', r"'\''");
    let people: String = accounts.iter().map(described).collect();
    let account = accounts.first().map_or(0, |first| first.id.get());
    format!(
        r#"amoCRM is at {amo} , a sandbox on this machine. It needs no internet and no account.

AMO_AUTH_URL={auth_url}
AMO_ALLOWED_HOSTS={hosts}
AMO_CLIENT_ID={client_id}
AMO_CLIENT_SECRET=sandbox-secret
AMO_REDIRECT_URI={redirect_uri}
{private}{ca_file}
# `amo-connect serve` needs JWT_SECRET and TOKEN_KEYS besides (amo-connect keys new).
# The redirect URI is compared byte for byte, --redirect-uri changes it. The disconnect hook goes {hook}.
{people}{resolved}{ca_lines}
# Log in by hand in a browser at this address, choose who you are, allow it
echo "{auth_url}?client_id={client_id}&state=hello"
# or have a code issued without a browser, and exchange it
ISSUED=$(curl -sX POST {amo}/_sandbox/codes -d '{{"account":{account}}}'); echo "$ISSUED"
CODE={code}
PAIR=$(curl -sX POST {amo}/oauth2/access_token -d client_id={client_id} -d client_secret=sandbox-secret -d grant_type=authorization_code -d code=$CODE --data-urlencode 'redirect_uri={quoted}'); echo "$PAIR"
ACCESS_TOKEN={access_token}
curl -s "{amo}/api/v4/leads?limit=5" -H "Authorization: Bearer $ACCESS_TOKEN"

# What it has seen: counters, grants, faults, switches
curl -s {amo}/_sandbox
# Bad days: slow, down, banned, a lost answer. A null takes one back
curl -sX PATCH {amo}/_sandbox/faults -d '{{"latency_ms":4000}}'
curl -sX PATCH {amo}/_sandbox/faults -d '{{"api_outage":503,"token_outage":"html403"}}'
curl -sX PATCH {amo}/_sandbox/faults -d '{{"fail_token":["drop_after"]}}'
curl -sX PATCH {amo}/_sandbox/faults -d '{{"latency_ms":null,"api_outage":null,"token_outage":null,"fail_token":null}}'
# Answers with a pair that are odd, one after the other: a notice before it, a compression nobody asked for
curl -sX PATCH {amo}/_sandbox/faults -d '{{"dress":["junk_before","gzip_unnamed"]}}'
# Access tokens end. All ends and nobody is told. All ends and the hook is sent. The account moves
curl -sX POST {amo}/_sandbox/expire -d '{{"account":{account}}}'
curl -sX POST {amo}/_sandbox/revoke -d '{{"account":{account}}}'
curl -sX POST {amo}/_sandbox/disable -d '{{"account":{account}}}'
curl -sX POST {amo}/_sandbox/move -d '{{"account":{account}}}'
# A day passes. Everything as at the start
curl -sX POST {amo}/_sandbox/clock -d '{{"advance_s":86400}}'
curl -sX POST {amo}/_sandbox/reset

Stop: Ctrl-C"#,
        hosts = domain.map_or_else(|| hosts.join(","), str::to_owned),
    )
}

/// The file that clients must trust, and how curl is told so.
fn trust(sandbox: &Sandbox) -> (String, String) {
    let Some(file) = sandbox.ca_file() else { return (String::new(), String::new()) };
    let file = std::path::absolute(&file).unwrap_or(file).display().to_string();
    let quoted = file.replace('\'', r"'\''");
    let lines = format!("# Clients must trust this authority, curl does so by\nexport CURL_CA_BUNDLE='{quoted}'\n");
    (format!("AMO_CA_FILE={file}\n"), lines)
}

/// The names that must lead here.
fn resolution(names: &[String]) -> String {
    if names.is_empty() {
        return String::new();
    }
    format!("# These names must lead here, by a line of /etc/hosts\n# 127.0.0.1 {}\n", names.join(" "))
}

fn described(account: &AccountInfo) -> String {
    let people: Vec<_> = account.users.iter().map(|user| format!("{} {}", user.id, user.name)).collect();
    let AccountInfo { id, name, host, leads, .. } = account;
    format!("# {id} {name} at {host}, {leads} leads: {}\n", people.join(", "))
}
