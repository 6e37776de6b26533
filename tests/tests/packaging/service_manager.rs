//! `Type=notify`: systemd is told when the service serves and when it stops.

use std::path::Path;
use std::time::Duration;

use amo_connect_tests::{Served, World};
use tokio::net::UnixDatagram;
use tokio::time::timeout;

/// What the service manager at `socket` is told next.
async fn told(socket: &UnixDatagram) -> String {
    let mut message = [0; 512];
    let length = timeout(Duration::from_mins(1), socket.recv(&mut message)).await.unwrap().unwrap();
    String::from_utf8(message[..length].to_vec()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_manager_is_told_when_it_serves_and_when_it_stops() {
    let world = World::without_service().await;
    let path = world.folder().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    let service = serve(&world, &path);

    let ready = told(&socket).await;
    assert!(ready.contains("READY=1\n") && ready.contains("STATUS=serving at 127.0.0.1:"), "{ready}");
    let health = service.http().get(format!("{}/healthz", service.base)).send().await.unwrap();
    assert_eq!(health.status(), 200, "it serves when it says so");

    service.process().terminate();
    let stopping = told(&socket).await;
    assert!(stopping.contains("STOPPING=1\n"), "{stopping}");
    let (code, _, log) = service.into_process().ended().await;
    assert_eq!(code, Some(0), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_manager_that_cannot_be_told_stops_nothing() {
    let world = World::without_service().await;
    let service = serve(&world, &world.folder().join("nobody-listens"));
    service.process().until_logged("the service manager was not told").await;
    service.process().until_logged("serving").await;
    service.into_process().stop().await;
}

/// The service as a unit of a service manager that listens at `socket`.
fn serve(world: &World, socket: &Path) -> Served {
    Served::begin(&world.settings, &[("NOTIFY_SOCKET", socket.to_str().unwrap())], &world.folder())
}
