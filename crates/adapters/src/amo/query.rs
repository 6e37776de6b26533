//! The queries of API v4. Brackets stay as they are: encoded, a full page of ids would be
//! longer than the 8 kB that web servers take.

use std::fmt::Display;

use amo_connect_domain::crm::lead::{LeadFilter, LeadSort};
use amo_connect_domain::crm::page::PageRequest;
use amo_connect_domain::crm::task::{TaskFilter, TaskOrder};
use jiff::Timestamp;
use url::form_urlencoded::byte_serialize;

/// The most entities that one call can name.
const MOST_IDS: usize = 250;

/// The query of `GET /api/v4/leads`.
pub(super) fn leads(filter: &LeadFilter) -> String {
    let mut query = Query::default();
    query.add("page", filter.page);
    query.add("limit", filter.limit);
    query.add("with", "contacts");
    let by = match filter.order.by {
        LeadSort::UpdatedAt => "updated_at",
        LeadSort::CreatedAt => "created_at",
        LeadSort::Id => "id",
    };
    query.add(&format!("order[{by}]"), direction(filter.order.is_descending));
    if let Some(text) = &filter.query {
        query.add("query", text);
    }
    if let Some(pipeline) = filter.pipeline {
        query.add("filter[pipeline_id]", pipeline);
    }
    query.add_ids(&filter.ids);
    for (index, (pipeline, stage)) in filter.stages.iter().enumerate() {
        query.add(&format!("filter[statuses][{index}][pipeline_id]"), pipeline);
        query.add(&format!("filter[statuses][{index}][status_id]"), stage);
    }
    if let Some(user) = filter.responsible_user {
        query.add("filter[responsible_user_id]", user);
    }
    for (name, since) in [("updated_at", filter.updated_since), ("created_at", filter.created_since)] {
        if let Some(since) = since {
            query.add(&format!("filter[{name}][from]"), second(since));
        }
    }
    query.0
}

fn direction(is_descending: bool) -> &'static str {
    if is_descending { "desc" } else { "asc" }
}

/// amoCRM's times are whole seconds, from 1970: the one that `moment` falls into belongs to it.
fn second(moment: Timestamp) -> i128 {
    moment.as_nanosecond().div_euclid(1_000_000_000).max(0)
}

/// The query of `GET /api/v4/contacts`.
pub(super) fn contacts(ids: &[u64]) -> String {
    let mut query = Query::default();
    query.add("limit", MOST_IDS);
    query.add_ids(ids);
    query.0
}

/// The query of `GET /api/v4/users`.
pub(super) fn users(page: PageRequest) -> String {
    Query::of(page).0
}

/// The query of `GET /api/v4/leads/{id}/notes`.
pub(super) fn notes(page: PageRequest) -> String {
    let mut query = Query::of(page);
    query.add("order[id]", direction(true));
    query.0
}

/// The query of `GET /api/v4/tasks`.
pub(super) fn tasks(filter: &TaskFilter) -> String {
    let mut query = Query::of(filter.page);
    match filter.order {
        // Times are whole seconds: numbers tell apart what was made in one.
        TaskOrder::Newest => query.add("order[id]", direction(true)),
        TaskOrder::CompleteTill { is_descending } => query.add("order[complete_till]", direction(is_descending)),
    }
    query.add("filter[entity_type]", "leads");
    if let Some(lead) = filter.lead {
        query.add("filter[entity_id]", lead);
    }
    if let Some(user) = filter.responsible_user {
        query.add("filter[responsible_user_id]", user);
    }
    if let Some(is_completed) = filter.is_completed {
        query.add("filter[is_completed]", u8::from(is_completed));
    }
    query.0
}

/// The query of `GET /api/v4/events`. They have one order: the newest first.
pub(super) fn events(lead: u64, page: PageRequest) -> String {
    let mut query = Query::of(page);
    query.add("filter[entity]", "lead");
    query.add("filter[entity_id]", lead);
    query.0
}

#[derive(Default)]
struct Query(String);

impl Query {
    /// One of this page.
    fn of(page: PageRequest) -> Self {
        let mut query = Self::default();
        query.add("page", page.page);
        query.add("limit", page.limit);
        query
    }

    fn add_ids(&mut self, ids: &[u64]) {
        for id in ids.iter().take(MOST_IDS) {
            self.add("filter[id][]", id);
        }
    }

    fn add(&mut self, name: &str, value: impl Display) {
        if !self.0.is_empty() {
            self.0.push('&');
        }
        self.0.push_str(name);
        self.0.push('=');
        self.0.extend(byte_serialize(value.to_string().as_bytes()));
    }
}

#[cfg(test)]
mod tests {
    use amo_connect_domain::crm::lead::MOST_STAGES;

    use super::*;

    #[test]
    fn the_longest_filter_fits_into_a_request_line() {
        let filter = LeadFilter {
            page: u32::MAX,
            limit: 250,
            query: Some("🏖".repeat(255)),
            pipeline: Some(9_999_999_999),
            stages: (0..50).map(|stage| (9_999_999_999, 9_999_999_900 + stage)).collect(),
            responsible_user: Some(9_999_999_999),
            updated_since: Some(Timestamp::MAX),
            created_since: Some(Timestamp::MAX),
            ..LeadFilter::default()
        };
        assert_eq!(filter.stages.len(), MOST_STAGES);
        let query = leads(&filter);
        assert!(query.len() < 8_000, "{}", query.len());
    }

    #[test]
    fn a_full_page_of_contacts_or_of_leads_fits_into_a_request_line() {
        let ids: Vec<u64> = (9_999_999_000..).take(300).collect();
        for query in [contacts(&ids), leads(&LeadFilter { ids: ids.clone(), limit: 250, ..LeadFilter::default() })] {
            assert!(query.len() < 8_000, "{}", query.len());
            assert_eq!(query.matches("filter[id][]").count(), 250);
        }
    }
}
