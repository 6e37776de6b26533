//! Which doubts about a write the rules leave open.

use std::time::Duration;

use amo_connect_domain::clock::{CLOCK_SKEW, after, before};
use amo_connect_domain::crm::lead::AmoLead;
use amo_connect_domain::crm::note::Note;
use amo_connect_domain::crm::task::Task;
use amo_connect_domain::crm::write::{NewNote, Write};
use amo_connect_domain::idempotency::{ABSENCE_TERM, Entity, WriteKind, WriteRecord};
use amo_connect_domain::usecase::WriteKey;
use jiff::Timestamp;

use super::super::Checker;
use super::{OrderId, Wanted};
use crate::crm::{Crm, Objects, account_of, amo_user};

/// An object that has changed later than so long before a sending may have been changed by it.
const CHANGED_WITHIN: Duration = Duration::from_secs(5);

/// What in amoCRM may have been made by a sending.
struct Candidate {
    entity: Entity,
    id: u64,
    author: Option<u64>,
    made_at: Option<Timestamp>,
    /// Whether it has the content that was sent.
    is_equal: bool,
}

impl Checker {
    /// Whether it may stay unknown what became of the write on record, however often it is asked for: the store's clock
    /// was wrong when it was sent, what was made near it by the same user leaves a doubt, somebody else has changed what
    /// it changes, or what it is on is not seen.
    pub(crate) fn may_stay_unknown(
        &self,
        crm: &Crm,
        order: OrderId,
        on_record: &WriteRecord,
        store_now: Timestamp,
    ) -> bool {
        let Wanted { user, order, .. } = &self.writes.wanted[order];
        let (Some(sent), Some(objects)) = (on_record.sent(), crm.objects.get(account_of(on_record.account))) else {
            return false;
        };
        if !sent.doubt(store_now).presence_counts {
            return true;
        }
        let step = match (on_record.object, &order.comment) {
            (Some(lead), Some(text)) if on_record.kind == WriteKind::Lead => {
                Write::Note(NewNote { lead: lead.id, text: text.clone() })
            }
            _ => order.write.clone(),
        };
        let is_late = |at: Option<Timestamp>| at.is_some_and(|at| at >= before(sent.at, CHANGED_WITHIN));
        // What is not there may be there for others.
        match &step {
            Write::LeadChange(id, change) => {
                return objects.lead(*id).is_none_or(|lead| !change.is_made(lead, None) && is_late(lead.updated_at));
            }
            Write::TaskChange(id, change) => {
                return objects.task(*id).is_none_or(|task| !change.is_made(task) && is_late(task.updated_at));
            }
            Write::Note(new) if objects.lead(new.lead).is_none() => return true,
            Write::Lead(_) | Write::Note(_) | Write::Task(_) => {}
        }
        let near = before(sent.at, CLOCK_SKEW + Duration::from_secs(1))..=after(sent.at, ABSENCE_TERM + CLOCK_SKEW);
        let is_free = |one: &Candidate| {
            let is_near = one.made_at.is_some_and(|at| near.contains(&at));
            let owner = self.owner_of(on_record.account, one.entity, one.id);
            one.author == Some(amo_user(*user)) && is_near && owner.is_none()
        };
        let free: Vec<_> = candidates(objects, &step).into_iter().filter(is_free).collect();
        let equal: Vec<_> = free.iter().filter(|one| one.is_equal).collect();
        match equal[..] {
            // Nothing was made, so there is nothing to doubt about.
            [] => !free.is_empty(),
            // It is what was made, and by clocks that agree this can be seen.
            [one] => !(self.writes.clocks_agree && self.was_made_for(order.key, one)),
            _ => true,
        }
    }
}

impl Checker {
    /// Whether an object was made by a sending under this key.
    fn was_made_for(&self, key: Option<WriteKey>, one: &Candidate) -> bool {
        let key = key.map(|key| key.key);
        let mut theirs = self.writes.sent.iter().filter(|sent| sent.key == key && sent.makes() == Some(one.entity));
        theirs.any(|sent| sent.made == Some(one.id) && !sent.is_excused)
    }
}

/// What of the same kind is on the same lead.
fn candidates(objects: &Objects, step: &Write) -> Vec<Candidate> {
    match step {
        Write::Lead(new) => {
            let lead = |lead: &AmoLead| Candidate {
                entity: Entity::Lead,
                id: lead.id,
                author: lead.created_by,
                made_at: lead.created_at,
                is_equal: new.is_made(lead),
            };
            objects.leads().iter().map(lead).collect()
        }
        Write::Note(new) => {
            let note = |note: &Note| Candidate {
                entity: Entity::Note,
                id: note.id,
                author: note.created_by,
                made_at: note.created_at,
                is_equal: note.text.as_ref() == Some(&new.text),
            };
            objects.notes_of(new.lead).map(note).collect()
        }
        Write::Task(new) => {
            let task = |task: &Task| Candidate {
                entity: Entity::Task,
                id: task.id,
                author: task.created_by,
                made_at: task.created_at,
                is_equal: new.is_made(task),
            };
            objects.tasks().iter().filter(|task| task.lead == Some(new.lead)).map(task).collect()
        }
        Write::LeadChange(..) | Write::TaskChange(..) => Vec::new(),
    }
}
