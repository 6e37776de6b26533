//! The HTTP client: it sends a request once, straight to the host, with limits on time and size.

use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, Method, Request, Response, StatusCode};
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::authority::{self, BadAuthority, NoAnswer};
use super::deadline::DeadlineBody;
use super::{Answer, Loss};
use crate::runtime::process_clock;

/// How long an idle connection is kept. Servers keep theirs longer, so that a call is seldom sent into
/// a closed one.
pub const IDLE: Duration = Duration::from_secs(20);

/// How long an answer that has all that is wanted may go on.
const LINGER: Duration = Duration::from_secs(1);

/// Headers of an answer to a token request. The library's own limit is 100.
const TOKEN_HEADERS: usize = 1024;

/// The limits of a client.
#[derive(Clone, Copy, Debug)]
pub struct HttpLimits {
    /// For reaching a host: DNS, TCP and TLS. Shorter than the other, or a host that cannot be
    /// reached is taken for one that did not answer.
    pub connect_timeout: Duration,
    /// For the whole call.
    pub timeout: Duration,
    /// Bytes of a body that are read.
    pub longest_body: usize,
    /// Whether the CRM is a local one, over `http`: then no root certificates are trusted, and none
    /// are needed.
    pub is_local: bool,
}

/// An HTTP client that sends a request once and reads a limited answer.
///
/// It follows no redirect, sends nothing again, and goes through no proxy that the environment
/// names. That a host may be called at all is for its caller to see to.
#[derive(Debug)]
pub struct HttpClient {
    client: Client,
    limits: HttpLimits,
}

impl HttpClient {
    /// For token requests: each on a connection of its own. On a kept one it could not be told
    /// whether the request was sent before the server closed.
    ///
    /// The answer may hold what cannot be had again, so HTTP is taken as it comes: the parser is
    /// told to be as lenient as it can, and bodies are handed out as they were sent
    /// ([`readings`](super::readings) undoes codings).
    pub fn for_tokens(limits: HttpLimits) -> Result<Self, reqwest::Error> {
        let lenient = builder(limits)
            .http1_only()
            .pool_max_idle_per_host(0)
            .http1_ignore_invalid_headers_in_responses(true)
            .http1_allow_obsolete_multiline_headers_in_responses(true)
            .http1_allow_spaces_after_header_name_in_responses(true)
            .http1_max_headers(TOKEN_HEADERS)
            .http09_responses()
            // Whatever other crates of a build switch on.
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .no_deflate();
        Ok(Self { client: lenient.build()?, limits })
    }

    /// For reads. Connections are kept for [`IDLE`].
    pub fn for_reads(limits: HttpLimits) -> Result<Self, reqwest::Error> {
        Ok(Self { client: builder(limits).pool_idle_timeout(IDLE).build()?, limits })
    }

    /// For requests that each need a new connection.
    pub fn unpooled(limits: HttpLimits) -> Result<Self, reqwest::Error> {
        Ok(Self { client: builder(limits).pool_max_idle_per_host(0).build()?, limits })
    }

    /// For reads over TLS from hosts whose certificates are by an authority of `pem`, and by no other.
    pub fn for_authority(limits: HttpLimits, pem: &[u8]) -> Result<Self, BadAuthority> {
        let trusting = builder(limits).pool_max_idle_per_host(0).tls_certs_only(authority::certificates(pem)?);
        Ok(Self { client: trusting.build().or(Err(BadAuthority::Certificate))?, limits })
    }

    /// The status of what is at `url`; its body is not read.
    pub async fn status(&self, url: Url) -> Result<StatusCode, NoAnswer> {
        let answer = self.client.execute(Request::new(Method::GET, url)).await;
        answer.map(|answer| answer.status()).map_err(|error| NoAnswer::of(&error))
    }

    /// Gets what is at `url`.
    pub async fn get(&self, url: Url) -> Result<Answer, Loss> {
        self.send(Request::new(Method::GET, url)).await
    }

    /// Sends `request` once, and reads the answer to its end.
    pub async fn send(&self, request: Request) -> Result<Answer, Loss> {
        self.send_for(request, |_| false).await
    }

