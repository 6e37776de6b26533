//! Queries of API v4, as amoCRM reads them.

use std::collections::BTreeMap;

use amo_connect_domain::crm::lead::LeadFilter;
use jiff::Timestamp;
use url::form_urlencoded::Parse;

/// What amoCRM lists on a page unless it is told otherwise, and at most.
const PAGE: (usize, usize) = (50, 250);

const NO_NUMBER: &str = "a parameter is not a number";

fn number<T: std::str::FromStr>(text: &str) -> Result<T, &'static str> {
    text.parse().or(Err(NO_NUMBER))
}

/// The filter of `GET /api/v4/leads`. Without `with=contacts` a lead would come without them.
pub(super) fn leads(pairs: Parse<'_>) -> Result<LeadFilter, &'static str> {
    let mut filter = LeadFilter::default();
    let mut stages: BTreeMap<usize, (Option<u64>, Option<u64>)> = BTreeMap::new();
    let mut with_contacts = false;
    for (name, value) in pairs {
        match name.as_ref() {
            "page" => filter.page = number(&value)?,
            "limit" => filter.limit = number(&value)?,
            "with" => with_contacts = value.split(',').any(|with| with == "contacts"),
            "query" => filter.query = Some(value.into_owned()),
            "filter[pipeline_id]" | "filter[pipeline_id][]" => filter.pipeline = Some(number(&value)?),
            "filter[updated_at][from]" => {
                filter.updated_since = Some(Timestamp::from_second(number(&value)?).or(Err(NO_NUMBER))?);
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
    if with_contacts { Ok(filter) } else { Err("it asks for leads without their contacts") }
}

/// The number in `GET /api/v4/leads/{id}`.
pub(super) fn lead(path: &str, pairs: Parse<'_>) -> Result<u64, &'static str> {
    let number = path.rsplit('/').next().and_then(|id| id.parse().ok()).ok_or(NO_NUMBER)?;
    if leads(pairs)? == LeadFilter::default() { Ok(number) } else { Err("a parameter is unknown") }
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
