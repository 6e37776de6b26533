//! Whatever answers in amoCRM's place, byte for byte, to each of the calls.

use amo_connect_adapters::amo::{AmoSettings, OauthAmoClient};
use amo_connect_domain::crm::lead::LeadFilter;
use amo_connect_domain::crm::page::PageRequest;
use amo_connect_domain::crm::task::{TaskFilter, TaskOrder};
use amo_connect_domain::crm::write::{LeadChange, NewGuest, NewLead, NewNote, NewTask, TaskChange, Write};
use amo_connect_domain::host::{AccountHost, AllowedHosts};
use amo_connect_domain::ports::{AmoError, CrmApi as _, TokenEndpoint as _};
use amo_connect_domain::rate_limit::Permit;
use amo_connect_domain::token::{AccessToken, AuthorizationCode, RefreshToken};
use jiff::Timestamp;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};

const ACCESS: &str = "planted-access-token";
const REFRESH: &str = "planted-refresh-token";
const PAGE: PageRequest = PageRequest { page: 1, limit: 50 };

thread_local! {
    static PEER: Peer = Peer::start();
}

/// Something that listens where amoCRM should be, and the client that asks it.
struct Peer {
    runtime: Runtime,
    listener: TcpListener,
    host: AccountHost,
    client: OauthAmoClient,
}

/// The first byte names the call, the rest is the whole answer. Every answer is read to an end, the refresh token that
/// was sent is never taken for the next one, and no error shows a token.
pub(crate) fn answers(data: &[u8]) {
    let Some((call, answer)) = data.split_first() else { return };
    PEER.with(|peer| {
        let both = async { tokio::join!(peer.ask(*call), peer.answer(answer)).0 };
        if let Err(error) = peer.runtime.block_on(both) {
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains(ACCESS) && !shown.contains(REFRESH), "{shown}");
        }
    });
}

impl Peer {
    fn start() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let allowed_hosts = AllowedHosts::parse(&host).unwrap();
        let client = OauthAmoClient::new(AmoSettings {
            client_id: "our-client".to_owned(),
            client_secret: "our-secret".to_owned().into(),
            redirect_uri: "http://127.0.0.1:8080/api/amo-crm/callback".to_owned(),
            auth_url: format!("http://{host}/oauth").parse().unwrap(),
            allowed_hosts: allowed_hosts.clone(),
            allow_private_addresses: false,
        });
        Self { runtime, listener, host: allowed_hosts.admit(&host).unwrap(), client: client.unwrap() }
    }

    /// Takes one connection, reads the request, writes `answer` and hangs up.
    async fn answer(&self, answer: &[u8]) {
        let (mut socket, _) = self.listener.accept().await.unwrap();
        read_request(&mut socket).await;
        // The client may have read enough.
        let _ = socket.write_all(answer).await;
        let _ = socket.shutdown().await;
    }

    async fn ask(&self, call: u8) -> Result<(), AmoError> {
        let (access, refresh) = (AccessToken::new(ACCESS), RefreshToken::new(REFRESH));
        let (client, host, token) = (&self.client, &self.host, &access);
        match call % 20 {
            0 => {
                client.exchange(Permit::for_testing(host), &AuthorizationCode::new("def502")).await?;
            }
            1 => {
                let issued = client.refresh(Permit::for_testing(host), &refresh).await?;
                assert_ne!(issued.refresh.expose(), REFRESH);
                assert!(!issued.access.expose().is_empty() && !issued.refresh.expose().is_empty());
            }
            2 => {
                client.locate(Permit::for_testing(host), token, &refresh).await?;
            }
            3 => {
                client.account(Permit::for_testing(host), token).await?;
            }
            4 => {
                client.users(Permit::for_testing(host), token, PAGE).await?;
            }
            5 | 6 => {
                let filter = LeadFilter { with_custom_fields: call.is_multiple_of(2), ..LeadFilter::default() };
                client.leads(Permit::for_testing(host), token, &filter).await?;
            }
            7 => {
                client.lead(Permit::for_testing(host), token, 10).await?;
            }
            8 => {
                client.notes(Permit::for_testing(host), token, 10, PAGE).await?;
            }
            9 => {
                let (lead, responsible_user, is_completed) = (None, None, Some(false));
                let order = TaskOrder::CompleteTill { is_descending: false };
                let filter = TaskFilter { page: PAGE, order, lead, responsible_user, is_completed };
                client.tasks(Permit::for_testing(host), token, &filter).await?;
            }
            10 => {
                client.events(Permit::for_testing(host), token, 10, PAGE).await?;
            }
            11 => {
                client.note(Permit::for_testing(host), token, 10, 20).await?;
            }
            12 => {
                client.task(Permit::for_testing(host), token, 20).await?;
            }
            13 => {
                client.contacts(Permit::for_testing(host), token, &[30]).await?;
            }
            14 => {
                client.pipelines(Permit::for_testing(host), token).await?;
            }
            write => {
                client.write(Permit::for_testing(host), token, &one_write(write)).await?;
            }
        }
        Ok(())
    }
}

/// A write of each kind.
fn one_write(call: u8) -> Write {
    match call {
        15 => Write::Lead(NewLead {
            guest: Some(NewGuest { name: Some("Олена".to_owned()), ..NewGuest::default() }),
            ..NewLead::default()
        }),
        16 => Write::LeadChange(10, LeadChange { price: Some(5), ..LeadChange::default() }),
        17 => Write::Note(NewNote { lead: 10, text: "called".to_owned() }),
        18 => Write::Task(NewTask {
            lead: 10,
            text: "call".to_owned(),
            complete_till: Timestamp::UNIX_EPOCH,
            kind: None,
            responsible_user: None,
        }),
        _ => Write::TaskChange(20, TaskChange { is_completed: Some(true), ..TaskChange::default() }),
    }
}

/// Reads a request with its body: whoever hangs up before would reset the connection, and the answer with it.
async fn read_request(socket: &mut TcpStream) {
    let mut read = Vec::new();
    loop {
        if let Some(head) = read.windows(4).position(|end| end == b"\r\n\r\n") {
            let text = String::from_utf8_lossy(&read[..head]).to_ascii_lowercase();
            let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
            if read.len() >= head + 4 + length.unwrap_or_default() {
                return;
            }
        }
        if socket.read_buf(&mut read).await.is_ok_and(|bytes| bytes == 0) {
            return;
        }
    }
}
