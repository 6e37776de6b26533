//! `amo-connect sandbox`: the whole thing on one machine, or its amoCRM alone.

mod amo_only;
mod folder;
mod hosts;
mod whole;

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use amo_connect_sandbox::{Fixtures, Options, Sandbox, SandboxError};
use clap::Args;
use clap::builder::RangedU64ValueParser;
use jiff::Timestamp;
use url::Url;

use super::Failure;
use hosts::HostArgs;

/// Where it listens and what it keeps.
#[derive(Args)]
pub(super) struct SandboxArgs {
    /// Where the service and the phone page listen [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS")]
    bind: Option<SocketAddr>,
    /// Where the local amoCRM listens; its other accounts take the five ports after it
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8081")]
    amo_bind: SocketAddr,
    /// The folder that keeps database and keys [default: a new one, removed at the end]
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// What names, leads and times are made from: the same in each run with this flag. Without it times follow the
    /// clock [default: 2026]
    #[arg(long)]
    seed: Option<u64>,
    /// How many leads For You Real Estate has, at most 100000
    #[arg(long, value_name = "N", default_value_t = Options::default().leads, value_parser = leads())]
    leads: usize,
    /// Accounts with people, pipelines, leads and contacts, in YAML or JSON, instead of the made-up ones
    #[arg(long, value_name = "FILE", conflicts_with = "leads")]
    fixtures: Option<PathBuf>,
    /// Listen where others than this machine can come in, and send hooks and webhooks to other machines
    #[arg(long)]
    i_know_this_is_not_amocrm: bool,
    /// Only the local amoCRM, for a service of your own
    #[arg(long)]
    amo_only: bool,
    #[command(flatten)]
    hosts: HostArgs,
    /// With --amo-only: the redirect URI of your service [default: `http://127.0.0.1:8080/api/amo-crm/callback`]
    #[arg(long, value_name = "URI", requires = "amo_only", value_parser = web_address)]
    redirect_uri: Option<String>,
    /// With --amo-only: where the disconnect hook goes [default: it is not sent]
    #[arg(long, value_name = "URL", requires = "amo_only", value_parser = web_address)]
    hook_url: Option<String>,
}

/// Runs it until it is told to stop.
pub(super) async fn run(args: SandboxArgs) -> Result<(), Failure> {
    if args.amo_only { amo_only::run(args).await } else { whole::run(args).await }
}

impl SandboxArgs {
    fn check_address(&self, flag: &str, address: SocketAddr) -> Result<(), Failure> {
        if address.ip().is_loopback() || self.i_know_this_is_not_amocrm {
            return Ok(());
        }
        let why = "others than this machine could come in; add --i-know-this-is-not-amocrm if that is meant";
        Err(format!("{flag} {address}: {why}").into())
    }

    fn options(&self) -> Result<Options, Failure> {
        let defaults = Options::default();
        Ok(Options {
            amo_bind: self.amo_bind,
            allow_non_loopback: self.i_know_this_is_not_amocrm,
            names: self.hosts.names(),
            tls: self.hosts.tls(),
            seed: self.seed.unwrap_or(defaults.seed),
            present: if self.seed.is_some() { defaults.present } else { today() },
            leads: self.leads,
            fixtures: self.fixtures.as_deref().map(read_fixtures).transpose()?,
            ..defaults
        })
    }
}

/// Reads a file of fixtures. Each of its mistakes is a line that an editor can jump to.
fn read_fixtures(path: &Path) -> Result<Fixtures, Failure> {
    let file = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| format!("--fixtures {file}: {error}"))?;
    Fixtures::parse(&text).map_err(|mistakes| {
        let mut complaint = "--fixtures has mistakes, nothing was started:".to_owned();
        for mistake in &mistakes.0 {
            // Writing into a string does not fail.
            let _ = write!(complaint, "\n{file}:{mistake}");
        }
        complaint.into()
    })
}

/// Starts the local amoCRM; `beside` is what the service listens on. What goes wrong is said in
/// terms of the flags.
async fn start_amo(options: Options, beside: Option<SocketAddr>) -> Result<Sandbox, Failure> {
    Sandbox::start(options).await.map_err(|error| match error {
        SandboxError::PortsExhausted { first, needed } => {
            let last = u32::from(first) + u32::from(needed) - 1;
            let highest = u16::MAX - needed + 1;
            format!("--amo-bind: the {needed} ports {first} to {last} are needed, and there is no {last}; choose at most {highest}")
                .into()
        }
        SandboxError::Bind { address, first, needed, source } => {
            let range = if needed > 1 && first.port() != 0 { format!(", of {needed} ports from {first}") } else { String::new() };
            let ours = if beside == Some(address) { "; --bind has taken it" } else { "" };
            format!("cannot listen on {address}{range}: {source}{ours} (--amo-bind changes the first)").into()
        }
        error => hosts::complaint(error),
    })
}

/// The time, in seconds since 1970: leads that a person looks at are a few days old.
#[expect(clippy::disallowed_methods, reason = "a sandbox for people is made once, by the wall clock")]
fn today() -> u64 {
    u64::try_from(Timestamp::now().as_second()).unwrap_or_default()
}

/// Shell for a member of the JSON in `variable`, without more than every machine has.
fn member(variable: &str, name: &str) -> String {
    format!(r#"$(echo "${variable}" | sed 's/.*"{name}":"\([^"]*\)".*/\1/')"#)
}

/// A number of leads that a laptop has room for.
fn leads() -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(..=100_000)
}

/// An absolute address of the web, as it was written.
fn web_address(text: &str) -> Result<String, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    match url.scheme() {
        "http" | "https" if url.fragment().is_none() => Ok(text.to_owned()),
        "http" | "https" => Err("it has a fragment (#)".to_owned()),
        _ => Err("it begins with neither http:// nor https://".to_owned()),
    }
}
