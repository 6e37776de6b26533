//! Reading the body of an answer, which may be slow, endless, or cut off: what came is kept.

use std::time::Duration;

use reqwest::Response;
use tokio::time::{Instant, timeout, timeout_at};

use super::Loss;
use super::budget::Room;
use super::growth::Growth;

/// How long an answer that has all that is wanted may go on.
const LINGER: Duration = Duration::from_secs(1);

/// A body of which nothing came for so long is looked at, however little is new.
const PAUSE: Duration = Duration::from_millis(50);

/// It is waited for longer and longer, up to this, while little comes.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Reads into `body`, whatever ends it, up to `longest` bytes.
pub(super) async fn read_body(
    response: &mut Response,
    body: &mut Vec<u8>,
    longest: usize,
    mut into: Option<&mut Room>,
    has_it: impl Fn(&[u8]) -> bool,
) -> Result<(), Loss> {
    let (mut end, mut growth, mut pause) = (None, Growth::default(), PAUSE);
    let look = |body: &[u8], growth: &mut Growth| {
        growth.looked_at(body.len());
        has_it(body).then(|| Instant::now() + LINGER)
    };
    loop {
        let next = response.chunk();
        let chunk = match end {
            Some(end) => match timeout_at(end, next).await {
                Ok(chunk) => chunk,
                Err(_) => return Ok(()),
            },
            None if growth.is_new(body.len()) => {
                let Ok(chunk) = timeout(pause, next).await else {
                    end = look(body, &mut growth);
                    // Or a byte after each pause would have all of it looked through, again and again.
                    pause = (pause * 2).min(LONGEST_PAUSE);
                    continue;
                };
                chunk
            }
            None => next.await,
        };
        let Some(chunk) = chunk.map_err(|error| Loss::of(&error))? else { return Ok(()) };
        let room = longest - body.len();
        if let Some(into) = &mut into {
            into.grow(body.len() + chunk.len().min(room)).await?;
        }
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if chunk.len() > room {
            return Err(Loss::TooLong);
        }
        if end.is_none() && growth.is_worth_a_look(body.len()) {
            end = look(body, &mut growth);
            pause = PAUSE;
        }
    }
}

#[cfg(test)]
mod tests {
    use reqwest::{Method, Request};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;
    use url::Url;

    use super::*;
    use crate::http::{HttpClient, HttpLimits};

    const LIMITS: HttpLimits = HttpLimits {
        connect_timeout: Duration::from_secs(5),
        timeout: Duration::from_mins(1),
        longest_body: 2_000,
        is_local: true,
        private_addresses: false,
    };

    #[tokio::test]
    async fn little_that_comes_late_is_looked_at_though_the_answer_goes_on() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
        let (looked, first_look) = std::sync::mpsc::channel();
        let server = tokio::task::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            assert!(socket.read(&mut [0; 1024]).await.unwrap() > 0);
            let head = format!("HTTP/1.1 200 OK\r\n\r\n{}", "a".repeat(1_000));
            socket.write_all(head.as_bytes()).await.unwrap();
            tokio::task::spawn_blocking(move || first_look.recv().unwrap()).await.unwrap();
            socket.write_all(b"z").await.unwrap();
            std::future::pending::<()>().await;
        });
        let client = HttpClient::for_tokens(LIMITS).unwrap();
        let has_it = |body: &[u8]| {
            let _ = looked.send(());
            body.ends_with(b"z")
        };
        let answer = client.send_for(Request::new(Method::POST, url), has_it).await.unwrap();
        assert_eq!((answer.body.len(), answer.loss), (1_001, None));
        server.abort();
    }

    #[tokio::test]
    async fn a_byte_after_each_look_is_waited_for_longer_each_time() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
        let (looked, mut looks) = tokio::sync::mpsc::unbounded_channel();
        let server = tokio::task::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            assert!(socket.read(&mut [0; 1024]).await.unwrap() > 0);
            let head = format!("HTTP/1.1 200 OK\r\n\r\n{}", "a".repeat(1_000));
            socket.write_all(head.as_bytes()).await.unwrap();
            for byte in [b"b", b"c", b"d", b"z"] {
                looks.recv().await.unwrap();
                socket.write_all(byte).await.unwrap();
            }
            std::future::pending::<()>().await;
        });
        let client = HttpClient::for_tokens(LIMITS).unwrap();
        let begun = Instant::now();
        let found_after = std::cell::Cell::new(Duration::ZERO);
        let has_it = |body: &[u8]| {
            let _ = looked.send(());
            found_after.set(begun.elapsed());
            body.ends_with(b"z")
        };
        let answer = client.send_for(Request::new(Method::POST, url), has_it).await.unwrap();
        assert_eq!((answer.body.len(), answer.loss), (1_004, None));
        // The first is at once, and the others come after 50, 100, 200 and 400 ms.
        assert!(found_after.get() >= PAUSE * 15, "{:?}", found_after.get());
        server.abort();
    }
}
