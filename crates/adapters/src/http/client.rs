//! The HTTP client: it sends a request once, straight to the host, with limits on time and size.

use std::sync::Arc;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, Method, Request, StatusCode};
use url::Url;

use super::authority::{self, BadAuthority, NoAnswer};
use super::budget::Room;
use super::deadline::DeadlineBody;
use super::dns::{PublicResolver, SystemResolver};
use super::read_body::read_body;
use super::{Answer, CallBudget, Loss, SMALL_ANSWER};
use crate::runtime::process_clock;

/// How long an idle connection is kept. Servers keep theirs longer, so that a call is seldom sent into
/// a closed one.
pub const IDLE: Duration = Duration::from_secs(20);

/// How many idle connections to one host are kept: as many calls as are under way at one time at amoCRM's seven a second.
pub const KEPT_PER_HOST: usize = 4;

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
    /// Whether a host's name may lead to an address of a private network. If not, such a host cannot be reached. An
    /// address that stands in the URL itself is nobody's name.
    pub private_addresses: bool,
}

/// An HTTP client that sends a request once and reads a limited answer.
///
/// It follows no redirect, sends nothing again, and goes through no proxy that the environment
/// names. That a host may be called at all is for its caller to see to.
#[derive(Debug)]
pub struct HttpClient {
    client: Client,
    limits: HttpLimits,
    budget: Option<Arc<CallBudget>>,
}

impl HttpClient {
    fn of(client: Client, limits: HttpLimits) -> Self {
        Self { client, limits, budget: None }
    }

