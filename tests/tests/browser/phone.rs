//! The phone beside the drawer: it keeps asking until it is right, and holds still.

use amo_connect_tests::{Answer, KEPT, Process, word_after};
use serde_json::{Value, json};

use crate::accessibility::barriers;
use crate::engine::{Engine, Look, SIZES};
use crate::session::Session;

/// Wide enough for the drawer to stand beside the phone.
const DESK: (u32, u32) = (960, 900);

/// The sandbox with Olena connected, and a browser on its phone.
pub(crate) struct Phone {
    pub(crate) session: Session,
    /// Where the service's own API is, and Olena's token for it.
    pub(crate) api: String,
    pub(crate) jwt: String,
    /// Where the local amoCRM is.
    pub(crate) amo: String,
    sandbox: Process,
    _folder: tempfile::TempDir,
}

impl Phone {
    /// She is connected as an administrator.
    pub(crate) async fn open(engine: Engine, look: Look) -> Self {
        Self::open_as(engine, look, 10_110_001).await
    }

    /// She is connected as this one of amoCRM's people.
    pub(crate) async fn open_as(engine: Engine, look: Look, amo_user: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (sandbox, guide) = Process::sandbox(&KEPT, folder.path()).await;
        let [phone, amo, jwt] = ["Open ", "amoCRM is at ", "JWT="].map(|mark| word_after(&guide, mark));
        let http = reqwest::Client::builder().build().unwrap();
        let codes =
            http.post(format!("{amo}/_sandbox/codes")).json(&json!({ "account": 31_920_194, "user": amo_user }));
        let issued: Value = Answer::to(codes).await.json();
        let body = json!({ "code": issued["code"], "referer": issued["referer"] });
        let api = format!("{phone}api/amo-crm");
        let claim = http.post(format!("{api}/exchange-code")).bearer_auth(jwt).json(&body);
        assert_eq!(Answer::to(claim).await.data()["connected"], true);

        let session = Session::open(engine, look, phone.trim_end_matches('/')).await;
        session.visit(phone).await;
        session.until("return document.querySelectorAll('#list li').length === 20").await;
        session.run("document.getElementById('drawer').open = true").await;
        let (amo, jwt) = (amo.to_owned(), jwt.to_owned());
        Self { session, api, jwt, amo, sandbox, _folder: folder }
    }

    /// What the service reads from amoCRM for Olena.
    pub(crate) async fn read(&self, path: &str) -> Value {
        let http = reqwest::Client::builder().build().unwrap();
        Answer::to(http.get(format!("{}{path}", self.api)).bearer_auth(&self.jwt)).await.data()
    }

    /// Clicks a bad day or an action. What it does is told above the buttons, so nothing is scrolled to.
    pub(crate) async fn click(&self, what: &str) {
        self.session.run(&format!("document.querySelector('[data-day={what}], [data-action={what}]').click()")).await;
    }

    /// Plays it, and waits until the service has been asked once.
    async fn play(&self, what: &str) {
        let before = self.asked("/app/amo").await;
        self.click(what).await;
        self.until_asked("/app/amo", before).await;
    }

    /// How many answers have come to questions that end in `path`.
    async fn asked(&self, path: &str) -> u64 {
        self.session.run(&format!("return {}", asked(path))).await.as_u64().unwrap()
    }

    /// Waits until there are more answers than `before`.
    async fn until_asked(&self, path: &str, before: u64) {
        self.session.until(&format!("return {} > {before}", asked(path))).await;
    }

    /// Waits until the drawer says `seen` of the service's answers.
    async fn until_seen(&self, seen: &str) {
        self.session.until(&format!("return document.getElementById('seen').innerText.includes({seen:?})")).await;
    }

    /// Waits until the phone asks no more, and gives what it has seen.
    async fn settled(&self) -> String {
        let rest = "
            const seen = document.getElementById('seen').innerText;
            return seen.includes('GET /status') && !seen.includes('sking') && seen;";
        self.session.until(rest).await.as_str().unwrap().to_owned()
    }

    pub(crate) async fn text(&self, id: &str) -> String {
        let text = self.session.run(&format!("return document.getElementById({id:?}).innerText")).await;
        text.as_str().unwrap().to_owned()
    }

    pub(crate) async fn close(self) {
        assert_eq!(self.session.complaints().await, [""; 0]);
        self.sandbox.stop().await;
    }
}

