//! The request journal: what was asked and answered, and no secret in it.

use std::{io::Write as _, net::TcpStream, time::Duration};

use amo_connect_sandbox::{Dress, Failure, Faults, Integration, Options, RequestRecord};
use serde_json::{Value, json};

use crate::support::{AGENCY, Amo, Answer, REDIRECT_URI, RIVAL, read, unlimited};

/// What `GET /_sandbox/requests` answers.
async fn shown(amo: &Amo, query: &str) -> Vec<Value> {
    let answer = amo.open(&amo.url(AGENCY, &format!("/_sandbox/requests{query}"))).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["requests"].as_array().unwrap().clone()
}

fn last(amo: &Amo) -> RequestRecord {
    amo.sandbox.requests().pop().unwrap()
}

/// Sends a body to the API of the agency.
async fn send(amo: &Amo, method: &str, path: &str, token: &str, body: &Value) -> Answer {
    let request = amo.http.request(method.parse().unwrap(), amo.url(AGENCY, path));
    read(request.bearer_auth(token).json(body).send().await.unwrap()).await
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
    assert_eq!((last(&amo).number, last(&amo).status), (1, Some(401)));
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
        let told = last(&amo);
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
    let told = last(&amo);
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
    let told = last(&amo);
    assert_eq!((told.path.as_str(), told.status, told.answer), ("/api/v4/account", None, None));
    assert_eq!(told.user.map(amo_connect_sandbox::UserId::get), Some(10_110_001));
}

