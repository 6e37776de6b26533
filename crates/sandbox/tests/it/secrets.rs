//! No code, token, client secret or state is in the request journal, wherever a client sent it.

use amo_connect_sandbox::{Dress, Failure, Faults, UserId};
use serde_json::json;

use crate::support::{AGENCY, Amo, read};

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
    let told = amo.last_request();
    let shown_location = told.location.unwrap();
    assert!(shown_location.contains("code=…&state=…&referer=127.0.0.1"), "{shown_location}");
    assert!(told.body.unwrap().as_str().unwrap().contains("client_id=sandbox&state=…&mode=popup"));
    assert_eq!((told.account, told.user.map(UserId::get)), (Some(AGENCY), Some(10_110_001)));

    // The token endpoint, in JSON and as a form, good and bad, dressed and broken.
    let first = amo.token(AGENCY, &Amo::exchange_fields(&code)).await.pair();
    planted.extend([code, first.access.clone(), first.refresh.clone()]);
    let told = amo.last_request();
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
    let told = amo.last_request();
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
    assert_eq!(amo.last_request().status, Some(200));
    amo.get(AGENCY, "/oauth2/account/subdomain", &second.access).await;
    amo.get(AGENCY, "/v3/user", &second.access).await;
    amo.get(AGENCY, "/api/v4/nothing?access_token=planted-token&code=planted-code&state=planted-state", &second.access)
        .await;
    assert!(amo.last_request().answer.unwrap()["detail"].as_str().unwrap().contains("access_token=…"));
    amo.get(AGENCY, &format!("/api/v4/nothing/{}/{}", second.refresh, second.access), &second.access).await;
    amo.send(
        "POST",
        "/api/v4/leads",
        &second.access,
        &json!([{"name": second.refresh, "client_secret": "planted-secret"}]),
    )
    .await;
    let hook = json!({"destination": "http://127.0.0.1:1/hook?token=planted-token", "settings": ["add_lead"]});
    amo.send("POST", "/api/v4/webhooks", &second.access, &hook).await;

    let everything = amo.open(&open("/_sandbox/requests")).await.body;
    for secret in planted {
        assert!(secret.len() >= 8 && !everything.contains(&secret), "{secret}");
    }
    assert!(!everything.contains("def50200") && !everything.contains("eyJ"));
}
