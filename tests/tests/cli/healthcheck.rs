//! `amo-connect healthcheck` beside a service.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use amo_connect_tests::{Process, World, word_after};

/// Its exit code and standard output, and whether it complained.
async fn check(bind: &str) -> (Option<i32>, String, String) {
    let folder = tempfile::tempdir().unwrap();
    Process::start(&["healthcheck"], &[("BIND", bind)], folder.path()).ended().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_ready_is_healthy_wherever_it_listens() {
    let world = World::start().await;
    let bind = world.settings.bind.clone().unwrap();
    let everywhere = bind.replace("127.0.0.1", "0.0.0.0");
    for bind in [&bind, &everywhere] {
        assert_eq!(check(bind).await, (Some(0), "ready\n".to_owned(), String::new()), "{bind}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_local_amocrm_is_asked_at_its_address() {
    let folder = tempfile::tempdir().unwrap();
    let (_process, guide) = Process::sandbox(&["--amo-only"], folder.path()).await;
    let address = word_after(&guide, "amoCRM is at http://").to_owned();
    let check = async |arguments: &[&str]| Process::start(arguments, &[], folder.path()).ended().await;
    let told = check(&["healthcheck", "--sandbox", &address]).await;
    assert_eq!(told, (Some(0), "ready\n".to_owned(), String::new()));
    // A service is not asked what a sandbox is, nor the other way round.
    let (code, _, complaint) = check(&["healthcheck", "--bind", &address]).await;
    assert_eq!(code, Some(1));
    assert!(complaint.contains("/readyz") && complaint.contains("answered 404"), "{complaint}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_gone_or_not_ready_is_not() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap();
    let bind = nobody.local_addr().unwrap().to_string();
    drop(nobody);
    let (code, output, complaint) = check(&bind).await;
    assert_eq!((code, output.as_str()), (Some(1), ""));
    assert!(complaint.contains(&format!("no answer from {bind}")), "{complaint}");

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let bind = listener.local_addr().unwrap().to_string();
    let answering = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 1024];
        let read = stream.read(&mut request).unwrap();
        stream.write_all(b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n").unwrap();
        String::from_utf8_lossy(&request[..read]).into_owned()
    });
    let (code, output, complaint) = check(&bind).await;
    assert_eq!((code, output.as_str()), (Some(1), ""));
    assert!(complaint.contains("answered 503"), "{complaint}");
    assert!(answering.join().unwrap().starts_with("GET /readyz "));
}
