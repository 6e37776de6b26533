//! A deadline for the first byte of a request, by a clock that counts suspension.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

/// The clock that a deadline is a time of: how long ago an unknown moment was.
pub(super) type Clock = fn() -> Duration;

/// A body that is an error once its deadline has passed.
///
/// The HTTP library asks for the body when the connection is there, and before it writes the head. So of a request
/// that is late no byte is sent, however long the connection took and however long the machine slept meanwhile.
pub(super) struct DeadlineBody {
    bytes: Option<Bytes>,
    deadline: Duration,
    clock: Clock,
}

/// The deadline had passed before the first byte was sent.
#[derive(Debug, thiserror::Error)]
#[error("the connection came too late")]
pub(super) struct DeadlinePassed;

impl DeadlineBody {
    pub(super) fn new(bytes: Bytes, deadline: Duration, clock: Clock) -> Self {
        Self { bytes: Some(bytes), deadline, clock }
    }
}

impl Body for DeadlineBody {
    type Data = Bytes;
    type Error = DeadlinePassed;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, DeadlinePassed>>> {
        let this = self.get_mut();
        Poll::Ready(this.bytes.take().map(|bytes| {
            let is_late = (this.clock)() > this.deadline;
            if is_late { Err(DeadlinePassed) } else { Ok(Frame::data(bytes)) }
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.as_ref().map_or(0, |bytes| u64::try_from(bytes.len()).unwrap_or(u64::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use reqwest::{Client, Method, Request, Url};
    use tokio::io::AsyncReadExt as _;
    use tokio::net::TcpListener;

    use super::*;
    use crate::http::Loss;

    /// What a server gets of a request whose deadline is at ten, and what its sender is told.
    async fn sent_at(clock: Clock) -> (String, Option<Loss>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let server = tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut got = vec![0; 1024];
            let length = socket.read(&mut got).await.unwrap();
            String::from_utf8_lossy(&got[..length]).into_owned()
        });
        let mut request = Request::new(Method::POST, Url::parse(&url).unwrap());
        let body = DeadlineBody::new(Bytes::from_static(b"[{}]"), Duration::from_secs(10), clock);
        *request.body_mut() = Some(reqwest::Body::wrap(body));
        let client = Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
        let loss = client.execute(request).await.err().map(|error| Loss::of(&error));
        (server.await.unwrap(), loss)
    }

    #[tokio::test]
    async fn a_connection_that_comes_after_the_deadline_gets_no_byte() {
        let (got, loss) = sent_at(|| Duration::from_millis(10_001)).await;
        assert_eq!((got.as_str(), loss), ("", Some(Loss::NotSent)));
    }

    #[tokio::test]
    async fn a_connection_that_comes_in_time_gets_all_with_its_length() {
        let (got, loss) = sent_at(|| Duration::from_secs(10)).await;
        assert!(got.contains("\r\ncontent-length: 4\r\n") && got.ends_with("\r\n\r\n[{}]"), "{got}");
        // The server hangs up without an answer.
        assert_eq!(loss, Some(Loss::Cut));
    }
}
