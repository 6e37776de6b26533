//! How requests leave: once, straight to the host, with limits on time and size.

use std::error::Error;
use std::io;
use std::time::Duration;

use http::{HeaderMap, StatusCode};
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, Request, Response};
use tokio::time::{Instant, timeout_at};

use super::settings::AmoLimits;

/// Shorter than servers keep idle connections, so that a call is seldom sent into a closed one.
pub(super) const IDLE: Duration = Duration::from_secs(20);

/// How long an answer that has all that is wanted may go on.
const LINGER: Duration = Duration::from_secs(1);

/// Headers of an answer to a token request. The library's own limit is 100.
const TOKEN_HEADERS: usize = 1024;

/// An HTTP client with a cap on the bodies it reads.
pub(super) struct Wire {
    client: Client,
    longest_body: usize,
}

/// An answer whose head was read.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    /// As much of the body as came.
    pub(super) body: Vec<u8>,
    /// What kept the rest of it from coming.
    pub(super) loss: Option<Loss>,
}

impl Answer {
    /// The body, if all of it came.
    pub(super) fn whole(&self) -> Result<&[u8], Loss> {
        self.loss.map_or(Ok(&self.body), Err)
    }
}

/// Why there is no answer, or not all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Loss {
    /// The host was not reached: DNS, TCP or TLS. It got no byte of the request.
    NotSent,
    /// It took too long.
    TimedOut,
    /// The connection ended early, or what came was no HTTP.
    Cut,
    /// The body is longer than we read.
    TooLong,
}

impl Wire {
    /// For token requests: each on a connection of its own. On a kept one it could not be told
    /// whether the request was sent before the server closed.
    ///
    /// The answer may hold what cannot be had again, so HTTP is taken as it comes: the parser is
    /// told to be as lenient as it can, and bodies are handed out as they were sent.
    pub(super) fn for_tokens(limits: &AmoLimits, local: bool) -> Result<Self, reqwest::Error> {
        let client = factory(limits, local)
            .timeout(limits.token_timeout)
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
        Ok(Self { client: client.build()?, longest_body: limits.token_body })
    }

    /// For reads of the API.
    pub(super) fn for_api(limits: &AmoLimits, local: bool) -> Result<Self, reqwest::Error> {
        let client = factory(limits, local).timeout(limits.api_timeout).pool_idle_timeout(IDLE);
        Ok(Self { client: client.build()?, longest_body: limits.api_body })
    }

    /// For reads of the API that each need a new connection.
    pub(super) fn for_api_unpooled(limits: &AmoLimits, local: bool) -> Result<Self, reqwest::Error> {
        let client = factory(limits, local).timeout(limits.api_timeout).pool_max_idle_per_host(0);
        Ok(Self { client: client.build()?, longest_body: limits.api_body })
    }

    /// Sends `request` once, and reads the answer to its end.
    pub(super) async fn send(&self, request: Request) -> Result<Answer, Loss> {
        self.send_for(request, |_| false).await
    }

    /// Sends `request` once, and reads the answer to its end, or for a second longer than it takes
    /// to see that the body has what is wanted.
    pub(super) async fn send_for(&self, request: Request, has_it: impl Fn(&[u8]) -> bool) -> Result<Answer, Loss> {
        let mut response = self.client.execute(request).await.map_err(|error| Loss::of(&error))?;
        let (mut body, headers) = (Vec::new(), std::mem::take(response.headers_mut()));
        let loss = self.read(&mut response, &mut body, has_it).await.err();
        let status = response.status().as_u16();
        tracing::debug!(amo.status = status, amo.loss = loss.map(Loss::name), "amoCRM answered");
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
            let room = self.longest_body - body.len();
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
    pub(super) fn longest_body(&self) -> usize {
        self.longest_body
    }
}

impl Loss {
    /// As it stands in the log.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::NotSent => "not_sent",
            Self::TimedOut => "timed_out",
            Self::Cut => "cut",
            Self::TooLong => "too_long",
        }
    }

    fn of(error: &reqwest::Error) -> Self {
        let loss = if error.is_connect() || error.is_builder() {
            Self::NotSent
        } else if error.is_timeout() {
            Self::TimedOut
        } else {
            Self::Cut
        };
        // Only the kind: an error's text can quote its peer.
        tracing::debug!(amo.loss = loss.name(), dns = error.is_dns(), io = ?io_kind(error), "amoCRM did not answer");
        loss
    }
}

fn io_kind(error: &reqwest::Error) -> Option<io::ErrorKind> {
    let chain = std::iter::successors(error.source(), |error| Error::source(*error));
    chain.filter_map(|error| error.downcast_ref::<io::Error>()).map(io::Error::kind).last()
}

/// The only maker of HTTP clients here. The machine's root certificates are trusted (what
/// reqwest's `rustls` brings), or none at all where amoCRM is a `local` one, over `http`.
/// Proxies of the environment are left alone: the service goes by its documented variables.
fn factory(limits: &AmoLimits, local: bool) -> ClientBuilder {
    let builder = Client::builder()
        .user_agent(concat!("amo-connect/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .no_proxy()
        .connect_timeout(limits.connect_timeout);
    if local { builder.tls_certs_only([]) } else { builder }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt as _;
    use tokio::net::TcpListener;
    use url::Url;

    use super::*;

    async fn loss_of_a_request_to(url: &str) -> Option<Loss> {
        let limits = AmoLimits { connect_timeout: Duration::from_millis(300), ..AmoLimits::default() };
        let wire = Wire::for_tokens(&limits, false).unwrap();
        let request = Request::new(reqwest::Method::POST, Url::parse(url).unwrap());
        wire.send(request).await.err()
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
