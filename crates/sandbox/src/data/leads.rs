//! Leads of an agency: in all stages, with and without contacts, one deleted, one very heavy.

use rand::{Rng, RngExt as _};

use super::{
    companies,
    contacts::{self, Origin},
    fields, names,
    people::Profile,
    values,
};
use crate::{
    AccountId, UserId,
    store::{
        Card, Company, Contact, Entity as _, FieldDefinition, LOST, Lead, PerKind, Source, Stage, Table, Tables, Tag,
        is_closed,
    },
};

/// How far back the oldest lead was made, in seconds.
const SPAN: u64 = 400 * 86_400;

/// The id of the source that some leads come from.
const SOURCE: u64 = 21_000_000;

/// How long after it was made a lead is changed at most, in seconds.
const LATEST_CHANGE: u64 = 60 * 86_400;

/// Puts `wanted` leads into `tables`, and their contacts and companies, all of them made and changed
/// before `present`; into the agency a deleted one besides.
pub(crate) fn fill(tables: &mut Tables, profile: &Profile, wanted: usize, present: u64, random: &mut impl Rng) {
    let special = profile.id == AccountId::FOR_YOU && wanted > 0;
    let total = if special { wanted + 1 } else { wanted };
    let first_id = first_id(profile);
    let mut lead_id = first_id + random.random_range(0..9_000);
    let mut agency = Agency {
        profile,
        definitions: PerKind {
            leads: tables.fields.leads.to_vec(),
            contacts: tables.fields.contacts.to_vec(),
            companies: tables.fields.companies.to_vec(),
        },
        present,
        base: fields::base(profile.id),
        last_contact: first_id * 2,
        contacts: Vec::new(),
        companies: Vec::new(),
    };
    let mut leads = Vec::with_capacity(total);
    let pace = (SPAN / total.max(1) as u64).max(1);
    for place in 0..total {
        lead_id += random.random_range(1..9);
        let created_at = present - SPAN + pace * place as u64 + random.random_range(0..pace);
        leads.push(agency.lead(place, lead_id, created_at, random));
    }
    if special {
        set_apart(&mut leads, &agency, random);
    }
    tables.contacts = Table::new(agency.contacts, first_id * 2);
    tables.companies = Table::new(agency.companies, first_id + companies::STEP);
    for lead in &mut leads {
        lead.card.search = lead.searchable(tables);
    }
    tables.leads = Table::new(leads, first_id);
}

/// What the ids of an account's leads are counted from.
pub(crate) fn first_id(profile: &Profile) -> u64 {
    (profile.id.get() % 1000) * 100_000 + 1_000_000
}

/// The deleted lead, the heavy one and those with awkward names.
fn set_apart(leads: &mut [Lead], agency: &Agency<'_>, random: &mut impl Rng) {
    let total = leads.len();
    if let Some(lead) = leads.get_mut(total / 3) {
        lead.card.is_deleted = true;
    }
    if total > 60
        && let Some(lead) = leads.get_mut((total * 2 / 3).max(52))
    {
        lead.card.fields = values::heavy(random, agency.base, &agency.definitions.leads);
    }
    for (lead, name) in leads.iter_mut().skip(3).step_by(7).zip(names::AWKWARD) {
        name.clone_into(&mut lead.card.name);
    }
}

/// What leads are made for, and the contacts and companies that came with them.
struct Agency<'a> {
    profile: &'a Profile,
    definitions: PerKind<Vec<FieldDefinition>>,
    present: u64,
    base: u64,
    last_contact: u64,
    contacts: Vec<Contact>,
    companies: Vec<Company>,
}

