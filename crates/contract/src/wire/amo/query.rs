//! Queries of API v4, as amoCRM reads them.

use std::collections::BTreeMap;

use amo_connect_domain::crm::lead::{LeadFilter, LeadOrder, LeadSort};
use amo_connect_domain::crm::page::PageRequest;
use amo_connect_domain::crm::task::{TaskFilter, TaskOrder};
use jiff::Timestamp;
use url::form_urlencoded::Parse;

/// What amoCRM lists on a page unless it is told otherwise, and at most.
const PAGE: (usize, usize) = (50, 250);

const NO_NUMBER: &str = "a parameter is not a number";

/// The number in a query or in a path.
pub(super) fn number<T: std::str::FromStr>(text: &str) -> Result<T, &'static str> {
    text.parse().or(Err(NO_NUMBER))
}

fn moment(text: &str) -> Result<Timestamp, &'static str> {
    Timestamp::from_second(number(text)?).or(Err(NO_NUMBER))
}

/// What a list of leads is ordered by: `order[updated_at]` and so on.
fn order(name: &str, value: &str) -> Option<LeadOrder> {
    let by = match name.strip_prefix("order[")?.strip_suffix(']')? {
        "updated_at" => LeadSort::UpdatedAt,
        "created_at" => LeadSort::CreatedAt,
        "id" => LeadSort::Id,
        _ => return None,
    };
    Some(LeadOrder { by, is_descending: direction(value)? })
}

fn direction(value: &str) -> Option<bool> {
    match value {
        "desc" => Some(true),
        "asc" => Some(false),
        _ => None,
    }
}

/// The filter of `GET /api/v4/leads`. Without `with=contacts` a lead would come without them, and without an order
/// leads come in one that nobody outside knows. Custom fields come whether they are wanted or not.
pub(super) fn leads(pairs: Parse<'_>) -> Result<LeadFilter, &'static str> {
    let mut filter = LeadFilter::default();
    let mut stages: BTreeMap<usize, (Option<u64>, Option<u64>)> = BTreeMap::new();
    let (mut with_contacts, mut is_ordered) = (false, false);
    for (name, value) in pairs {
        match name.as_ref() {
            "page" => filter.page = number(&value)?,
            "limit" => filter.limit = number(&value)?,
            "with" => with_contacts = value.split(',').any(|with| with == "contacts"),
            "query" => filter.query = Some(value.into_owned()),
            "filter[pipeline_id]" | "filter[pipeline_id][]" => filter.pipeline = Some(number(&value)?),
            name if name.starts_with("filter[id]") => filter.ids.push(number(&value)?),
            "filter[responsible_user_id]" => filter.responsible_user = Some(number(&value)?),
            "filter[updated_at][from]" => filter.updated_since = Some(moment(&value)?),
            "filter[created_at][from]" => filter.created_since = Some(moment(&value)?),
            name if name.starts_with("order") => {
                filter.order = order(name, &value).ok_or("an order is unknown")?;
                is_ordered = true;
            }
            _ => {
                let (index, field) = stage_parameter(&name).ok_or("a parameter is unknown")?;
                let stage = stages.entry(number(index)?).or_default();
                match field {
                    "pipeline_id" => stage.0 = Some(number(&value)?),
                    "status_id" => stage.1 = Some(number(&value)?),
                    _ => return Err("a parameter is unknown"),
                }
            }
        }
    }
    let whole = |(pipeline, stage): (Option<u64>, Option<u64>)| pipeline.zip(stage);
    filter.stages = stages.into_values().map(whole).collect::<Option<_>>().ok_or("a stage lacks its pipeline")?;
    match (with_contacts, is_ordered) {
        (false, _) => Err("it asks for leads without their contacts"),
        (true, false) => Err("it asks for leads in no order"),
        (true, true) => Ok(filter),
    }
}

/// What amoCRM lists without a limit, on the first page.
const FIRST_PAGE: PageRequest = PageRequest { page: 1, limit: 50 };

/// The most events on a page. Whoever wants more gets fifty.
const MOST_EVENTS: u32 = 100;

/// Whether `name` is a parameter of a page.
fn paged(page: &mut PageRequest, name: &str, value: &str) -> Result<bool, &'static str> {
    match name {
        "page" => page.page = number(value)?,
        "limit" => page.limit = number(value)?,
        _ => return Ok(false),
    }
    Ok(true)
}

