//! A client of the sandbox: a grant of its own, on a connection of its own.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
};

use serde_json::{Value, json};

use crate::Failure;

/// What everybody knows of the server.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    pub(crate) host: String,
    pub(crate) redirect_uri: String,
}

/// A client of its own grant, on one connection.
pub(crate) struct Client {
    stream: TcpStream,
    reader: BufReader<TcpStream>,
    server: Server,
    access: String,
    refresh: String,
    line: String,
    body: Vec<u8>,
}

impl Client {
    /// Connects, and exchanges `code` for a pair.
    pub(crate) fn open(server: &Server, code: &str) -> Result<Self, Failure> {
        let stream = TcpStream::connect(&server.host)?;
        stream.set_nodelay(true)?;
        let mut client = Self {
            reader: BufReader::with_capacity(1 << 18, stream.try_clone()?),
            stream,
            server: server.clone(),
            access: String::new(),
            refresh: String::new(),
            line: String::new(),
            body: Vec::new(),
        };
        client.token(&json!({"grant_type": "authorization_code", "code": code}))?;
        Ok(client)
    }

    /// Asks for what is at `path`; gives the size of the answer.
    pub(crate) fn get(&mut self, path: &str) -> Result<usize, Failure> {
        let Self { server: Server { host, .. }, access, .. } = self;
        let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {access}\r\n\r\n");
        self.send(&request)
    }

    /// What is at `path`.
    pub(crate) fn json(&mut self, path: &str) -> Result<Value, Failure> {
        self.get(path)?;
        Ok(serde_json::from_slice(&self.body)?)
    }

    /// Sends `body` to `path`; gives the size of the answer.
    pub(crate) fn write(&mut self, method: &str, path: &str, body: &str) -> Result<usize, Failure> {
        let Self { server: Server { host, .. }, access, .. } = self;
        let head = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {access}");
        self.send(&format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
    }

    /// Exchanges the refresh token; gives the size of the answer.
    pub(crate) fn refresh(&mut self) -> Result<usize, Failure> {
        self.token(&json!({"grant_type": "refresh_token", "refresh_token": self.refresh}))
    }

    /// Asks for a pair, and keeps it.
    fn token(&mut self, grant: &Value) -> Result<usize, Failure> {
        let mut fields = grant.clone();
        fields["client_id"] = "sandbox".into();
        fields["client_secret"] = "sandbox-secret".into();
        fields["redirect_uri"] = self.server.redirect_uri.clone().into();
        let size = self.write("POST", "/oauth2/access_token", &fields.to_string())?;
        let pair: Value = serde_json::from_slice(&self.body)?;
        let text = |name: &str| Ok::<_, Failure>(pair[name].as_str().ok_or("no pair")?.to_owned());
        (self.access, self.refresh) = (text("access_token")?, text("refresh_token")?);
        Ok(size)
    }

    /// Sends a request and reads its answer; gives the size of the body.
    fn send(&mut self, request: &str) -> Result<usize, Failure> {
        self.stream.write_all(request.as_bytes())?;
        let mut length = 0;
        self.read_line()?;
        if !self.line.starts_with("HTTP/1.1 200 ") {
            let asked = request.lines().next().unwrap_or_default();
            return Err(format!("{asked}: {}", self.line.trim()).into());
        }
        while self.line != "\r\n" {
            self.read_line()?;
            if let Some(value) = self.line.strip_prefix("content-length: ") {
                length = value.trim().parse()?;
            }
        }
        self.body.resize(length, 0);
        self.reader.read_exact(&mut self.body)?;
        Ok(length)
    }

    fn read_line(&mut self) -> Result<(), Failure> {
        self.line.clear();
        self.reader.read_line(&mut self.line)?;
        if self.line.is_empty() { Err("the connection was closed".into()) } else { Ok(()) }
    }
}
