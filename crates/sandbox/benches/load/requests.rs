//! What is asked, and what is asked for.

use crate::{Failure, client::Client};

/// So many leads were changed in the last hour, and so many are asked for by their ids.
const SOME: usize = 20;

/// What is sent again and again; gives the size of the answer.
pub(crate) type Ask = Box<dyn Fn(&mut Client, usize) -> Result<usize, Failure> + Sync>;

/// A request that is measured.
pub(crate) struct Request {
    pub(crate) name: &'static str,
    pub(crate) ask: Ask,
}

/// The requests, in the order in which they are measured: those that change the leads come last. Before
/// the first, some leads are changed; `now` is the time by the sandbox's clock.
pub(crate) fn requests(client: &mut Client, now: u64) -> Result<Vec<Request>, Failure> {
    let page = client.json("/api/v4/leads?limit=250")?;
    let leads = page["_embedded"]["leads"].as_array().ok_or("no leads")?;
    let ids: Vec<_> = leads.iter().filter_map(|lead| lead["id"].as_u64()).collect();
    let sample = leads.first().ok_or("no lead")?;
    for &id in ids.iter().rev().take(SOME) {
        change(client, id, 1)?;
    }
    let listed: Vec<_> = ids.iter().step_by(7).take(SOME).map(|id| format!("filter[id][]={id}")).collect();
    let stage = format!(
        "filter[statuses][0][pipeline_id]={}&filter[statuses][0][status_id]={}",
        sample["pipeline_id"], sample["status_id"]
    );
    let reads = [
        ("the account", "/api/v4/account".to_owned()),
        ("one lead", format!("/api/v4/leads/{}", sample["id"])),
        ("a page of 1 lead", list("limit=1")),
        ("a page of 50 leads", list("limit=50")),
        ("a page of 250 leads", list("limit=250")),
        ("the latest 50, `order[updated_at]=desc`", list("limit=50&order[updated_at]=desc")),
        ("50 in a stage", list(&format!("limit=50&{stage}"))),
        ("50 of a user", list(&format!("limit=50&filter[responsible_user_id]={}", sample["responsible_user_id"]))),
        ("20 changed in the last hour", list(&format!("limit=50&filter[updated_at][from]={}", now - 3600))),
        ("20 by their ids", list(&format!("limit=50&{}", listed.join("&")))),
    ];
    let mut requests = Vec::new();
    for (name, path) in reads {
        requests.push(Request { name, ask: Box::new(move |client, _| client.get(&path)) });
    }
    requests.push(Request { name: "a refresh", ask: Box::new(|client, _| client.refresh()) });
    requests.push(Request {
        name: "`PATCH` of a lead",
        ask: Box::new(move |client, count| change(client, ids[count % ids.len()], count)),
    });
    requests.push(Request { name: "`POST` of a lead", ask: Box::new(|client, _| add(client)) });
    Ok(requests)
}

fn list(query: &str) -> String {
    format!("/api/v4/leads?{query}")
}

fn change(client: &mut Client, id: u64, price: usize) -> Result<usize, Failure> {
    client.write("PATCH", &format!("/api/v4/leads/{id}"), &format!("{{\"price\":{price}}}"))
}

fn add(client: &mut Client) -> Result<usize, Failure> {
    let body = r#"[{"name":"Load","price":90000,"tags_to_add":[{"name":"load"}]}]"#;
    client.write("POST", "/api/v4/leads", body)
}
