//! What a write makes of an account.

use amo_connect_domain::crm::contact::{Contact, Reached};
use amo_connect_domain::crm::lead::{AmoLead, LossReason, Tag};
use amo_connect_domain::crm::note::Note;
use amo_connect_domain::crm::pipeline::StageKind;
use amo_connect_domain::crm::task::Task;
use amo_connect_domain::crm::write::{LeadChange, NewGuest, NewLead, NewNote, NewTask, TaskChange, Write};
use amo_connect_domain::idempotency::WrittenObject;
use amo_connect_domain::ports::AmoError;
use jiff::Timestamp;
use serde_json::{Number, json};

use super::FakeAccount;

/// The type of a task that does not say which it is of.
const FOLLOW_UP: u64 = 1;

/// The second that `moment` falls into: a CRM keeps no fractions.
pub(super) fn second(moment: Timestamp) -> Timestamp {
    Timestamp::from_second(moment.as_second()).unwrap_or(moment)
}

/// A number that none of `numbers` is.
fn unused(numbers: impl Iterator<Item = u64>) -> u64 {
    numbers.max().map_or(1, |highest| highest + 1)
}

impl FakeAccount {
    /// Does `write`.
    pub(super) fn write(&mut self, write: &Write, now: Timestamp) -> Result<Option<WrittenObject>, AmoError> {
        let made = match write {
            Write::Lead(lead) => self.add_lead(lead, now),
            Write::Note(note) => self.add_note(note, now)?,
            Write::Task(task) => self.add_task(task, now)?,
            Write::LeadChange(id, change) => return self.change_lead(*id, change, now).map(|()| None),
            Write::TaskChange(id, change) => return self.change_task(*id, change, now).map(|()| None),
        };
        Ok(Some(WrittenObject { id: made, is_new: true }))
    }

    /// Puts a new lead together with the one that has this number.
    pub(super) fn merge_into(&mut self, id: u64, now: Timestamp) -> Result<WrittenObject, AmoError> {
        self.lead_mut(id)?.updated_at = Some(now);
        Ok(WrittenObject { id, is_new: false })
    }

    fn lead_mut(&mut self, id: u64) -> Result<&mut AmoLead, AmoError> {
        self.leads.iter_mut().find(|lead| lead.id == id).ok_or(AmoError::NotFound)
    }

    fn add_lead(&mut self, new: &NewLead, now: Timestamp) -> u64 {
        let id = unused(self.leads.iter().map(|lead| lead.id));
        let main = || self.pipelines.iter().find(|pipeline| pipeline.is_main).map(|pipeline| pipeline.id);
        let pipeline = new.pipeline.or_else(main);
        let stage = new.stage.or_else(|| self.first_stage(pipeline));
        let is_closed = self.is_closed(pipeline, stage);
        let lead = AmoLead {
            name: new.title().map(str::to_owned),
            price: Some(new.price.unwrap_or_default().into()),
            pipeline,
            stage,
            is_closed,
            responsible_user: new.responsible_user.or(self.user),
            created_by: self.user,
            created_at: Some(now),
            updated_at: Some(now),
            closed_at: is_closed.then_some(now),
            tags: self.tags(&new.tags),
            contact: new.guest.as_ref().map(|guest| self.add_contact(guest)),
            ..AmoLead::numbered(id)
        };
        self.leads.push(lead);
        id
    }

    fn add_contact(&mut self, guest: &NewGuest) -> u64 {
        let id = unused(self.contacts.iter().map(|contact| contact.id));
        let reached = |value: Option<&String>| {
            value.into_iter().map(|value| Reached { value: value.clone(), kind: Some("WORK".to_owned()) }).collect()
        };
        let (phones, emails) = (reached(guest.phone.as_ref()), reached(guest.email.as_ref()));
        self.contacts.push(Contact { id, name: guest.name.clone(), phones, emails });
        id
    }

