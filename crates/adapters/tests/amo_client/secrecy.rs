//! No secret shows in a `Debug`, in the text of an error, or in our log.

use std::io;
use std::sync::{Arc, Mutex};

use amo_connect_domain::ports::{AmoError, CrmApi as _, TokenEndpoint as _};
use amo_connect_domain::token::RefreshToken;
use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;
use wiremock::ResponseTemplate;

use crate::bench::{
    ACCESS, BOTH, CODE, REFRESH, RudeServer, SECRET, Then, access, answering, host, pair, patient_client, permit,
};
use crate::reads::all;

const WORDS: &str = "the words of amoCRM";

fn secrets() -> [&'static str; 7] {
    [CODE, ACCESS, REFRESH, SECRET, "new-access", "new-refresh", WORDS]
}

/// Everything that is logged in this thread while it lives.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn nothing_secret_is_shown_or_logged() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(log.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);

    let echo = json!({"hint": WORDS, "title": WORDS, "sent": secrets()});
    let mut shown = Vec::new();
    for answer in [
        ResponseTemplate::new(200).set_body_json(pair()),
        ResponseTemplate::new(200).set_body_json(&echo),
        ResponseTemplate::new(200).set_body_string(format!("{{\"access_token\":\"new-access\",{WORDS}")),
        ResponseTemplate::new(400).set_body_json(&echo),
        ResponseTemplate::new(401).set_body_json(&echo),
        ResponseTemplate::new(403).set_body_json(&echo),
        ResponseTemplate::new(500).set_body_json(&echo),
        ResponseTemplate::new(302).insert_header("location", format!("/?{REFRESH}")).set_body_json(&echo),
    ] {
        let server = answering(answer).await;
        let (client, host) = (patient_client(*server.address()), host(*server.address()));
        shown.push(format!("{client:?}"));
        for ask in BOTH {
            shown.push(match ask.of(&client, &host).await {
                Ok(issued) => format!("{issued:?}"),
                Err(error) => format!("{error:?} {error}"),
            });
        }
        let mut filter = all();
        filter.query = Some(WORDS.to_owned());
        if let Err(error) = client.leads(permit(&host), &access(), &filter).await {
            shown.push(format!("{error:?} {error}"));
        }
    }
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("amo.status"), "nothing was logged at all: {log}");
    shown.extend(log.lines().filter(|line| line.contains("amo_connect")).map(str::to_owned));
    let shown = shown.join("\n");
    for secret in secrets() {
        assert!(!shown.contains(secret), "{secret} shows in {shown}");
    }
}

#[tokio::test]
async fn a_move_to_a_host_that_is_not_allowed_is_logged_with_that_host() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_writer(log.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    for domain in ["new-home.amocrm.com", WORDS] {
        let server = answering(ResponseTemplate::new(200).set_body_json(json!({ "id": 7, "domain": domain }))).await;
        let (client, host) = (patient_client(*server.address()), host(*server.address()));
        let located = client.locate(permit(&host), &access(), &RefreshToken::new(REFRESH)).await;
        assert_eq!(located, Err(AmoError::HostNotAllowed), "{domain}");
    }
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert_eq!(log.matches("check AMO_ALLOWED_HOSTS").count(), 2, "{log}");
    assert!(log.contains("new-home.amocrm.com") && !log.contains(WORDS) && !log.contains(REFRESH), "{log}");
}

#[tokio::test]
async fn a_pair_in_a_damaged_answer_is_a_warning_and_in_a_good_one_is_none() {
    let pair = pair().to_string();
    // The last one says that it is longer than it is.
    for (status, missing, warnings) in [(200, 0, 0), (502, 0, 1), (200, 1, 1)] {
        let log = Log::default();
        let subscriber = tracing_subscriber::fmt().with_writer(log.clone()).finish();
        let _guard = tracing::subscriber::set_default(subscriber);
        let head = format!("HTTP/1.1 {status} x\r\nContent-Length: {}\r\n\r\n", pair.len() + missing);
        let server = RudeServer::start(format!("{head}{pair}"), Then::Close).await;
        let client = patient_client(server.address);
        assert!(BOTH[0].of(&client, &host(server.address)).await.is_ok(), "{status}");
        let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        assert_eq!(log.matches("a damaged answer of amoCRM's held a token pair").count(), warnings, "{status}: {log}");
    }
}
