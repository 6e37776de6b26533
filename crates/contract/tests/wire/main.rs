//! The CRM's side of the wire takes requests as amoCRM wants them, and no others.

#![expect(clippy::unwrap_used, reason = "a server that does not answer fails the test")]

mod writes;

use std::time::Duration;

use amo_connect_contract::wire::{CrmServer, Dialect, Integration, Request, Words};
use amo_connect_contract::{Asked, Reply};
use amo_connect_domain::host::AccountHost;
use amo_connect_domain::token::{AccessToken, RefreshToken};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const FIELDS: &str = "client_id=id&client_secret=s&redirect_uri=https%3A%2F%2Fb%2Fcb";
const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";
const BEARER: &str = "Authorization: Bearer t\r\n";

async fn crm() -> CrmServer {
    let text = str::to_owned;
    let integration =
        Integration { client_id: text("id"), client_secret: text("s"), redirect_uri: text("https://b/cb") };
    CrmServer::start(integration).await.unwrap()
}

/// Sends a request as it stands, and returns what the CRM understood and answered.
async fn send(crm: &CrmServer, first_line: &str, headers: &str, body: &str) -> (Asked, String) {
    let host = crm.host();
    let mut socket = TcpStream::connect(host.as_str()).await.unwrap();
    let length = body.len();
    let request = format!(
        "{first_line} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
    );
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    (crm.asked().pop().unwrap(), answer)
}

#[tokio::test]
async fn a_form_and_json_are_the_same() {
    let crm = crm().await;
    let form = format!("{FIELDS}&grant_type=refresh_token&refresh_token=r");
    let json = r#"{"client_id":"id","client_secret":"s","redirect_uri":"https://b/cb","grant_type":"refresh_token","refresh_token":"r"}"#;
    for (headers, body) in [(FORM, form.as_str()), ("Content-Type: application/json\r\n", json)] {
        crm.will(Reply::GrantRevoked).await.unwrap();
        let (asked, answer) = send(&crm, "POST /oauth2/access_token", headers, body).await;
        assert_eq!(asked, Asked::Refresh { host: crm.host(), token: RefreshToken::new("r") });
        assert!(answer.starts_with("HTTP/1.1 401 ") && answer.contains("Token has been revoked"), "{answer}");
    }
}

#[tokio::test]
async fn a_request_that_amocrm_would_not_take_is_unintelligible() {
    let crm = crm().await;
    let refresh = "grant_type=refresh_token&refresh_token=r";
    let token_requests = [
        (FORM.to_owned(), format!("{FIELDS}&grant_type=refresh_token"), "a field is missing"),
        (FORM.to_owned(), format!("client_id=id&client_secret=s&{refresh}"), "a field is missing"),
        (FORM.to_owned(), format!("{FIELDS}%2F&{refresh}"), "it is another integration's"),
        (FORM.to_owned(), format!("{FIELDS}&{refresh}&scope=all"), "it has a field too many"),
        (FORM.to_owned(), format!("{FIELDS}&{refresh}&client_id=id"), "a field is given twice"),
        (format!("{FORM}{BEARER}"), format!("{FIELDS}&{refresh}"), "a token request carries no Authorization"),
        (String::new(), format!("{FIELDS}&{refresh}"), "the body is neither a form nor JSON"),
    ];
    for (headers, body, expected) in token_requests {
        let (asked, answer) = send(&crm, "POST /oauth2/access_token", &headers, &body).await;
        assert_eq!(asked, Asked::Unintelligible { host: crm.host(), why: expected }, "{body}");
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    }
    let reads = [
        ("/api/v4/account", "", "there is no access token"),
        ("/api/v4/leads", BEARER, "it asks for leads without their contacts"),
        ("/api/v4/leads?with=contacts", BEARER, "it asks for leads in no order"),
        ("/api/v4/leads?with=contacts&order=id", BEARER, "an order is unknown"),
        ("/api/v4/leads?with=contacts&order[price]=asc", BEARER, "an order is unknown"),
        ("/api/v4/leads?with=contacts&page=1&limits=5", BEARER, "a parameter is unknown"),
        (
            "/api/v4/leads?with=contacts&order[id]=asc&filter[statuses][0][status_id]=1",
            BEARER,
            "a stage lacks its pipeline",
        ),
        ("/api/v4/leads/5", BEARER, "it asks for a lead without its contacts or without why it was lost"),
        ("/api/v4/leads/5?with=contacts&page=1", BEARER, "a parameter is unknown"),
        ("/api/v4/leads/5/notes?page=1", BEARER, "it asks for notes in another order"),
        ("/api/v4/leads/five/notes?order[id]=desc", BEARER, "a parameter is not a number"),
        ("/api/v4/tasks?order[id]=desc", BEARER, "it asks for tasks of others than leads"),
        ("/api/v4/tasks?filter[entity_type]=leads", BEARER, "it asks for tasks in no order"),
        ("/api/v4/events?filter[entity_id]=5", BEARER, "it asks for events of others than one lead"),
        ("/api/v4/events?filter[entity]=lead&filter[entity_id]=5&limit=250", BEARER, "it asks for more than a page"),
        ("/api/v4/contacts?limit=250", BEARER, "it asks for everybody"),
        ("/api/v4/contacts?limit=1&filter[id][]=1&filter[id][]=2", BEARER, "it asks for more than a page"),
        ("/elsewhere", BEARER, "there is no such method and path"),
    ];
    for (target, headers, expected) in reads {
        let (asked, _) = send(&crm, &format!("GET {target}"), headers, "").await;
        assert_eq!(asked, Asked::Unintelligible { host: crm.host(), why: expected }, "{target}");
    }
}

