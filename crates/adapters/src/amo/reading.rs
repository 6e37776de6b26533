//! amoCRM's JSON in the domain's terms. A field that is not what it should be is absent, and an
//! entry without a number is left out; neither loses the page around it.

use amo_connect_domain::crm::contact::Contact;
use amo_connect_domain::crm::lead::{AmoLead, LeadPage};
use amo_connect_domain::crm::pipeline::{Pipeline, Stage, StageKind};
use amo_connect_domain::ids::AccountId;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Number, Value};

use super::loose::{List, Object};

/// The answer of `GET /api/v4/account`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct RawAccount {
    id: Value,
}

impl RawAccount {
    pub(super) fn read(self) -> Option<AccountId> {
        id(&self.id).map(AccountId)
    }
}

/// An account that was looked up.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct RawLocation {
    pub(super) id: Value,
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
    next: Value,
}

impl RawPage {
    pub(super) fn leads(self) -> Option<LeadPage> {
        let leads = self.embedded.0?.leads.0?.into_iter().filter_map(|lead| lead.read().flatten()).collect();
        Some(LeadPage { leads, has_more: self.links.0.is_some_and(|links| links.next.is_object()) })
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
    id: Value,
    name: Value,
    price: Value,
    pipeline_id: Value,
    status_id: Value,
    responsible_user_id: Value,
    created_at: Value,
    updated_at: Value,
    is_deleted: Value,
    #[serde(rename = "_embedded")]
    embedded: Object<Embedded>,
}

impl RawLead {
    /// `Some(None)` if it was deleted.
    #[expect(clippy::option_option, reason = "no lead, and nothing that is one, are two answers")]
    pub(super) fn read(self) -> Option<Option<AmoLead>> {
        let number = id(&self.id)?;
        Some((self.is_deleted != true).then(|| self.existing(number)))
    }

    fn existing(self, number: u64) -> AmoLead {
        AmoLead {
            id: number,
            name: text(self.name),
            price: amount(&self.price),
            pipeline: id(&self.pipeline_id),
            stage: id(&self.status_id),
            is_closed: id(&self.status_id).is_some_and(|stage| kind_of(stage, None).is_closed()),
            responsible_user: id(&self.responsible_user_id),
            created_at: time(&self.created_at),
            updated_at: time(&self.updated_at),
            contact: self.embedded.0.and_then(|embedded| main(&embedded.contacts.0?)),
        }
    }
}

fn main(contacts: &[RawContact]) -> Option<u64> {
    let main = contacts.iter().find(|contact| contact.is_main == true).and_then(|contact| id(&contact.id));
    main.or_else(|| contacts.iter().find_map(|contact| id(&contact.id)))
}

/// A contact, or a lead's mention of one.
#[derive(Default, Deserialize)]
#[serde(default)]
struct RawContact {
    id: Value,
    is_main: Value,
    name: Value,
    custom_fields_values: List<CustomField>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct CustomField {
    field_code: Value,
    values: List<CustomValue>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct CustomValue {
    value: Value,
}

impl RawContact {
    fn read(self) -> Option<Contact> {
        let (mut phone, mut email) = (None, None);
        for field in self.custom_fields_values.0.unwrap_or_default() {
            let known = match field.field_code.as_str() {
                Some("PHONE") => &mut phone,
                Some("EMAIL") => &mut email,
                _ => continue,
            };
            if known.is_none() {
                *known = field.values.0.unwrap_or_default().into_iter().find_map(|entry| text(entry.value));
            }
        }
        Some(Contact { id: id(&self.id)?, name: text(self.name), phone, email })
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawPipeline {
    id: Value,
    name: Value,
    sort: Value,
    is_main: Value,
    is_unsorted_on: Value,
    is_archive: Value,
    #[serde(rename = "_embedded")]
    embedded: Object<Embedded>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawStage {
    id: Value,
    name: Value,
    sort: Value,
    is_editable: Value,
    color: Value,
    #[serde(rename = "type")]
    kind: Value,
}

impl RawPipeline {
    fn read(self) -> Option<Pipeline> {
        let stages = self.embedded.0.and_then(|embedded| embedded.statuses.0).unwrap_or_default();
        Some(Pipeline {
            id: id(&self.id)?,
            name: text(self.name).unwrap_or_default(),
            sort: self.sort.as_i64().unwrap_or_default(),
            is_main: self.is_main == true,
            is_unsorted_on: self.is_unsorted_on == true,
            is_archived: self.is_archive == true,
            stages: stages.into_iter().filter_map(RawStage::read).collect(),
        })
    }
}

impl RawStage {
    fn read(self) -> Option<Stage> {
        let (id, type_number) = (id(&self.id)?, self.kind.as_i64());
        Some(Stage {
            id,
            name: text(self.name).unwrap_or_default(),
            sort: self.sort.as_i64().unwrap_or_default(),
            is_editable: self.is_editable == true,
            color: text(self.color),
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

/// A number of amoCRM's that names something, in quotes or not, also as `7.0` or `7e3`; never 0.
pub(super) fn id(value: &Value) -> Option<u64> {
    let number = amount(value)?;
    number.as_u64().or_else(|| whole(number.as_f64()?)).filter(|id| *id != 0)
}

/// A number without a fraction, if a double holds it and its neighbours.
fn whole(number: f64) -> Option<u64> {
    let text = format!("{number:.0}");
    (number.fract() == 0.0 && number.abs() < 2_f64.powi(53)).then(|| text.parse().ok())?
}

/// An amount, as a number or as one in quotes.
fn amount(value: &Value) -> Option<Number> {
    value.as_number().cloned().or_else(|| value.as_str()?.trim().parse().ok())
}

/// A text that says something; phone numbers come as numbers, too.
fn text(value: Value) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn time(value: &Value) -> Option<Timestamp> {
    Timestamp::from_second(value.as_i64()?).ok()
}
