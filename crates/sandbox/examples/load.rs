//! Measures how many requests a second the sandbox answers with its limits off.
//!
//! `cargo run --release -p amo-connect-sandbox --example load`; the load comes from the same
//! machine, so its share of the processor is missing from the result.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use amo_connect_sandbox::{AccountId, Options, Sandbox, Switches};

type Failure = Box<dyn std::error::Error + Send + Sync>;

const CONNECTIONS: usize = 16;
const LENGTH: Duration = Duration::from_secs(5);

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let switches = Switches { rate_limit: 0, account_rate_limit: 0, ..Switches::default() };
    let sandbox = Sandbox::start(Options { switches, ..Options::default() }).await?;
    let host = sandbox.host(AccountId::FOR_YOU)?;
    let token = access_token(&sandbox, &host).await?;
    for path in ["/api/v4/account", "/api/v4/leads?limit=1", "/api/v4/leads", "/api/v4/leads?limit=250"] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\r\n");
        let clients: Vec<_> = (0..CONNECTIONS)
            .map(|_| {
                let (host, request) = (host.clone(), request.clone());
                std::thread::spawn(move || client(&host, &request))
            })
            .collect();
        let (mut answers, mut bytes) = (0, 0);
        for client in clients {
            let (more, size) = client.join().or(Err("a client died"))??;
            answers += more;
            bytes = size;
        }
        let rate = answers as u64 / LENGTH.as_secs();
        eprintln!("{rate:>7} requests/s of {bytes:>7} bytes: {path}");
    }
    Ok(())
}

async fn access_token(sandbox: &Sandbox, host: &str) -> Result<String, Failure> {
    let code = sandbox.issue_code(AccountId::FOR_YOU)?.code;
    let redirect_uri = sandbox.report().redirect_uri;
    let fields = [
        ("client_id", "sandbox"),
        ("client_secret", "sandbox-secret"),
        ("grant_type", "authorization_code"),
        ("redirect_uri", &redirect_uri),
        ("code", &code),
    ];
    let client = reqwest::Client::builder().no_proxy().build()?;
    let pair = client.post(format!("http://{host}/oauth2/access_token")).form(&fields).send().await?;
    let pair: serde_json::Value = pair.json().await?;
    Ok(pair["access_token"].as_str().ok_or("no access token")?.to_owned())
}

/// Asks again and again on one connection; gives the number of answers and the size of the last.
fn client(host: &str, request: &str) -> Result<(usize, usize), Failure> {
    let mut stream = TcpStream::connect(host)?;
    stream.set_nodelay(true)?;
    let mut reader = BufReader::with_capacity(1 << 18, stream.try_clone()?);
    let (mut line, mut body) = (String::new(), Vec::new());
    let (started, mut answers) = (Instant::now(), 0);
    while started.elapsed() < LENGTH {
        stream.write_all(request.as_bytes())?;
        let mut length = 0;
        loop {
            line.clear();
            reader.read_line(&mut line)?;
            if let Some(value) = line.strip_prefix("content-length: ") {
                length = value.trim().parse()?;
            }
            if line == "\r\n" {
                break;
            }
        }
        body.resize(length, 0);
        reader.read_exact(&mut body)?;
        answers += 1;
    }
    Ok((answers, body.len()))
}