#[tokio::test(flavor = "multi_thread")]
async fn long_bodies_are_told_by_their_length_alone() {
    let amo = Amo::start().await;
    let token = amo.connect(AGENCY).await.access;
    let page = amo.get(AGENCY, "/api/v4/leads", &token).await;
    let told = last(&amo);
    assert_eq!((told.answer, told.answer_bytes), (None, page.body.len()));
    let long = json!([{"name": "x".repeat(65_536)}]);
    send(&amo, "POST", "/api/v4/leads", &token, &long).await;
    let told = last(&amo);
    assert_eq!((told.body, told.body_bytes), (None, long.to_string().len()));
    assert!(told.answer.is_some());
    let too_long = json!([{"name": "x".repeat(300_000)}]);
    let refused = send(&amo, "POST", "/api/v4/leads", &token, &too_long).await;
    assert_eq!((refused.status.as_u16(), last(&amo).status), (413, Some(413)));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_in_the_journal() {
    let amo = Amo::start().await;
    let mut planted: Vec<String> =
        ["planted-state", "planted-code", "planted-token", "planted-secret", "planted-password", "sandbox-secret"]
            .map(str::to_owned)
            .to_vec();
    let open = |path: &str| amo.url(AGENCY, path);

    // The pages, and the way back from them with a code.
    let asked =
        "client_id=sandbox&state=planted-state&mode=popup&redirect_uri=http%3A%2F%2Fa%2F%3Fstate%3Dplanted-state";
    amo.open(&open(&format!("/oauth?{asked}"))).await;
    amo.open(&open(&format!("/oauth?{asked}&user=10110001"))).await;
    let form = format!("{asked}&user=10110001&decision=allow");
    let back = amo.http.post(open("/oauth")).header("content-type", "application/x-www-form-urlencoded").body(form);
    let location = read(back.send().await.unwrap()).await.location;
    let code = location.split("code=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let told = last(&amo);
    let shown_location = told.location.unwrap();
    assert!(shown_location.contains("code=…&state=…&referer=127.0.0.1"), "{shown_location}");
    assert!(told.body.unwrap().as_str().unwrap().contains("client_id=sandbox&state=…&mode=popup"));
    assert_eq!((told.account, told.user.map(amo_connect_sandbox::UserId::get)), (Some(AGENCY), Some(10_110_001)));

    // The token endpoint, in JSON and as a form, good and bad, dressed and broken.
    let first = amo.token(AGENCY, &Amo::exchange_fields(&code)).await.pair();
    planted.extend([code, first.access.clone(), first.refresh.clone()]);
    let told = last(&amo);
    assert_eq!(told.body.unwrap()["grant_type"], "authorization_code");
    let answer = told.answer.unwrap();
    assert_eq!((&answer["token_type"], &answer["access_token"]), (&json!("Bearer"), &json!("…")));
    amo.sandbox
        .set_faults(Faults {
            dress: vec![Dress::Gzip],
            fail_token: vec![Failure::Pass, Failure::BadJson, Failure::Cut],
            ..Faults::default()
        })
        .unwrap();
    let dressed = amo.http.post(open("/oauth2/access_token")).form(&Amo::refresh_fields(&first.refresh));
    dressed.send().await.unwrap().bytes().await.unwrap();
    let told = last(&amo);
    assert_eq!((told.dress, told.status), (Some(Dress::Gzip), Some(200)));
    assert_eq!(told.answer.unwrap()["refresh_token"], "…");
    for _ in 0..2 {
        let code = amo.sandbox.issue_code(AGENCY).unwrap().code;
        let request = amo.http.post(open("/oauth2/access_token")).json(&Amo::exchange_fields(&code)).send().await;
        // The first half of a pair.
        planted.push(request.unwrap().bytes().await.map_or_else(
            |_| code.clone(),
            |half| String::from_utf8_lossy(&half).split("access_token\":\"").nth(1).unwrap()[..40].to_owned(),
        ));
        planted.push(code);
    }
    for (content_type, body) in [
        ("application/json", r#"{"client_secret":"planted-secret","#),
        ("application/x-www-form-urlencoded", r#"{"client_secret":"planted-secret","a":"b=c"}"#),
        ("application/x-www-form-urlencoded", "grant_type=refresh_token&refresh_token=planted-token&planted-token"),
        ("text/plain", "client_secret=planted-secret"),
        (
            "application/json",
            r#"{"code":"planted-code","state":["planted-state"],"nested":{"Password":"planted-password"}}"#,
        ),
    ] {
        let request = amo.http.post(open("/oauth2/access_token")).header("content-type", content_type).body(body);
        request.send().await.unwrap();
    }

    // The look-ups, and the API: in headers, queries, bodies, paths, and in what is answered.
    let second = amo.connect(AGENCY).await;
    planted.extend([second.access.clone(), second.refresh.clone()]);
    let look_up = amo.http.get(open("/oauth2/account/current/subdomain")).header("x-refresh-token", &second.refresh);
    look_up.send().await.unwrap();
    assert_eq!(last(&amo).status, Some(200));
    amo.get(AGENCY, "/oauth2/account/subdomain", &second.access).await;
    amo.get(AGENCY, "/v3/user", &second.access).await;
    amo.get(AGENCY, "/api/v4/nothing?access_token=planted-token&code=planted-code&state=planted-state", &second.access)
        .await;
    assert!(last(&amo).answer.unwrap()["detail"].as_str().unwrap().contains("access_token=…"));
    amo.get(AGENCY, &format!("/api/v4/nothing/{}/{}", second.refresh, second.access), &second.access).await;
    send(
        &amo,
        "POST",
        "/api/v4/leads",
        &second.access,
        &json!([{"name": second.refresh, "client_secret": "planted-secret"}]),
    )
    .await;
    let hook = json!({"destination": "http://127.0.0.1:1/hook?token=planted-token", "settings": ["add_lead"]});
    send(&amo, "POST", "/api/v4/webhooks", &second.access, &hook).await;

    let everything = amo.open(&open("/_sandbox/requests")).await.body;
    for secret in planted {
        assert!(secret.len() >= 8 && !everything.contains(&secret), "{secret}");
    }
    assert!(!everything.contains("def50200") && !everything.contains("eyJ"));
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
    assert_eq!(last(&amo).duration_ms, 7_000);
}
