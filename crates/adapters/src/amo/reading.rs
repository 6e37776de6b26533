//! amoCRM's JSON in the domain's terms. A field that is not what it should be is absent, and an
//! entry without a number is left out; neither loses the page around it.

use amo_connect_domain::crm::contact::{Contact, Reached};
use amo_connect_domain::crm::lead::{AmoLead, AmoLeadDetails, LeadPage, LossReason, Tag};
use amo_connect_domain::crm::page::Page;
use amo_connect_domain::crm::pipeline::{Pipeline, Stage, StageKind};
use serde::Deserialize;
use serde_json::Value;

use super::custom_fields::{Fields, MaybeFields};
use super::loose::{First, List, Object};
use super::members::{Amount, FieldCode, Flag, Id, IsObject, Text, Time, Whole};

/// An account that was looked up.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct RawLocation {
    pub(super) id: Id,
    pub(super) domain: Value,
}

/// A list that has `E` in it.
#[derive(Default, Deserialize)]
#[serde(default, bound = "E: Default + Deserialize<'de>")]
pub(super) struct RawPage<E> {
    #[serde(rename = "_embedded")]
    embedded: Object<E>,
    #[serde(rename = "_links")]
    links: Object<Links>,
}

/// Leads with what `C` reads of their custom fields.
#[derive(Default, Deserialize)]
#[serde(default, bound = "C: Default + Deserialize<'de>")]
pub(super) struct RawLeads<C> {
    leads: List<RawLead<C>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct RawContacts {
    contacts: List<RawContact>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct RawPipelines {
    pipelines: List<RawPipeline>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Links {
    next: IsObject,
}

impl<E> RawPage<E> {
    /// The entries that `read` finds in the list of `E`.
    pub(super) fn listed<R, T>(
        self,
        list: impl FnOnce(E) -> List<R>,
        read: impl FnMut(R) -> Option<T>,
    ) -> Option<Page<T>> {
        let items = list(self.embedded.0?).0?.into_iter().filter_map(read).collect();
        Some(Page { items, has_more: self.links.0.is_some_and(|links| links.next.0) })
    }
}

impl<C: MaybeFields> RawPage<RawLeads<C>> {
    pub(super) fn leads(self) -> Option<LeadPage> {
        let Page { items, has_more } = self.listed(|all| all.leads, |lead| lead.read().flatten())?;
        Some(LeadPage { leads: items, has_more })
    }
}

impl RawPage<RawContacts> {
    pub(super) fn contacts(self) -> Option<Vec<Contact>> {
        Some(self.listed(|all| all.contacts, RawContact::read)?.items)
    }
}

impl RawPage<RawPipelines> {
    pub(super) fn pipelines(self) -> Option<Vec<Pipeline>> {
        Some(self.listed(|all| all.pipelines, RawPipeline::read)?.items)
    }
}

/// One lead, in a list or alone, with what `C` reads of its custom fields.
#[derive(Default, Deserialize)]
#[serde(default, bound = "C: Default + Deserialize<'de>")]
pub(super) struct RawLead<C> {
    id: Id,
    name: Text,
    price: Amount,
    pipeline_id: Id,
    status_id: Id,
    responsible_user_id: Id,
    created_by: Id,
    created_at: Time,
    updated_at: Time,
    closed_at: Time,
    is_deleted: Flag,
    custom_fields_values: C,
    #[serde(rename = "_embedded")]
    embedded: Object<OfLead>,
}

/// What a lead has in it.
#[derive(Default, Deserialize)]
#[serde(default)]
struct OfLead {
    tags: List<RawTag>,
    contacts: List<RawLink>,
    loss_reason: First<RawReason>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawReason {
    id: Id,
    name: Text,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawTag {
    id: Id,
    name: Text,
    color: Text,
}

/// A lead's mention of a contact.
#[derive(Default, Deserialize)]
#[serde(default)]
struct RawLink {
    id: Id,
    is_main: Flag,
}

impl<C: MaybeFields> RawLead<C> {
    /// `Some(None)` if it was deleted.
    #[expect(clippy::option_option, reason = "no lead, and nothing that is one, are two answers")]
    pub(super) fn read(self) -> Option<Option<AmoLead>> {
        let number = self.id.0?;
        Some((!self.is_deleted.0).then(|| self.existing(number)))
    }

    fn existing(self, number: u64) -> AmoLead {
        let OfLead { tags, contacts, .. } = self.embedded.0.unwrap_or_default();
        AmoLead {
            id: number,
            name: self.name.0,
            price: self.price.0,
            pipeline: self.pipeline_id.0,
            stage: self.status_id.0,
            is_closed: self.status_id.0.is_some_and(|stage| kind_of(stage, None).is_closed()),
            responsible_user: self.responsible_user_id.0,
            created_by: self.created_by.0,
            created_at: self.created_at.0,
            updated_at: self.updated_at.0,
            closed_at: self.closed_at.0,
            tags: tags.0.unwrap_or_default().into_iter().filter_map(RawTag::read).collect(),
            contact: contacts.0.and_then(|contacts| main(&contacts)),
            custom_fields: self.custom_fields_values.read(),
        }
    }
}

impl RawLead<Fields> {
    /// `Some(None)` if it was deleted.
    #[expect(clippy::option_option, reason = "no lead, and nothing that is one, are two answers")]
    pub(super) fn read_details(mut self) -> Option<Option<AmoLeadDetails>> {
        let embedded = self.embedded.0.as_mut();
        let (contacts, loss_reason) = embedded.map_or_else(Default::default, |embedded| {
            let contacts = embedded.contacts.0.iter().flatten().filter_map(|contact| contact.id.0).collect();
            (contacts, embedded.loss_reason.0.take().and_then(RawReason::read))
        });
        Some(self.read()?.map(|lead| AmoLeadDetails { lead, contacts, loss_reason }))
    }
}

impl RawReason {
    fn read(self) -> Option<LossReason> {
        Some(LossReason { id: self.id.0?, name: self.name.0 })
    }
}

impl RawTag {
    fn read(self) -> Option<Tag> {
        Some(Tag { id: self.id.0?, name: self.name.0.unwrap_or_default(), color: self.color.0 })
    }
}

fn main(contacts: &[RawLink]) -> Option<u64> {
    let main = contacts.iter().find(|contact| contact.is_main.0).and_then(|contact| contact.id.0);
    main.or_else(|| contacts.iter().find_map(|contact| contact.id.0))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawContact {
    id: Id,
    name: Text,
    custom_fields_values: List<ContactField>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ContactField {
    field_code: FieldCode,
    values: List<RawReached>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawReached {
    value: Text,
    enum_code: Text,
}

impl RawContact {
    fn read(self) -> Option<Contact> {
        let mut contact = Contact { name: self.name.0, ..Contact::numbered(self.id.0?) };
        for field in self.custom_fields_values.0.unwrap_or_default() {
            let known = match field.field_code {
                FieldCode::Phone => &mut contact.phones,
                FieldCode::Email => &mut contact.emails,
                FieldCode::Other => continue,
            };
            known.extend(field.values.0.unwrap_or_default().into_iter().filter_map(RawReached::read));
        }
        Some(contact)
    }
}

impl RawReached {
    /// `None` for a value that says nothing.
    fn read(self) -> Option<Reached> {
        Some(Reached { value: self.value.0?, kind: self.enum_code.0 })
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawPipeline {
    id: Id,
    name: Text,
    sort: Whole,
    is_main: Flag,
    is_unsorted_on: Flag,
    is_archive: Flag,
    #[serde(rename = "_embedded")]
    embedded: Object<OfPipeline>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct OfPipeline {
    statuses: List<RawStage>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawStage {
    id: Id,
    name: Text,
    sort: Whole,
    is_editable: Flag,
    color: Text,
    #[serde(rename = "type")]
    kind: Whole,
}

impl RawPipeline {
    fn read(self) -> Option<Pipeline> {
        let stages = self.embedded.0.and_then(|embedded| embedded.statuses.0).unwrap_or_default();
        Some(Pipeline {
            id: self.id.0?,
            name: self.name.0.unwrap_or_default(),
            sort: self.sort.0.unwrap_or_default(),
            is_main: self.is_main.0,
            is_unsorted_on: self.is_unsorted_on.0,
            is_archived: self.is_archive.0,
            stages: stages.into_iter().filter_map(RawStage::read).collect(),
        })
    }
}

impl RawStage {
    fn read(self) -> Option<Stage> {
        let (id, type_number) = (self.id.0?, self.kind.0);
        Some(Stage {
            id,
            name: self.name.0.unwrap_or_default(),
            sort: self.sort.0.unwrap_or_default(),
            is_editable: self.is_editable.0,
            color: self.color.0,
            kind: kind_of(id, type_number),
            type_number,
        })
    }
}

/// The kind of a stage. 142 and 143 are closed in every pipeline, and of type 1 is the unsorted one.
fn kind_of(stage: u64, type_number: Option<i64>) -> StageKind {
    match (stage, type_number) {
        (142, _) => StageKind::Won,
        (143, _) => StageKind::Lost,
        (_, Some(1)) => StageKind::Unsorted,
        _ => StageKind::Open,
    }
}
