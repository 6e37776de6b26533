//! The request journal: what was asked and answered.

use std::{io::Write as _, net::TcpStream, time::Duration};

use amo_connect_sandbox::{Failure, Faults, Integration, Options};
use serde_json::{Value, json};

use crate::support::{AGENCY, Amo, REDIRECT_URI, RIVAL, read, unlimited};

/// What `GET /_sandbox/requests` answers.
async fn shown(amo: &Amo, query: &str) -> Vec<Value> {
    let answer = amo.open(&amo.url(AGENCY, &format!("/_sandbox/requests{query}"))).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["requests"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_shown_with_its_answer_and_with_whose_rights_it_ran() {
    let amo = Amo::start().await;
    amo.sandbox.freeze_clock(true);
    let token = amo.connect(AGENCY).await.access;
    let body = json!([{"name": "Walk-in", "price": 90_000}]);
    let request = amo.http.post(amo.url(AGENCY, "/api/v4/leads?with=contacts&limit=5")).bearer_auth(&token);
    let answered = read(request.header("x-context-user-id", "10110002").json(&body).send().await.unwrap()).await;

    let all = shown(&amo, "").await;
    assert_eq!(all.len(), 2, "{all:?}");
    let now = amo.sandbox.clock().now;
    assert_eq!(
        all[1],
        json!({
            "number": 2, "at": now, "duration_ms": 0,
            "account": 31_920_194, "client_id": "sandbox", "user": 10_110_002,
            "method": "POST", "path": "/api/v4/leads", "query": "with=contacts&limit=5",
            "body": body, "body_bytes": body.to_string().len(),
            "status": 200, "location": null,
            "answer": answered.json(), "answer_bytes": answered.body.len(),
            "fault": null, "dress": null, "over_limit": false,
        })
    );
    assert_eq!(all[0]["path"], "/oauth2/access_token");
    assert_eq!((&all[0]["user"], &all[0]["client_id"]), (&json!(10_110_001), &json!("sandbox")));
    assert_eq!(all[0]["account"], 31_920_194);
    let handle = amo.sandbox.requests();
    assert_eq!(serde_json::to_value(&handle).unwrap(), json!(all));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journal_is_read_on_from_a_number_and_by_account_and_the_controls_are_not_in_it() {
    let amo = Amo::start().await;
    let (ours, theirs) = (amo.connect(AGENCY).await, amo.connect(RIVAL).await);
    amo.get(AGENCY, "/api/v4/account", &ours.access).await;
    amo.get(RIVAL, "/api/v4/users/", &theirs.access).await;
    amo.control("POST", "/clock", json!({"advance_s": 1})).await;
    let paths = |requests: &[Value]| -> Vec<String> {
        requests.iter().map(|request| request["path"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(paths(&shown(&amo, "?after=2").await), ["/api/v4/account", "/api/v4/users/"]);
    assert_eq!(paths(&shown(&amo, "?account=40000001&after=2").await), ["/api/v4/users/"]);
    assert_eq!(shown(&amo, "?after=4").await, Vec::<Value>::new());
    for (query, field) in
        [("?account=1", "account"), ("?account=x", "account"), ("?after=-1", "after"), ("?last=1", "last")]
    {
        let refused = amo.open(&amo.url(AGENCY, &format!("/_sandbox/requests{query}"))).await;
        assert_eq!((refused.status.as_u16(), &refused.json()["field"]), (400, &json!(field)), "{query}");
    }
    amo.sandbox.reset().unwrap();
    assert_eq!(shown(&amo, "").await, Vec::<Value>::new());
    amo.get(AGENCY, "/api/v4/account", "no-token").await;
    assert_eq!((amo.last_request().number, amo.last_request().status), (1, Some(401)));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_thousand_are_kept() {
    let amo = Amo::start().await;
    let token = amo.connect(AGENCY).await.access;
    for _ in 0..1_000 {
        amo.get(AGENCY, "/api/v4/account", &token).await;
    }
    let kept = amo.sandbox.requests();
    assert_eq!((kept.len(), kept[0].number, kept[999].number), (1000, 2, 1001));
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_limits_and_the_clock_are_told() {
    let other = Integration {
        client_id: "other".to_owned(),
        client_secret: "planted-other-secret".to_owned(),
        redirect_uri: REDIRECT_URI.to_owned(),
        name: "Other".to_owned(),
        hook_url: None,
    };
    let amo = Amo::with(Options { other_integrations: vec![other], ..unlimited() }).await;
    amo.sandbox.freeze_clock(true);
    let pair = amo.connect(AGENCY).await;
    let mut answers = Vec::new();
    for fault in [Failure::Status(503), Failure::Drop, Failure::DropAfter, Failure::Cut, Failure::BadJson] {
        amo.sandbox.set_faults(Faults { fail_api: vec![fault], ..Faults::default() }).unwrap();
        let url = amo.url(AGENCY, "/api/v4/leads/pipelines");
        let _ = amo.http.get(url).bearer_auth(&pair.access).send().await;
        let told = amo.last_request();
        assert_eq!(told.fault, Some(fault));
        answers.push((told.status, told.answer.is_some()));
    }
    let expected = [(Some(503), true), (None, false), (None, false), (Some(200), true), (Some(200), true)];
    assert_eq!(answers, expected);
    amo.sandbox.set_faults(Faults::default()).unwrap();

    amo.switch(|switches| switches.rate_limit = 2);
    for _ in 0..5 {
        amo.get(AGENCY, "/api/v4/account", &pair.access).await;
    }
    let told = amo.last_request();
    assert_eq!((told.over_limit, told.status, told.client_id.as_deref()), (true, Some(429), Some("sandbox")));
    let fields = json!({"client_id": "other", "client_secret": "planted-other-secret", "grant_type": "refresh_token"});
    for _ in 0..3 {
        amo.token(AGENCY, &fields).await;
    }
    let stats = amo.sandbox.stats();
    let by_integration: Vec<_> =
        stats.over_limit_by_integration.iter().map(|(id, times)| (id.as_str(), *times)).collect();
    assert_eq!((stats.over_limit, by_integration), (4, vec![("other", 1), ("sandbox", 3)]));
    let report = amo.open(&amo.url(AGENCY, "/_sandbox")).await.json();
    assert_eq!(report["counters"]["over_limit_by_integration"], json!({"other": 1, "sandbox": 3}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_resets_its_connection_is_in_the_journal_too() {
    let amo = Amo::start().await;
    let pair = amo.connect(AGENCY).await;
    amo.sandbox.set_faults(Faults { latency_ms: 3_600_000, ..Faults::default() }).unwrap();
    let host = amo.sandbox.host(AGENCY).unwrap();
    let mut connection = TcpStream::connect(&host).unwrap();
    // What it has not read when it closes makes a reset of the end: actix takes anything less for half a close.
    write!(connection, "GET /v3/user HTTP/1.1\r\nHost: {host}\r\n\r\n").unwrap();
    connection.peek(&mut [0]).unwrap();
    write!(connection, "GET /api/v4/account HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {}\r\n\r\n", pair.access)
        .unwrap();
    while amo.sandbox.stats().api_requests == 0 {
        tokio::task::yield_now().await;
    }
    drop(connection);
    while amo.sandbox.requests().len() < 3 {
        tokio::task::yield_now().await;
    }
    let told = amo.last_request();
    assert_eq!((told.path.as_str(), told.status, told.answer), ("/api/v4/account", None, None));
    assert_eq!(told.user.map(amo_connect_sandbox::UserId::get), Some(10_110_001));
}

#[tokio::test(flavor = "multi_thread")]
async fn long_bodies_are_told_by_their_length_alone() {
    let amo = Amo::start().await;
    let token = amo.connect(AGENCY).await.access;
    let page = amo.get(AGENCY, "/api/v4/leads", &token).await;
    let told = amo.last_request();
    assert_eq!((told.answer, told.answer_bytes), (None, page.body.len()));
    let long = json!([{"name": "x".repeat(65_536)}]);
    amo.send("POST", "/api/v4/leads", &token, &long).await;
    let told = amo.last_request();
    assert_eq!((told.body, told.body_bytes), (None, long.to_string().len()));
    assert!(told.answer.is_some());
    let too_long = json!([{"name": "x".repeat(300_000)}]);
    let refused = amo.send("POST", "/api/v4/leads", &token, &too_long).await;
    assert_eq!((refused.status.as_u16(), amo.last_request().status), (413, Some(413)));
}

#[tokio::test(flavor = "multi_thread")]
async fn time_taken_is_that_of_the_clock() {
    let amo = Amo::start().await;
    let token = amo.connect(AGENCY).await.access;
    amo.sandbox.freeze_clock(true);
    amo.sandbox.set_faults(Faults { latency_ms: 1_000, ..Faults::default() }).unwrap();
    let url = amo.url(AGENCY, "/api/v4/account");
    let request = tokio::spawn(amo.http.get(url).bearer_auth(token).send());
    while amo.sandbox.stats().api_requests == 0 {
        tokio::task::yield_now().await;
    }
    amo.sandbox.advance_clock(Duration::from_secs(7)).unwrap();
    request.await.unwrap().unwrap();
    assert_eq!(amo.last_request().duration_ms, 7_000);
}
