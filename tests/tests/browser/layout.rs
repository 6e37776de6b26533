//! The button is there, whole and free, when the page is.

use serde_json::json;

use crate::engine::{Engine, Look, SIZES};
use crate::session::Session;
use crate::stage::Stage;

/// What a finger meets where the button is.
const BUTTON: &str = "
    const button = document.getElementById('return');
    const box = button.getBoundingClientRect();
    const spots = [[.5, .5], [.05, .2], [.95, .2], [.05, .8], [.95, .8]];
    const under = ([x, y]) => document.elementFromPoint(box.left + x * box.width, box.top + y * box.height);
    return {
        viewport: [innerWidth, innerHeight],
        ready: document.readyState,
        hit: spots.every((spot) => under(spot) === button),
        within: box.left >= 0 && box.top >= 0 && box.right <= innerWidth && box.bottom <= innerHeight,
        tall: box.height >= 44,
        unscrolled: scrollX === 0 && scrollY === 0,
        narrow: document.documentElement.scrollWidth <= innerWidth,
        language: document.documentElement.lang,
    };";

pub(crate) async fn the_button_is_whole_and_free_on_load_in_every_outcome(engine: Engine) {
    let stage = Stage::set().await;
    let looks = [(SIZES[0], "en"), (SIZES[1], "en"), (SIZES[1], "uk"), (SIZES[1], "ru")];
    for (size, language) in looks {
        let session = Session::open(engine, Look { size, language, ..Look::default() }, "http://127.0.0.1").await;
        for outcome in &stage.outcomes {
            stage.visit(&session, outcome).await;
            let whole = json!({
                "viewport": [size.0, size.1], "ready": "complete", "hit": true, "within": true, "tall": true,
                "unscrolled": true, "narrow": true, "language": language,
            });
            assert_eq!(session.run(BUTTON).await, whole, "{} in {language} at {size:?}", outcome.name);
            assert!(session.find("#return").await.is_displayed().await.unwrap());
        }
        assert_eq!(session.complaints().await, [""; 0]);
    }
}
