//! What the hosts of the local amoCRM are called, and whether they answer over TLS.

use std::path::PathBuf;

use amo_connect_sandbox::{HostNames, SandboxError, Tls};
use clap::Args;

use crate::cli::Failure;

/// Names and certificates.
#[derive(Args)]
pub(super) struct HostArgs {
    /// With --amo-only: the name your service reaches it by, where that is not the address it listens on
    #[arg(long, value_name = "NAME", requires = "amo_only", value_parser = host_name)]
    public_name: Option<String>,
    /// With --amo-only: the name of an account's host, as `31920194=foryou.amo.test`. May be given for each account;
    /// those with a name share the first port
    #[arg(long, value_name = "ACCOUNT=NAME", requires = "amo_only", value_parser = named_account)]
    #[arg(conflicts_with = "public_name")]
    host: Vec<(u64, String)>,
    /// With --amo-only: the domain under which every account has a name (`foryou`, `rivalhomes`, `empty`), all on one
    /// port
    #[arg(long, value_name = "NAME", requires = "amo_only", value_parser = host_name)]
    #[arg(conflicts_with_all = ["public_name", "host"])]
    domain: Option<String>,
    /// With --amo-only: answer over TLS, with a certificate and its key in PEM
    #[arg(long, value_names = ["CERT", "KEY"], num_args = 2, requires = "amo_only")]
    tls: Option<Vec<PathBuf>>,
    /// With --amo-only: answer over TLS, with a certificate by an authority of its own, which is kept in this folder
    /// (`ca.pem`)
    #[arg(long, value_name = "DIR", requires = "amo_only", conflicts_with = "tls")]
    tls_self_signed: Option<PathBuf>,
}

impl HostArgs {
    pub(super) fn names(&self) -> HostNames {
        if let Some(domain) = &self.domain {
            HostNames::Domain(domain.clone())
        } else if let Some(name) = &self.public_name {
            HostNames::Machine(name.clone())
        } else if self.host.is_empty() {
            HostNames::Addresses
        } else {
            HostNames::Accounts(self.host.iter().map(|(account, name)| ((*account).into(), name.clone())).collect())
        }
    }

    pub(super) fn tls(&self) -> Option<Tls> {
        match (self.tls.as_deref(), &self.tls_self_signed) {
            (Some([certificate, key]), _) => Some(Tls::Files { certificate: certificate.clone(), key: key.clone() }),
            (_, Some(folder)) => Some(Tls::SelfSigned { folder: folder.clone() }),
            _ => None,
        }
    }

    /// The domain of all accounts, if they have one.
    pub(super) fn domain(&self) -> Option<&str> {
        self.domain.as_deref()
    }
}

/// What is wrong with names and certificates, in terms of the flags.
pub(super) fn complaint(error: SandboxError) -> Failure {
    match error {
        SandboxError::UnknownAccount(account) => format!("--host {account}=…: there is no account {account}").into(),
        SandboxError::HostName { name, detail } => format!("--host …={name}: {detail}").into(),
        SandboxError::Tls { .. } => format!("the files for TLS: {error}").into(),
        error => error.into(),
    }
}

/// A name of a machine, without a port.
fn host_name(text: &str) -> Result<String, String> {
    match url::Host::parse(text) {
        Ok(host) if host.to_string() == text && !text.ends_with('.') => Ok(text.to_owned()),
        Ok(host) => Err(format!("as a host it is written {}", host.to_string().trim_end_matches('.'))),
        Err(error) => Err(error.to_string()),
    }
}

/// The number of an account, and the name of its host.
fn named_account(text: &str) -> Result<(u64, String), String> {
    let (account, name) = text.split_once('=').ok_or("there is no = in it")?;
    let account = account.parse().map_err(|error| format!("the account {account:?}: {error}"))?;
    host_name(name).map(|name| (account, name)).map_err(|why| format!("the name {name:?}: {why}"))
}
