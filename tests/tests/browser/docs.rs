//! `/docs` in a browser: a call is tried, and its answer is read.

use amo_connect_tests::{ACCOUNT, World, jwt};
use serde_json::json;

use crate::accessibility::barriers;
use crate::engine::{Engine, Look};
use crate::session::Session;

/// The narrowest screen that a page has to fit on (WCAG 2.2, "reflow").
const NARROW: (u32, u32) = (320, 640);

pub(crate) async fn a_call_is_tried_on_the_documentations_page(engine: Engine) {
    let world = World::start().await;
    world.connect("olena", ACCOUNT).await;
    for dark in [false, true] {
        let session = Session::open(engine, Look { size: NARROW, dark, ..Look::default() }, &world.base).await;
        session.visit(&format!("{}/docs#listLeads", world.base)).await;
        assert_eq!(barriers(&session).await, [""; 0]);
        session.find("#jwt").await.send_keys(&jwt("olena")).await.unwrap();
        session.find("#listLeads-limit").await.send_keys("1").await.unwrap();
        // By the keyboard alone.
        session.find("#listLeads-query").await.send_keys("\u{e007}").await.unwrap();
        let shown = "const [status, headers, body] = document.querySelector('#listLeads output').children;
                     return status.textContent ? [status.textContent, headers.textContent, body.textContent] : null;";
        let shown = session.until(shown).await;
        assert!(shown[0].as_str().unwrap().starts_with("200"), "{shown}");
        assert!(shown[1].as_str().unwrap().contains("etag: "), "{shown}");
        let body: serde_json::Value = serde_json::from_str(shown[2].as_str().unwrap()).unwrap();
        assert_eq!((&body["success"], &body["limit"]), (&json!(true), &json!(1)));
        let wide = session.run("return document.documentElement.scrollWidth > innerWidth").await;
        assert_eq!(wide, false);
        assert_eq!(barriers(&session).await, [""; 0]);
        assert_eq!(session.traffic().await.others, [world.url("/leads?limit=1")]);
        assert_eq!(session.complaints().await, [""; 0]);
    }
}
