//! Requests that come to no end.

use amo_connect_tests::{jwt, until_within};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use crate::{PATIENCE, connect, drip, ended, serve, serves, world};

const HEALTHZ: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: service\r\n\r\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_head_without_an_end_is_not_waited_for_on_a_new_connection_and_on_a_kept_one() {
    let world = world().await;
    let service = serve(&world).await;
    let mut new = connect(&service).await;
    let mut kept = connect(&service).await;
    kept.write_all(HEALTHZ).await.unwrap();
    let mut answer = [0; 12];
    kept.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
    for socket in [&mut new, &mut kept] {
        socket.write_all(b"GET /healthz HTTP/1.1\r\nX-Drops: ").await.unwrap();
    }
    let (of_new, _) = tokio::join!(drip(new, b"."), drip(kept, b"."));
    assert_eq!(of_new, "");
    assert_eq!(ended(&service, "slow_request").await, 2);
    service.process().until_logged("slow_request").await;
    assert!(serves(&service).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_without_an_end_is_not_waited_for_whether_or_not_anybody_wants_it() {
    let world = world().await;
    let service = serve(&world).await;
    let post = |path: &str, header: &str| {
        let jwt = jwt("olena");
        format!(
            "POST {path} HTTP/1.1\r\nHost: service\r\nAuthorization: Bearer {jwt}\r\nContent-Type: application/json\r\n\
             {header}\r\n\r\n"
        )
    };
    let drips = async |head: String, drop: &[u8], status: &str| {
        let mut socket = connect(&service).await;
        socket.write_all(head.as_bytes()).await.unwrap();
        let answered = drip(socket, drop).await;
        assert!(answered.starts_with(&format!("HTTP/1.1 {status} ")), "{head}: {answered}");
    };
    let (chunked, long) = ("Transfer-Encoding: chunked", "Content-Length: 10000");
    tokio::join!(
        drips(post("/nowhere", chunked), b"1\r\n \r\n", "404"),
        drips(post("/nowhere", long), b" ", "404"),
        drips(post("/api/amo-crm/exchange-code", chunked), b"1\r\n \r\n", "408"),
        drips(post("/api/amo-crm/exchange-code", long), b" ", "408"),
        drips(post("/api/amo-crm/status", chunked), b"1\r\n \r\n", "405"),
    );
    assert!(ended(&service, "slow_request").await >= 3);
    assert!(serves(&service).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_that_is_not_made_and_a_connection_that_is_half_closed_end() {
    let world = world().await;
    let service = serve(&world).await;
    let mut upgrade = connect(&service).await;
    let head = "GET /healthz HTTP/1.1\r\nHost: service\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n";
    upgrade.write_all(head.as_bytes()).await.unwrap();
    assert!(drip(upgrade, b"\x81").await.starts_with("HTTP/1.1 200 "));

    for sent in [b"".as_slice(), b"GET /healthz HT", HEALTHZ] {
        let mut half = connect(&service).await;
        half.write_all(sent).await.unwrap();
        half.shutdown().await.unwrap();
        let mut answer = Vec::new();
        let read = timeout(PATIENCE, half.read_to_end(&mut answer)).await;
        assert!(read.is_ok(), "the service does not end it: {sent:?}");
    }
    until_within(PATIENCE, "all others are closed", async || {
        crate::metric(&service, "amo_connect_client_connections{state=\"waiting\"}").await == 0
    })
    .await;
}
