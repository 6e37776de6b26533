//! Connections that amoCRM ends while we keep them.

use crate::bench::permit;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use amo_connect_adapters::amo::AmoLimits;
use amo_connect_domain::ids::AccountId;
use amo_connect_domain::ports::{AmoError, CrmApi as _, TokenEndpoint as _};
use amo_connect_domain::token::RefreshToken;
use futures_util::future::join_all;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Barrier;

use crate::bench::{REFRESH, access, client_with, host, patient_client, read_request};

/// How many connections are kept before they die.
const KEPT: usize = 4;

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 37\r\n\r\n\
                        {\"id\":7,\"domain\":\"127.0.0.1:1\"      }";

const IDLE: &[u8] = b"HTTP/1.1 408 Request Timeout\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\
                      Connection: close\r\n\r\n<html>";

/// How a connection ends.
#[derive(Clone, Copy, Debug)]
enum End {
    /// By a reset.
    Reset,
    /// In good order, but where an answer was expected.
    Closed,
    /// Within an answer.
    Cut,
    /// With word that the connection was idle for too long.
    Idle,
}

/// A server whose first connections die as soon as a second request comes over them; later ones
/// live, unless all are to die.
struct Mortal {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    requests: Arc<AtomicUsize>,
    all_die: Arc<AtomicBool>,
}

impl Mortal {
    async fn start(end: End) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mortal = Self {
            address: listener.local_addr().unwrap(),
            connections: Arc::default(),
            requests: Arc::default(),
            all_die: Arc::default(),
        };
        let (connections, requests) = (Arc::clone(&mortal.connections), Arc::clone(&mortal.requests));
        let all_die = Arc::clone(&mortal.all_die);
        let together = Arc::new(Barrier::new(KEPT));
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let number = connections.fetch_add(1, Ordering::SeqCst);
                let (requests, all_die, together) =
                    (Arc::clone(&requests), Arc::clone(&all_die), Arc::clone(&together));
                tokio::spawn(async move {
                    if number < KEPT {
                        read_request(&mut socket).await;
                        requests.fetch_add(1, Ordering::SeqCst);
                        // Each of the first requests has a connection of its own.
                        together.wait().await;
                        socket.write_all(ANSWER).await.unwrap();
                    }
                    while read_request(&mut socket).await {
                        requests.fetch_add(1, Ordering::SeqCst);
                        if number < KEPT || all_die.load(Ordering::SeqCst) {
                            return die(socket, end).await;
                        }
                        socket.write_all(ANSWER).await.unwrap();
                    }
                });
            }
        });
        mortal
    }

    fn counts(&self) -> (usize, usize) {
        (self.connections.load(Ordering::SeqCst), self.requests.load(Ordering::SeqCst))
    }
}

async fn die(mut socket: TcpStream, end: End) {
    match end {
        End::Reset => socket.set_zero_linger().unwrap(),
        End::Closed => {}
        End::Idle => socket.write_all(IDLE).await.unwrap(),
        End::Cut => socket.write_all(&ANSWER[..ANSWER.len() - 5]).await.unwrap(),
    }
}

#[tokio::test]
async fn a_kept_connection_that_is_lost_costs_one_read_and_no_second() {
    for end in [End::Reset, End::Closed, End::Cut, End::Idle] {
        let server = Mortal::start(end).await;
        let (client, host, token) = (patient_client(server.address), host(server.address), access());
        let read = || client.account(permit(&host), &token);
        let first = join_all((0..KEPT).map(|_| read())).await;
        assert!(first.iter().all(Result::is_ok), "{end:?} {first:?}");
        assert_eq!(server.counts(), (KEPT, KEPT), "{end:?}");

        assert_eq!(read().await, Err(AmoError::ConnectionLost), "{end:?}");
        for again in 1..=KEPT {
            assert_eq!(read().await.map(|account| account.number), Ok(AccountId(7)), "{end:?}, {again}");
            // The lost one was sent over a connection that was kept, and each since over a new one.
            assert_eq!(server.counts(), (KEPT + again, KEPT + 1 + again), "{end:?}");
        }

        server.all_die.store(true, Ordering::SeqCst);
        assert_eq!(read().await, Err(AmoError::ConnectionLost), "{end:?}");
    }
}

#[tokio::test]
async fn a_look_up_goes_over_no_kept_connection() {
    let server = Mortal::start(End::Reset).await;
    let (client, host, token) = (patient_client(server.address), host(server.address), access());
    let first = join_all((0..KEPT).map(|_| client.account(permit(&host), &token))).await;
    assert!(first.iter().all(Result::is_ok), "{first:?}");
    // It was answered: with a host that is not allowed.
    let located = client.locate(permit(&host), &token, &RefreshToken::new(REFRESH)).await;
    assert_eq!(located, Err(AmoError::HostNotAllowed));
    assert_eq!(server.counts(), (KEPT + 1, KEPT + 1));
}

/// A server that keeps its connections, and how many there were.
async fn steady() -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, connections) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(async move {
                while read_request(&mut socket).await {
                    socket.write_all(ANSWER).await.unwrap();
                }
            });
        }
    });
    (address, connections)
}

/// Each account has a host of its own, and each kept connection a descriptor.
#[tokio::test]
async fn connections_are_kept_to_so_many_hosts_and_others_are_asked_over_new_ones() {
    let ((first, kept), (second, new)) = (steady().await, steady().await);
    let client = client_with(&format!("{first},{second}"), AmoLimits { calls: 4, ..AmoLimits::default() });
    for _ in 0..3 {
        for address in [first, second] {
            client.account(permit(&host(address)), &access()).await.unwrap();
        }
    }
    assert_eq!((kept.load(Ordering::SeqCst), new.load(Ordering::SeqCst)), (1, 3));
}