#[tokio::test]
async fn a_port_that_is_shut_is_opened_by_the_next_answer() {
    let crm = crm().await;
    crm.will(Reply::Unreachable).await.unwrap();
    crm.will(Reply::Unreachable).await.unwrap();
    let refused = TcpStream::connect(crm.host().as_str()).await.unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
    crm.will(Reply::Nothing).await.unwrap();
    let (_, answer) = send(&crm, "GET /api/v4/leads?with=contacts&order[id]=desc", BEARER, "").await;
    assert!(answer.starts_with("HTTP/1.1 204 "), "{answer}");
}

/// A CRM with words of its own for what most leave to their web server.
struct Odd;

impl Dialect for Odd {
    fn understand(&self, _: &Request, host: &AccountHost) -> Result<Asked, &'static str> {
        Ok(Asked::Account { host: host.clone(), token: AccessToken::new("t") })
    }

    fn answer(&self, _: &Asked, reply: &Reply) -> Option<Words> {
        let words = |status| Words::json(status, &serde_json::json!({ "odd": status }));
        match reply {
            Reply::TooManyCalls(wait) => Some(words(503).with_header("Retry-After", &wait.unwrap().as_secs())),
            Reply::Banned => Some(words(420)),
            Reply::Nothing => Some(words(404)),
            Reply::Fails(status) => Some(words(status + 20)),
            _ => None,
        }
    }
}

#[tokio::test]
async fn a_dialect_is_asked_before_the_server_speaks_for_it() {
    let odd = CrmServer::start(Odd).await.unwrap();
    let beside = odd.beside(Odd).await.unwrap();
    for (reply, status) in [
        (Reply::TooManyCalls(Some(Duration::from_secs(7))), "503"),
        (Reply::Banned, "420"),
        (Reply::Nothing, "404"),
        (Reply::Fails(500), "520"),
        (Reply::Redirects, "307"),
    ] {
        for server in [&odd, &beside] {
            // One script for both.
            odd.will(reply.clone()).await.unwrap();
            let (asked, answer) = send(server, "GET /", "", "").await;
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{reply:?}: {answer}");
            assert_eq!(answer.contains("Retry-After: 7\r\n"), status == "503", "{answer}");
            assert_eq!(*asked.host(), server.host());
        }
    }
    assert_eq!(beside.asked().len(), 10);
}