fn asked(path: &str) -> String {
    format!(
        "performance.getEntriesByType('resource').filter(({{ name }}) => name.split('?')[0].endsWith({path:?})).length"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn the_phone_asks_again_by_itself_until_its_answers_are_settled() {
    let phone = Phone::open(Engine::Chromium, Look::default()).await;
    phone.play("banned").await;
    phone.until_seen("GET /status: 200 connected provider_blocked").await;
    let seen = phone.settled().await;
    assert!(seen.contains("GET /leads: 502 crm_unavailable"), "{seen}");
    assert_eq!(phone.text("note").await, "AMO CRM is turning our calls away at the moment.");
    assert_eq!(barriers(&phone.session).await, [""; 0]);

    // A ban is probed after ten seconds, and only if somebody asks.
    phone.play("normal").await;
    phone.until_seen("GET /leads: 200").await;
    phone.settled().await;
    assert_eq!(phone.text("note").await, "");
    assert_eq!(phone.session.run("return document.querySelectorAll('#list li').length").await, 20);

    // The token was rotated, and nobody has the new one: the connection has ended, which nobody knows at first.
    phone.play("lost").await;
    phone.until_seen("GET /status: 200 needs_reauth rotation_lost").await;
    phone.settled().await;
    assert!(phone.text("standing").await.ends_with("has ended. Connect again to see your leads."));
    assert_eq!(phone.session.run("return document.querySelectorAll('#list li').length").await, 0);

    let asked = phone.asked("/leads").await;
    assert!((8..=30).contains(&asked), "asked {asked} times");
    // Chromium notes each failed fetch in its console, as it should here.
    phone.sandbox.terminate();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_users_answers_never_stand_beside_the_others() {
    let phone = Phone::open(Engine::Chromium, Look::default()).await;
    let before = phone.asked("/leads").await;
    phone.click("slow").await;
    let under_way = "
        const [now, seen] = ['now', 'seen'].map((id) => document.getElementById(id).innerText);
        return now.includes('4 seconds') && seen.includes('GET /status') && !seen.includes('/leads');";
    phone.session.until(under_way).await;
    // Olena's leads are under way when Ivan takes the phone.
    phone.session.run("document.querySelector('input[value=Ivan]').click()").await;
    phone.until_seen("GET /status: 200 not_connected").await;
    phone.until_asked("/leads", before).await;
    assert_eq!(phone.text("standing").await, "Not connected.");
    let seen = phone.text("seen").await;
    assert!(seen.starts_with("GET /status: 200 not_connected") && !seen.contains("/leads"), "{seen}");
    assert_eq!(phone.session.run("return document.querySelectorAll('#list li').length").await, 0);

    // Nor what was clicked for her.
    phone.session.run("document.querySelector('input[value=Olena]').click()").await;
    phone.play("expired").await;
    assert!(phone.text("done").await.starts_with("The access token of 1 grant"));
    phone.session.run("document.querySelector('input[value=Ivan]').click()").await;
    phone.until_seen("GET /status: 200 not_connected").await;
    assert_eq!(phone.text("done").await, "");
    phone.close().await;
}

/// Notes where every button of the drawer and of the card is, whenever anything on the page changes.
const NOTE: &str = "
    window.places = new Set();
    const note = () => {
        const shown = (button) => button.checkVisibility();
        const card = [...document.querySelectorAll('.card .actions > *')].filter(shown).map(({ offsetTop }) => offsetTop);
        const [panel, scrolled] = ['panel', 'clicks'].map((id) => document.getElementById(id));
        const top = (element) => element.getBoundingClientRect().top;
        const within = (button) => Math.round(top(button) - top(panel) + scrolled.scrollTop);
        const clicks = [...document.querySelectorAll('#panel button')].map(within);
        if (card.length) places.add(JSON.stringify([Math.min(...card), ...clicks]));
    };
    note();
    new MutationObserver(note).observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });";

pub(crate) async fn no_button_moves_when_the_texts_above_it_change(engine: Engine) {
    let [small, desk] = [SIZES[1], DESK].map(|size| Look { size, ..Look::default() });
    for look in [Look::default(), Look { dark: true, ..small }, desk] {
        let phone = Phone::open(engine, look).await;
        phone.session.run(NOTE).await;
        let people = ["add-lead", "move-lead", "take-right"];
        let days = ["down", "limit", "unheard", "normal", "expired", "moved", "normal", "lost", "banned", "revoked"];
        for what in people.into_iter().chain(days) {
            phone.play(what).await;
            phone.until_seen("GET /status").await;
        }
        let places = phone.session.run("return [...places]").await;
        assert_eq!(places.as_array().unwrap().len(), 1, "at {:?}: {places:#}", look.size);
        let wide = phone.session.run("return document.documentElement.scrollWidth > innerWidth").await;
        assert_eq!(wide, false);
        assert_eq!(barriers(&phone.session).await, [""; 0], "{:?}", look.size);
        phone.sandbox.terminate();
    }
}
