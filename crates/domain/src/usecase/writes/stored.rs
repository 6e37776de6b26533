//! What was written, as it is now.

use std::sync::Arc;

use super::Job;
use super::answer::{MissingPart, WriteAnswer, Written};
use crate::crm::lead::{AmoLead, Lead};
use crate::crm::note::Note;
use crate::crm::task::Task;
use crate::crm::write::{LeadChange, NewLead, NewTask, TaskChange, Write};
use crate::idempotency::WrittenObject;
use crate::ports::AmoError;
use crate::usecase::UseCases;
use crate::usecase::reads::retry::retried_if_lost;
use crate::usecase::reads::{ReadError, Reader, Reading};
use crate::usecase::{LeadDetails, LeadParts, Part};

impl UseCases {
    /// The answer to a write that is done. If what was written cannot be read, there is its number, and what was
    /// sent: an error would make the user write it again.
    pub(super) async fn answered(
        &self,
        job: &Job,
        made: Option<WrittenObject>,
        mut missing: Vec<MissingPart>,
        is_replayed: bool,
    ) -> WriteAnswer {
        let number = made.map(|object| object.id).or(job.write.target()).unwrap_or_default();
        // A read under way here may have begun before another process wrote.
        self.reads.outdate(&job.user);
        let read = self.until(job.deadline, Box::pin(self.stored(job, number))).await;
        let what = match read.unwrap_or(Err(ReadError::Amo(AmoError::TimedOut))) {
            // Else it is of another connection of the user's.
            Ok(Some(what)) if self.epoch(&job.user).await.is_ok_and(|epoch| epoch == job.epoch) => what,
            unread => {
                if let Err(error) = unread {
                    tracing::info!(user = %job.user, %error, "what was written could not be read");
                }
                missing.push(MissingPart::Details);
                as_sent(&job.write, number)
            }
        };
        WriteAnswer { what, is_new: made.is_some_and(|object| object.is_new), is_replayed, missing }
    }

    async fn stored(&self, job: &Job, number: u64) -> Result<Option<Written>, ReadError> {
        match &job.write {
            Write::Lead(_) | Write::LeadChange(..) => {
                Ok(self.lead(&job.user, number, LeadParts::default()).await?.map(Written::Lead))
            }
            Write::Note(note) => {
                let lead = note.lead;
                let read = |reader: Reader| async move {
                    let (host, token) = (&reader.grant.host, &reader.grant.tokens.access);
                    let note = retried_if_lost(|| self.amo.note(host, token, lead, number)).await?;
                    Ok(Reading::served(note, None))
                };
                Ok(self.read(&job.user, read).await?.map(Written::Note))
            }
            Write::Task(_) | Write::TaskChange(..) => {
                let read = |reader: Reader| async move {
                    let (host, token) = (&reader.grant.host, &reader.grant.tokens.access);
                    let task = retried_if_lost(|| self.amo.task(host, token, number)).await?;
                    Ok(Reading::served(task, None))
                };
                Ok(self.read(&job.user, read).await?.map(Written::Task))
            }
        }
    }
}

/// What is known of it without asking.
fn as_sent(write: &Write, number: u64) -> Written {
    match write {
        Write::Lead(lead) => Written::Lead(Arc::new(details(new_lead(lead, number)))),
        Write::LeadChange(_, change) => Written::Lead(Arc::new(details(changed_lead(change, number)))),
        Write::Note(note) => {
            let text = Some(note.text.clone());
            Written::Note(Note { kind: Some("common".to_owned()), text, ..Note::numbered(number) })
        }
        Write::Task(task) => Written::Task(new_task(task, number)),
        Write::TaskChange(_, change) => Written::Task(changed_task(change, number)),
    }
}

fn new_lead(lead: &NewLead, number: u64) -> AmoLead {
    AmoLead {
        name: lead.title().map(str::to_owned),
        price: lead.price.map(Into::into),
        pipeline: lead.pipeline,
        stage: lead.stage,
        responsible_user: lead.responsible_user,
        ..AmoLead::numbered(number)
    }
}

fn changed_lead(change: &LeadChange, number: u64) -> AmoLead {
    AmoLead {
        name: change.name.clone(),
        price: change.price.map(Into::into),
        pipeline: change.pipeline,
        stage: change.stage,
        responsible_user: change.responsible_user,
        ..AmoLead::numbered(number)
    }
}

fn details(lead: AmoLead) -> LeadDetails {
    LeadDetails {
        lead: Lead::in_pipeline(lead, None),
        loss_reason: None,
        contacts: Part::Missing,
        notes: Part::Unwanted,
        tasks: Part::Unwanted,
        events: Part::Unwanted,
    }
}

fn new_task(task: &NewTask, number: u64) -> Task {
    Task {
        lead: Some(task.lead),
        text: Some(task.text.clone()),
        kind: task.kind,
        complete_till: Some(task.complete_till),
        responsible_user: task.responsible_user,
        ..Task::numbered(number)
    }
}

fn changed_task(change: &TaskChange, number: u64) -> Task {
    Task {
        text: change.text.clone(),
        complete_till: change.complete_till,
        is_completed: change.is_completed.unwrap_or_default(),
        result: change.result.clone(),
        ..Task::numbered(number)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::crm::write::NewNote;

    #[test]
    fn a_lead_that_cannot_be_read_is_told_as_it_was_sent() {
        let new = NewLead {
            name: Some("Sunrise".to_owned()),
            price: Some(5),
            pipeline: Some(3),
            stage: Some(8),
            responsible_user: Some(4),
            ..NewLead::default()
        };
        let change = LeadChange {
            name: new.name.clone(),
            price: new.price,
            pipeline: new.pipeline,
            stage: new.stage,
            responsible_user: new.responsible_user,
            ..LeadChange::default()
        };
        let expected = AmoLead {
            name: Some("Sunrise".to_owned()),
            price: Some(5.into()),
            pipeline: Some(3),
            stage: Some(8),
            responsible_user: Some(4),
            ..AmoLead::numbered(7)
        };
        for write in [Write::Lead(new), Write::LeadChange(7, change)] {
            assert_eq!(as_sent(&write, 7), Written::Lead(Arc::new(details(expected.clone()))));
        }
    }

    #[test]
    fn so_are_a_note_and_a_task() {
        let (text, till) = (Some("Call".to_owned()), Some(Timestamp::UNIX_EPOCH));
        let note = Write::Note(NewNote { lead: 1, text: "Call".to_owned() });
        let expected = Note { kind: Some("common".to_owned()), text: text.clone(), ..Note::numbered(7) };
        assert_eq!(as_sent(&note, 7), Written::Note(expected));

        let new = NewTask {
            lead: 1,
            text: "Call".to_owned(),
            complete_till: Timestamp::UNIX_EPOCH,
            kind: Some(2),
            responsible_user: Some(4),
        };
        let (lead, kind, responsible_user) = (Some(1), Some(2), Some(4));
        let numbered = || Task { text: text.clone(), complete_till: till, ..Task::numbered(7) };
        let expected = Task { lead, kind, responsible_user, ..numbered() };
        assert_eq!(as_sent(&Write::Task(new), 7), Written::Task(expected));

        let result = Some("Came".to_owned());
        let change =
            TaskChange { text: text.clone(), complete_till: till, is_completed: Some(true), result: result.clone() };
        let expected = Task { is_completed: true, result, ..numbered() };
        assert_eq!(as_sent(&Write::TaskChange(7, change), 7), Written::Task(expected));
    }
}