/// The page of `GET /api/v4/users`.
pub(super) fn users(pairs: Parse<'_>) -> Result<PageRequest, &'static str> {
    let mut page = FIRST_PAGE;
    for (name, value) in pairs {
        if !paged(&mut page, &name, &value)? {
            return Err("a parameter is unknown");
        }
    }
    Ok(page)
}

/// The page of `GET /api/v4/leads/{id}/notes`, the newest first.
pub(super) fn notes(pairs: Parse<'_>) -> Result<PageRequest, &'static str> {
    let (mut page, mut is_newest_first) = (FIRST_PAGE, false);
    for (name, value) in pairs {
        match name.as_ref() {
            "order[id]" => is_newest_first = direction(&value) == Some(true),
            name if paged(&mut page, name, &value)? => {}
            _ => return Err("a parameter is unknown"),
        }
    }
    if is_newest_first { Ok(page) } else { Err("it asks for notes in another order") }
}

/// The number in `GET /api/v4/leads/{id}/notes/{id}` and in `GET /api/v4/tasks/{id}`.
pub(super) fn one(id: &str, mut pairs: Parse<'_>) -> Result<u64, &'static str> {
    if pairs.next().is_some() {
        return Err("a parameter is unknown");
    }
    number(id)
}

/// The filter of `GET /api/v4/tasks`. Without the type of entities those of contacts would come too.
pub(super) fn tasks(pairs: Parse<'_>) -> Result<TaskFilter, &'static str> {
    let (order, is_completed) = (TaskOrder::Newest, None);
    let mut filter = TaskFilter { page: FIRST_PAGE, order, lead: None, responsible_user: None, is_completed };
    let (mut is_of_leads, mut is_ordered) = (false, false);
    for (name, value) in pairs {
        match name.as_ref() {
            "filter[entity_type]" => is_of_leads = value == "leads",
            "filter[entity_id]" => filter.lead = Some(number(&value)?),
            "filter[responsible_user_id]" => filter.responsible_user = Some(number(&value)?),
            "filter[is_completed]" => filter.is_completed = Some(number::<u8>(&value)? == 1),
            "order[id]" if direction(&value) == Some(true) => is_ordered = true,
            "order[complete_till]" => {
                let is_descending = direction(&value).ok_or("an order is unknown")?;
                (filter.order, is_ordered) = (TaskOrder::CompleteTill { is_descending }, true);
            }
            name if paged(&mut filter.page, name, &value)? => {}
            _ => return Err("a parameter is unknown"),
        }
    }
    match (is_of_leads, is_ordered) {
        (false, _) => Err("it asks for tasks of others than leads"),
        (true, false) => Err("it asks for tasks in no order"),
        (true, true) => Ok(filter),
    }
}

/// The lead and the page of `GET /api/v4/events`.
pub(super) fn events(pairs: Parse<'_>) -> Result<(u64, PageRequest), &'static str> {
    let (mut page, mut lead, mut is_of_leads) = (FIRST_PAGE, None, false);
    for (name, value) in pairs {
        match name.as_ref() {
            "filter[entity]" => is_of_leads = value == "lead",
            "filter[entity_id]" => lead = Some(number(&value)?),
            name if paged(&mut page, name, &value)? => {}
            _ => return Err("a parameter is unknown"),
        }
    }
    if page.limit > MOST_EVENTS {
        return Err("it asks for more than a page");
    }
    Ok((lead.filter(|_| is_of_leads).ok_or("it asks for events of others than one lead")?, page))
}

/// The number in `GET /api/v4/leads/{id}`.
pub(super) fn lead(id: &str, pairs: Parse<'_>) -> Result<u64, &'static str> {
    let mut is_whole = false;
    for (name, value) in pairs {
        match name.as_ref() {
            "with" => {
                is_whole = ["contacts", "loss_reason"].iter().all(|part| value.split(',').any(|with| with == *part));
            }
            _ => return Err("a parameter is unknown"),
        }
    }
    if !is_whole {
        return Err("it asks for a lead without its contacts or without why it was lost");
    }
    number(id)
}

/// The index and field of `filter[statuses][INDEX][FIELD]`.
fn stage_parameter(name: &str) -> Option<(&str, &str)> {
    name.strip_prefix("filter[statuses][")?.strip_suffix(']')?.split_once("][")
}

/// The numbers of `GET /api/v4/contacts`. More of them than the page's limit would be cut off.
pub(super) fn contacts(pairs: Parse<'_>) -> Result<Vec<u64>, &'static str> {
    let (mut limit, mut ids) = (PAGE.0, Vec::new());
    for (name, value) in pairs {
        match name.as_ref() {
            "limit" => limit = number(&value)?,
            name if name.starts_with("filter[id]") => ids.push(number(&value)?),
            "page" | "with" => {}
            _ => return Err("a parameter is unknown"),
        }
    }
    if ids.is_empty() {
        return Err("it asks for everybody");
    }
    if ids.len() > limit.min(PAGE.1) {
        return Err("it asks for more than a page");
    }
    Ok(ids)
}
