//! A stop while clients hold on to their connections.

use std::time::Duration;

use amo_connect_tests::{jwt, until};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use crate::{connect, serve, world};

/// Far shorter than `SHUTDOWN_TIMEOUT`, which is what a stop would take that waits for such clients.
const STOP: Duration = Duration::from_mins(2);

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_waits_for_no_client() {
    let mut world = world().await;
    world.settings.shutdown_timeout = Some("1h".to_owned());
    let service = serve(&world).await;
    let jwt = jwt("olena");
    let wanted = format!(
        "POST /api/amo-crm/exchange-code HTTP/1.1\r\nHost: service\r\nAuthorization: Bearer {jwt}\r\n\
         Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"
    );
    let unread = "GET /openapi.json HTTP/1.1\r\nHost: service\r\n\r\n".repeat(300);
    let mut sockets = Vec::new();
    for sent in [
        "",
        "GET /healthz HT",
        "POST /nowhere HTTP/1.1\r\nHost: service\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n \r\n",
        &wanted,
        &unread,
    ] {
        let mut socket = connect(&service).await;
        socket.write_all(sent.as_bytes()).await.unwrap();
        sockets.push(socket);
    }
    // The answer that nobody reads is on its way.
    sockets[4].read_exact(&mut [0; 12]).await.unwrap();
    let address = service.address().to_owned();
    let process = service.into_process();
    process.terminate();
    until("new connections are refused", async || tokio::net::TcpStream::connect(&address).await.is_err()).await;
    let (code, _, log) = timeout(STOP, process.ended()).await.expect("the stop waits for a client");
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("\"error.code\":\"stopped\""), "{log}");
}
