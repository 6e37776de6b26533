//! The way between the service and the local amoCRM: it shows which tokens there were, and can answer each request
//! with what was asked.

use std::sync::{Arc, Mutex};

use serde_json::json;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::planted::{Kind, Secrets};

/// How much is passed on at a time: most answers are one piece.
const CHUNK: usize = 64 * 1024;

/// What comes before a token, in an answer, in a request's header and in its body, and of what kind it is.
const BEFORE_TOKENS: [(&str, Kind); 6] = [
    ("\"access_token\":\"", Kind::AccessToken),
    ("uthorization: Bearer ", Kind::AccessToken),
    ("\"refresh_token\":\"", Kind::RefreshToken),
    ("x-refresh-token: ", Kind::RefreshToken),
    ("X-Refresh-Token: ", Kind::RefreshToken),
    ("refresh_token=", Kind::RefreshToken),
];

/// A port before each host of amoCRM's.
pub(crate) struct Wire {
    /// amoCRM's own hosts, with those that the service knows.
    hosts: Vec<(String, String)>,
    /// The status of the answers that repeat what was asked, if amoCRM is not to answer itself.
    echo: watch::Sender<Option<u16>>,
    streams: Arc<Mutex<Vec<Stream>>>,
}

/// All that one side said on one connection.
type Stream = Arc<Mutex<Vec<u8>>>;

impl Wire {
    /// Leads to `hosts`, each of which is an address.
    pub(crate) async fn to(hosts: Vec<String>) -> Self {
        let (mut listeners, mut known) = (Vec::new(), Vec::new());
        for host in hosts {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let ours = listener.local_addr().unwrap().to_string();
            assert_eq!(host.len(), ours.len(), "one cannot take the other's place in an answer");
            known.push((host, ours));
            listeners.push(listener);
        }
        let wire = Self { hosts: known, echo: watch::Sender::new(None), streams: Arc::default() };
        for (listener, (host, _)) in listeners.into_iter().zip(&wire.hosts) {
            tokio::spawn(serve(
                listener,
                host.clone(),
                wire.hosts.clone(),
                wire.echo.subscribe(),
                wire.streams.clone(),
            ));
        }
        wire
    }

    /// What the service knows amoCRM's host by.
    pub(crate) fn name_of(&self, host: &str) -> String {
        self.hosts.iter().find(|(known, _)| known == host).unwrap().1.clone()
    }

    /// All hosts that the service knows.
    pub(crate) fn names(&self) -> String {
        self.hosts.iter().map(|(_, ours)| ours.as_str()).collect::<Vec<_>>().join(",")
    }

    /// From now on each request is answered with itself and this status, or by amoCRM. Connections that are open end.
    pub(crate) fn echo(&self, status: Option<u16>) {
        self.echo.send_replace(status);
    }

    /// Plants each token that has gone over the wire. Gives all that was said.
    pub(crate) fn harvest(&self, secrets: &Secrets) -> Vec<u8> {
        let streams = self.streams.lock().unwrap();
        let said: Vec<u8> = streams.iter().flat_map(|stream| stream.lock().unwrap().clone()).collect();
        let text = String::from_utf8_lossy(&said);
        for (before, kind) in BEFORE_TOKENS {
            for (place, _) in text.match_indices(before) {
                let token = text[place + before.len()..].split(['"', '\r', '&', '\\']).next().unwrap();
                // Half a token is none. What the test itself has made up is short.
                if token.len() > 100 && token.is_ascii() {
                    secrets.plant(kind, token);
                }
            }
        }
        said
    }
}

