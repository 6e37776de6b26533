//! Who may call what: every operation of the OpenAPI document, with JWTs that are right, another user's, or forged.
//!
//! The golden files say what each answers. An operation without a row in `routes.rs` fails the tests.

#![expect(clippy::similar_names, clippy::unused_self, reason = "the table reads best so")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so loudly")]

mod forged;
mod golden;
mod keys;
mod request;
mod routes;
mod signer;
mod stage;

use std::collections::BTreeSet;

use amo_connect::openapi::document;
use golden::Table;
use request::Placed;
use routes::{Row, rows};
use stage::{Keys, Stage, Things};

#[test]
fn every_operation_of_the_document_has_a_row() {
    let operations = document()["paths"].as_object().unwrap().iter().flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().keys();
        methods.map(move |method| (method.to_uppercase(), path.clone()))
    });
    let rows = rows(&Things::default());
    let rows = rows.iter().map(|row| (row.method.to_string(), row.template.to_owned()));
    assert_eq!(rows.collect::<BTreeSet<_>>(), operations.collect(), "rows on the left, operations on the right");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_secret_every_route_answers_as_the_golden_file_has_it() {
    judge(Keys::Secret).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_public_key_every_route_answers_as_the_golden_file_has_it() {
    judge(Keys::Public).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_key_set_every_route_answers_as_the_golden_file_has_it() {
    judge(Keys::Set).await;
}

async fn judge(keys: Keys) {
    let stage = Stage::with(keys).await;
    let rows = rows(&stage.things);
    let forged = forged::all(&stage);
    let mut table = Table::default();
    for row in &rows {
        refuses(&stage, row, &forged).await;
    }
    table.refused(forged.iter().map(|placed| placed.kind));
    assert_eq!(stage.calls_of_amocrm(), 0, "a request without a good JWT has reached amoCRM");
    assert_eq!(stage.forgers_host_was_asked().await, 0, "an address in a token was called");

    for row in &rows {
        let mut answers = Vec::new();
        for placed in forged::right(&stage) {
            let answer = row.send(&stage, &placed).await;
            answers.push((placed.kind, request::told(&answer)));
        }
        for (kind, user) in [("another user's", "ivan"), ("an unconnected user's", "nobody")] {
            let answer = row.send(&stage, &Placed::bearer(kind, &stage.token(user))).await;
            answers.push((kind, request::told(&answer)));
            if row.needs_jwt() {
                stage.assert_shows_nothing_of_olenas(&answer, kind);
            }
        }
        table.row(row, answers);
    }
    table.compare(keys.name());
}

/// Without a good JWT a route that needs one says 401 and nothing else, and any other route what it says to everybody.
async fn refuses(stage: &Stage, row: &Row, forged: &[Placed]) {
    let without = request::told(&row.send(stage, &Placed::nothing()).await);
    for placed in forged {
        let answer = row.send(stage, placed).await;
        let what = format!("{} {} with {}", row.method, row.template, placed.kind);
        if row.needs_jwt() {
            assert_eq!(request::told(&answer), "401 unauthorized", "{what}: {answer:?}");
            assert_eq!(answer.header("www-authenticate"), "Bearer", "{what}");
            stage.assert_shows_nothing_of_olenas(&answer, &what);
        } else {
            assert_eq!(request::told(&answer), without, "{what}: {answer:?}");
        }
    }
}
