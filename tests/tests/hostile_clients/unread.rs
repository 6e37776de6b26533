//! Answers that nobody reads.

use amo_connect_tests::{Served, until_within};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::{PATIENCE, ended, serve, serves, world};

/// A connection that takes little without being read.
async fn narrow(service: &Served) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    socket.connect(service.address().parse().unwrap()).await.unwrap()
}

/// More answers than sockets hold.
#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_read_a_long_answer_is_not_waited_for() {
    let world = world().await;
    let service = serve(&world).await;
    let mut socket = narrow(&service).await;
    let document = "GET /openapi.json HTTP/1.1\r\nHost: service\r\n\r\n".repeat(200);
    socket.write_all(document.as_bytes()).await.unwrap();
    until_within(PATIENCE, "it is ended", async || ended(&service, "unread_answer").await == 1).await;
    service.process().until_logged("unread_answer").await;
    assert!(serves(&service).await);
}

/// Answers without a body are as long as what asks for them: who does not read them may not go on to ask, or the service
/// keeps all of them in memory.
#[tokio::test(flavor = "multi_thread")]
async fn who_reads_no_answers_cannot_ask_without_an_end() {
    const FLOOD: usize = 256 * 1024 * 1024;
    let world = world().await;
    let service = serve(&world).await;
    let mut socket = narrow(&service).await;
    let requests = "HEAD /api/amo-crm/callback HTTP/1.1\r\nHost: service\r\n\r\n".repeat(1000);
    let flood = async {
        let mut sent = 0;
        while sent < FLOOD && socket.write_all(requests.as_bytes()).await.is_ok() {
            sent += requests.len();
        }
        sent
    };
    let sent = timeout(PATIENCE, flood).await.unwrap();
    assert!(sent < FLOOD, "all of it was taken");
    assert_eq!(ended(&service, "unread_answer").await, 1);
    assert!(serves(&service).await);
}
