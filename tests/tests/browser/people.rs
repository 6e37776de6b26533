//! The people in the drawer: what they do at amoCRM is seen on the phone.

use crate::accessibility::barriers;
use crate::amocrm::tab_to;
use crate::engine::{Engine, Look, SIZES};
use crate::phone::Phone;
use crate::session::{ENTER, SPACE};

const OLENA: u64 = 10_110_001;
/// Sees all leads, and is no administrator.
const ANDREW: u64 = 10_110_002;

impl Phone {
    /// Waits until the drawer tells what was done, and gives what stands there between quotation marks.
    async fn done(&self, begins: &str) -> Vec<String> {
        let told = format!(
            "const text = document.getElementById('done').innerText; return text.startsWith({begins:?}) && text"
        );
        let message = self.session.until(&told).await;
        let parts = message.as_str().unwrap().split('“').skip(1);
        parts.map(|part| part.split_once('”').unwrap().0.to_owned()).collect()
    }

    /// Waits until the list has a lead with this name, and in its last line `text`.
    async fn until_listed(&self, name: &str, text: &str) {
        let there = format!("h3.innerText === {name:?} && h3.closest('li').lastChild.innerText.includes({text:?})");
        self.session.until(&format!("return [...document.querySelectorAll('#list h3')].some((h3) => {there})")).await;
    }

    /// Waits until the list has so many leads.
    async fn until_so_many(&self, count: usize) {
        self.session.until(&format!("return document.querySelectorAll('#list li').length === {count}")).await;
    }

    /// Whether the right to read is shown as taken.
    async fn is_taken(&self) -> bool {
        let pressed = "return document.getElementById('take-right').getAttribute('aria-pressed') === 'true'";
        self.session.run(pressed).await.as_bool().unwrap()
    }
}

pub(crate) async fn what_colleagues_do_is_on_the_phone(engine: Engine) {
    for look in [Look::default(), Look { size: SIZES[1], dark: true, ..Look::default() }] {
        let phone = Phone::open_as(engine, look, OLENA).await;
        phone.session.tap("#add-lead").await;
        let added = phone.done("Andrew Bailey added “").await;
        phone.until_listed(&added[0], "Первичный контакт").await;
        assert_eq!(phone.session.run("return document.querySelector('#list h3').innerText").await, added[0].as_str());

        phone.session.tap("#move-lead").await;
        let moved = phone.done("Andrew Bailey moved “").await;
        assert_eq!(moved[..2], [added[0].clone(), "Первичный контакт".to_owned()]);
        phone.until_listed(&moved[0], &moved[2]).await;
        phone.until_so_many(20).await;
        assert_eq!(barriers(&phone.session).await, [""; 0], "{:?}", look.size);
        let wide = phone.session.run("return document.documentElement.scrollWidth > innerWidth").await;
        assert_eq!(wide, false);
        phone.close().await;
    }
}

pub(crate) async fn the_right_to_read_is_taken_and_given_back(engine: Engine) {
    let phone = Phone::open_as(engine, Look::default(), ANDREW).await;
    assert!(!phone.is_taken().await);
    phone.session.tap("#take-right").await;
    phone.until_so_many(0).await;
    phone.done("Andrew Bailey has lost the right to read leads.").await;
    phone.session.until("return document.getElementById('leads-status').innerText === 'There are no leads yet.'").await;
    assert!(phone.is_taken().await);
    assert_eq!(phone.text("now").await, "Now: Andrew Bailey may not read leads.");
    assert_eq!(barriers(&phone.session).await, [""; 0]);

    // Ivan is not connected, and so has lost nothing; nor can he.
    phone.session.run("document.querySelector('input[value=Ivan]').click()").await;
    phone.session.until("return document.getElementById('standing').innerText === 'Not connected.'").await;
    assert!(!phone.is_taken().await);
    phone.session.tap("#take-right").await;
    phone.done("Ivan is not connected, so there is no right to lose.").await;
    phone.session.run("document.querySelector('input[value=Olena]').click()").await;
    let pressed = "return document.querySelector('#take-right[aria-pressed=true]') !== null";
    phone.session.until(pressed).await;

    phone.session.tap("#take-right").await;
    phone.until_so_many(20).await;
    phone.done("Andrew Bailey has the right to read leads again.").await;
    assert!(!phone.is_taken().await);
    phone.close().await;
}

pub(crate) async fn the_peoples_buttons_are_pressed_by_the_keyboard_alone(engine: Engine) {
    let phone = Phone::open_as(engine, Look::default(), OLENA).await;
    phone.session.run("document.getElementById('drawer').open = false").await;
    phone.session.run("document.getElementById('more').focus()").await;
    tab_to(&phone.session, "What happens at AMO CRM").await;
    phone.session.press(ENTER).await;
    tab_to(&phone.session, "A colleague adds a lead").await;
    phone.session.press(SPACE).await;
    let added = phone.done("Andrew Bailey added “").await;
    phone.until_listed(&added[0], "Первичный контакт").await;
    assert!(phone.session.focus().await.starts_with("A colleague adds a lead"), "the focus stays");
    tab_to(&phone.session, "A colleague moves a lead").await;
    phone.session.press(ENTER).await;
    let moved = phone.done("Andrew Bailey moved “").await;
    phone.until_listed(&moved[0], &moved[2]).await;
    tab_to(&phone.session, "This user loses the right to read").await;
    phone.session.press(ENTER).await;
    phone.done("Олена Коваленко is connected as an administrator").await;
    phone.until_so_many(20).await;
}
