//! The made-up estate agencies: one seed, one world, generated once and kept.

mod activity;
mod companies;
mod contacts;
mod fields;
mod leads;
mod names;
mod people;
mod pipelines;
mod unsorted;
mod values;

use rand::{SeedableRng, rngs::ChaCha8Rng};

use crate::{
    AccountId, Options, SandboxError,
    store::{Account, ByEntity, EventIds, Events, Feed, SearchLag, Store, Table, Tables, TagBook},
};
pub(crate) use activity::task_types;
pub(crate) use fields::{groups as field_groups, predefined as predefined_fields};
use people::Profile;
pub(crate) use people::own as own_rights;
pub(crate) use pipelines::{last_stage_id, pipeline};
pub(crate) use unsorted::make as unsorted_leads;

/// Generates all accounts, in the order of their hosts.
///
/// # Errors
/// [`SandboxError::Fixtures`] if they are those of a file that cannot be as it is.
pub(crate) fn generate(options: &Options) -> Result<Vec<Account>, SandboxError> {
    if let Some(fixtures) = &options.fixtures {
        return Ok(fixtures.build(options.present, options.seed)?);
    }
    let account = |profile: Profile| Account {
        id: profile.id,
        name: profile.name.to_owned(),
        subdomain: profile.subdomain.to_owned(),
        uuid: profile.uuid.to_owned(),
        country: profile.country.to_owned(),
        currency: profile.currency.to_owned(),
        currency_symbol: profile.currency_symbol.to_owned(),
        created_at: profile.created_at,
        store: Store::new(tables(&profile, options)),
    };
    Ok(people::profiles(options.more_accounts).into_iter().map(account).collect())
}

/// Generates what is in one account; nothing if there is none of this number.
pub(crate) fn regenerate(account: AccountId, options: &Options) -> Option<Tables> {
    if options.fixtures.is_some() {
        let again = generate(options).ok()?.into_iter().find(|again| again.id == account);
        return again.map(|again| again.store.into_tables());
    }
    let mut profiles = people::profiles(options.more_accounts).into_iter();
    profiles.find(|profile| profile.id == account).map(|profile| tables(&profile, options))
}

