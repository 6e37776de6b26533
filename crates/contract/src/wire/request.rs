//! A request off the wire.

use std::collections::HashMap;
use std::io;

use amo_connect_domain::token::AccessToken;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use url::Url;
use url::form_urlencoded::Parse;

/// A request, read whole.
pub struct Request {
    method: String,
    url: Url,
    headers: HashMap<String, String>,
    body: Vec<u8>,
}

impl Request {
    /// `None` if there is no whole request.
    pub(super) async fn read(socket: &mut TcpStream) -> io::Result<Option<Self>> {
        let mut bytes = Vec::new();
        let head = loop {
            if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                break end;
            }
            if socket.read_buf(&mut bytes).await? == 0 {
                return Ok(None);
            }
        };
        let text = String::from_utf8_lossy(&bytes[..head]).into_owned();
        let mut lines = text.split("\r\n");
        let mut first = lines.next().unwrap_or_default().split(' ');
        let (Some(method), Some(target)) = (first.next(), first.next()) else { return Ok(None) };
        let Ok(url) = Url::parse(&format!("http://crm{target}")) else { return Ok(None) };
        let headers: HashMap<String, String> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
            .collect();

        let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        let mut body = bytes.split_off(head + 4);
        while body.len() < length {
            if socket.read_buf(&mut body).await? == 0 {
                return Ok(None);
            }
        }
        Ok(Some(Self { method: method.to_owned(), url, headers, body }))
    }

    /// Its method and its path.
    pub fn target(&self) -> (&str, &str) {
        (&self.method, self.url.path())
    }

    /// The parameters of its query, decoded.
    pub fn query(&self) -> Parse<'_> {
        self.url.query_pairs()
    }

    /// The header of this name, in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The token of its `Authorization`, after a scheme such as `Bearer`.
    pub fn token(&self, scheme: &str) -> Result<AccessToken, &'static str> {
        let token = self.header("authorization").and_then(|value| value.strip_prefix(scheme)?.strip_prefix(' '));
        token.map(AccessToken::new).ok_or("there is no access token")
    }

    /// Its body.
    pub fn body(&self) -> &[u8] {
        &self.body
    }
}