async fn serve(
    listener: TcpListener,
    host: String,
    hosts: Vec<(String, String)>,
    echo: watch::Receiver<Option<u16>>,
    streams: Arc<Mutex<Vec<Stream>>>,
) {
    while let Ok((service, _)) = listener.accept().await {
        let mut echo = echo.clone();
        let (asked, answered) = (Stream::default(), Stream::default());
        streams.lock().unwrap().extend([asked.clone(), answered.clone()]);
        let (host, hosts) = (host.clone(), hosts.clone());
        tokio::spawn(async move {
            let status = *echo.borrow_and_update();
            let connection = async {
                match status {
                    Some(status) => repeat(service, status, &asked).await,
                    None => lead(service, &host, &hosts, &asked, &answered).await,
                }
            };
            tokio::select! {
                // An error means that the test is over.
                _ = echo.changed() => {}
                _ = connection => {}
            }
        });
    }
}

/// Passes on what both say, with the hosts that the service knows.
async fn lead(
    service: TcpStream,
    host: &str,
    hosts: &[(String, String)],
    asked: &Stream,
    answered: &Stream,
) -> std::io::Result<()> {
    let (mut from_service, mut to_service) = service.into_split();
    let (mut from_amo, mut to_amo) = TcpStream::connect(host).await?.into_split();
    tokio::select! {
        ended = pass(&mut from_service, &mut to_amo, asked, &[]) => ended,
        ended = pass(&mut from_amo, &mut to_service, answered, hosts) => ended,
    }
}

async fn pass(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    seen: &Stream,
    hosts: &[(String, String)],
) -> std::io::Result<()> {
    let mut bytes = vec![0; CHUNK];
    while let read @ 1.. = from.read(&mut bytes).await? {
        let part = &mut bytes[..read];
        for (theirs, ours) in hosts {
            let places: Vec<_> = places(part, theirs.as_bytes()).collect();
            for place in places {
                part[place..place + ours.len()].copy_from_slice(ours.as_bytes());
            }
        }
        seen.lock().unwrap().extend_from_slice(part);
        to.write_all(part).await?;
    }
    Ok(())
}

/// Where `word` stands in `text`.
fn places(text: &[u8], word: &[u8]) -> impl Iterator<Item = usize> {
    text.windows(word.len()).enumerate().filter(move |(_, part)| part == &word).map(|(place, _)| place)
}

/// Answers one request with itself, wherever an answer has room for a text.
async fn repeat(mut service: TcpStream, status: u16, asked: &Stream) -> std::io::Result<()> {
    let (mut request, mut bytes) = (Vec::new(), vec![0; CHUNK]);
    while !is_whole(&request) {
        let read = service.read(&mut bytes).await?;
        if read == 0 {
            return Ok(());
        }
        request.extend_from_slice(&bytes[..read]);
    }
    asked.lock().unwrap().extend_from_slice(&request);
    let text = String::from_utf8_lossy(&request);
    // Where an account lives is looked up after an answer that is none: this is one.
    let status = if text.contains("/subdomain") { 200 } else { status };
    let token = text.split_once("refresh-token: ").map_or("", |(_, rest)| &rest[..rest.len().min(200)]);
    let error = json!({ "code": text, "path": text, "detail": text });
    let body = json!({
        "title": text, "type": text, "detail": text, "hint": text, "message": text, "error_description": text,
        "status": status, "token_type": text, "expires_in": text, "access_token": [text], "refresh_token": { "of": text },
        "id": text, "domain": token, "name": { "of": text }, "_embedded": { "leads": text, "pipelines": [text], "contacts": [text] },
        "validation-errors": [{ "request_id": text, "errors": [error] }],
    });
    let (body, line) = (body.to_string(), text.replace(['\r', '\n'], " "));
    let head = format!(
        "HTTP/1.1 {status} {line}\r\nX-Asked: {line}\r\nRetry-After: {line}\r\nLocation: http://127.0.0.1/?{line}\r\n\
         Content-Type: application/json; asked=\"{line}\"\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    service.write_all([head.as_bytes(), body.as_bytes()].concat().as_slice()).await?;
    service.shutdown().await
}

/// Whether all of a request has come.
fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = |line: &str| line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok();
    head.lines().find_map(length).is_none_or(|length: usize| body.len() >= length)
}
