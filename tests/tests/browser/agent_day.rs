//! The phone as a small CRM: an agent's day in the list, on a lead, and with a new one.

use serde_json::json;

use crate::accessibility::barriers;
use crate::engine::{Engine, Look};
use crate::phone::Phone;
use crate::session::{ENTER, SPACE, TAB};

impl Phone {
    /// The phone alone: the drawer is closed.
    pub(crate) async fn open_alone(engine: Engine, look: Look) -> Self {
        let phone = Self::open(engine, look).await;
        phone.session.run("document.getElementById('drawer').open = false").await;
        phone
    }

    /// Puts a text into an input, as somebody who writes it.
    pub(crate) async fn fill(&self, id: &str, text: &str) {
        let written = format!(
            "const input = document.getElementById({id:?});
             input.value = {text:?};
             input.dispatchEvent(new Event('input', {{ bubbles: true }}));"
        );
        self.session.run(&written).await;
    }

    /// Opens the first lead of the list, and gives its number.
    pub(crate) async fn open_first_lead(&self) -> u64 {
        self.session.tap("#list h3 a").await;
        self.session.until("return !document.getElementById('lead-body').hidden").await;
        let number = self.session.run("return Number(location.hash.split('/')[2])").await;
        number.as_u64().unwrap()
    }

    /// Waits until a form says that.
    pub(crate) async fn until_told(&self, form: &str, text: &str) {
        let told = format!("document.querySelector('#{form} [role=status]').textContent.includes({text:?})");
        self.session.until(&format!("return {told}")).await;
    }

    /// How many of a list's entries have this text.
    pub(crate) async fn count(&self, path: &str, text: &str) -> usize {
        let all = self.read(path).await;
        all.as_array().unwrap().iter().filter(|entry| entry["text"] == text || entry["name"] == text).count()
    }

    /// Presses Tab until what has this id has the focus.
    async fn tab_to_id(&self, id: &str) {
        for _ in 0..60 {
            self.session.press(TAB).await;
            if self.session.run("return document.activeElement.id").await == id {
                self.session.focus().await;
                return;
            }
        }
        panic!("no way to #{id}");
    }

    async fn write(&self, text: &str) {
        for letter in text.chars() {
            self.session.press(letter).await;
        }
    }

    /// Waits until the list has what the service finds by this query.
    async fn until_listed_as(&self, query: &str) {
        let leads = self.read(&format!("/leads?limit=20{query}")).await;
        let numbers: Vec<_> = leads.as_array().unwrap().iter().map(|lead| &lead["amoLeadId"]).collect();
        let shown = "[...document.querySelectorAll('#list h3 a')].map((link) => Number(link.hash.split('/')[2]))";
        self.session.until(&format!("return JSON.stringify({shown}) === {:?}", json!(numbers).to_string())).await;
    }
}

pub(crate) async fn the_newest_leads_are_listed_narrowed_and_searched(engine: Engine) {
    let phone = Phone::open_alone(engine, Look::default()).await;
    phone.until_listed_as("").await;
    for (filter, query) in [("CLOSED", "&status=CLOSED"), ("mine", "&responsibleUserId=me"), ("", "")] {
        phone.session.tap(&format!("input[name=filter][value='{filter}']")).await;
        phone.until_listed_as(query).await;
    }
    let leads = phone.read("/leads?limit=20").await;
    let name = leads.as_array().unwrap().iter().rev().find_map(|lead| lead["name"].as_str()).unwrap();
    let encoded: String = url::form_urlencoded::byte_serialize(name.as_bytes()).collect();
    phone.fill("query", name).await;
    phone.until_listed_as(&format!("&query={encoded}")).await;
    assert_eq!(barriers(&phone.session).await, [""; 0]);
    phone.fill("query", "no lead is called that").await;
    phone.session.until("return document.getElementById('leads-status').innerText === 'No lead matches.'").await;
    phone.fill("query", "").await;
    phone.until_listed_as("").await;
    phone.close().await;
}

