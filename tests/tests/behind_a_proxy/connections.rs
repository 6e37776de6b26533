//! Connections that are idle, and those that wait to be accepted.

use std::time::Duration;

use amo_connect::wiring;
use amo_connect_tests::{KeptConnection, TestApp};
use futures_util::future::join_all;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// What no idle connection lasts in the first of these tests, and every one in the second. actix's
/// own limit is between them.
const SHORT: Duration = Duration::from_millis(4500);
const LONG: Duration = Duration::from_secs(7);

async fn idle_after_a_request(idle_timeout: Option<&str>) -> KeptConnection {
    let app = TestApp::new().settings(|settings| settings.http_idle_timeout = idle_timeout.map(str::to_owned));
    let app = app.start().await;
    let mut connection = KeptConnection::to(app.address()).await.unwrap();
    assert_eq!(connection.ask("GET /healthz HTTP/1.1").await.unwrap().status, 200);
    connection
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_connection_is_closed_when_its_time_is_over() {
    let mut connection = idle_after_a_request(Some("1s")).await;
    assert!(timeout(SHORT, connection.is_closed()).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_connection_outlasts_the_seconds_between_a_proxys_requests() {
    let mut connection = idle_after_a_request(None).await;
    assert!(timeout(LONG, connection.is_closed()).await.is_err());
    assert_eq!(connection.ask("GET /healthz HTTP/1.1").await.unwrap().status, 200);
}

/// A proxy opens connections before it needs them.
#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_was_never_used_is_idle_as_others_are() {
    let open = async |idle_timeout: Option<&str>| {
        let app = TestApp::new().settings(|settings| settings.http_idle_timeout = idle_timeout.map(str::to_owned));
        let app = app.start().await;
        let connection = KeptConnection::to(app.address()).await.unwrap();
        (app, connection)
    };
    let ((_short, mut ends), (_long, mut stays)) = tokio::join!(open(Some("1s")), open(None));
    assert!(timeout(SHORT, ends.is_closed()).await.unwrap());
    assert!(timeout(LONG, stays.is_closed()).await.is_err());
    assert_eq!(stays.ask("GET /healthz HTTP/1.1").await.unwrap().status, 200);
}

/// More than the 128 that are usual; none of them is accepted here.
#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_connections_wait_while_the_service_is_busy() {
    let listener = wiring::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = listener.local_addr().unwrap();
    // Who finds no place is tried again after a second.
    let connect = || timeout(Duration::from_millis(900), TcpStream::connect(address));
    let connections = join_all((0..600).map(|_| connect())).await;
    let waiting = connections.iter().filter(|connected| matches!(connected, Ok(Ok(_)))).count();
    assert_eq!(waiting, 600);
}
