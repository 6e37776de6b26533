//! The whole way of a person, in one browser: phone, login, consent, page, phone, leads.

use amo_connect_tests::{KEPT, Process, word_after};

use crate::accessibility::barriers;
use crate::engine::{Engine, Look};
use crate::session::Session;

pub(crate) async fn from_the_phone_over_amocrm_and_back_to_the_leads(engine: Engine) {
    let folder = tempfile::tempdir().unwrap();
    let (process, guide) = Process::sandbox(&KEPT, folder.path()).await;
    let phone = word_after(&guide, "Open ");
    let session = Session::open(engine, Look::default(), phone.trim_end_matches('/')).await;
    let arrived = async |heading: &str| {
        let headings = "[...document.querySelectorAll('h1, h2')]";
        session.until(&format!("return {headings}.some((one) => one.innerText === {heading:?})")).await;
        assert_eq!(barriers(&session).await, [""; 0], "{heading}");
    };

    session.visit(phone).await;
    session.until("return document.getElementById('standing').innerText === 'Not connected.'").await;
    arrived("AMO CRM").await;
    session.tap("#connect").await;
    session.tap("button[name=user]").await;
    session.tap("button[value=allow]").await;
    arrived("✓ Authorization successful!").await;
    session.tap("#return").await;
    arrived("✓ Connected").await;
    session.tap("#home").await;
    session.until("return document.querySelectorAll('#list li').length === 20").await;
    arrived("Leads").await;

    // Not asked for again: connected, with nothing to connect.
    let asks = session.run("return document.getElementById('connect').checkVisibility()").await;
    assert_eq!(asks, false);
    let standing = session.run("return document.getElementById('standing').innerText").await;
    assert!(standing.as_str().unwrap().starts_with("Connected to 127.0.0.1:"), "{standing}");
    let traffic = session.traffic().await;
    assert!(traffic.attempts().len() >= 5 && traffic.attempts().iter().all(|visit| visit.gesture), "{traffic:?}");
    assert_eq!(session.complaints().await, [""; 0]);
    process.stop().await;
}
