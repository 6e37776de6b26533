//! How an instance is told to stop, and what it does until it has.

use std::time::{Duration, Instant};

use amo_connect_domain::usecase::BACKGROUND_INTERVAL;
use amo_connect_tests::{ACCOUNT, Answer, KeptConnection, Process, Served, TestApp, World, jwt, until};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A service that drains for longer than any test takes.
async fn that_drains_long() -> (World, Served) {
    let mut world = World::without_service().await;
    world.settings.drain_delay = Some("10m".to_owned());
    let served = Served::start(&world.settings, &world.folder()).await;
    (world, served)
}

async fn ready(served: &Served) -> Answer {
    Answer::to(served.http().get(format!("{}/readyz", served.base))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_for_readiness_learns_of_a_stop_first_and_requests_are_served_meanwhile() {
    let signals: [fn(&Process); 2] = [Process::terminate, Process::hang_up];
    for tell in signals {
        let (_world, served) = that_drains_long().await;
        assert_eq!(ready(&served).await.status, 200);
        let mut kept = KeptConnection::to(served.address()).await.unwrap();
        let status = format!("GET /api/amo-crm/status HTTP/1.1\r\nAuthorization: Bearer {}", jwt("olena"));
        let before = kept.ask(&status).await.unwrap();
        assert!(before.status == 200 && !before.closes(), "{before:?}");

        tell(served.process());
        until("it is not ready", async || ready(&served).await.status == 503).await;
        assert_eq!(ready(&served).await.problem(), (503, "draining"));
        let alive = Answer::to(served.http().get(format!("{}/healthz", served.base))).await;
        assert_eq!(alive.status, 200);
        assert_eq!(served.get("olena", "/status").await.status, 200);
        let during = kept.ask(&status).await.unwrap();
        assert!(during.status == 200 && during.closes(), "{during:?}");
        assert!(kept.is_closed().await);

        // Whoever does not want to wait for the end of the delay.
        served.process().interrupt();
        let (code, _, log) = served.into_process().ended().await;
        assert_eq!(code, Some(0), "{log}");
        assert!(log.contains("draining") && log.contains("stopped"), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_does_not_wait_for_the_delay() {
    let (_world, served) = that_drains_long().await;
    let address = served.address().to_owned();
    served.process().interrupt();
    let (code, _, log) = served.into_process().ended().await;
    assert_eq!(code, Some(0), "{log}");
    assert!(TcpStream::connect(&address).await.is_err());
}

/// Others can begin them, and this process would have to wait for them.
#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_drains_begins_no_background_refresh() {
    let mut world = World::without_service().await;
    world.settings.drain_delay = Some("10m".to_owned());
    world.settings.keepalive_after = Some("1s".to_owned());
    let served = Served::start(&world.settings, &world.folder()).await;
    world.connect_by(&served, "olena", ACCOUNT).await;
    let refreshes = || world.sandbox.stats().refreshes;
    until("the background refreshes", async || refreshes() >= 2).await;

    served.process().terminate();
    until("it is not ready", async || ready(&served).await.status == 503).await;
    let before = refreshes();
    tokio::time::sleep(BACKGROUND_INTERVAL * 3).await;
    let since = refreshes() - before;
    assert!(since <= 1, "one may be under way, and these are {since}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_closes_an_idle_connection_and_does_not_reset_it() {
    let app = TestApp::new().start().await;
    let mut idle = KeptConnection::to(app.address()).await.unwrap();
    let alive = idle.ask("GET /healthz HTTP/1.1").await.unwrap();
    assert!(alive.status == 200 && !alive.closes(), "{alive:?}");
    let (closed, ()) = tokio::join!(idle.is_closed(), app.stop());
    assert!(closed);
}

/// actix looks once a second whether its connections have ended. Of five stops at least one is as
/// quick on a busy machine too.
#[tokio::test(flavor = "multi_thread")]
async fn a_stop_ends_with_the_last_request_and_waits_for_no_poll() {
    let mut quickest = Duration::MAX;
    let world = World::without_service().await;
    for _ in 0..5 {
        let served = Served::start(&world.settings, &world.folder()).await;
        let address = served.address().to_owned();
        let mut late = TcpStream::connect(&address).await.unwrap();
        let head = format!(
            "POST /api/amo-crm/exchange-code HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/json\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n",
            jwt("olena")
        );
        late.write_all(head.as_bytes()).await.unwrap();
        // The request is under way, and not still on its way.
        let mut goes_on = [0; 25];
        late.read_exact(&mut goes_on).await.unwrap();
        assert_eq!(&goes_on, b"HTTP/1.1 100 Continue\r\n\r\n");
        let answered = async {
            until("new connections are refused", async || TcpStream::connect(&address).await.is_err()).await;
            // Past the time that a stop leaves to requests that have just been sent.
            tokio::time::sleep(Duration::from_millis(100)).await;
            late.write_all(b"{}").await.unwrap();
            let mut answer = String::new();
            late.read_to_string(&mut answer).await.unwrap();
            assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
            Instant::now()
        };
        let (answered, _) = tokio::join!(answered, served.into_process().stop());
        quickest = quickest.min(answered.elapsed());
    }
    assert!(quickest < Duration::from_millis(300), "{quickest:?}");
}
