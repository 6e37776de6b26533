//! What a person, or the shape of a phone, asks of a page. Only Chromium can be told.

use amo_connect_tests::World;
use serde_json::json;

use crate::engine::{Engine, Look};
use crate::session::Session;
use crate::stage::connected;

#[tokio::test(flavor = "multi_thread")]
async fn in_forced_colours_the_button_keeps_an_edge_and_the_emblem_its_lines() {
    let (_world, session) = shown().await;
    let features = json!({ "features": [{ "name": "forced-colors", "value": "active" }] });
    session.devtools("Emulation.setEmulatedMedia", features).await;
    let colours = session
        .run(
            "
            const style = (selector) => getComputedStyle(document.querySelector(selector));
            return {
                forced: matchMedia('(forced-colors: active)').matches,
                edge: style('button').borderTopColor !== style('body').backgroundColor && style('button').borderTopWidth === '2px',
                lines: style('svg').stroke === style('h1').color,
            };",
        )
        .await;
    assert_eq!(colours, json!({ "forced": true, "edge": true, "lines": true }));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_under_a_notch_or_a_home_bar() {
    let (_world, session) = shown().await;
    let insets = json!({ "insets": { "top": 59, "right": 47, "bottom": 34, "left": 44 } });
    session.devtools("Emulation.setSafeAreaInsetsOverride", insets).await;
    let padding = session.run("return getComputedStyle(document.body).padding").await;
    assert_eq!(padding, "59px 47px 34px 44px");
}

#[tokio::test(flavor = "multi_thread")]
async fn letters_of_twice_the_size_still_fit() {
    let (_world, session) = shown().await;
    session.devtools("Page.setFontSizes", json!({ "fontSizes": { "standard": 32 } })).await;
    let fits = session
        .run(
            "
            const box = document.getElementById('return').getBoundingClientRect();
            return [getComputedStyle(document.body).fontSize, document.documentElement.scrollWidth <= innerWidth, box.bottom <= document.documentElement.scrollHeight];",
        )
        .await;
    assert_eq!(fits, json!(["32px", true, true]));
}

async fn shown() -> (World, Session) {
    let world = World::start().await;
    let (_, page) = connected(&world).await;
    let session = Session::open(Engine::Chromium, Look::default(), &world.base).await;
    session.visit(&page.url).await;
    (world, session)
}
