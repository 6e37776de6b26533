//! `amo-connect healthcheck` beside a service.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use amo_connect_tests::{Process, World, free_ports, word_after};

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
async fn a_local_amocrm_with_tls_is_asked_by_who_trusts_its_authority() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (ours, theirs) = (file("ours"), file("theirs"));
    let everywhere = format!("--amo-bind=0.0.0.0:{}", free_ports(33_000));
    let flags = ["sandbox", "--amo-only", &everywhere, "--i-know-this-is-not-amocrm", "--tls-self-signed", &ours];
    let mut process = Process::start(&flags, &[], folder.path());
    let guide = process.until_printed("Stop:").await;
    let port = word_after(&guide, "amoCRM is at https://").rsplit_once(':').unwrap().1.to_owned();
    let (_other, guide) = Process::sandbox(&["--amo-only", "--tls-self-signed", &theirs], folder.path()).await;
    let other = word_after(&guide, "amoCRM is at https://").to_owned();
    let (_plain, guide) = Process::sandbox(&["--amo-only"], folder.path()).await;
    let plain = word_after(&guide, "amoCRM is at http://").to_owned();
    let check = async |address: &str, variables: &[(&str, &str)], further: &[&str]| {
        let arguments = [&["healthcheck", "--sandbox", address], further].concat();
        Process::start(&arguments, variables, folder.path()).ended().await
    };
    let ca_file = format!("{ours}/ca.pem");
    let ready = (Some(0), "ready\n".to_owned(), String::new());
    for host in ["0.0.0.0", "localhost"] {
        assert_eq!(check(&format!("{host}:{port}"), &[], &["--ca-file", &ca_file]).await, ready, "{host}");
    }
    let here = format!("127.0.0.1:{port}");
    assert_eq!(check(&here, &[("AMO_CA_FILE", &ca_file)], &[]).await, ready);

    let key = format!("{ours}/ca-key.pem");
    for (address, file, complaint) in [
        (&here, None, "with --tls or --tls-self-signed it is asked over TLS, if --ca-file or AMO_CA_FILE names"),
        (&other, Some(&ca_file), "its certificate is not by the authority that is trusted"),
        (&format!("127.0.0.2:{port}"), Some(&ca_file), "its certificate is not for this name or address"),
        (&plain, Some(&ca_file), "what it answers is not TLS"),
        (&here, Some(&file("nothing")), "No such file"),
        (&here, Some(&key), "there is no certificate in it, in PEM"),
    ] {
        let further = file.map(|file| ["--ca-file", file]);
        let (code, output, told) = check(address, &[], further.as_ref().map_or(&[], |both| both.as_slice())).await;
        assert_eq!((code, output.as_str()), (Some(1), ""), "{told}");
        assert!(told.contains(complaint), "{told}");
    }
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
