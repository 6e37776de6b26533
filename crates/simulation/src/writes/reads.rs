//! Users who read what is written: a lead with its parts, notes, tasks, and who they are.

use std::sync::Arc;

use amo_connect_domain::crm::note::Note;
use amo_connect_domain::crm::page::PageRequest;
use amo_connect_domain::usecase::{LeadDetails, LeadParts, Part, TaskRequest};

use crate::actors::{grant_of, longest_wait};
use crate::crm::GrantId;
use crate::executor::Home;
use crate::setup::user_id;
use crate::world::World;

const PAGE: PageRequest = PageRequest { page: 1, limit: 50 };

impl World {
    /// `user` reads a lead with its notes and tasks, a list of either, or who they are.
    pub(super) async fn read_objects(self: &Arc<Self>, user: usize) {
        self.tally().reads += 1;
        let disconnected = self.checker().last_disconnect_answered(user);
        let account = self.account_of(user);
        let leads = self.crm().objects[account].leads().len();
        let (what, lead) = (self.sim.pick(4), leads.saturating_sub(self.sim.pick(3)) as u64);
        let seen = self.ask(self.call("read of objects", longest_wait(15), None), move |service| async move {
            let user = user_id(user);
            match what {
                0 => {
                    let parts = LeadParts { notes: true, tasks: true, events: false };
                    service.lead(&user, lead, parts).await.map(|lead| lead.map_or_else(Vec::new, |lead| of_lead(&lead)))
                }
                1 => service.notes(&user, lead, PAGE).await.map(|notes| {
                    let notes = notes.iter().flat_map(|page| &page.items);
                    notes.filter_map(by_note).collect()
                }),
                2 => {
                    let all = TaskRequest { page: PAGE, is_descending: true, responsible: None, is_completed: None };
                    let tasks = service.tasks(&user, all).await;
                    tasks.map(|tasks| tasks.items.iter().filter_map(|task| number(task.task.kind)).collect())
                }
                _ => service.me(&user).await.map(|me| grant_of(me.account.name.as_ref()).into_iter().collect()),
            }
        });
        let Some(outcome) = seen.await else { return };
        self.note(Home::Outside, || format!("user {user} reads objects: {outcome:?}"));
        let crm = self.crm();
        for grant in outcome.into_iter().flatten() {
            self.checker().read(&crm, user, grant, disconnected);
        }
        drop(crm);
        self.judge();
    }
}

fn number(of: Option<u64>) -> Option<GrantId> {
    of.and_then(|grant| usize::try_from(grant).ok())
}

fn by_note(note: &Note) -> Option<GrantId> {
    note.params.as_str()?.parse().ok()
}

fn items<T>(part: &Part<T>) -> &[T] {
    match part {
        Part::Read(items) => items,
        Part::Unwanted | Part::Missing => &[],
    }
}

/// By which grants a lead and its parts were read.
fn of_lead(lead: &LeadDetails) -> Vec<GrantId> {
    let notes = items(&lead.notes).iter().filter_map(by_note);
    let tasks = items(&lead.tasks).iter().filter_map(|task| number(task.kind));
    let contacts = items(&lead.contacts).iter().filter_map(|one| grant_of(one.contact.name.as_ref()));
    number(lead.lead.lead.stage).into_iter().chain(notes).chain(tasks).chain(contacts).collect()
}
