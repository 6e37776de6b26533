//! Requests byte for byte as amoCRM's official and other clients put them on the wire.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

use serde_json::Value;

use crate::support::{AGENCY, Amo, REDIRECT_URI};

/// Sends raw bytes and gives the status and the body.
fn send(host: &str, request: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(host).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

/// A request line, headers and a body, in the order that clients have them.
fn request(host: &str, line: &str, headers: &[&str], body: &str) -> String {
    let host = format!("Host: {host}");
    let line = format!("{line} HTTP/1.1");
    let head = [&[line.as_str(), host.as_str(), "Connection: close"], headers].concat().join("\r\n");
    format!("{head}\r\n\r\n{body}")
}

fn form(code: &str) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .append_pair("client_id", "sandbox")
        .append_pair("client_secret", "sandbox-secret")
        .append_pair("redirect_uri", REDIRECT_URI)
        .append_pair("grant_type", "authorization_code")
        .append_pair("code", code)
        .finish()
}

/// Sends a token request with a code of its own and expects a pair.
async fn expect_pair(build: impl Fn(&str, &str) -> String) {
    let amo = Amo::start().await;
    let issued = amo.sandbox.issue_code(AGENCY).unwrap();
    let (status, body) = send(&issued.referer, &build(&issued.referer, &issued.code));
    assert_eq!(status, 200, "{body}");
    let pair: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(pair["token_type"], "Bearer");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_as_the_official_php_client_sends_it() {
    expect_pair(|host, code| {
        let body = form(code);
        let length = format!("Content-Length: {}", body.len());
        let headers =
            ["User-Agent: amoCRM-oAuth-client/1.0", "Content-Type: application/x-www-form-urlencoded", &length];
        request(host, "POST /oauth2/access_token", &headers, &body)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn json_in_chunks_as_amocrm_js_sends_it() {
    expect_pair(|host, code| {
        let json = Amo::exchange_fields(code).to_string();
        let (one, two) = json.split_at(40);
        let body = format!("{:x}\r\n{one}\r\n{:x}\r\n{two}\r\n0\r\n\r\n", one.len(), two.len());
        let headers = ["Content-Type: application/json", "Transfer-Encoding: chunked"];
        request(host, "POST /oauth2/access_token", &headers, &body)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trailing_slash_and_a_charset() {
    expect_pair(|host, code| {
        let body = Amo::exchange_fields(code).to_string();
        let length = format!("Content-Length: {}", body.len());
        let headers = ["Content-Type: application/json; charset=UTF-8", &length];
        request(host, "POST /oauth2/access_token/", &headers, &body)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn json_and_a_form_that_do_not_say_what_they_are() {
    expect_pair(|host, code| {
        let body = Amo::exchange_fields(code).to_string();
        let length = format!("Content-Length: {}", body.len());
        request(host, "POST /oauth2/access_token", &[&length], &body)
    })
    .await;
    expect_pair(|host, code| {
        let body = form(code);
        let length = format!("Content-Length: {}", body.len());
        request(host, "POST /oauth2/access_token", &[&length], &body)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_field_that_comes_twice_the_last_counts_as_in_php() {
    expect_pair(|host, code| {
        let body = format!("code=x&client_secret=y&{}", form(code));
        let length = format!("Content-Length: {}", body.len());
        request(host, "POST /oauth2/access_token", &[&length], &body)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn brackets_raw_and_encoded_on_the_wire() {
    let amo = Amo::start().await;
    let pair = amo.connect(AGENCY).await;
    let host = amo.sandbox.host(AGENCY).unwrap();
    let authorization = format!("Authorization: Bearer {}", pair.access);
    let headers = ["X-Library-Version: 1.16.0", "X-Client-UUID: sandbox", &authorization];
    let mut answers = Vec::new();
    for query in [
        "filter[statuses][0][status_id]=142&order[updated_at]=desc&limit=5",
        "filter%5Bstatuses%5D%5B0%5D%5Bstatus_id%5D=142&order%5Bupdated_at%5D=desc&limit=5",
    ] {
        let line = format!("GET /api/v4/leads?{query}");
        let (status, body) = send(&host, &request(&host, &line, &headers, ""));
        assert_eq!(status, 200, "{body}");
        answers.push(serde_json::from_str::<Value>(&body).unwrap()["_embedded"].clone());
    }
    assert_eq!(answers[0]["leads"].as_array().unwrap().len(), 5);
    assert_eq!(answers[0], answers[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_megabytes_is_refused() {
    let amo = Amo::start().await;
    let body = "x".repeat(1024 * 1024);
    let answer = amo.http.post(amo.url(AGENCY, "/oauth2/access_token")).body(body).send().await;
    assert!(answer.is_err() || answer.unwrap().status() == 413);
}
