//! Writes whose answer is lost: each is at amoCRM once, whatever becomes of the page meanwhile.

use crate::accessibility::barriers;
use crate::engine::{Engine, Look};
use crate::phone::Phone;

const NOTE: &str = "Said it was too loud there";

impl Phone {
    /// Waits until the line above the views says this.
    async fn until_line(&self, text: &str) {
        self.session.until(&format!("return document.getElementById('saving-status')?.textContent === {text:?}")).await;
    }

    /// Waits until amoCRM is as the drawer says.
    async fn until_now(&self, text: &str) {
        self.session.until(&format!("return document.getElementById('now').textContent.includes({text:?})")).await;
    }

    /// Writes a note on the lead that is open.
    async fn note(&self, text: &str) {
        self.fill("note-text", text).await;
        self.session.run("document.getElementById('note-form').requestSubmit()").await;
    }
}

pub(crate) async fn what_amocrm_does_unheard_is_written_once(engine: Engine) {
    let phone = Phone::open_alone(engine, Look::default()).await;
    let number = phone.open_first_lead().await;
    phone.click("unheard").await;
    phone.until_now("its answer is lost").await;
    phone.note(NOTE).await;
    phone.until_told("note-form", "We are finding out whether it was saved").await;
    assert_eq!(phone.session.run("return document.getElementById('note-text').value").await, "");
    phone.until_line("1 change is not saved yet.").await;

    // The user goes on, and then the page is gone.
    phone.session.run("location.hash = '#/new'").await;
    phone.fill("new-name", "Unheard house").await;
    phone.session.run("document.getElementById('new-form').requestSubmit()").await;
    phone.until_told("new-form", "We are finding out whether it was saved").await;
    phone.until_line("2 changes are not saved yet.").await;
    phone.session.client().refresh().await.unwrap();
    phone.until_line("2 changes are not saved yet.").await;

    // While nothing is saved: a list that is made anew in the middle of the look has headings that are gone.
    phone.session.run("location.hash = '#/unsaved'").await;
    phone.session.until("return !document.getElementById('view-unsaved').hidden").await;
    assert_eq!(barriers(&phone.session).await, [""; 0]);

    phone.click("normal").await;
    phone.until_now("A normal day.").await;
    phone.session.run("document.getElementById('try-now').click()").await;
    phone.until_line("All changes are saved.").await;
    assert_eq!(phone.text("unsaved-status").await, "Everything is saved.");
    assert_eq!(phone.count(&format!("/leads/{number}/notes?limit=250"), NOTE).await, 1);
    assert_eq!(phone.count("/leads?query=Unheard+house", "Unheard house").await, 1);
}

pub(crate) async fn what_waits_for_a_connection_is_written_once_after_it(engine: Engine) {
    let phone = Phone::open_alone(engine, Look::default()).await;
    let number = phone.open_first_lead().await;
    // The token was rotated, and nobody has the new one: the connection ends when that is certain.
    phone.click("lost").await;
    phone.session.until("return document.getElementById('done').textContent.includes('gets lost')").await;
    phone.note(NOTE).await;
    phone.session.until("return document.getElementById('standing').textContent.includes('has ended')").await;
    phone.until_line("1 change is not saved yet.").await;

    phone.session.tap("#connect").await;
    phone.session.tap("button[name=user]").await;
    phone.session.tap("button[value=allow]").await;
    phone.session.tap("#return").await;
    phone.session.until("return document.getElementById('outcome')?.innerText === '✓ Connected'").await;
    phone.session.tap("#home").await;
    phone.until_line("All changes are saved.").await;
    assert_eq!(phone.count(&format!("/leads/{number}/notes?limit=250"), NOTE).await, 1);
}
