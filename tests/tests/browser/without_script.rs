//! A browser in which no script runs.

use amo_connect_tests::World;

use crate::engine::{Engine, Look, SIZES};
use crate::session::Session;
use crate::stage::{Outcome, connected};
use crate::traffic::Visit;

pub(crate) async fn without_javascript_the_page_says_what_happened_and_has_a_link(engine: Engine) {
    let world = World::start().await;
    let (_, page) = connected(&world).await;
    for size in SIZES {
        let session = Session::open(engine, Look { script: false, size, ..Look::default() }, &world.base).await;
        says_and_leads(&session, &page).await;
    }
}

async fn says_and_leads(session: &Session, page: &Outcome) {
    session.visit(&page.url).await;

    let text = session.run("return document.body.innerText").await;
    for sentence in [
        "✓ Authorization successful!",
        "Your AMO CRM account has been successfully connected.",
        "JavaScript is switched off in this browser. Go back to the app yourself, or follow this link: Return to App",
    ] {
        assert!(text.as_str().unwrap().contains(sentence), "{sentence}: {text}");
    }
    assert!(!session.find("#return").await.is_displayed().await.unwrap(), "a button that does nothing");
    assert!(session.find("noscript a").await.is_displayed().await.unwrap());
    assert_eq!(session.run("return document.documentElement.scrollWidth <= innerWidth").await, true);
    assert_eq!(session.traffic().await.attempts(), []);

    session.tap("noscript a").await;
    session.until_opened(1).await;
    let traffic = session.traffic().await;
    assert_eq!(traffic.attempts(), [Visit { url: page.link.clone(), gesture: true }]);
    assert_eq!(traffic.opened, [page.link.as_str()]);
}
