//! Connecting, with everything that goes well, wrong, twice, or to somebody else.

use amo_connect_tests::{ACCOUNT, Answer, RIVAL};
use reqwest::Method;
use serde_json::{Value, json};

use crate::planted::{Kind, plain};
use crate::stage::Stage;

/// An attempt of a user's.
pub(crate) struct Attempt {
    id: String,
    pub(crate) state: String,
}

/// What a browser brings back.
#[derive(Clone, Copy)]
pub(crate) struct Redirect<'a>(pub(crate) &'a [(&'a str, &'a str)]);

impl Stage {
    /// An attempt that `user` begins.
    pub(crate) async fn attempt(&self, user: &str) -> Attempt {
        let request = self.request(Method::POST, "/authorize").bearer_auth(self.jwt(user)).json(&json!({}));
        // The state is for the app, and so is the address that has it.
        let data = self.send(request, &[], &[Kind::State]).await.data();
        let text = |name: &str| data[name].as_str().unwrap().to_owned();
        assert!(text("authorizationUrl").contains(&text("state")));
        let state = self.secrets.plant(Kind::State, text("state"));
        Attempt { id: text("attemptId"), state }
    }

    /// The page that a browser is shown. It may hold what the browser has brought.
    pub(crate) async fn callback(&self, redirect: Redirect<'_>) -> Answer {
        let words = redirect.0.iter().flat_map(|(_, value)| {
            value.split(|letter: char| !letter.is_ascii_alphanumeric() && !"-_".contains(letter))
        });
        let own: Vec<_> = words.filter(|word| word.len() > 8).collect();
        self.send(self.request(Method::GET, "/callback").query(redirect.0), &own, &[]).await
    }

    /// Connects `user` to `account` by an attempt of theirs. Gives the code.
    pub(crate) async fn connect(&self, user: &str, account: u64) -> String {
        let (attempt, issued) = (self.attempt(user).await, self.code(account));
        let redirect = [("code", &*issued.code), ("state", &*attempt.state), ("referer", &*issued.referer)];
        self.expect(200, &self.callback(Redirect(&redirect)).await);
        issued.code
    }

    /// The app brings a code.
    pub(crate) async fn exchange(&self, user: &str, body: Value) -> Answer {
        self.post(user, "/exchange-code", body).await
    }
}

/// Every way to connect, and the ways to be refused.
pub(crate) async fn connect(stage: &Stage) {
    let code = stage.connect("olena", ACCOUNT).await;
    let attempt = stage.attempt("olena").await;
    assert_eq!(stage.get("olena", &format!("/authorize/{}", attempt.id)).await.data()["state"], "pending");
    stage.expect(404, &stage.get("ivan", &format!("/authorize/{}", attempt.id)).await);
    claims(stage, &code).await;
    refused_pages(stage, &code, &attempt).await;
    refused_codes(stage).await;
    refused_callers(stage).await;
}

/// Codes that the app brings: with a state of its own, with none, and somebody else's.
async fn claims(stage: &Stage, code_of_olena: &str) {
    stage.expect(200, &stage.exchange("olena", json!({ "code": code_of_olena })).await);
    stage.expect(409, &stage.exchange("ivan", json!({ "code": code_of_olena })).await);

    let (issued, apps_own) = (stage.code(RIVAL), stage.secrets.plant(Kind::State, plain()));
    let redirect = [("code", &*issued.code), ("state", &*apps_own), ("referer", &*issued.referer)];
    for _ in 0..2 {
        stage.expect(200, &stage.callback(Redirect(&redirect)).await);
    }
    let wrong = json!({ "code": issued.code, "state": stage.secrets.plant(Kind::State, plain()) });
    stage.expect(400, &stage.exchange("maria", wrong).await);
    stage.expect(200, &stage.exchange("maria", json!({ "code": issued.code, "state": apps_own })).await);

    let issued = stage.code(RIVAL);
    stage.expect(200, &stage.exchange("petro", json!({ "code": issued.code, "referer": issued.referer })).await);

    let (attempt, issued) = (stage.attempt("oksana").await, stage.code(ACCOUNT));
    let with_state = json!({ "code": issued.code, "state": attempt.state, "referer": issued.referer });
    stage.expect(409, &stage.exchange("ivan", with_state.clone()).await);
    stage.expect(200, &stage.exchange("oksana", with_state).await);
}

