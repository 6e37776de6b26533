//! amoCRM's JSON in the domain's terms. A field that is not what it should be is absent, and an
//! entry without a number is left out; neither loses the page around it.

use amo_connect_domain::crm::contact::Contact;
use amo_connect_domain::crm::lead::{AmoLead, LeadPage};
use amo_connect_domain::crm::pipeline::{Pipeline, Stage, StageKind};
use amo_connect_domain::ids::AccountId;
use serde::Deserialize;
use serde_json::Value;

use super::loose::{List, Object};
use super::members::{Amount, FieldCode, Flag, Id, IsObject, Text, Time, Whole};

/// The answer of `GET /api/v4/account`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct RawAccount {
    id: Id,
}

impl RawAccount {
    pub(super) fn read(self) -> Option<AccountId> {
        self.id.0.map(AccountId)
    }
}

/// An account that was looked up.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct RawLocation {
    pub(super) id: Id,
    pub(super) domain: Value,
}

/// A list.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct RawPage {
    #[serde(rename = "_embedded")]
    embedded: Object<Embedded>,
    #[serde(rename = "_links")]
    links: Object<Links>,
}

/// What a list, or a part of one, has in it.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Embedded {
    leads: List<RawLead>,
    contacts: List<RawContact>,
    pipelines: List<RawPipeline>,
    statuses: List<RawStage>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Links {
    next: IsObject,
}

impl RawPage {
    pub(super) fn leads(self) -> Option<LeadPage> {
        let leads = self.embedded.0?.leads.0?.into_iter().filter_map(|lead| lead.read().flatten()).collect();
        Some(LeadPage { leads, has_more: self.links.0.is_some_and(|links| links.next.0) })
    }

    pub(super) fn contacts(self) -> Option<Vec<Contact>> {
        Some(self.embedded.0?.contacts.0?.into_iter().filter_map(RawContact::read).collect())
    }

    pub(super) fn pipelines(self) -> Option<Vec<Pipeline>> {
        Some(self.embedded.0?.pipelines.0?.into_iter().filter_map(RawPipeline::read).collect())
    }
}

/// One lead, in a list or alone.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct RawLead {
    id: Id,
    name: Text,
    price: Amount,
    pipeline_id: Id,
    status_id: Id,
    responsible_user_id: Id,
    created_at: Time,
    updated_at: Time,
    is_deleted: Flag,
    #[serde(rename = "_embedded")]
    embedded: Object<Embedded>,
}

impl RawLead {
    /// `Some(None)` if it was deleted.
    #[expect(clippy::option_option, reason = "no lead, and nothing that is one, are two answers")]
    pub(super) fn read(self) -> Option<Option<AmoLead>> {
        let number = self.id.0?;
        Some((!self.is_deleted.0).then(|| self.existing(number)))
    }

    fn existing(self, number: u64) -> AmoLead {
        AmoLead {
            id: number,
            name: self.name.0,
            price: self.price.0,
            pipeline: self.pipeline_id.0,
            stage: self.status_id.0,
            is_closed: self.status_id.0.is_some_and(|stage| kind_of(stage, None).is_closed()),
            responsible_user: self.responsible_user_id.0,
            created_at: self.created_at.0,
            updated_at: self.updated_at.0,
            contact: self.embedded.0.and_then(|embedded| main(&embedded.contacts.0?)),
        }
    }
}

fn main(contacts: &[RawContact]) -> Option<u64> {
    let main = contacts.iter().find(|contact| contact.is_main.0).and_then(|contact| contact.id.0);
    main.or_else(|| contacts.iter().find_map(|contact| contact.id.0))
}

/// A contact, or a lead's mention of one.
#[derive(Default, Deserialize)]
#[serde(default)]
struct RawContact {
    id: Id,
    is_main: Flag,
    name: Text,
    custom_fields_values: List<CustomField>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct CustomField {
    field_code: FieldCode,
    values: List<CustomValue>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct CustomValue {
    value: Text,
}

impl RawContact {
    fn read(self) -> Option<Contact> {
        let (mut phone, mut email) = (None, None);
        for field in self.custom_fields_values.0.unwrap_or_default() {
            let known = match field.field_code {
                FieldCode::Phone => &mut phone,
                FieldCode::Email => &mut email,
                FieldCode::Other => continue,
            };
            if known.is_none() {
                *known = field.values.0.unwrap_or_default().into_iter().find_map(|entry| entry.value.0);
            }
        }
        Some(Contact { id: self.id.0?, name: self.name.0, phone, email })
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
    embedded: Object<Embedded>,
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