pub(crate) async fn a_lead_is_moved_noted_and_its_task_is_completed(engine: Engine) {
    let phone = Phone::open_alone(engine, Look::default()).await;
    let number = phone.open_first_lead().await;
    assert_eq!(phone.session.run("return document.activeElement.id").await, "lead-name");
    assert_eq!(phone.session.run("return document.getElementById('view-leads').hidden").await, true);

    let another = "
        const stage = document.getElementById('stage');
        stage.value = [...stage.options].find(({ defaultSelected }) => !defaultSelected).value;
        return stage.value.split(' ').map(Number);";
    let chosen = phone.session.run(another).await;
    phone.session.tap("#stage-form button").await;
    phone.until_told("stage-form", "Saved.").await;
    let lead = phone.read(&format!("/leads/{number}")).await;
    assert_eq!(json!([lead["pipelineId"], lead["stageId"]]), chosen);
    phone.session.until("return document.getElementById('events').innerText.includes('Stage: ')").await;

    phone.fill("note-text", "Wants to see it on Friday").await;
    phone.session.tap("#note-form button").await;
    phone.until_told("note-form", "Saved.").await;
    phone.session.until("return document.getElementById('notes').innerText.includes('see it on Friday')").await;
    assert_eq!(phone.session.run("return document.getElementById('note-text').value").await, "");
    assert_eq!(phone.count(&format!("/leads/{number}/notes"), "Wants to see it on Friday").await, 1);

    phone.fill("task-text", "Bring the keys").await;
    phone.session.tap("#task-form button").await;
    phone.until_told("task-form", "Saved.").await;
    let done = "
        const tasks = [...document.querySelectorAll('.task')];
        const task = tasks.find(({ innerText }) => innerText.includes('Bring the keys'));
        task?.querySelector('input').click();
        return Boolean(task);";
    phone.session.until(done).await;
    let completed = "
        const tasks = [...document.querySelectorAll('#lead-tasks s')];
        return tasks.some((task) => task.innerText === 'Bring the keys');";
    phone.session.until(completed).await;
    let tasks = phone.read(&format!("/leads/{number}/tasks")).await;
    let made: Vec<_> = tasks.as_array().unwrap().iter().filter(|task| task["text"] == "Bring the keys").collect();
    assert_eq!((made.len(), &made[0]["isCompleted"]), (1, &json!(true)));

    phone.session.run("history.back()").await;
    phone.session.until("return !document.getElementById('view-leads').hidden").await;
    let focus = phone.session.run("return document.activeElement.hash").await;
    assert_eq!(focus, format!("#/lead/{number}"), "whoever comes back is at the lead that they were at");
    // The list is asked for anew, for it may stand elsewhere now.
    phone.until_listed_as("").await;
    phone.close().await;
}

pub(crate) async fn a_new_lead_is_made_and_shown(engine: Engine) {
    let phone = Phone::open_alone(engine, Look::default()).await;
    phone.session.tap("a[href='#/new']").await;
    phone.session.until("return document.activeElement.id === 'new-title'").await;
    phone.session.tap("#new-form button").await;
    phone.until_told("new-form", "Not saved: see above.").await;
    assert_eq!(phone.session.run("return document.activeElement.id").await, "new-name");
    assert_eq!(phone.text("new-name-error").await, "Say what it is about, or who the guest is.");
    assert_eq!(barriers(&phone.session).await, [""; 0]);

    let fields = [
        ("new-name", "House by the lake"),
        ("new-guest", "Nina Novak"),
        ("new-price", "125 000"),
        ("new-comment", "Met at the fair"),
    ];
    for (id, text) in fields {
        phone.fill(id, text).await;
    }
    phone.session.tap("#new-form button").await;
    phone.session.until("return document.getElementById('lead-name').innerText === 'House by the lake'").await;
    phone.session.until("return document.getElementById('notes').innerText.includes('Met at the fair')").await;
    assert_eq!(phone.text("lead-status").await, "The lead is saved.");
    let found = phone.read("/leads?query=House+by+the+lake").await;
    assert_eq!(found.as_array().unwrap().len(), 1);
    assert_eq!((&found[0]["guestName"], &found[0]["price"]), (&json!("Nina Novak"), &json!(125_000)));
    // Not to an empty form.
    phone.session.run("history.back()").await;
    phone.session.until("return !document.getElementById('view-leads').hidden").await;
    phone.until_listed_as("").await;
    phone.close().await;
}

pub(crate) async fn a_note_and_a_task_are_made_by_the_keyboard_alone(engine: Engine) {
    let phone = Phone::open_alone(engine, Look::default()).await;
    let link = "document.querySelector('#list h3 a').id = 'first'";
    phone.session.run(&format!("{link}; document.getElementById('refresh').focus()")).await;
    phone.tab_to_id("first").await;
    phone.session.press(ENTER).await;
    phone.session.until("return !document.getElementById('lead-body').hidden").await;
    assert_eq!(phone.session.run("return document.activeElement.id").await, "lead-name");
    let number = phone.session.run("return Number(location.hash.split('/')[2])").await;

    phone.tab_to_id("task-text").await;
    phone.write("Call back").await;
    phone.session.run("document.querySelector('#task-form button').id = 'send-task'").await;
    phone.tab_to_id("send-task").await;
    phone.session.press(SPACE).await;
    phone.until_told("task-form", "Saved.").await;
    assert_eq!(phone.session.run("return document.activeElement.id").await, "send-task", "the focus stays");

    phone.tab_to_id("note-text").await;
    phone.write("Called").await;
    phone.session.run("document.querySelector('#note-form button').id = 'send-note'").await;
    phone.tab_to_id("send-note").await;
    phone.session.press(ENTER).await;
    phone.until_told("note-form", "Saved.").await;
    assert_eq!(phone.count(&format!("/leads/{number}/tasks"), "Call back").await, 1);
    assert_eq!(phone.count(&format!("/leads/{number}/notes"), "Called").await, 1);
    phone.close().await;
}
