//! `amo-connect healthcheck`, for images without a shell and without curl.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use amo_connect_adapters::http::{HttpClient, HttpLimits};
use clap::Args;
use url::Url;

use super::{Failure, print};
use crate::config::{Address, Settings};

/// `/readyz` itself asks the database for less.
const LIMITS: HttpLimits = HttpLimits {
    connect_timeout: Duration::from_secs(2),
    timeout: Duration::from_secs(4),
    longest_body: 4096,
    is_local: true,
};

/// Whom it asks.
#[derive(Args)]
pub(super) struct HealthcheckArgs {
    /// Ask the local amoCRM of `amo-connect sandbox` at this address [default: 127.0.0.1:8081] instead of the service
    #[arg(long, value_name = "ADDRESS", num_args = 0..=1, default_missing_value = "127.0.0.1:8081")]
    sandbox: Option<SocketAddr>,
    #[command(flatten)]
    settings: Settings<Address>,
}

/// Asks the service that runs with these settings, or a sandbox, whether it is ready.
pub(super) async fn run(args: &HealthcheckArgs) -> Result<(), Failure> {
    let (bind, path) = match args.sandbox {
        Some(address) => (address, "/_sandbox/clock"),
        None => (args.settings.given.check_bind()?, "/readyz"),
    };
    let address = reachable(bind);
    let url = Url::parse(&format!("http://{address}{path}"))?;
    let answer = HttpClient::for_reads_unpooled(LIMITS)?.get(url).await;
    match answer {
        Ok(answer) if answer.status.is_success() => print("ready"),
        Ok(answer) => Err(format!("not ready: {path} at {address} answered {}", answer.status.as_u16()).into()),
        Err(loss) => Err(format!("no answer from {address}: {loss}").into()),
    }
}

/// Where a service answers that listens on `bind`: one that listens everywhere answers on loopback.
fn reachable(bind: SocketAddr) -> SocketAddr {
    let ip = match bind.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, bind.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_that_listens_everywhere_is_asked_on_loopback() {
        for (bind, asked) in [
            ("0.0.0.0:8080", "127.0.0.1:8080"),
            ("[::]:80", "[::1]:80"),
            ("127.0.0.2:1", "127.0.0.2:1"),
            ("10.1.2.3:9000", "10.1.2.3:9000"),
        ] {
            assert_eq!(reachable(bind.parse().unwrap()).to_string(), asked, "{bind}");
        }
    }
}
