//! The local amoCRM's own pages, which a person meets before ours.

use amo_connect_sandbox::{DenyRedirect, Switches};
use amo_connect_tests::World;
use serde_json::json;

use crate::accessibility::barriers;
use crate::engine::{Engine, Look, SIZES};
use crate::session::{ENTER, SPACE, Session, TAB};

/// What is wrong with a page that a thumb or a narrow phone has to do with: buttons that are hard
/// to hit, a card whose round corners the screen cuts, a page wider than the phone, or one of a few
/// lines that scrolls.
const UNHANDY: &str = "
    const buttons = [...document.querySelectorAll('button')];
    const card = document.querySelector('main');
    const small = (box) => box.height < 44 || box.left < 0 || box.right > innerWidth;
    return {
        small: buttons.filter((button) => small(button.getBoundingClientRect())).map((button) => button.innerText),
        cut: card.getBoundingClientRect().left === 0 && getComputedStyle(card).borderTopLeftRadius !== '0px',
        narrow: document.documentElement.scrollWidth <= innerWidth,
        loose: buttons.length === 0 && document.documentElement.scrollHeight > innerHeight,
    };";

pub(crate) async fn amocrms_pages_have_no_barrier_and_fit_the_smallest_phone(engine: Engine) {
    let world = World::start().await;
    let stay = Switches { deny_redirect: DenyRedirect::Stay, ..world.sandbox.switches() };
    world.sandbox.set_switches(stay).unwrap();
    for (size, dark) in [(SIZES[0], false), (SIZES[0], true), (SIZES[1], false)] {
        let session = Session::open(engine, Look { size, dark, ..Look::default() }, &world.base).await;
        for (name, url) in pages(&world) {
            session.visit(&url).await;
            if name == "denied" {
                session.tap("button[value=deny]").await;
                session.until("return document.title.startsWith('Access denied')").await;
            }
            assert_eq!(barriers(&session).await, [""; 0], "{name} at {size:?}, dark: {dark}");
            let unhandy = session.run(UNHANDY).await;
            assert_eq!(
                unhandy,
                json!({ "small": [], "cut": false, "narrow": true, "loose": false }),
                "{name} at {size:?}"
            );
        }
    }
}

pub(crate) async fn amocrm_is_passed_by_the_keyboard_alone(engine: Engine) {
    let world = World::start().await;
    let attempt = world.attempt("olena").await;
    let session = Session::open(engine, Look::default(), &world.base).await;
    session.visit(&attempt.url).await;
    tab_to(&session, "Andrew Bailey").await;
    session.press(ENTER).await;
    session.until("return document.querySelector('button[value=allow]')").await;
    tab_to(&session, "Allow").await;
    session.press(SPACE).await;
    session.until("return document.getElementById('return')").await;
    tab_to(&session, "Return to App").await;
    assert_eq!(world.progress("olena", &attempt).await.0, "connected");
    assert_eq!(session.complaints().await, [""; 0]);
}

/// Presses Tab until what says `text` has the focus, and sees that each stop shows it.
pub(crate) async fn tab_to(session: &Session, text: &str) {
    for _ in 0..10 {
        session.press(TAB).await;
        if session.focus().await.contains(text) {
            return;
        }
    }
    panic!("no way to {text}");
}

fn pages(world: &World) -> [(&'static str, String); 4] {
    let auth_url = world.sandbox.auth_url();
    let consent = format!("{auth_url}?client_id=sandbox&state=s&user=10110001");
    [
        ("login", format!("{auth_url}?client_id=sandbox&state=s")),
        ("consent", consent.clone()),
        ("denied", consent),
        ("error", format!("{auth_url}?client_id=nobody")),
    ]
}
