//! What came from outside for the leads that nobody has accepted yet.

use serde_json::{Map, Value, json};

use crate::store::{Category, Fate, Lead, Row as _, Table, Tables, Unsorted};

/// Makes up how each lead in the stage of the unsorted came.
pub(crate) fn make(tables: &Tables, floor: u64) -> Table<Unsorted> {
    let unsorted: Vec<_> = tables.stages().filter(|stage| stage.is_unsorted()).map(|stage| stage.id).collect();
    let leads = tables.leads.iter().filter(|lead| !lead.is_deleted() && unsorted.contains(&lead.status_id));
    let categories = Category::ALL.into_iter().cycle();
    let rows = leads.zip(categories).zip(floor + 1..).map(|((lead, category), id)| row(id, lead, category, tables));
    Table::new(rows.collect(), floor)
}

fn row(id: u64, lead: &Lead, category: Category, tables: &Tables) -> Unsorted {
    let links = &lead.card.links;
    let is_new = |id: &&u64| tables.contacts.get(**id).is_some_and(|contact| contact.card.links.leads.len() == 1);
    Unsorted {
        id,
        category,
        source_uid: format!("{}-1", category.name()),
        source_name: "foryou.example".to_owned(),
        pipeline_id: lead.pipeline_id,
        created_at: lead.card.created_at,
        updated_at: lead.card.created_at,
        metadata: metadata(category, lead),
        lead: lead.card.id,
        contacts: links.contacts.clone(),
        companies: links.companies.clone(),
        new_contacts: links.contacts.iter().filter(is_new).copied().collect(),
        fate: Fate::Waits,
    }
}

fn metadata(category: Category, lead: &Lead) -> Map<String, Value> {
    let (id, at) = (lead.card.id, lead.card.created_at);
    let metadata = match category {
        Category::Sip => json!({
            "from": format!("+38050{:07}", id % 10_000_000), "phone": "+380441234567", "called_at": at, "duration": 64,
            "link": format!("https://calls.example/{id}.mp3"), "service_code": "calls", "uniq": id.to_string(),
        }),
        Category::Mail => json!({
            "from": {"email": format!("client{id}@mail.example"), "name": lead.card.name}, "received_at": at,
            "subject": lead.card.name, "thread_id": id, "message_id": id, "content_summary": lead.card.name,
        }),
        Category::Forms => json!({
            "form_id": "viewing", "form_name": "Viewing", "form_page": "https://foryou.example/viewing",
            "ip": "192.0.2.7", "form_sent_at": at, "referer": "https://foryou.example/",
        }),
        Category::Chats => json!({
            "from": lead.card.name, "to": "For You", "received_at": at, "service": "telegram",
            "client": {"name": lead.card.name, "avatar": ""}, "origin": {"chat_id": id.to_string(), "ref": ""},
            "last_message_text": lead.card.name, "source_name": "Telegram",
        }),
    };
    match metadata {
        Value::Object(metadata) => metadata,
        _ => Map::new(),
    }
}
