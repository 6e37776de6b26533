//! The OpenAPI document: where it is had, and that what it shows is right.

use amo_connect::openapi::document;
use amo_connect_tests::documented::{fault, validator};
use amo_connect_tests::{Answer, Process, World};
use reqwest::Method;
use reqwest::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderValue};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn it_is_served_and_printed_and_can_be_kept() {
    let world = World::start().await;
    let address = format!("{}/openapi.json", world.base);
    let served = Answer::to(world.http().get(&address)).await;
    assert_eq!(served.status, 200, "{served:?}");
    assert_eq!(served.header("cache-control"), "public, max-age=300");
    let again = Answer::to(world.http().get(&address).header("if-none-match", served.header("etag"))).await;
    assert_eq!((again.status, again.text.as_str()), (304, ""));

    let (code, printed, _) = Process::start(&["openapi"], &[], &world.folder()).ended().await;
    assert_eq!(code, Some(0));
    assert_eq!(serde_json::from_str::<Value>(&printed).unwrap(), served.json());
}

#[test]
fn every_example_is_valid() {
    let mut seen = 0;
    for (path, item) in document()["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let responses = operation["responses"].as_object().unwrap().iter();
            let bodies = responses.map(|(status, response)| (status.as_str(), response));
            for (what, body) in bodies.chain([("body", &operation["requestBody"])]) {
                for content in body["content"].as_object().into_iter().flatten().map(|(_, content)| content) {
                    let many =
                        content["examples"].as_object().into_iter().flatten().map(|(_, example)| &example["value"]);
                    for example in content.get("example").into_iter().chain(many) {
                        seen += 1;
                        let fault = validator(&content["schema"]).validate(example).err();
                        assert!(fault.is_none(), "{method} {path} {what}: {fault:?}");
                    }
                }
            }
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let Some(example) = parameter.get("example").or(parameter["schema"].get("example")) else { continue };
                assert!(validator(&parameter["schema"]).is_valid(example), "{method} {path} {}", parameter["name"]);
            }
        }
    }
    assert!(seen > 100, "{seen}");
}

#[test]
fn an_answer_that_is_not_as_documented_is_noticed() {
    let status = |change: fn(&mut Value)| {
        let mut body = document()["paths"]["/api/amo-crm/status"]["get"]["responses"]["200"]["content"]["application/json"]["example"].clone();
        change(&mut body);
        body.to_string()
    };
    let headers = |change: fn(&mut HeaderMap)| {
        let mut headers = HeaderMap::new();
        headers.insert("x-request-id", HeaderValue::from_static("1"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        change(&mut headers);
        headers
    };
    let judged = |status: u16, headers: &HeaderMap, text: &str| {
        fault(&Method::GET, "/api/amo-crm/status", status, headers, text)
    };
    let as_it_is = status(|_| {});
    assert_eq!(judged(200, &headers(|_| {}), &as_it_is), None);
    for (change, told) in [
        ((|body| body["data"]["colour"] = json!("red")) as fn(&mut Value), "colour"),
        (|body| drop(body["data"].as_object_mut().unwrap().remove("problem")), "problem"),
        (|body| body["data"]["domain"] = Value::Null, "/data/domain"),
        (|body| body["data"]["state"] = json!("lost"), "/data/state"),
        (|body| body["data"]["connectedAt"] = json!("yesterday"), "/data/connectedAt"),
        (|body| body["success"] = json!(false), "/success"),
    ] {
        let fault = judged(200, &headers(|_| {}), &status(change)).unwrap();
        assert!(fault.contains(told), "{fault}");
    }
    for (change, told) in [
        ((|headers| drop(headers.remove("x-request-id"))) as fn(&mut HeaderMap), "X-Request-Id"),
        (|headers| drop(headers.insert(CACHE_CONTROL, HeaderValue::from_static("public"))), "Cache-Control"),
        (|headers| drop(headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html"))), "content type"),
        (|headers| drop(headers.insert("retry-after", HeaderValue::from_static("1"))), "retry-after"),
    ] {
        let fault = judged(200, &headers(change), &as_it_is).unwrap();
        assert!(fault.contains(told), "{fault}");
    }
    assert!(judged(418, &headers(|_| {}), &as_it_is).unwrap().contains("no such answer"));
    assert!(fault(&Method::PUT, "/api/amo-crm/status", 200, &headers(|_| {}), &as_it_is).is_some());
    assert!(fault(&Method::GET, "/api/amo-crm/lost", 200, &headers(|_| {}), &as_it_is).is_some());
    assert_eq!(fault(&Method::GET, "/oauth2/access_token", 200, &HeaderMap::new(), "x"), None);
}
