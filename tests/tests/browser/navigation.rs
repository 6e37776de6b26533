//! Nothing moves until the person does, and then once.

use std::time::Duration;

use amo_connect_tests::{DEEP_LINK, World};
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::engine::{Engine, Look, SIZES};
use crate::session::{ENTER, SPACE, Session, TAB};
use crate::stage::{Outcome, connected};
use crate::supervisor;
use crate::traffic::{Traffic, Visit};

/// What is promised to last: a page that jumps by itself does so before.
const A_WHILE: Duration = Duration::from_secs(5);

/// All that a person could see of the page having changed.
const WHOLE_PAGE: &str = "
    const button = document.getElementById('return');
    return [document.documentElement.outerHTML, location.href, history.length, button.disabled].join();";

pub(crate) async fn nothing_moves_for_five_seconds_nor_for_five_more_after_a_tap(engine: Engine) {
    let world = World::start().await;
    let (_, page) = connected(&world).await;
    for size in SIZES {
        let session = Session::open(engine, Look { size, ..Look::default() }, &world.base).await;
        stays_still(&session, &page).await;
    }
}

async fn stays_still(session: &Session, page: &Outcome) {
    session.visit(&page.url).await;
    let before = session.run(WHOLE_PAGE).await;

    tokio::time::sleep(A_WHILE).await;
    assert_eq!(session.traffic().await, untouched(&page.url));
    assert_eq!(session.run(WHOLE_PAGE).await, before);

    session.tap("#return").await;
    session.until_opened(1).await;
    tokio::time::sleep(A_WHILE).await;
    assert_eq!(session.traffic().await, opened(&page.url, &page.link, 1));
    assert_eq!(session.run(WHOLE_PAGE).await, before);
    assert_eq!(session.complaints().await, [""; 0]);
}

pub(crate) async fn a_tap_enter_and_space_each_open_the_app_once(engine: Engine) {
    let world = World::start().await;
    let (_, page) = connected(&world).await;
    for size in SIZES {
        let session = Session::open(engine, Look { size, ..Look::default() }, &world.base).await;
        session.visit(&page.url).await;
        let before = session.run(WHOLE_PAGE).await;
        for taps in 1..=2 {
            session.tap("#return").await;
            session.until_opened(taps).await;
            assert_eq!(session.run(WHOLE_PAGE).await, before);
        }
        assert_eq!(session.traffic().await, opened(&page.url, &page.link, 2));

        session.visit(&page.url).await;
        let before = session.run(WHOLE_PAGE).await;
        session.press(TAB).await;
        assert_eq!(session.focus().await, "Return to App");
        for (presses, key) in [(1, ENTER), (2, SPACE)] {
            session.press(key).await;
            session.until_opened(presses).await;
            assert_eq!(session.run(WHOLE_PAGE).await, before);
        }
        assert_eq!(session.traffic().await, opened(&page.url, &page.link, 2));
        assert_eq!(session.complaints().await, [""; 0]);
    }
    assert_eq!(world.sandbox.stats().exchanges, 1);
}

/// The negative control: what the checks above look for is seen where it is.
pub(crate) async fn pages_that_move_by_themselves_are_caught(engine: Engine) {
    let server = MockServer::start().await;
    let link = format!("{DEEP_LINK}?success=true");
    let session = Session::open(engine, Look::default(), &server.uri()).await;
    let scripted = |script: &str| format!("<button id=return>Return</button><script>{script}</script>");
    let pages = [
        ("meta", format!("<meta http-equiv=refresh content='0;url={link}'>")),
        ("onload", scripted(&format!("location.href = '{link}'"))),
        ("timer", scripted(&format!("setTimeout(() => location.assign('{link}'), 500)"))),
        ("open", scripted(&format!("window.open('{link}', '_self')"))),
        (
            "click",
            scripted(&format!(
                "const b = document.querySelector('button'); b.onclick = () => {{ location = '{link}' }}; b.click()"
            )),
        ),
        ("frame", format!("<iframe src='{link}'></iframe>")),
    ];
    for (name, html) in pages {
        serve(&server, name, ResponseTemplate::new(200).set_body_raw(html, "text/html")).await;
    }
    serve(&server, "redirect", ResponseTemplate::new(302).insert_header("Location", &*link)).await;
    for name in ["meta", "onload", "timer", "open", "click", "frame", "redirect"] {
        let url = format!("{}/{name}", server.uri());
        // A page that leads away at once may never be there.
        let _ = session.try_visit(&url).await;
        let seen = moved(&session).await;
        assert_ne!(seen, untouched(&url), "{name}");
        assert_eq!(seen.attempts(), [Visit { url: link.clone(), gesture: false }], "{name}");
    }

    let twice = format!(
        "document.onclick = () => {{ window.open('{link}', '_self'); setTimeout(() => window.open('{link}', '_self'), 300) }}"
    );
    serve(&server, "twice", ResponseTemplate::new(200).set_body_raw(scripted(&twice), "text/html")).await;
    let url = format!("{}/twice", server.uri());
    session.visit(&url).await;
    session.tap("#return").await;
    session.until_opened(2).await;
    assert_ne!(session.traffic().await, opened(&url, &link, 1));
}

/// What there is to see of a page that was opened and left alone.
fn untouched(url: &str) -> Traffic {
    let documents = vec![Visit { url: url.to_owned(), gesture: false }];
    Traffic { documents, ..Traffic::default() }
}

/// What there is to see once a person has opened the app `times` times.
fn opened(url: &str, link: &str, times: usize) -> Traffic {
    let mut traffic = untouched(url);
    traffic.documents.extend(vec![Visit { url: link.to_owned(), gesture: true }; times]);
    traffic.opened = vec![link.to_owned(); times];
    traffic
}

async fn serve(server: &MockServer, name: &str, answer: ResponseTemplate) {
    Mock::given(path(format!("/{name}"))).respond_with(answer).mount(server).await;
}

/// Waits for the page to move, as long as the real one has to keep still.
async fn moved(session: &Session) -> Traffic {
    let deadline = tokio::time::Instant::now() + A_WHILE;
    loop {
        let traffic = session.traffic().await;
        if !traffic.attempts().is_empty() || tokio::time::Instant::now() > deadline {
            return traffic;
        }
        supervisor::pause().await;
    }
}
