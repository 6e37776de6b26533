//! Measures how many requests a second the sandbox answers with its limits off.
//!
//! `cargo run --release -p amo-connect-sandbox --example load`; the load comes from the same
//! machine, so its share of the processor is missing from the result.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use amo_connect_sandbox::{AccountId, Options, Sandbox, Switches};
use serde_json::{Value, json};

type Failure = Box<dyn std::error::Error + Send + Sync>;

const CONNECTIONS: usize = 16;
const LENGTH: Duration = Duration::from_secs(5);

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let switches = Switches { rate_limit: 0, account_rate_limit: 0, ..Switches::default() };
    let sandbox = Sandbox::start(Options { switches, ..Options::default() }).await?;
    let host = sandbox.host(AccountId::FOR_YOU)?;
    let redirect_uri = sandbox.report().redirect_uri;
    let connections: Vec<_> = (0..CONNECTIONS)
        .map(|_| Connection::open(&host, &redirect_uri, &sandbox.issue_code(AccountId::FOR_YOU)?.code))
        .collect::<Result<_, Failure>>()?;

    let mut connections = connections;
    for path in ["/api/v4/account", "/api/v4/leads?limit=1", "/api/v4/leads", "/api/v4/leads?limit=250"] {
        connections = measure(path, connections, |connection| connection.get(path))?;
    }
    let connections = measure("refreshes", connections, Connection::refresh)?;
    measure("POST /api/v4/leads", connections, Connection::add_lead)?;
    Ok(())
}

/// Has all connections ask again and again, and says how many answers came.
fn measure(
    what: &str,
    connections: Vec<Connection>,
    ask: impl Fn(&mut Connection) -> Result<usize, Failure> + Copy + Send + 'static,
) -> Result<Vec<Connection>, Failure> {
    let clients = connections.into_iter().map(|mut connection| {
        thread::spawn(move || {
            let (started, mut answers, mut size) = (Instant::now(), 0, 0);
            while started.elapsed() < LENGTH {
                size = ask(&mut connection)?;
                answers += 1;
            }
            Ok::<_, Failure>((connection, answers, size))
        })
    });
    let clients: Vec<_> = clients.collect();
    let (mut connections, mut all, mut bytes) = (Vec::new(), 0_u64, 0);
    for client in clients {
        let (connection, answers, size) = client.join().or(Err("a client died"))??;
        connections.push(connection);
        all += answers;
        bytes = size;
    }
    eprintln!("{:>7} requests/s of {bytes:>7} bytes: {what}", all / LENGTH.as_secs());
    Ok(connections)
}

/// A client of its own grant, on one connection.
struct Connection {
    stream: TcpStream,
    reader: BufReader<TcpStream>,
    host: String,
    redirect_uri: String,
    access: String,
    refresh: String,
    body: Vec<u8>,
}

impl Connection {
    fn open(host: &str, redirect_uri: &str, code: &str) -> Result<Self, Failure> {
        let stream = TcpStream::connect(host)?;
        stream.set_nodelay(true)?;
        let mut connection = Self {
            reader: BufReader::with_capacity(1 << 18, stream.try_clone()?),
            stream,
            host: host.to_owned(),
            redirect_uri: redirect_uri.to_owned(),
            access: String::new(),
            refresh: String::new(),
            body: Vec::new(),
        };
        connection.token(&json!({"grant_type": "authorization_code", "code": code}))?;
        Ok(connection)
    }

    fn get(&mut self, path: &str) -> Result<usize, Failure> {
        let Self { host, access, .. } = self;
        let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {access}\r\n\r\n");
        self.send(&request)
    }

    fn add_lead(&mut self) -> Result<usize, Failure> {
        let Self { host, access, .. } = self;
        let body = r#"[{"name":"Load","price":90000,"tags_to_add":[{"name":"load"}]}]"#;
        let head = format!("POST /api/v4/leads HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {access}");
        self.send(&format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
    }

    fn refresh(&mut self) -> Result<usize, Failure> {
        self.token(&json!({"grant_type": "refresh_token", "refresh_token": self.refresh}))
    }

    /// Asks for a pair, and keeps it.
    fn token(&mut self, grant: &Value) -> Result<usize, Failure> {
        let mut fields = grant.clone();
        fields["client_id"] = "sandbox".into();
        fields["client_secret"] = "sandbox-secret".into();
        fields["redirect_uri"] = self.redirect_uri.clone().into();
        let (host, body) = (&self.host, fields.to_string());
        let head = format!("POST /oauth2/access_token HTTP/1.1\r\nHost: {host}\r\nContent-Length: {}", body.len());
        let size = self.send(&format!("{head}\r\n\r\n{body}"))?;
        let pair: Value = serde_json::from_slice(&self.body)?;
        let text = |name: &str| Ok::<_, Failure>(pair[name].as_str().ok_or("no pair")?.to_owned());
        (self.access, self.refresh) = (text("access_token")?, text("refresh_token")?);
        Ok(size)
    }

    /// Sends a request and reads its answer; gives the size of the body.
    fn send(&mut self, request: &str) -> Result<usize, Failure> {
        self.stream.write_all(request.as_bytes())?;
        let (mut line, mut length) = (String::new(), 0);
        loop {
            line.clear();
            self.reader.read_line(&mut line)?;
            if let Some(value) = line.strip_prefix("content-length: ") {
                length = value.trim().parse()?;
            }
            if line == "\r\n" {
                break;
            }
        }
        self.body.resize(length, 0);
        self.reader.read_exact(&mut self.body)?;
        Ok(length)
    }
}
