//! Reloading, going away and coming back: the same page, and nothing is spent twice.

use amo_connect_sandbox::{Failure, Faults};
use amo_connect_tests::World;

use crate::engine::{Engine, Look};
use crate::session::Session;
use crate::stage::connected;

/// What the page says and where its button leads.
const SAID: &str = "
    const text = document.querySelector('main').innerText.replace(/[0-9a-f]{8}$/, '');
    return [text, document.getElementById('return').dataset.link].join();";

pub(crate) async fn a_reload_and_back_show_the_same_page_and_spend_nothing(engine: Engine) {
    let world = World::start().await;
    let (attempt, page) = connected(&world).await;
    let session = Session::open(engine, Look::default(), &world.base).await;
    session.visit(&page.url).await;
    let said = session.run(SAID).await;
    assert!(said.as_str().unwrap().contains(&page.link), "{said}");

    session.client().refresh().await.unwrap();
    assert_eq!(session.run(SAID).await, said);
    session.client().goto("about:blank").await.unwrap();
    session.client().back().await.unwrap();
    assert_eq!(session.until(SAID).await, said);

    session.tap("#return").await;
    session.until_opened(1).await;
    let traffic = session.traffic().await;
    assert_eq!(traffic.opened, [page.link]);
    assert_eq!(traffic.attempts().iter().filter(|visit| visit.gesture).count(), 1);
    assert_eq!(session.complaints().await, [""; 0]);
    assert_eq!(world.sandbox.stats().exchanges, 1);
    assert_eq!(world.progress("olena", &attempt).await.0, "connected");
}

pub(crate) async fn the_link_on_a_failure_that_passes_asks_again_and_connects(engine: Engine) {
    let world = World::start().await;
    let (attempt, page) = connected(&world).await;
    let session = Session::open(engine, Look::default(), &world.base).await;
    let outage = Faults { token_outage: Some(Failure::Drop), ..Faults::default() };
    world.sandbox.set_faults(outage).unwrap();
    session.visit(&page.url).await;
    let link = session.run("return document.getElementById('return').dataset.link").await;
    assert!(link.as_str().unwrap().contains("error=crm_unavailable"), "{link}");
    assert_eq!(world.progress("olena", &attempt).await, ("pending".to_owned(), "crm_unavailable".into()));

    world.sandbox.set_faults(Faults::default()).unwrap();
    session.tap("main a[href='']").await;
    session.until(&format!("return document.getElementById('return')?.dataset.link === {:?}", page.link)).await;
    assert_eq!(session.run("return location.href").await, page.url.as_str());
    assert_eq!(world.progress("olena", &attempt).await.0, "connected");
    assert_eq!(session.complaints().await, [""; 0]);
}