    fn change_lead(&mut self, id: u64, change: &LeadChange, now: Timestamp) -> Result<(), AmoError> {
        let mut lead = self.lead_mut(id)?.clone();
        let moved_to = change.pipeline.filter(|pipeline| lead.pipeline != Some(*pipeline));
        lead.name = change.name.clone().or(lead.name);
        lead.price = change.price.map(Number::from).or(lead.price);
        lead.pipeline = change.pipeline.or(lead.pipeline);
        lead.responsible_user = change.responsible_user.or(lead.responsible_user);
        lead.updated_at = Some(now);
        if let Some(stage) = change.stage.or_else(|| self.first_stage(moved_to)) {
            lead.stage = Some(stage);
            lead.is_closed = self.is_closed(lead.pipeline, lead.stage);
            lead.closed_at = lead.is_closed.then_some(now);
        }
        let (added, removed) = (self.tags(&change.tags_to_add), &change.tags_to_remove);
        lead.tags.retain(|tag| !removed.contains(&tag.name) && !added.contains(tag));
        lead.tags.extend(added);
        if let Some(reason) = change.loss_reason {
            let known = self.loss_reasons.iter().find(|(_, known)| known.id == reason);
            let name = known.and_then(|(_, known)| known.name.clone());
            self.loss_reasons.retain(|(of, _)| *of != id);
            self.loss_reasons.push((id, LossReason { id: reason, name }));
        }
        *self.lead_mut(id)? = lead;
        Ok(())
    }

    fn add_note(&mut self, new: &NewNote, now: Timestamp) -> Result<u64, AmoError> {
        self.lead_mut(new.lead)?;
        let id = unused(self.notes.iter().map(|(_, note)| note.id));
        let note = Note {
            kind: Some("common".to_owned()),
            text: Some(new.text.clone()),
            params: json!({ "text": new.text }),
            created_by: self.user,
            created_at: Some(now),
            updated_at: Some(now),
            ..Note::numbered(id)
        };
        self.notes.insert(0, (new.lead, note));
        Ok(id)
    }

    fn add_task(&mut self, new: &NewTask, now: Timestamp) -> Result<u64, AmoError> {
        self.lead_mut(new.lead)?;
        let id = unused(self.tasks.iter().map(|task| task.id));
        let task = Task {
            lead: Some(new.lead),
            text: Some(new.text.clone()),
            kind: new.kind.or(Some(FOLLOW_UP)),
            complete_till: Some(second(new.complete_till)),
            responsible_user: new.responsible_user.or(self.user),
            created_by: self.user,
            created_at: Some(now),
            updated_at: Some(now),
            ..Task::numbered(id)
        };
        self.tasks.insert(0, task);
        Ok(id)
    }

    fn change_task(&mut self, id: u64, change: &TaskChange, now: Timestamp) -> Result<(), AmoError> {
        let task = self.tasks.iter_mut().find(|task| task.id == id).ok_or(AmoError::NotFound)?;
        task.text = change.text.clone().or(task.text.take());
        task.complete_till = change.complete_till.map(second).or(task.complete_till);
        task.is_completed = change.is_completed.unwrap_or(task.is_completed);
        task.result = change.result.clone().or(task.result.take());
        task.updated_at = Some(now);
        Ok(())
    }

    /// Tags of these names. One that a lead has is known by its number.
    fn tags(&self, names: &[String]) -> Vec<Tag> {
        let known: Vec<&Tag> = self.leads.iter().flat_map(|lead| &lead.tags).collect();
        let tag = |(name, id): (&String, u64)| match known.iter().find(|tag| tag.name == *name) {
            Some(tag) => (*tag).clone(),
            None => Tag { id, name: name.clone(), color: None },
        };
        names.iter().zip(unused(known.iter().map(|tag| tag.id))..).map(tag).collect()
    }

    /// Where leads of this pipeline begin.
    fn first_stage(&self, pipeline: Option<u64>) -> Option<u64> {
        let pipeline = self.pipelines.iter().find(|known| Some(known.id) == pipeline)?;
        let open = pipeline.stages.iter().filter(|stage| stage.kind == StageKind::Open);
        open.min_by_key(|stage| stage.sort).map(|stage| stage.id)
    }

    /// Whether a lead in this stage is won or lost.
    fn is_closed(&self, pipeline: Option<u64>, stage: Option<u64>) -> bool {
        let pipeline = self.pipelines.iter().find(|known| Some(known.id) == pipeline);
        let mut stages = pipeline.into_iter().flat_map(|pipeline| &pipeline.stages);
        stages.any(|known| Some(known.id) == stage && known.kind.is_closed())
    }
}