    /// As [`Self::send`], with `body`, and unless the connection takes longer than `within`: then no byte is sent,
    /// also if the machine slept meanwhile.
    pub async fn send_within(&self, mut request: Request, body: Vec<u8>, within: Duration) -> Result<Answer, Loss> {
        let body = DeadlineBody::new(body.into(), process_clock() + within, process_clock);
        *request.body_mut() = Some(reqwest::Body::wrap(body));
        self.send(request).await
    }

    /// Sends `request` once, and reads the answer to its end, or for a second longer than it takes
    /// to see that the body has what is wanted.
    pub async fn send_for(&self, request: Request, has_it: impl Fn(&[u8]) -> bool) -> Result<Answer, Loss> {
        let mut response = self.client.execute(request).await.map_err(|error| Loss::of(&error))?;
        let length = response.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or_default();
        let mut body = Vec::with_capacity(length.min(self.limits.longest_body));
        let headers = std::mem::take(response.headers_mut());
        let loss = self.read(&mut response, &mut body, has_it).await.err();
        tracing::debug!(amo.status = response.status().as_u16(), amo.loss = loss.map(Loss::name), "the CRM answered");
        Ok(Answer { status: response.status(), headers, body, loss })
    }

    /// Reads into `body`, whatever ends it.
    async fn read(
        &self,
        response: &mut Response,
        body: &mut Vec<u8>,
        has_it: impl Fn(&[u8]) -> bool,
    ) -> Result<(), Loss> {
        let mut end: Option<Instant> = None;
        loop {
            let next = response.chunk();
            let chunk = match end {
                None => next.await,
                Some(end) => match timeout_at(end, next).await {
                    Ok(chunk) => chunk,
                    Err(_) => return Ok(()),
                },
            };
            let Some(chunk) = chunk.map_err(|error| Loss::of(&error))? else { return Ok(()) };
            let room = self.limits.longest_body - body.len();
            body.extend_from_slice(&chunk[..chunk.len().min(room)]);
            if chunk.len() > room {
                return Err(Loss::TooLong);
            }
            if end.is_none() && has_it(body) {
                end = Some(Instant::now() + LINGER);
            }
        }
    }

    /// The most bytes of a body that are read.
    pub fn longest_body(&self) -> usize {
        self.limits.longest_body
    }
}

/// The only maker of HTTP clients here. The machine's root certificates are trusted (what
/// reqwest's `rustls` brings), or none at all. Proxies of the environment are left alone: the
/// service goes by its documented variables.
fn builder(limits: HttpLimits) -> ClientBuilder {
    let builder = Client::builder()
        .user_agent(concat!("amo-connect/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .no_proxy()
        .connect_timeout(limits.connect_timeout)
        .timeout(limits.timeout);
    if limits.is_local { builder.tls_certs_only([]) } else { builder }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncWriteExt as _;
    use tokio::net::TcpListener;

    async fn loss_of_a_request_to(url: &str) -> Option<Loss> {
        let limits = HttpLimits {
            connect_timeout: Duration::from_millis(300),
            timeout: Duration::from_mins(1),
            longest_body: 1,
            is_local: false,
        };
        let client = HttpClient::for_tokens(limits).unwrap();
        let request = Request::new(reqwest::Method::POST, Url::parse(url).unwrap());
        client.send(request).await.err()
    }

    #[tokio::test]
    async fn a_tls_handshake_that_fails_or_never_ends_sends_nothing() {
        for greeting in [Some("HTTP/1.1 400 Bad Request\r\n\r\n"), Some(""), None] {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let url = format!("https://{}/", listener.local_addr().unwrap());
            let server = tokio::spawn(async move {
                let (mut socket, _) = listener.accept().await.unwrap();
                match greeting {
                    Some(greeting) => socket.write_all(greeting.as_bytes()).await.unwrap(),
                    None => std::future::pending().await,
                }
            });
            assert_eq!(loss_of_a_request_to(&url).await, Some(Loss::NotSent), "{greeting:?}");
            server.abort();
        }
    }

    #[tokio::test]
    async fn a_name_without_an_address_and_a_closed_port_get_nothing() {
        let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        for url in ["https://example.invalid/".to_owned(), format!("http://{closed}/")] {
            assert_eq!(loss_of_a_request_to(&url).await, Some(Loss::NotSent), "{url}");
        }
    }
}
