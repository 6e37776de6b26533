//! A connection that is kept from one request to the next, as a proxy keeps it.

use std::io;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

/// An answer, read whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// The header lines, in small letters.
    pub head: String,
    /// The body.
    pub body: String,
}

impl Reply {
    /// Whether the connection ends after it.
    pub fn closes(&self) -> bool {
        self.head.contains("\r\nconnection: close\r\n")
    }
}

/// A connection to a service.
#[derive(Debug)]
pub struct KeptConnection(BufReader<TcpStream>);

impl KeptConnection {
    /// Opens one to `address`, a host with its port.
    pub async fn to(address: &str) -> io::Result<Self> {
        Ok(Self(BufReader::new(TcpStream::connect(address).await?)))
    }

    /// Sends a request without a body and reads its answer. `head` has its first line and header lines.
    pub async fn ask(&mut self, head: &str) -> io::Result<Reply> {
        self.0.write_all(format!("{head}\r\nHost: service\r\nContent-Length: 0\r\n\r\n").as_bytes()).await?;
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if self.0.read_line(&mut head).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        let head = head.to_ascii_lowercase();
        let length = head.split("\r\ncontent-length: ").nth(1).and_then(|rest| rest.split("\r\n").next());
        let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
        self.0.read_exact(&mut body).await?;
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Ok(Reply { status, head, body: String::from_utf8(body).unwrap() })
    }

    /// Waits until the service ends it: `true` if it closed it, `false` if it reset it.
    pub async fn is_closed(&mut self) -> bool {
        matches!(self.0.read(&mut [0]).await, Ok(0))
    }
}
