//! What the page weighs, and when it is first seen.

use amo_connect_tests::World;

use crate::engine::{Engine, Look};
use crate::session::Session;
use crate::stage::connected;

pub(crate) async fn the_page_is_light_and_loads_nothing_else(engine: Engine) {
    let world = World::start().await;
    let (_, page) = connected(&world).await;
    let session = Session::open(engine, Look::default(), &world.base).await;
    session.visit(&page.url).await;
    let painted = session.until("return performance.getEntriesByName('first-contentful-paint')[0]?.startTime").await;
    let weight = session.run("return performance.getEntriesByType('navigation')[0].encodedBodySize").await;
    let others = session.run("return performance.getEntriesByType('resource').map((entry) => entry.name)").await;
    eprintln!("{engine:?}: {weight} bytes, first contentful paint after {painted} ms");
    assert!((1..10_000).contains(&weight.as_u64().unwrap()), "{weight} bytes");
    assert_eq!(others, serde_json::json!([]));
    assert_eq!(session.traffic().await.others, [""; 0]);
    // What the policy stopped was never on its way, and is told of here alone.
    assert_eq!(session.complaints().await, [""; 0]);
}