/// Redirects that lead nowhere.
async fn refused_pages(stage: &Stage, spent: &str, attempt: &Attempt) {
    let (code, ours) = (stage.secrets.plant(Kind::Code, plain()), attempt.state.as_str());
    let host = stage.wire.name_of(&stage.sandbox.host(ACCOUNT).unwrap());
    let odd = format!("\"><script>{}</script>'\n\r\t%00", stage.secrets.plant(Kind::State, plain()));
    for redirect in [
        Redirect(&[("error", "access_denied"), ("error_description", &code), ("state", ours)]),
        Redirect(&[("error", "server_error"), ("error_description", &code), ("state", &odd)]),
        Redirect(&[("code", spent), ("state", ours), ("referer", &host)]),
        Redirect(&[("code", &code), ("state", ours), ("referer", "evil.example")]),
        Redirect(&[("code", &code), ("state", ours), ("referer", &code)]),
        Redirect(&[("code", &code), ("code", spent), ("state", ours)]),
        Redirect(&[("code", &code), ("state", ours), ("state", &odd), ("referer", &host)]),
        Redirect(&[("code", &code.repeat(40)), ("state", ours), ("referer", &host)]),
        Redirect(&[("state", ours), ("referer", &host), (&code, &code)]),
    ] {
        let page = stage.callback(redirect).await;
        assert_ne!(page.link_parameter("success").as_deref(), Some("true"), "{page:?}");
    }
}

/// Codes that amoCRM does not know, and bodies that nobody can read.
async fn refused_codes(stage: &Stage) {
    let host = stage.wire.name_of(&stage.sandbox.host(ACCOUNT).unwrap());
    let garbage = || stage.secrets.plant(Kind::Code, plain());
    let unknown = json!({ "code": garbage(), "referer": host });
    stage.expect(400, &stage.exchange("stepan", unknown).await);
    for body in [
        json!({ "code": garbage(), "referer": "evil.example" }),
        json!({ "code": garbage(), "referer": garbage() }),
        json!({ "code": garbage(), "state": format!("ac1_{}", stage.secrets.plant(Kind::State, plain())) }),
        json!({ "code": [garbage()] }),
        json!({ "code": garbage(), "referer": { "of": garbage() } }),
        json!({ "code": garbage().repeat(40), "referer": host }),
        json!(garbage()),
    ] {
        let answer = stage.exchange("stepan", body).await;
        stage.expect(answer.status.clamp(400, 499), &answer);
    }
    for body in [format!("{{\"code\":\"{}", garbage()), format!("{{\"code\":{}}}", garbage()), garbage()] {
        let request = stage.request(Method::POST, "/exchange-code").bearer_auth(stage.jwt("stepan"));
        let request = request.header("content-type", "application/json").body(body);
        stage.expect(400, &stage.send(request, &[], &[]).await);
    }
    // Whoever names a member that is not there is told how the name begins.
    let name = garbage();
    let body = json!({ "code": "a", &*name: garbage() });
    let request = stage.request(Method::POST, "/exchange-code").bearer_auth(stage.jwt("stepan")).json(&body);
    stage.expect(400, &stage.send(request, &[&name[..64]], &[]).await);
}

/// Credentials that are none, and secrets where they do not belong.
async fn refused_callers(stage: &Stage) {
    let (jwt, client_secret) = (stage.jwt("olena"), stage.settings.amo_client_secret.clone().unwrap());
    let (head, signature) = jwt.rsplit_once('.').unwrap();
    let turned: String = signature.chars().rev().collect();
    let leads = |path: &str| stage.request(Method::GET, path);
    for request in [
        leads("/leads").bearer_auth(format!("{head}.{}", stage.secrets.plant(Kind::Jwt, turned))),
        leads("/leads").bearer_auth(stage.secrets.plant(Kind::Jwt, format!("{head}.{}", plain()))),
        leads("/leads").basic_auth("planted", Some(&client_secret)),
        leads("/leads").header("authorization", &jwt),
        leads("/leads").query(&[("access_token", &jwt)]),
        leads("/leads").bearer_auth(&jwt).query(&[("access_token", &jwt)]),
        leads("/leads").bearer_auth(&jwt).bearer_auth(&jwt),
        leads(&format!("/{jwt}")),
        leads(&format!("/leads/{jwt}")).bearer_auth(&jwt),
        leads("/leads").bearer_auth(&jwt).header("x-request-id", format!("{jwt}!")).query(&[("limit", &jwt)]),
        leads("/leads").bearer_auth(&jwt).header("traceparent", &jwt).query(&[("page", &jwt)]),
        leads("/hooks/disconnected").query(&[("account_id", &jwt), ("client_uuid", &jwt), ("signature", &jwt)]),
    ] {
        let answer = stage.send(request, &[], &[]).await;
        stage.expect(answer.status.clamp(400, 499), &answer);
    }
}
