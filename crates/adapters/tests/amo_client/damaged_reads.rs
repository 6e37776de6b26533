//! Answers with one value that no JSON may have: it does not lose the page around it.

use crate::bench::permit;
use amo_connect_domain::crm::contact::{Contact, Reached};
use amo_connect_domain::crm::lead::{AmoLead, LeadPage};
use amo_connect_domain::ports::{AmoError, CrmApi as _};
use wiremock::ResponseTemplate;

use crate::bench::{Ask, access, answering, host, pair, patient_client};
use crate::reads::{all, empty_lead};

/// A page of two leads; `members` are further ones of the first.
fn page(members: &[u8]) -> Vec<u8> {
    [br#"{"_links":{"next":{"href":"x"}},"_embedded":{"leads":[{"id":1,"#, members, br#"},{"id":2,"name":"Flat"}]}}"#]
        .concat()
}

async fn leads(body: &[u8]) -> Result<LeadPage, AmoError> {
    let server = answering(ResponseTemplate::new(200).set_body_raw(body, "application/hal+json")).await;
    patient_client(*server.address()).leads(permit(&host(*server.address())), &access(), &all()).await
}

#[tokio::test]
async fn one_bad_value_is_replaced_in_its_lead_alone() {
    let named = |name: &str| AmoLead { name: Some(name.to_owned()), ..empty_lead(1) };
    let deep = format!("{}{}", "[".repeat(1_000), "]".repeat(1_000));
    let cases: Vec<(Vec<u8>, AmoLead)> = vec![
        (br#""name":"a\ud800b""#.to_vec(), named("a\u{fffd}b")),
        (br#""name":"\ude00""#.to_vec(), named("\u{fffd}")),
        (br#""name":"\ud83c\udfd6 \ud83c""#.to_vec(), named("🏖 \u{fffd}")),
        (b"\"name\":\"a\xffb\"".to_vec(), named("a\u{fffd}b")),
        (b"\"name\":\"a\xd0\"".to_vec(), named("a\u{fffd}")),
        (b"\"name\":\"a\0b\nc\"".to_vec(), named("a\0b\nc")),
        (br#""name":"a\qb""#.to_vec(), named("a\u{fffd}qb")),
        (br#""price":1e400"#.to_vec(), empty_lead(1)),
        (br#""price":NaN,"name":"a""#.to_vec(), named("a")),
        (format!(r#""price":{deep},"name":"a""#).into_bytes(), named("a")),
        (format!(r#""unread":{deep},"name":"\ud800""#).into_bytes(), named("\u{fffd}")),
        // Twice there, too.
        (br#""name":"b","name":"\ud800""#.to_vec(), named("\u{fffd}")),
    ];
    for (members, lead) in cases {
        let second = AmoLead { name: Some("Flat".to_owned()), ..empty_lead(2) };
        let shown = String::from_utf8_lossy(&members[..members.len().min(60)]).into_owned();
        assert_eq!(leads(&page(&members)).await, Ok(LeadPage { leads: vec![lead, second], has_more: true }), "{shown}");
    }
    let marked = [b"\xef\xbb\xbf".as_slice(), &page(br#""name":"a""#)].concat();
    assert_eq!(leads(&marked).await.unwrap().leads[0], named("a"));
}

#[tokio::test]
async fn contacts_and_pipelines_are_mended_as_leads_are() {
    let body = br#"{"_embedded":{
        "contacts":[{"id":1,"name":"O\ud800","custom_fields_values":[{"field_code":"PHONE","values":[{"value":"\ud800"}]}]}],
        "pipelines":[{"id":3,"name":"\ud800","sort":1e400,"_embedded":{"statuses":[{"id":7,"name":"\udc00"}]}}]}}"#;
    let server = answering(ResponseTemplate::new(200).set_body_raw(body.as_slice(), "application/hal+json")).await;
    let (client, host) = (patient_client(*server.address()), host(*server.address()));
    let phones = vec![Reached { value: "\u{fffd}".to_owned(), kind: None }];
    let contact = Contact { name: Some("O\u{fffd}".to_owned()), phones, ..Contact::numbered(1) };
    assert_eq!(client.contacts(permit(&host), &access(), &[1]).await, Ok(vec![contact]));
    let pipelines = client.pipelines(permit(&host), &access()).await.unwrap();
    assert_eq!((pipelines[0].name.as_str(), pipelines[0].sort), ("\u{fffd}", 0));
    assert_eq!(pipelines[0].stages[0].name, "\u{fffd}");
}

#[tokio::test]
async fn what_is_no_page_is_not_made_one() {
    let cut = page(br#""name":"\ud800""#);
    let others: [&[u8]; 5] = [b"\xff\xfe{\0}\0", b"null", b"\xef\xbb\xbf", b"NaN", b"{\"_embedded\":1e400}"];
    for body in others.into_iter().chain([&cut[..cut.len() - 1]]) {
        assert_eq!(leads(body).await, Err(AmoError::Protocol), "{}", String::from_utf8_lossy(body));
    }
}

/// A token with U+FFFD in it would be saved over the good one.
#[tokio::test]
async fn a_damaged_token_is_not_mended() {
    let whole = pair().to_string();
    for damaged in ["new-\\ud800access", "new-\u{fffd}access"] {
        let mut body = whole.replace("new-access", damaged).into_bytes();
        if damaged.contains('\u{fffd}') {
            // As it is on the wire: a byte that is no UTF-8.
            let at = body.windows(3).position(|bytes| bytes == "\u{fffd}".as_bytes()).unwrap();
            body.splice(at..at + 3, [0xff]);
        }
        let server = answering(ResponseTemplate::new(200).set_body_raw(body, "application/json")).await;
        let outcome = Ask::Refresh.of(&patient_client(*server.address()), &host(*server.address())).await;
        assert_eq!(outcome.err(), Some(AmoError::OutcomeUnknown), "{damaged}");
    }
}
