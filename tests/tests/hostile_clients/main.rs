//! Clients that hold on to what they get: the service ends their connections, tells of it, serves others meanwhile, and
//! comes back by itself.

#![expect(
    clippy::similar_names,
    clippy::match_same_arms,
    clippy::expect_used,
    reason = "a client that waits in vain fails its test"
)]
#![expect(clippy::unwrap_used, reason = "what a test stands on fails it")]

mod crowds;
mod descriptors;
mod malformed;
mod slow;
mod stops;
mod unread;

use std::time::Duration;

use amo_connect_tests::{Answer, Served, World};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long the service may take on a busy machine. Each limit is 30 s at most.
const PATIENCE: Duration = Duration::from_mins(3);

/// How long a client who drips waits between two bytes.
const BETWEEN_DROPS: Duration = Duration::from_millis(200);

/// A service without limits on the rate of its callers.
async fn world() -> World {
    let mut world = World::without_service().await;
    world.settings.address_rate = Some("0".to_owned());
    world
}

async fn serve(world: &World) -> Served {
    Served::start(&world.settings, &world.folder()).await
}

/// Whether an honest client is served.
async fn serves(service: &Served) -> bool {
    let alive = service.http().get(format!("{}/healthz", service.base)).send().await;
    alive.is_ok_and(|alive| alive.status() == 200) && service.get("olena", "/status").await.status == 200
}

/// The value of a metric, by its name and labels as `/metrics` writes them.
async fn metric(service: &Served, name: &str) -> u64 {
    let page = Answer::to(service.http().get(format!("{}/metrics", service.base))).await.text;
    let value = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value.unwrap_or_else(|| panic!("no {name}: {page}")).parse().unwrap()
}

/// How many connections were ended for this reason.
async fn ended(service: &Served, reason: &str) -> u64 {
    metric(service, &format!("amo_connect_client_connections_ended_total{{reason=\"{reason}\"}}")).await
}

async fn connect(service: &Served) -> TcpStream {
    TcpStream::connect(service.address()).await.unwrap()
}

/// Sends `drop` again and again until the service ends the connection. Returns what it has answered.
async fn drip(mut socket: TcpStream, drop: &[u8]) -> String {
    let mut answered = Vec::new();
    let until_it_ends = async {
        loop {
            match timeout(BETWEEN_DROPS, socket.read_buf(&mut answered)).await {
                Ok(Ok(0) | Err(_)) => break,
                Ok(Ok(_)) => {}
                Err(_) if socket.write_all(drop).await.is_err() => break,
                Err(_) => {}
            }
        }
    };
    timeout(PATIENCE, until_it_ends).await.expect("the service does not end it");
    String::from_utf8(answered).unwrap()
}