    /// The same within `budget`, which it shares with others.
    #[must_use]
    pub fn within(self, budget: &Arc<CallBudget>) -> Self {
        Self { budget: Some(Arc::clone(budget)), ..self }
    }

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
        Ok(Self::of(lenient.build()?, limits))
    }

    /// For reads. [`KEPT_PER_HOST`] connections are kept for [`IDLE`].
    pub fn for_reads(limits: HttpLimits) -> Result<Self, reqwest::Error> {
        let keeping = builder(limits).pool_idle_timeout(IDLE).pool_max_idle_per_host(KEPT_PER_HOST);
        Ok(Self::of(keeping.build()?, limits))
    }

    /// For requests that each need a new connection.
    pub fn unpooled(limits: HttpLimits) -> Result<Self, reqwest::Error> {
        Ok(Self::of(builder(limits).pool_max_idle_per_host(0).build()?, limits))
    }

    /// For reads over TLS from hosts whose certificates are by an authority of `pem`, and by no other.
    pub fn for_authority(limits: HttpLimits, pem: &[u8]) -> Result<Self, BadAuthority> {
        let trusting = builder(limits).pool_max_idle_per_host(0).tls_certs_only(authority::certificates(pem)?);
        Ok(Self::of(trusting.build().or(Err(BadAuthority::Certificate))?, limits))
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
        let host = request.url().authority();
        let mut room = self.budget.as_ref().map(|budget| budget.begin(host)).transpose()?;
        let mut response = self.client.execute(request).await.map_err(|error| Loss::of(&error))?;
        room.iter().for_each(Room::answered);
        let length = response.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or_default();
        let mut body = Vec::with_capacity(length.min(self.limits.longest_body).min(SMALL_ANSWER));
        let headers = std::mem::take(response.headers_mut());
        let loss = read_body(&mut response, &mut body, self.limits.longest_body, room.as_mut(), has_it).await.err();
        if loss.is_none() {
            room.iter().for_each(Room::answered);
        }
        tracing::debug!(amo.status = response.status().as_u16(), amo.loss = loss.map(Loss::name), "the CRM answered");
        Ok(Answer { status: response.status(), headers, body, loss, _room: room })
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
    let builder = if limits.is_local { builder.tls_certs_only([]) } else { builder };
    if limits.private_addresses {
        builder.dns_resolver(SystemResolver::new())
    } else {
        builder.dns_resolver(PublicResolver::of_the_system())
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, SocketAddr};
    use std::sync::Arc;

    use futures_util::FutureExt as _;
    use reqwest::dns::{Addrs, Name, Resolve, Resolving};
    use tokio::io::AsyncWriteExt as _;
    use tokio::net::TcpListener;

    use super::*;

    const LIMITS: HttpLimits = HttpLimits {
        connect_timeout: Duration::from_millis(300),
        timeout: Duration::from_mins(1),
        longest_body: 1,
        is_local: false,
        private_addresses: false,
    };

    async fn loss_of_a_request_to(url: &str) -> Option<Loss> {
        post(&HttpClient::for_tokens(LIMITS).unwrap(), url).await
    }

    async fn post(client: &HttpClient, url: &str) -> Option<Loss> {
        client.send(Request::new(Method::POST, Url::parse(url).unwrap())).await.err()
    }

    /// A DNS that has these addresses for every name.
    struct Answering(Vec<IpAddr>);

    impl Resolve for Answering {
        fn resolve(&self, _: Name) -> Resolving {
            let found: Vec<_> = self.0.iter().map(|address| SocketAddr::new(*address, 0)).collect();
            Box::pin(async move { Ok(Box::new(found.into_iter()) as Addrs) })
        }
    }

    /// A client that goes by this DNS.
    fn client_by(addresses: &[&str], limits: HttpLimits) -> HttpClient {
        let answering = Arc::new(Answering(addresses.iter().map(|address| address.parse().unwrap()).collect()));
        let builder = builder(limits);
        let builder = if limits.private_addresses {
            builder.dns_resolver(answering)
        } else {
            builder.dns_resolver(PublicResolver::of(answering))
        };
        HttpClient::of(builder.build().unwrap(), limits)
    }

    #[tokio::test]
    async fn a_name_that_leads_to_a_private_address_gets_no_byte() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://example.amocrm.ru:{}/", listener.local_addr().unwrap().port());
        for addresses in [&["127.0.0.1"][..], &["10.0.0.1", "127.0.0.1", "::1"], &["::ffff:127.0.0.1"], &[]] {
            assert_eq!(post(&client_by(addresses, LIMITS), &url).await, Some(Loss::NotSent), "{addresses:?}");
        }
        assert!(listener.accept().now_or_never().is_none(), "it was connected to");

        // Where it is allowed it is the address that is called.
        let allowed = client_by(&["127.0.0.1"], HttpLimits { private_addresses: true, ..LIMITS });
        let called = tokio::spawn(async move { post(&allowed, &url).await });
        drop(listener.accept().await.unwrap());
        assert_eq!(called.await.unwrap(), Some(Loss::Cut));
    }

    #[tokio::test]
    async fn of_mixed_addresses_only_the_public_ones_are_called() {
        let found = PublicResolver::of(Arc::new(Answering(vec![
            [127, 0, 0, 1].into(),
            [95, 213, 184, 59].into(),
            [192, 168, 0, 1].into(),
        ])));
        let found = found.resolve("example.amocrm.ru".parse().unwrap()).await.unwrap();
        assert_eq!(found.map(|address| address.to_string()).collect::<Vec<_>>(), ["95.213.184.59:0"]);
    }

    #[tokio::test]
    async fn every_client_goes_by_the_machines_names_and_leaves_private_addresses_out() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://localhost:{}/", listener.local_addr().unwrap().port());
        for client in [HttpClient::for_tokens(LIMITS), HttpClient::for_reads(LIMITS), HttpClient::unpooled(LIMITS)] {
            assert_eq!(post(&client.unwrap(), &url).await, Some(Loss::NotSent));
        }
        assert!(listener.accept().now_or_never().is_none(), "it was connected to");
        // Its address is no name.
        let url = url.replace("localhost", "127.0.0.1");
        let called = tokio::spawn(async move { loss_of_a_request_to(&url).await });
        drop(listener.accept().await.unwrap());
        assert_eq!(called.await.unwrap(), Some(Loss::Cut));
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
