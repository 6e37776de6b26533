//! What is no HTTP.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::{connect, ended, serve, serves, world};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_http_is_counted_and_is_no_error_of_the_service() {
    let world = world().await;
    let service = serve(&world).await;
    let long = format!("GET / HTTP/1.1\r\nX: {}", "x".repeat(200_000));
    let texts = ["\x16\x03\x01\x02 a greeting of TLS\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET\r\n\r\n", &long];
    for text in texts {
        let mut socket = connect(&service).await;
        let _ = socket.write_all(text.as_bytes()).await;
        let _ = socket.read_to_end(&mut Vec::new()).await;
    }
    assert_eq!(ended(&service, "malformed_request").await, texts.len() as u64);

    let mut chunked = connect(&service).await;
    let head = "POST /nowhere HTTP/1.1\r\nHost: service\r\nTransfer-Encoding: chunked\r\n\r\nno size\r\n";
    chunked.write_all(head.as_bytes()).await.unwrap();
    let _ = chunked.read_to_end(&mut Vec::new()).await;
    assert!(serves(&service).await);
    let log = service.into_process().stop().await;
    assert!(log.contains("malformed_request") && !log.contains("\"ERROR\""), "{log}");
}
