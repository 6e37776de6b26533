//! One request can be followed to amoCRM and back, by its id.

use amo_connect_tests::{Answer, jwt};

use crate::stage::Stage;

#[tokio::test(flavor = "multi_thread")]
async fn every_call_of_a_request_has_its_id() {
    let stage = Stage::when_due().await;
    let request = stage.http().get(stage.url("/leads?limit=1")).bearer_auth(jwt("olena"));
    assert_eq!(Answer::to(request.header("x-request-id", "follow-me")).await.status, 200);

    let log = stage.process().logged();
    let lines: Vec<_> = log.lines().filter(|line| line.contains("follow-me")).collect();
    // In the task of the refresh, which outlives the request, and in the request's own.
    for call in ["refresh", "pipelines", "leads", "contacts"] {
        let (answered, endpoint) = ("the CRM answered", format!("\"crm.endpoint\":\"{call}\""));
        let is_it = |line: &&&str| line.contains(answered) && line.contains(&endpoint);
        assert_eq!(lines.iter().filter(is_it).count(), 1, "{call}: {lines:#?}");
    }
    for operation in ["connection", "lease_refresh", "reserve", "save_rotated"] {
        let operation = format!("\"storage.operation\":\"{operation}\"");
        let is_it = |line: &&&str| line.contains("the database answered") && line.contains(&operation);
        assert!(lines.iter().filter(is_it).count() >= 1, "{operation}: {lines:#?}");
    }
    assert!(lines.iter().any(|line| line.contains("refresh succeeded")), "{lines:#?}");
}