impl Agency<'_> {
    fn lead(&mut self, place: usize, id: u64, created_at: u64, random: &mut impl Rng) -> Lead {
        let stages: Vec<_> = self.profile.pipelines.iter().flat_map(|pipeline| &pipeline.stages).collect();
        let stage = stages[if place < stages.len() { place } else { random.random_range(0..stages.len()) }];
        let letting = self.is_letting(stage);
        let user = self.profile.seller(place, random);
        // Not cut off at the present: those changed last would all be of the same second.
        let since = self.present.saturating_sub(created_at).clamp(2, LATEST_CHANGE);
        let updated_at = created_at + random.random_range(1..since);
        let is_closed = is_closed(stage.id);
        let reasons = &self.profile.loss_reasons;
        let loss_reason_id =
            (stage.id == LOST && random.random_bool(0.8)).then(|| reasons[random.random_range(0..reasons.len())].id);
        let price = match random.random_range(0..12) {
            0 => 0,
            _ if letting => random.random_range(8..90) * 50,
            _ => random.random_range(45..980) * 1000,
        };
        let name = self.name(place, letting, random);
        let source_id = random.random_bool(0.3).then_some(SOURCE);
        let created_by = if random.random_bool(0.2) { 0 } else { user.get() };
        let closest_task_at =
            (!is_closed && random.random_bool(0.5)).then(|| self.present + random.random_range(3600..14 * 86_400));
        let is_price_modified_by_robot = random.random_ratio(1, 20);
        let card = Card {
            id,
            name,
            responsible_user_id: user,
            created_by,
            updated_by: user.get(),
            created_at,
            updated_at,
            closest_task_at,
            is_deleted: false,
            fields: values::of_lead(random, self.base, self.present, &self.definitions.leads),
            tags: tags().into_iter().filter(|_| random.random_ratio(1, 6)).collect(),
            links: PerKind::default(),
            search: String::new(),
        };
        let mut lead = Lead {
            card,
            price,
            status_id: stage.id,
            pipeline_id: stage.pipeline_id,
            loss_reason_id,
            source_id,
            closed_at: is_closed.then_some(updated_at),
            is_price_modified_by_robot,
            exact_price: None,
            score: None,
        };
        if random.random_ratio(1, 10) {
            self.companies.push(companies::make(&mut lead, self.base, &self.definitions.companies));
        }
        self.add_contacts(&mut lead, random);
        lead
    }

    fn is_letting(&self, stage: &Stage) -> bool {
        let pipelines = &self.profile.pipelines;
        let is_main = pipelines.iter().any(|pipeline| pipeline.id == stage.pipeline_id && pipeline.is_main);
        pipelines.len() > 1 && !is_main
    }

    fn name(&self, place: usize, letting: bool, random: &mut impl Rng) -> String {
        let name = if letting { names::letting(random) } else { names::sale(random) };
        if self.profile.id == AccountId::RIVAL_HOMES {
            return format!("RH-{:04} · {name}", place + 1);
        }
        name
    }

    /// Gives a lead a new contact, sometimes an old one or two, one time in ten none.
    fn add_contacts(&mut self, lead: &mut Lead, random: &mut impl Rng) {
        if random.random_ratio(1, 10) {
            return;
        }
        if !self.contacts.is_empty() && random.random_ratio(1, 8) {
            let known = random.random_range(0..self.contacts.len());
            link(&mut self.contacts[known], lead);
        }
        if lead.card.links.contacts.is_empty() || random.random_bool(0.5) {
            self.last_contact += random.random_range(1..9);
            let origin = Origin {
                id: self.last_contact,
                field_base: self.base,
                definitions: &self.definitions.contacts,
                created_at: lead.card.created_at,
                present: self.present,
                responsible: lead.card.responsible_user_id,
            };
            let mut contact = contacts::make(random, &origin);
            link(&mut contact, lead);
            self.contacts.push(contact);
        }
    }
}

impl Profile {
    /// Who is responsible for a lead: mostly the administrator or who sees everything.
    fn seller(&self, place: usize, random: &mut impl Rng) -> UserId {
        let often = &self.users[..self.users.len().min(2)];
        let seller = often[random.random_range(0..often.len())].id;
        match (place % 100, &self.users[often.len()..]) {
            (50, [_, left, ..]) => left.id,
            (place, [rarely, ..]) if place % 10 == 7 => rarely.id,
            _ => seller,
        }
    }
}

/// Where some leads come from. It is amoCRM's own: no integration knows of it.
pub(crate) fn source(profile: &Profile) -> Source {
    let main = profile.pipelines.iter().find(|pipeline| pipeline.is_main);
    Source {
        id: SOURCE,
        name: "Сайт".to_owned(),
        external_id: String::new(),
        pipeline_id: main.map_or(0, |main| main.id),
        is_default: false,
        origin_code: None,
        services: Vec::new(),
        client_id: None,
    }
}

/// The tags of leads.
pub(crate) fn tags() -> Vec<Tag> {
    let tag = |id, name: &str, color: Option<&str>| Tag { id, name: name.to_owned(), color: color.map(str::to_owned) };
    vec![
        tag(301, "VIP", Some("FF8F92")),
        tag(302, "іпотека", None),
        tag(303, "срочно", Some("FFC8C8")),
        tag(304, "instagram", None),
    ]
}

fn link(contact: &mut Contact, lead: &mut Lead) {
    lead.card.links.contacts.push(contact.card.id);
    contact.card.links.leads.push(lead.card.id);
}
