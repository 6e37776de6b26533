//! An account of the fake's, and what it lists.

use amo_connect_domain::crm::account::{AmoAccount, User};
use amo_connect_domain::crm::contact::Contact;
use amo_connect_domain::crm::event::Event;
use amo_connect_domain::crm::lead::{AmoLead, AmoLeadDetails, LeadFilter, LeadPage, LeadSort, LossReason};
use amo_connect_domain::crm::note::Note;
use amo_connect_domain::crm::page::{Page, PageRequest};
use amo_connect_domain::crm::pipeline::Pipeline;
use amo_connect_domain::crm::task::{Task, TaskFilter, TaskOrder};
use amo_connect_domain::ids::AccountId;

/// An account and what is in it.
#[derive(Clone, Debug, PartialEq)]
pub struct FakeAccount {
    /// Its number.
    pub number: AccountId,
    /// Its name.
    pub name: Option<String>,
    /// The code of its currency.
    pub currency: Option<String>,
    /// The user whose rights every access token has.
    pub user: Option<u64>,
    /// Its users.
    pub users: Vec<User>,
    /// Its leads.
    pub leads: Vec<AmoLead>,
    /// Why leads were lost, each with the number of its lead.
    pub loss_reasons: Vec<(u64, LossReason)>,
    /// Notes of its leads, each with the number of its lead, the newest first.
    pub notes: Vec<(u64, Note)>,
    /// Tasks of its leads, the newest first.
    pub tasks: Vec<Task>,
    /// Events of its leads, each with the number of its lead, the newest first.
    pub events: Vec<(u64, Event)>,
    /// Its contacts.
    pub contacts: Vec<Contact>,
    /// Its pipelines.
    pub pipelines: Vec<Pipeline>,
}

impl FakeAccount {
    /// An account with nothing in it.
    pub fn empty(number: u64) -> Self {
        Self {
            number: AccountId(number),
            name: None,
            currency: None,
            user: None,
            users: Vec::new(),
            leads: Vec::new(),
            loss_reasons: Vec::new(),
            notes: Vec::new(),
            tasks: Vec::new(),
            events: Vec::new(),
            contacts: Vec::new(),
            pipelines: Vec::new(),
        }
    }

    pub(super) fn page(&self, filter: &LeadFilter) -> LeadPage {
        let fits = |lead: &&AmoLead| {
            let named = |text: &String| lead.name.as_ref().is_some_and(|name| name.contains(text.as_str()));
            filter.admits(lead) && filter.query.as_ref().is_none_or(named)
        };
        let mut found: Vec<&AmoLead> = self.leads.iter().filter(fits).collect();
        // Those that are equal stay in the account's order.
        found.sort_by(|one, other| {
            let (first, second) = if filter.order.is_descending { (other, one) } else { (one, other) };
            match filter.order.by {
                LeadSort::UpdatedAt => first.updated_at.cmp(&second.updated_at),
                LeadSort::CreatedAt => first.created_at.cmp(&second.created_at),
                LeadSort::Id => first.id.cmp(&second.id),
            }
        });
        page_of(found, filter)
    }

    pub(super) fn card(&self) -> AmoAccount {
        let Self { number, name, currency, user, .. } = self;
        AmoAccount { number: *number, name: name.clone(), currency: currency.clone(), user: *user }
    }

    pub(super) fn users(&self, page: PageRequest) -> Page<User> {
        part_of(&self.users, page)
    }

    pub(super) fn details(&self, id: u64) -> Option<AmoLeadDetails> {
        let lead = self.leads.iter().find(|lead| lead.id == id)?.clone();
        let reason = self.loss_reasons.iter().find(|(of, _)| *of == id);
        Some(AmoLeadDetails { loss_reason: reason.map(|(_, reason)| reason.clone()), ..lead.into() })
    }

    pub(super) fn notes_of(&self, lead: u64, page: PageRequest) -> Page<Note> {
        part_of(self.notes.iter().filter(|(of, _)| *of == lead).map(|(_, note)| note), page)
    }

    pub(super) fn note_of(&self, lead: u64, id: u64) -> Option<Note> {
        self.notes.iter().find(|(of, note)| *of == lead && note.id == id).map(|(_, note)| note.clone())
    }

    pub(super) fn events_of(&self, lead: u64, page: PageRequest) -> Page<Event> {
        part_of(self.events.iter().filter(|(of, _)| *of == lead).map(|(_, event)| event), page)
    }

    pub(super) fn tasks(&self, filter: &TaskFilter) -> Page<Task> {
        let fits = |task: &&Task| {
            filter.lead.is_none_or(|lead| task.lead == Some(lead))
                && filter.responsible_user.is_none_or(|user| task.responsible_user == Some(user))
                && filter.is_completed.is_none_or(|is_completed| task.is_completed == is_completed)
        };
        let mut found: Vec<&Task> = self.tasks.iter().filter(fits).collect();
        if let TaskOrder::CompleteTill { is_descending } = filter.order {
            found.sort_by_key(|task| task.complete_till);
            if is_descending {
                found.reverse();
            }
        }
        part_of(found, filter.page)
    }

    pub(super) fn task(&self, id: u64) -> Option<Task> {
        self.tasks.iter().find(|task| task.id == id).cloned()
    }

    pub(super) fn contacts_with(&self, ids: &[u64]) -> Vec<Contact> {
        self.contacts.iter().filter(|contact| ids.contains(&contact.id)).cloned().collect()
    }
}

/// A lead as it is told to whoever wants its custom fields, or does not.
pub(super) fn told(mut lead: AmoLead, with_custom_fields: bool) -> AmoLead {
    lead.custom_fields = with_custom_fields.then(|| lead.custom_fields.unwrap_or_default());
    lead
}

/// The page of `leads` that `filter` asks for.
pub(super) fn page_of<'a>(leads: impl IntoIterator<Item = &'a AmoLead>, filter: &LeadFilter) -> LeadPage {
    let Page { items, has_more } = part_of(leads, PageRequest { page: filter.page, limit: filter.limit });
    LeadPage { leads: items, has_more }
}

/// That page of `all`.
fn part_of<'a, T: Clone + 'a>(all: impl IntoIterator<Item = &'a T>, page: PageRequest) -> Page<T> {
    let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
    let skipped = usize::try_from(page.page.saturating_sub(1)).unwrap_or(usize::MAX).saturating_mul(limit);
    let mut rest = all.into_iter().skip(skipped);
    let items = rest.by_ref().take(limit).cloned().collect();
    Page { items, has_more: rest.next().is_some() }
}
