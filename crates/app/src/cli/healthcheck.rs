//! `amo-connect healthcheck`, for images without a shell and without curl.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use amo_connect_adapters::http::{HttpClient, HttpLimits};
use clap::Args;
use url::{Host, Url};

use super::{Failure, print};
use crate::config::{Address, Settings};

/// `/readyz` itself asks the database for less.
const LIMITS: HttpLimits = HttpLimits {
    connect_timeout: Duration::from_secs(2),
    timeout: Duration::from_secs(4),
    longest_body: 4096,
    is_local: true,
    private_addresses: true,
};

/// Whom it asks.
#[derive(Args)]
pub(super) struct HealthcheckArgs {
    /// Ask the local amoCRM of `amo-connect sandbox` at this address [default: 127.0.0.1:8081] instead of the service
    #[arg(long, value_name = "ADDRESS", num_args = 0..=1, default_missing_value = "127.0.0.1:8081")]
    #[arg(value_parser = host_and_port)]
    sandbox: Option<(Host, u16)>,
    /// With --sandbox: ask over TLS, and trust this authority alone, as `ca.pem` of --tls-self-signed
    #[arg(long, value_name = "FILE", env = "AMO_CA_FILE")]
    ca_file: Option<PathBuf>,
    #[command(flatten)]
    settings: Settings<Address>,
}

/// Asks the service that runs with these settings, or a sandbox, whether it is ready.
pub(super) async fn run(args: &HealthcheckArgs) -> Result<(), Failure> {
    let Some((host, port)) = &args.sandbox else {
        let bind = args.settings.given.check_bind()?;
        let client = HttpClient::unpooled(LIMITS)?;
        return ask(&client, "http", (host_of(bind), bind.port()), "/readyz", "").await;
    };
    let address = (host.clone(), *port);
    let Some(file) = &args.ca_file else {
        let client = HttpClient::unpooled(LIMITS)?;
        return ask(&client, "http", address, CLOCK, WITHOUT_TLS).await;
    };
    ask(&trusting(file)?, "https", address, CLOCK, WITH_TLS).await
}

/// What may be wrong if a sandbox does not answer over HTTP.
const WITHOUT_TLS: &str = "; with --tls or --tls-self-signed it is asked over TLS, if --ca-file or AMO_CA_FILE names its \
                           authority";
/// What may be wrong if a sandbox does not answer over TLS.
const WITH_TLS: &str = "; the authority is that of --ca-file or AMO_CA_FILE, and without both it is asked over HTTP";

/// A small answer of a sandbox.
const CLOCK: &str = "/_sandbox/clock";

/// A client that trusts the authority of `file` alone.
fn trusting(file: &Path) -> Result<HttpClient, Failure> {
    let complaint = |why: &dyn std::fmt::Display| format!("--ca-file {}: {why}", file.display());
    let pem = std::fs::read(file).map_err(|error| complaint(&error))?;
    Ok(HttpClient::for_authority(LIMITS, &pem).map_err(|error| complaint(&error))?)
}

/// Asks for `path`. `hint` says what else may be wrong if nobody answers.
async fn ask(
    client: &HttpClient,
    scheme: &str,
    (host, port): (Host, u16),
    path: &str,
    hint: &str,
) -> Result<(), Failure> {
    let address = format!("{}:{port}", reachable(host));
    let url = Url::parse(&format!("{scheme}://{address}{path}"))?;
    match client.status(url).await {
        Ok(status) if status.is_success() => print("ready"),
        Ok(status) => Err(format!("not ready: {path} at {address} answered {}", status.as_u16()).into()),
        Err(why) => Err(format!("no answer from {address}: {why}{hint}").into()),
    }
}

/// A name or an address, and a port.
fn host_and_port(text: &str) -> Result<(Host, u16), String> {
    let (host, port) = text.rsplit_once(':').ok_or("there is no port in it, as in 127.0.0.1:8081")?;
    let port = port.parse().map_err(|error| format!("the port {port:?}: {error}"))?;
    let host = Host::parse(host).map_err(|error| format!("the host {host:?}: {error}"))?;
    Ok((host, port))
}

fn host_of(address: SocketAddr) -> Host {
    match address.ip() {
        IpAddr::V4(ip) => Host::Ipv4(ip),
        IpAddr::V6(ip) => Host::Ipv6(ip),
    }
}

/// Where a server answers that listens on `host`: one that listens everywhere answers on loopback.
fn reachable(host: Host) -> Host {
    match host {
        Host::Ipv4(ip) if ip.is_unspecified() => Host::Ipv4(Ipv4Addr::LOCALHOST),
        Host::Ipv6(ip) if ip.is_unspecified() => Host::Ipv6(Ipv6Addr::LOCALHOST),
        host => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_listens_everywhere_is_asked_on_loopback() {
        for (bind, asked) in [
            ("0.0.0.0:8080", "127.0.0.1:8080"),
            ("[::]:80", "[::1]:80"),
            ("127.0.0.2:1", "127.0.0.2:1"),
            ("10.1.2.3:9000", "10.1.2.3:9000"),
            ("foryou.amo.test:443", "foryou.amo.test:443"),
        ] {
            let (host, port) = host_and_port(bind).unwrap();
            assert_eq!(format!("{}:{port}", reachable(host)), asked, "{bind}");
        }
        assert_eq!(host_of("[::1]:80".parse().unwrap()).to_string(), "[::1]");
    }

    #[test]
    fn an_address_that_cannot_be_is_named() {
        for (text, complaint) in [
            ("127.0.0.1", "there is no port in it"),
            ("127.0.0.1:http", "the port \"http\""),
            ("a b:80", "the host \"a b\""),
        ] {
            let error = host_and_port(text).unwrap_err();
            assert!(error.starts_with(complaint), "{error}");
        }
    }
}
