//! What an agent does all day, and the end of it: reading, writing, being moved, disconnected and refused.

use amo_connect_sandbox::{Failure, Faults};
use amo_connect_tests::{ACCOUNT, Answer, RIVAL};
use reqwest::Method;
use serde_json::{Value, json};

use crate::planted::{Kind, plain};
use crate::stage::Stage;

impl Stage {
    /// A write of `user`'s with a key.
    async fn write(&self, method: Method, path: &str, key: &str, body: &Value) -> Answer {
        let request = self.request(method, path).bearer_auth(self.jwt("olena")).header("Idempotency-Key", key);
        self.send(request.json(body), &[], &[Kind::Content]).await
    }

    fn content(&self) -> String {
        self.secrets.plant(Kind::Content, plain())
    }

    fn key(&self) -> String {
        self.secrets.plant(Kind::IdempotencyKey, plain())
    }
}

/// Reads everything there is. Gives a lead's path.
pub(crate) async fn read(stage: &Stage) -> String {
    let page = stage.get("olena", "/leads?limit=3&include=customFields").await.json();
    let path = format!("/leads/{}", page["data"][0]["amoLeadId"]);
    let search = stage.secrets.plant(Kind::Search, plain());
    for end in ["?include=notes,tasks,events", "/notes", "/tasks", "/events"] {
        stage.expect(200, &stage.get("olena", &format!("{path}{end}")).await);
    }
    for path in ["/tasks", "/me", "/users", "/pipelines", "/status", &format!("/leads?query={search}")] {
        stage.expect(200, &stage.get("olena", path).await);
    }
    stage.expect(400, &stage.get("olena", &format!("/leads?order={search}")).await);
    stage.expect(409, &stage.get("nobody", "/leads").await);
    path
}

/// Writes, once each: with keys, again, refused by us and by amoCRM, and with lost answers.
pub(crate) async fn write(stage: &Stage, lead: &str) {
    let (key, name) = (stage.key(), stage.content());
    let body = json!({
        "name": name, "guestName": stage.content(), "guestPhone": stage.secrets.plant(Kind::Content, &plain()[..60]),
        "guestEmail": stage.secrets.plant(Kind::Content, format!("{}@example.com", &plain()[..50])),
        "comment": stage.content(), "tags": [&stage.content()[..90]],
    });
    let made = stage.write(Method::POST, "/leads", &key, &body).await;
    stage.expect(201, &made);
    assert_eq!(stage.write(Method::POST, "/leads", &key, &body).await.header("idempotency-replayed"), "true");
    let other = json!({ "name": stage.content() });
    stage.expect(422, &stage.write(Method::POST, "/leads", &key, &other).await);
    let task = json!({ "text": stage.content(), "completeTill": "2027-01-01T09:00:00Z" });
    let task = stage.write(Method::POST, &format!("{lead}/tasks"), &stage.key(), &task).await;
    stage.expect(201, &task);
    let path = format!("/tasks/{}", task.json()["data"]["id"]);
    let done = json!({ "isCompleted": true, "result": stage.content() });
    stage.expect(200, &stage.write(Method::PATCH, &path, &stage.key(), &done).await);
    stage.expect(200, &stage.write(Method::PATCH, lead, &stage.key(), &json!({ "name": stage.content() })).await);

    let notes = format!("{lead}/notes");
    for (failure, status) in [
        (Failure::Status(400), 400),
        (Failure::Status(403), 403),
        (Failure::Status(500), 502),
        (Failure::DropAfter, 201),
        (Failure::Cut, 201),
        (Failure::BadJson, 201),
    ] {
        let (key, body) = (stage.key(), json!({ "text": stage.content() }));
        stage.faults(Faults { fail_api: vec![failure], ..Faults::default() });
        stage.expect(status, &stage.write(Method::POST, &notes, &key, &body).await);
        stage.faults(Faults::default());
        stage.write(Method::POST, &notes, &key, &body).await;
    }
    for body in [
        json!({ "text": [stage.content()] }),
        json!({ "text": stage.content().repeat(40) }),
        json!({ "text": format!("\u{1}{}", stage.content()) }),
        json!(stage.content()),
    ] {
        stage.expect(400, &stage.write(Method::POST, &notes, &stage.key(), &body).await);
    }
    let odd = format!("{} ї", stage.key());
    let request = stage.request(Method::POST, &notes).bearer_auth(stage.jwt("olena")).header("Idempotency-Key", odd);
    stage.expect(400, &stage.send(request.json(&json!({ "text": "a" })), &[], &[]).await);
}

/// A refresh, a move to another host, and every end of a connection.
pub(crate) async fn end(stage: &Stage) {
    stage.expire();
    stage.expect(200, &stage.get("olena", "/leads?limit=1").await);
    stage.sandbox.move_account(ACCOUNT).unwrap();
    stage.expect(200, &stage.get("olena", "/leads?limit=2").await);

    stage.expect(200, &stage.post("oksana", "/disconnect", json!({})).await);
    stage.expect(409, &stage.get("oksana", "/leads").await);
    // The tokens are taken from the files before they are needed for anything else.
    stage.take_database().await;

    // amoCRM knows nothing of a grant, and an administrator has the hook sent.
    stage.sandbox.revoke(RIVAL).unwrap();
    // Tokens that name no host leave open where the account is, and so whether that is for good.
    stage.expect(502, &stage.get("petro", "/leads").await);
    stage.disable(RIVAL).await;
    stage.service().process().until_logged("integration switched off").await;
}
