//! More connections than the service takes.

use amo_connect::budgets;
use amo_connect_sandbox::Faults;
use amo_connect_tests::{ACCOUNT, Served, World, jwt, until_within};
use futures_util::future::join_all;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::{PATIENCE, connect, ended, metric, serve, serves, world};

async fn waiting(service: &Served) -> u64 {
    metric(service, "amo_connect_client_connections{state=\"waiting\"}").await
}

async fn crowd(service: &Served, size: usize) -> Vec<TcpStream> {
    join_all((0..size).map(|_| connect(service))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn two_thousand_idle_connections_keep_nobody_from_being_served() {
    budgets::raise_descriptors();
    let world = world().await;
    let service = serve(&world).await;
    let most = metric(&service, "amo_connect_client_connections_max").await;
    let crowd = crowd(&service, 2_000).await;
    let expected = most.min(2_000) * 9 / 10;
    until_within(PATIENCE, "all are there", async || waiting(&service).await >= expected).await;
    for _ in 0..20 {
        assert!(serves(&service).await);
    }
    drop(crowd);
    until_within(PATIENCE, "all are gone", async || waiting(&service).await == 0).await;
}

/// A service that takes some two hundred connections, and how many these are.
async fn small() -> (World, Served, usize) {
    let mut world = world().await;
    world.settings.user_rate = Some("0".to_owned());
    let service = Served::start_within(512, &world.settings, &world.folder()).await;
    let most = metric(&service, "amo_connect_client_connections_max").await;
    assert!((16..512).contains(&most), "{most}");
    (world, service, usize::try_from(most).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn of_too_many_connections_those_end_that_were_idle_the_longest() {
    let (_world, service, most) = small().await;
    let first = crowd(&service, most / 2).await;
    until_within(PATIENCE, "the first are there", async || waiting(&service).await >= (most / 2) as u64).await;
    let others = crowd(&service, 2 * most).await;
    for mut oldest in first {
        let end = timeout(PATIENCE, oldest.read(&mut [0])).await;
        assert!(matches!(end, Ok(Ok(0) | Err(_))), "{end:?}");
    }
    assert!(serves(&service).await);
    assert!(ended(&service, "evicted").await >= most as u64);
    service.process().until_logged("as many as this process takes").await;
    assert_eq!(service.process().times_logged("Too many open files"), 0);
    assert!(waiting(&service).await <= most as u64);
    drop(others);
    until_within(PATIENCE, "there is room again", async || waiting(&service).await == 0).await;
    assert!(serves(&service).await);
}

/// Who is served is never sent away for somebody else.
#[tokio::test(flavor = "multi_thread")]
async fn where_requests_have_all_places_a_new_connection_is_told_when_to_come_again() {
    let (world, service, most) = small().await;
    world.connect_by(&service, "olena", ACCOUNT).await;
    slow_down(&world);
    let request = format!(
        "GET /api/amo-crm/leads?limit=5 HTTP/1.1\r\nHost: service\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\r\n",
        jwt("olena")
    );
    let answers = join_all((0..2 * most).map(async |_| until_answered(&service, &request).await)).await;
    let with =
        |status: &'static str| answers.iter().filter(move |answer| answer.starts_with(&format!("HTTP/1.1 {status} ")));
    let (served, mut refused) = (with("200").count(), with("503"));
    assert!(served >= most * 3 / 4, "{served} of {most}");
    let refused = refused.next().unwrap();
    assert!(refused.contains("retry-after: 1\r\n") && refused.contains("\"code\":\"overloaded\""), "{refused}");
    until_within(PATIENCE, "there is room again", async || serves(&service).await).await;
    assert!(ended(&service, "refused").await >= 1);
    service.process().until_logged("\"error.code\":\"refused\"").await;
}

/// amoCRM takes so long that all requests are there before the first answer.
fn slow_down(world: &World) {
    world.sandbox.set_faults(Faults { latency_ms: 3_000, ..world.sandbox.faults() }).unwrap();
}

/// What is answered to a request on a connection of its own. A place may be given away before its request has come:
/// then it is asked again.
async fn until_answered(service: &Served, request: &str) -> String {
    loop {
        let answer = ask(service, request).await;
        if !answer.is_empty() {
            return answer;
        }
    }
}

/// What is answered to a request on a connection of its own; nothing if it was ended before.
async fn ask(service: &Served, request: &str) -> String {
    let mut answer = String::new();
    if let Ok(mut socket) = TcpStream::connect(service.address()).await
        && socket.write_all(request.as_bytes()).await.is_ok()
    {
        let _ = timeout(PATIENCE, socket.read_to_string(&mut answer)).await.unwrap();
    }
    answer
}
