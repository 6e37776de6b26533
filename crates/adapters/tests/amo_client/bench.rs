//! What the cases share: a client with short limits, and servers that misbehave on purpose.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use amo_connect_adapters::amo::{AmoLimits, AmoSettings, OauthAmoClient};
use amo_connect_domain::host::{AccountHost, AllowedHosts};
use amo_connect_domain::ports::{AmoError, TokenEndpoint as _};
use amo_connect_domain::rate_limit::Permit;
use amo_connect_domain::token::{AccessToken, AuthorizationCode, Issued, RefreshToken};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

pub(crate) const CODE: &str = "def50200-code-of-the-user";
pub(crate) const ACCESS: &str = "access-token-of-the-user";
pub(crate) const REFRESH: &str = "def50200-refresh-token-of-the-user";
pub(crate) const SECRET: &str = "secret-of-the-client &=+";
pub(crate) const REDIRECT: &str = "https://app.example.com/api/amo-crm/callback?x=1&y=/";

/// A client that may speak to `address` alone, and does not wait long.
pub(crate) fn hasty_client(address: SocketAddr) -> OauthAmoClient {
    let limits = AmoLimits {
        connect_timeout: Duration::from_secs(2),
        token_timeout: Duration::from_secs(1),
        api_timeout: Duration::from_secs(1),
        ..AmoLimits::default()
    };
    client_with(&address.to_string(), limits)
}

/// A client that may speak to `hosts`.
pub(crate) fn client_with(hosts: &str, limits: AmoLimits) -> OauthAmoClient {
    let settings = AmoSettings {
        client_id: "an id".to_owned(),
        client_secret: SecretString::from(SECRET),
        redirect_uri: REDIRECT.to_owned(),
        auth_url: "https://www.amocrm.ru/oauth".parse().unwrap(),
        allowed_hosts: AllowedHosts::parse(hosts).unwrap(),
        allow_private_addresses: false,
    };
    OauthAmoClient::with_limits(settings, limits).unwrap()
}

/// A client whose time limits no plain answer reaches, however busy the machine.
pub(crate) fn patient_client(address: SocketAddr) -> OauthAmoClient {
    client_with(&address.to_string(), AmoLimits::default())
}

pub(crate) fn host(address: SocketAddr) -> AccountHost {
    AccountHost::stored(address.to_string())
}

pub(crate) fn access() -> AccessToken {
    AccessToken::new(ACCESS)
}

/// The two token requests, to run one case through both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    Exchange,
    Refresh,
}

pub(crate) const BOTH: [Ask; 2] = [Ask::Exchange, Ask::Refresh];

impl Ask {
    pub(crate) async fn of(self, client: &OauthAmoClient, host: &AccountHost) -> Result<Issued, AmoError> {
        match self {
            Self::Exchange => client.exchange(permit(host), &AuthorizationCode::new(CODE)).await,
            Self::Refresh => client.refresh(permit(host), &RefreshToken::new(REFRESH)).await,
        }
    }
}

/// A pair as amoCRM gives it.
pub(crate) fn pair() -> Value {
    json!({
        "token_type": "Bearer", "expires_in": 86_400, "server_time": 1_795_000_000,
        "access_token": "new-access", "refresh_token": "new-refresh",
    })
}

/// A server that gives `answer` to everything.
pub(crate) async fn answering(answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(answer).mount(&server).await;
    server
}

/// Runs all `cases` at the same time: most of them only wait.
pub(crate) async fn at_once<F: Future<Output = ()> + Send + 'static>(cases: impl IntoIterator<Item = F>) {
    let mut running: JoinSet<()> = cases.into_iter().collect();
    while let Some(done) = running.join_next().await {
        done.unwrap();
    }
}

/// What a misbehaving server does once it has read a request and said its say.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Then {
    /// Closes the connection.
    Close,
    /// Resets the connection once the client has been sent all of it.
    Reset,
    /// Keeps it open and says nothing more.
    Hang,
    /// Sends bytes without end.
    Babble,
}

/// A server that says the same to every request and then does what servers should not.
pub(crate) struct RudeServer {
    pub(crate) address: SocketAddr,
    requests: Arc<AtomicUsize>,
}

impl RudeServer {
    pub(crate) async fn start(says: impl Into<Vec<u8>>, then: Then) -> Self {
        Self::start_in_parts(vec![says.into()], then).await
    }

    /// It says these parts one after the other, as soon as the one before has left.
    pub(crate) async fn start_in_parts(says: Vec<Vec<u8>>, then: Then) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&requests);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(be_rude(socket, says.clone(), then, Arc::clone(&counter)));
            }
        });
        Self { address, requests }
    }

    /// How many whole requests came.
    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

async fn be_rude(mut socket: TcpStream, says: Vec<Vec<u8>>, then: Then, requests: Arc<AtomicUsize>) {
    socket.set_nodelay(true).unwrap();
    read_request(&mut socket).await;
    requests.fetch_add(1, Ordering::SeqCst);
    for part in says {
        let _ = socket.write_all(&part).await;
    }
    match then {
        Then::Close => {}
        Then::Reset => socket.set_zero_linger().unwrap(),
        Then::Hang => std::future::pending().await,
        Then::Babble => while socket.write_all(&[b' '; 8192]).await.is_ok() {},
    }
}

/// Whether a whole request came.
pub(crate) async fn read_request(socket: &mut TcpStream) -> bool {
    let (mut seen, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let text = String::from_utf8_lossy(&seen).to_ascii_lowercase();
        if let Some(head) = text.find("\r\n\r\n") {
            let length = text.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next());
            if seen.len() >= head + 4 + length.map_or(0, |length| length.parse().unwrap()) {
                return true;
            }
        }
        match socket.read(&mut buffer).await {
            Ok(0) | Err(_) => return false,
            Ok(read) => seen.extend_from_slice(&buffer[..read]),
        }
    }
}

/// A permit to call `host`, which no rate limiter issued.
pub(crate) fn permit<K>(host: &AccountHost) -> Permit<K> {
    Permit::for_testing(host)
}