fn tables(profile: &Profile, options: &Options) -> Tables {
    let seed = options.seed ^ (profile.id.get() << 20);
    let wanted = match profile.id {
        AccountId::FOR_YOU => options.leads,
        AccountId::RIVAL_HOMES => 40,
        _ => 0,
    };
    let ids = EventIds { seed, since_ms: options.present * 1000 };
    let mut tables = Tables {
        users: Table::new(profile.users.clone(), 0),
        roles: Table::new(profile.roles.clone(), 120_000),
        groups: profile.groups.clone(),
        pipelines: Table::new(profile.pipelines.clone(), 0),
        last_stage_id: last_stage_id(&profile.pipelines),
        last_description_id: 0,
        loss_reasons: Table::new(profile.loss_reasons.clone(), 0),
        sources: Table::new(vec![leads::source(profile)], 0),
        task_types: activity::task_types(profile.own_task_type),
        fields: fields::definitions(profile.id),
        field_groups: fields::groups(profile.id),
        last_choice_id: fields::last_choice_id(profile.id),
        tags: TagBook::new(leads::tags()),
        leads: Table::new(Vec::new(), 0),
        contacts: Table::new(Vec::new(), 0),
        companies: Table::new(Vec::new(), 0),
        unsorted: Table::new(Vec::new(), 0),
        notes: ByEntity::new(Vec::new(), 0),
        tasks: ByEntity::new(Vec::new(), 0),
        events: Events::new(ids, Vec::new()),
        feed: Feed::default(),
        search_lag: SearchLag::default(),
        commits: 0,
    };
    leads::fill(&mut tables, profile, wanted, options.present, &mut ChaCha8Rng::seed_from_u64(seed));
    tables.unsorted = unsorted_leads(&tables, leads::first_id(profile));
    // Another stream, so that the leads stay as they are whatever happened to them.
    let past = activity::fill(&mut tables, leads::first_id(profile), &mut ChaCha8Rng::seed_from_u64(!seed));
    tables.events = Events::new(ids, past);
    tables
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Contact, Lead};

    fn world_of(options: &Options) -> Vec<Tables> {
        people::profiles(0).into_iter().map(|profile| tables(&profile, options)).collect()
    }

    fn world(seed: u64) -> Vec<Tables> {
        world_of(&Options { seed, ..Options::default() })
    }

    fn names(accounts: &[Tables]) -> Vec<(u64, String, u64)> {
        let leads = accounts.iter().flat_map(|account| account.leads.rows());
        leads.map(|lead| (lead.card.id, lead.card.name.clone(), lead.card.updated_at)).collect()
    }

    #[test]
    fn one_seed_makes_one_world_and_another_seed_another() {
        assert_eq!(names(&world(1)), names(&world(1)));
        assert_ne!(names(&world(1)), names(&world(2)));
    }

    #[test]
    fn another_present_moves_all_dates_and_changes_nothing_else() {
        let day = 86_400;
        let default = Options::default();
        let later = world_of(&Options { present: default.present + 400 * day, ..default });
        let moved = names(&later).into_iter().map(|(id, name, updated_at)| (id, name, updated_at - 400 * day));
        assert!(moved.eq(names(&world(2026))));
        let present = default.present;
        let leads = || later[0].leads.rows().iter();
        assert!(
            leads()
                .all(|lead| lead.card.created_at < lead.card.updated_at && lead.card.updated_at <= present + 400 * day)
        );
        let fresh = leads().filter(|lead| lead.card.updated_at > present + 395 * day).count();
        assert!(fresh >= 20, "a first page of leads is a few days old: {fresh}");
    }

    #[test]
    fn the_agency_has_630_leads_and_one_deleted_and_all_stages_are_used() {
        let accounts = world(2026);
        let agency = &accounts[0];
        assert_eq!(agency.leads.rows().iter().filter(|lead| !lead.card.is_deleted).count(), 630);
        assert_eq!(agency.leads.rows().iter().filter(|lead| lead.card.is_deleted).count(), 1);
        assert_eq!(agency.pipelines.len(), 2);
        for stage in agency.stages() {
            let here = |lead: &&Lead| (lead.pipeline_id, lead.status_id) == (stage.pipeline_id, stage.id);
            assert!(agency.leads.rows().iter().any(|lead| here(&lead)), "nobody at {}", stage.name);
        }
    }

    #[test]
    fn no_id_of_one_account_is_another_accounts() {
        let accounts = world(2026);
        let (ours, theirs) = (&accounts[0], &accounts[1]);
        assert_eq!(theirs.leads.rows().len(), 40);
        for lead in theirs.leads.rows() {
            assert!(ours.leads.rows().iter().all(|other| other.card.id != lead.card.id));
        }
        for contact in theirs.contacts.rows() {
            assert!(ours.contacts.rows().iter().all(|other| other.card.id != contact.card.id));
        }
    }

    #[test]
    fn the_third_account_is_empty() {
        let accounts = world(2026);
        assert!(accounts[2].leads.rows().is_empty() && accounts[2].contacts.rows().is_empty());
    }

    #[test]
    fn one_lead_has_200_kb_of_custom_fields_and_is_not_among_the_first_50() {
        let accounts = world(2026);
        let heavy = |lead: &Lead| lead.card.fields.json().is_some_and(|json| json.get().len() >= 200_000);
        let places: Vec<_> = accounts[0]
            .leads
            .rows()
            .iter()
            .enumerate()
            .filter(|(_, lead)| heavy(lead))
            .map(|(place, _)| place)
            .collect();
        assert_eq!(places.len(), 1);
        assert!(places[0] >= 50);
    }

    #[test]
    fn people_are_as_incomplete_as_in_life() {
        let accounts = world(2026);
        let agency = &accounts[0];
        assert!(agency.leads.rows().iter().any(|lead| lead.card.links.contacts.is_empty()));
        assert!(agency.leads.rows().iter().any(|lead| lead.card.fields.json().is_none()));
        assert!(agency.leads.rows().iter().any(|lead| lead.price == 0));
        let lacks =
            |contact: &Contact, code: &str| contact.card.fields.json().is_some_and(|json| !json.get().contains(code));
        assert!(agency.contacts.rows().iter().any(|contact| lacks(contact, "PHONE")));
        assert!(agency.contacts.rows().iter().any(|contact| lacks(contact, "EMAIL")));
        assert!(agency.contacts.rows().iter().any(|contact| contact.card.fields.json().is_none()));
    }
}
