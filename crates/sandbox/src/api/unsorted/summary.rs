//! How many unsorted leads there were, and what became of them.

use actix_web::{Error, HttpRequest, HttpResponse, web::Data};
use serde_json::{Map, Value, json};

use crate::{
    api::{
        guard::Caller,
        list::{SelfLink, hal},
        query::Query,
    },
    store::{Action, Category, Fate, Unsorted},
    world::World,
};

/// `GET /api/v4/leads/unsorted/summary`, of a time, of pipelines and of single ones.
pub(super) async fn summary(request: HttpRequest, world: Data<World>, caller: Caller) -> Result<HttpResponse, Error> {
    let tables = caller.account(&world)?.store.read();
    let permissions = tables.permissions(&caller.author);
    let query = Query::of(&request);
    let (created, pipelines) = (query.times("created_at")?, query.numbers("pipeline_id")?);
    let uids = query.values(&["filter", "uid"]);
    let may_see = |row: &Unsorted| {
        tables.leads.get(row.lead).is_some_and(|lead| permissions.may(Action::View, lead))
            && (row.fate != Fate::Waits || row.waiting_lead(&tables).is_some())
    };
    let is_wanted = |row: &&Unsorted| {
        created.as_ref().is_none_or(|wanted| wanted.matches(Some(row.created_at)))
            && pipelines.as_ref().is_none_or(|wanted| wanted.matches(Some(row.pipeline_id)))
            && (uids.is_empty() || uids.contains(&row.uid().as_str()))
            && may_see(row)
    };
    let rows: Vec<_> = tables.unsorted.iter().filter(is_wanted).collect();
    let count = |is: &dyn Fn(&Unsorted) -> bool| rows.iter().filter(|row| is(row)).count();
    let of = |category| json!({"total": count(&|row: &Unsorted| row.category == category)});
    let categories: Map<String, Value> =
        Category::ALL.into_iter().map(|category| (category.name().to_owned(), of(category))).collect();
    let decided = || rows.iter().filter(|row| row.fate != Fate::Waits);
    let waited: u64 = decided().map(|row| row.updated_at.saturating_sub(row.created_at)).sum();
    Ok(hal(&json!({
        "total": rows.len(),
        "accepted": count(&|row: &Unsorted| matches!(row.fate, Fate::Accepted | Fate::Linked(..))),
        "declined": count(&|row: &Unsorted| row.fate == Fate::Declined),
        "average_sort_time": waited.checked_div(decided().count() as u64).unwrap_or_default(),
        "categories": categories,
        "_links": SelfLink::new(&caller.host, "/api/v4/leads/unsorted/summary"),
    })))
}
