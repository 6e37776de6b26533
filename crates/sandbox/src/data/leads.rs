//! Leads of an agency: in all stages, with and without contacts, one deleted, one very heavy.

use rand::{Rng, RngExt as _};

use super::{
    Account, Contact, Lead, Tag,
    contacts::{self, Origin},
    fields, names,
    pipelines::{LOST, WON},
};
use crate::{AccountId, UserId};

/// How far back the oldest lead was made, in seconds.
const SPAN: u64 = 400 * 86_400;

/// How long after it was made a lead is changed at most, in seconds.
const LATEST_CHANGE: u64 = 60 * 86_400;

/// Puts `wanted` leads into `account`, and their contacts, all of them made and changed before
/// `present`; into the agency a deleted one besides.
pub(crate) fn fill(account: &mut Account, wanted: usize, present: u64, random: &mut impl Rng) {
    if wanted == 0 {
        return;
    }
    let special = account.id == AccountId::FOR_YOU;
    let total = if special { wanted + 1 } else { wanted };
    let first_id = (account.id.get() % 1000) * 100_000 + 1_000_000;
    let mut ids = Ids { lead: first_id + random.random_range(0..9_000), contact: first_id * 2 };
    let pace = (SPAN / total as u64).max(1);
    for place in 0..total {
        ids.lead += random.random_range(1..9);
        let created_at = present - SPAN + pace * place as u64 + random.random_range(0..pace);
        let lead = make(account, place, ids.lead, Dates { created_at, present }, random);
        let lead = with_contacts(account, lead, &mut ids.contact, present, random);
        account.leads.push(lead);
    }
    if special {
        set_apart(account, random);
    }
    for lead in &mut account.leads {
        lead.search = searchable(lead, &account.contacts);
    }
    account.contact_places = account.contacts.iter().enumerate().map(|(place, contact)| (contact.id, place)).collect();
}

/// When a lead was made, and when it is looked at.
#[derive(Clone, Copy)]
struct Dates {
    created_at: u64,
    present: u64,
}

struct Ids {
    lead: u64,
    contact: u64,
}

/// The deleted lead, the heavy one and those with awkward names.
fn set_apart(account: &mut Account, random: &mut impl Rng) {
    let base = field_base(account.id);
    let total = account.leads.len();
    if let Some(lead) = account.leads.get_mut(total / 3) {
        lead.is_deleted = true;
    }
    if total > 60
        && let Some(lead) = account.leads.get_mut((total * 2 / 3).max(52))
    {
        lead.fields = fields::heavy(random, base);
    }
    for (lead, name) in account.leads.iter_mut().skip(3).step_by(7).zip(names::AWKWARD) {
        name.clone_into(&mut lead.name);
    }
}

fn field_base(account: AccountId) -> u64 {
    account.get() % 1000 * 1000 + 400_000
}

fn make(account: &Account, place: usize, id: u64, dates: Dates, random: &mut impl Rng) -> Lead {
    let Dates { created_at, present } = dates;
    let stages: Vec<_> = account.pipelines.iter().flat_map(|pipeline| &pipeline.stages).collect();
    let stage = stages[if place < stages.len() { place } else { random.random_range(0..stages.len()) }];
    let letting = account.pipelines.len() > 1 && !is_main(account, stage.pipeline_id);
    let user = account.users[random.random_range(0..account.users.len())].id;
    // Not cut off at the present: those changed last would all be of the same second.
    let since = present.saturating_sub(created_at).clamp(2, LATEST_CHANGE);
    let updated_at = created_at + random.random_range(1..since);
    let is_closed = matches!(stage.id, WON | LOST);
    let loss_reason = (stage.id == LOST && random.random_bool(0.8))
        .then(|| account.loss_reasons[random.random_range(0..account.loss_reasons.len())].id);
    let price = match random.random_range(0..12) {
        0 => 0,
        _ if letting => random.random_range(8..90) * 50,
        _ => random.random_range(45..980) * 1000,
    };
    Lead {
        id,
        name: name(account, place, letting, random),
        price,
        responsible_user_id: user,
        status_id: stage.id,
        pipeline_id: stage.pipeline_id,
        loss_reason_id: loss_reason,
        source_id: random.random_bool(0.3).then_some(21_000_000),
        created_by: if random.random_bool(0.2) { 0 } else { user.get() },
        updated_by: user.get(),
        created_at,
        updated_at,
        closed_at: is_closed.then_some(updated_at),
        closest_task_at: (!is_closed && random.random_bool(0.5))
            .then(|| present + random.random_range(3600..14 * 86_400)),
        is_deleted: false,
        is_price_modified_by_robot: random.random_ratio(1, 20),
        score: None,
        fields: fields::of_lead(random, field_base(account.id), present),
        tags: tags(random),
        company_id: random.random_ratio(1, 10).then(|| id + 50_000_000),
        contacts: Vec::new(),
        search: String::new(),
    }
}

fn is_main(account: &Account, pipeline_id: u64) -> bool {
    account.pipelines.iter().any(|pipeline| pipeline.id == pipeline_id && pipeline.is_main)
}

fn name(account: &Account, place: usize, letting: bool, random: &mut impl Rng) -> String {
    let name = if letting { names::letting(random) } else { names::sale(random) };
    if account.id == AccountId::RIVAL_HOMES {
        return format!("RH-{:04} · {name}", place + 1);
    }
    name
}

fn tags(random: &mut impl Rng) -> Vec<Tag> {
    const TAGS: [Tag; 4] = [
        Tag { id: 301, name: "VIP", color: Some("#FF8F92") },
        Tag { id: 302, name: "іпотека", color: None },
        Tag { id: 303, name: "срочно", color: Some("#FFC8C8") },
        Tag { id: 304, name: "instagram", color: None },
    ];
    TAGS.into_iter().filter(|_| random.random_ratio(1, 6)).collect()
}

/// Gives a lead a new contact, sometimes an old one or two, one time in ten none.
fn with_contacts(
    account: &mut Account,
    mut lead: Lead,
    last_id: &mut u64,
    present: u64,
    random: &mut impl Rng,
) -> Lead {
    if random.random_ratio(1, 10) {
        return lead;
    }
    if !account.contacts.is_empty() && random.random_ratio(1, 8) {
        let known = random.random_range(0..account.contacts.len());
        link(&mut account.contacts[known], &mut lead);
    }
    if lead.contacts.is_empty() || random.random_bool(0.5) {
        *last_id += random.random_range(1..9);
        let origin = Origin {
            id: *last_id,
            field_base: field_base(account.id),
            created_at: lead.created_at,
            present,
            responsible: UserId::from(lead.responsible_user_id.get()),
        };
        let mut contact = contacts::make(random, &origin);
        link(&mut contact, &mut lead);
        account.contacts.push(contact);
    }
    lead
}

fn link(contact: &mut Contact, lead: &mut Lead) {
    lead.contacts.push(contact.id);
    contact.leads.push(lead.id);
}

fn searchable(lead: &Lead, contacts: &[Contact]) -> String {
    let mut search = lead.name.to_lowercase();
    let fields = lead.fields.iter().flat_map(|fields| &fields.values);
    for (_, value) in fields {
        search.push('\n');
        search.push_str(&value.to_lowercase());
    }
    for id in &lead.contacts {
        let place = contacts.binary_search_by_key(id, |contact| contact.id);
        if let Some(contact) = place.ok().and_then(|place| contacts.get(place)) {
            search.push('\n');
            search.push_str(&contact.search);
        }
    }
    search
}
