//! A lead.

use serde_json::Number;

use super::{Card, Entity, Kind, Pipeline, Tables, card::entity, differences::Differences, event::EventValue};

/// A lead.
#[derive(Debug, Clone)]
pub(crate) struct Lead {
    pub(crate) card: Card,
    pub(crate) price: u64,
    /// The price with the fraction that it has besides.
    pub(crate) exact_price: Option<Number>,
    pub(crate) status_id: u64,
    pub(crate) pipeline_id: u64,
    pub(crate) loss_reason_id: Option<u64>,
    pub(crate) source_id: Option<u64>,
    pub(crate) closed_at: Option<u64>,
    pub(crate) is_price_modified_by_robot: bool,
    pub(crate) score: Option<u32>,
}

impl Lead {
    /// Its stage, if it is in this pipeline.
    pub(crate) fn stage_of(&self, pipeline: u64) -> Option<u64> {
        (self.pipeline_id == pipeline).then_some(self.status_id)
    }

    /// Whether it is in the stage of the unsorted.
    pub(crate) fn is_unsorted(&self, tables: &Tables) -> bool {
        let stage = tables.pipeline(self.pipeline_id).and_then(Pipeline::unsorted_stage);
        stage.is_some_and(|stage| stage.id == self.status_id)
    }
}

impl Entity for Lead {
    entity!(Lead, leads);

    fn blank(card: Card) -> Self {
        Self {
            card,
            price: 0,
            exact_price: None,
            status_id: 0,
            pipeline_id: 0,
            loss_reason_id: None,
            source_id: None,
            closed_at: None,
            is_price_modified_by_robot: false,
            score: None,
        }
    }

    fn default_name(id: u64) -> String {
        format!("Сделка #{id}")
    }

    fn stage(&self) -> Option<(u64, u64)> {
        Some((self.pipeline_id, self.status_id))
    }

    fn own_differences(&self, new: &Self, differences: &mut Differences) {
        let status = |lead: &Self| EventValue::LeadStatus { id: lead.status_id, pipeline_id: lead.pipeline_id };
        if self.stage() != new.stage() {
            differences.note("status_id", "lead_status_changed", vec![status(self)], vec![status(new)]);
        }
        if (self.price, &self.exact_price) != (new.price, &new.exact_price) {
            let sale = |lead: &Self| EventValue::SaleFieldValue { sale: lead.price };
            differences.note("price", "sale_field_changed", vec![sale(self)], vec![sale(new)]);
        }
    }

    /// Also what its contacts are found by.
    fn searchable(&self, tables: &Tables) -> String {
        let mut text = self.card.own_text(tables.fields.of(Kind::Lead));
        for &id in &self.card.links.contacts {
            if let Some(contact) = tables.contacts.live(id) {
                text.push('\n');
                text.push_str(&contact.card.search);
            }
        }
        text
    }
}
