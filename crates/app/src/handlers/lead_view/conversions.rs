//! What the app is shown of a lead, made of what the use case found.

use amo_connect_domain::crm::contact::{Contact, Reached};
use amo_connect_domain::crm::custom_field::{CustomField, CustomValue};
use amo_connect_domain::crm::lead::{self, LossReason, Tag};
use amo_connect_domain::usecase::{self, LeadContact, MissingPart};

use super::{
    CustomFieldView, CustomValueView, Lead, LeadContactView, LeadDetails, LeadMembers, LeadPart, LossReasonView,
    ReachedView, Shown, TagView, Text,
};

impl<'a> From<&'a lead::Lead> for Lead<'a> {
    fn from(lead: &'a lead::Lead) -> Self {
        let custom_fields = lead.lead.custom_fields.as_deref().map(fields);
        Self { members: lead.into(), custom_fields }
    }
}

impl<'a> From<&'a usecase::LeadDetails> for LeadDetails<'a> {
    fn from(details: &'a usecase::LeadDetails) -> Self {
        let usecase::LeadDetails { lead, loss_reason, contacts, notes, tasks, events } = details;
        let (contacts, notes) = (Shown::of(contacts), Shown::of(notes));
        let (tasks, events) = (Shown::of(tasks), Shown::of(events));
        let missing = [
            (LeadPart::Contacts, contacts.is_missing()),
            (LeadPart::Notes, notes.is_missing()),
            (LeadPart::Tasks, tasks.is_missing()),
            (LeadPart::Events, events.is_missing()),
        ];
        Self {
            members: lead.into(),
            custom_fields: fields(lead.lead.custom_fields.as_deref().unwrap_or_default()),
            loss_reason: loss_reason.as_ref().map(LossReasonView::from),
            contacts,
            notes,
            tasks,
            events,
            missing: missing.into_iter().filter(|(_, is_missing)| *is_missing).map(|(part, _)| part).collect(),
        }
    }
}

impl LeadDetails<'_> {
    /// The lead after a write of which this is missing.
    pub(in crate::handlers) fn without(mut self, missing: &[MissingPart]) -> Self {
        self.missing.extend(missing.iter().map(|part| match part {
            MissingPart::Comment => LeadPart::Comment,
            MissingPart::Details => LeadPart::Details,
        }));
        self
    }
}

impl<'a> From<&'a LossReason> for LossReasonView<'a> {
    fn from(LossReason { id, name }: &'a LossReason) -> Self {
        Self { id: *id, name: name.as_deref() }
    }
}

impl<'a> From<&'a LeadContact> for LeadContactView<'a> {
    fn from(LeadContact { contact, is_main }: &'a LeadContact) -> Self {
        let reached = |all: &'a [Reached]| all.iter().map(ReachedView::from).collect();
        Self {
            id: contact.id,
            name: contact.name.as_deref(),
            is_main: *is_main,
            phones: reached(&contact.phones),
            emails: reached(&contact.emails),
        }
    }
}

impl<'a> From<&'a Reached> for ReachedView<'a> {
    fn from(Reached { value, kind }: &'a Reached) -> Self {
        Self { value, kind: kind.as_deref() }
    }
}

fn fields(fields: &[CustomField]) -> Vec<CustomFieldView<'_>> {
    fields.iter().map(CustomFieldView::from).collect()
}

impl<'a> From<&'a lead::Lead> for LeadMembers<'a> {
    fn from(lead::Lead { lead, status, status_name, pipeline_name, guest }: &'a lead::Lead) -> Self {
        let guest = guest.as_deref();
        Self {
            id: Text(lead.id),
            amo_lead_id: lead.id,
            name: lead.name.as_deref(),
            guest_name: guest.and_then(|guest| guest.name.as_deref()),
            guest_phone: guest.and_then(Contact::phone),
            guest_email: guest.and_then(Contact::email),
            status: (*status).into(),
            status_name: status_name.as_deref(),
            price: lead.price.as_ref(),
            pipeline_id: lead.pipeline,
            pipeline_name: pipeline_name.as_deref(),
            stage_id: lead.stage,
            responsible_user_id: lead.responsible_user,
            tags: lead.tags.iter().map(TagView::from).collect(),
            created_at: lead.created_at.map(Text),
            updated_at: lead.updated_at.map(Text),
            closed_at: lead.closed_at.map(Text),
        }
    }
}

impl<'a> From<&'a Tag> for TagView<'a> {
    fn from(Tag { id, name, color }: &'a Tag) -> Self {
        Self { id: *id, name, color: color.as_deref() }
    }
}

impl<'a> From<&'a CustomField> for CustomFieldView<'a> {
    fn from(CustomField { id, name, code, kind, values }: &'a CustomField) -> Self {
        let values = values.iter().map(CustomValueView::from).collect();
        Self { id: *id, name: name.as_deref(), code: code.as_deref(), kind: kind.as_deref(), values }
    }
}

impl<'a> From<&'a CustomValue> for CustomValueView<'a> {
    fn from(CustomValue { value, choice, choice_code }: &'a CustomValue) -> Self {
        Self { value, enum_id: *choice, enum_code: choice_code.as_deref() }
    }
}
