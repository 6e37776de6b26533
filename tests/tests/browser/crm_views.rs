//! The views of the phone: no barrier in any of them, room on the smallest screen, and a list that is pulled down.

use std::time::Duration;

use fantoccini::actions::{InputSource as _, PointerAction, TouchActions};
use serde_json::json;

use crate::accessibility::barriers;
use crate::engine::{Engine, Look, SIZES};
use crate::phone::Phone;

/// What is hard to hit or too wide for the screen, among what can be used in the phone.
const UNHANDY: &str = "
    const kinds = 'a, button, select, textarea, label:has(input), .field input';
    const used = [...document.querySelectorAll(`main :is(${kinds})`)];
    const small = (element) => {
        const box = element.getBoundingClientRect();
        return element.checkVisibility() && (box.height < 43.5 || box.left < 0 || box.right > innerWidth);
    };
    const isWide = document.documentElement.scrollWidth > innerWidth;
    return [...used.filter(small).map((element) => element.outerHTML), isWide];";

impl Phone {
    /// Goes to a view, and waits until `there` is true.
    async fn go(&self, hash: &str, there: &str) {
        self.session.run(&format!("location.hash = {hash:?}")).await;
        self.session.until(&format!("return {there}")).await;
    }
}

pub(crate) async fn no_view_has_a_barrier_and_each_fits_the_smallest_phone(engine: Engine) {
    for (size, dark) in [(SIZES[0], false), (SIZES[1], true), (SIZES[1], false)] {
        let phone = Phone::open_alone(engine, Look { size, dark, ..Look::default() }).await;
        let first = phone.session.run("return document.querySelector('#list h3 a').hash").await;
        let views = [
            ("#/", "document.querySelectorAll('#list li').length === 20"),
            (first.as_str().unwrap(), "!document.getElementById('lead-body').hidden"),
            ("#/new", "document.getElementById('new-stage').options.length > 1"),
            ("#/tasks", "document.querySelectorAll('#task-list li').length > 0"),
            ("#/unsaved", "!document.getElementById('view-unsaved').hidden"),
        ];
        for (hash, there) in views {
            phone.go(hash, there).await;
            assert_eq!(phone.session.run(UNHANDY).await, json!([false]), "{hash} at {size:?}");
            assert_eq!(barriers(&phone.session).await, [""; 0], "{hash} at {size:?}, dark: {dark}");
        }
        phone.close().await;
    }
}

/// Only Chromium's driver has a finger that moves.
#[tokio::test(flavor = "multi_thread")]
async fn the_list_is_pulled_down_to_ask_for_it_anew() {
    let phone = Phone::open_alone(Engine::Chromium, Look::default()).await;
    let http = reqwest::Client::builder().build().unwrap();
    let lead = json!({ "account": 31_920_194, "add": { "name": "Added meanwhile" } });
    let added = http.post(format!("{}/_sandbox/leads", phone.amo)).json(&lead).send().await.unwrap();
    assert_eq!(added.status(), 200);
    let finger = |y| PointerAction::MoveTo { duration: Some(Duration::from_millis(200)), x: 200.0, y };
    let pull = TouchActions::new("finger".to_owned())
        .then(finger(300.0))
        .then(PointerAction::Down { button: 0 })
        .then(finger(350.0))
        .then(finger(480.0))
        .then(PointerAction::Up { button: 0 });
    phone.session.client().perform_actions(pull).await.unwrap();
    phone.session.until("return document.querySelector('#list h3').innerText === 'Added meanwhile'").await;
    assert_eq!(phone.session.run("return document.getElementById('pull').hidden").await, true);
    phone.close().await;
}
