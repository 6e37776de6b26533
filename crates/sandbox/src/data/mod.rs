//! The made-up estate agencies: one seed, one world, generated once and kept.

mod contacts;
mod fields;
mod leads;
mod model;
mod names;
mod people;
mod pipelines;

use rand::{SeedableRng, rngs::ChaCha8Rng};

pub(crate) use model::{Account, Contact, CustomField, Lead, LossReason, Pipeline, Stage, Tag, User};

use crate::{AccountId, Options};

/// Generates all accounts, in the order of their hosts.
pub(crate) fn generate(options: &Options) -> Vec<Account> {
    let mut accounts = people::accounts(options.more_accounts);
    for account in &mut accounts {
        let mut random = ChaCha8Rng::seed_from_u64(options.seed ^ (account.id.get() << 20));
        let wanted = match account.id {
            AccountId::FOR_YOU => options.leads,
            AccountId::RIVAL_HOMES => 40,
            _ => 0,
        };
        leads::fill(account, wanted, options.present, &mut random);
    }
    accounts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn world(seed: u64) -> Vec<Account> {
        generate(&Options { seed, ..Options::default() })
    }

    fn names(accounts: &[Account]) -> Vec<(u64, String, u64)> {
        let leads = accounts.iter().flat_map(|account| &account.leads);
        leads.map(|lead| (lead.id, lead.name.clone(), lead.updated_at)).collect()
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
        let later = generate(&Options { present: default.present + 400 * day, ..default });
        let moved = names(&later).into_iter().map(|(id, name, updated_at)| (id, name, updated_at - 400 * day));
        assert!(moved.eq(names(&world(2026))));
        let present = default.present;
        let leads = || later[0].leads.iter();
        assert!(leads().all(|lead| lead.created_at < lead.updated_at && lead.updated_at <= present + 400 * day));
        let fresh = leads().filter(|lead| lead.updated_at > present + 395 * day).count();
        assert!(fresh >= 20, "a first page of leads is a few days old: {fresh}");
    }

    #[test]
    fn the_agency_has_630_leads_and_one_deleted_and_all_stages_are_used() {
        let accounts = world(2026);
        let agency = &accounts[0];
        assert_eq!(agency.leads.iter().filter(|lead| !lead.is_deleted).count(), 630);
        assert_eq!(agency.leads.iter().filter(|lead| lead.is_deleted).count(), 1);
        assert_eq!(agency.pipelines.len(), 2);
        for stage in agency.pipelines.iter().flat_map(|pipeline| &pipeline.stages) {
            let here = |lead: &&Lead| (lead.pipeline_id, lead.status_id) == (stage.pipeline_id, stage.id);
            assert!(agency.leads.iter().any(|lead| here(&lead)), "nobody at {}", stage.name);
        }
    }

    #[test]
    fn no_id_of_one_account_is_another_accounts() {
        let accounts = world(2026);
        let (ours, theirs) = (&accounts[0], &accounts[1]);
        assert_eq!(theirs.leads.len(), 40);
        for lead in &theirs.leads {
            assert!(ours.leads.iter().all(|other| other.id != lead.id));
        }
        for contact in &theirs.contacts {
            assert!(ours.contacts.iter().all(|other| other.id != contact.id));
        }
    }

    #[test]
    fn the_third_account_is_empty() {
        let accounts = world(2026);
        assert!(accounts[2].leads.is_empty() && accounts[2].contacts.is_empty());
    }

    #[test]
    fn one_lead_has_200_kb_of_custom_fields_and_is_not_among_the_first_50() {
        let accounts = world(2026);
        let heavy = |lead: &Lead| lead.fields.as_ref().is_some_and(|fields| fields.json.get().len() >= 200_000);
        let places: Vec<_> =
            accounts[0].leads.iter().enumerate().filter(|(_, lead)| heavy(lead)).map(|(place, _)| place).collect();
        assert_eq!(places.len(), 1);
        assert!(places[0] >= 50);
    }

    #[test]
    fn people_are_as_incomplete_as_in_life() {
        let accounts = world(2026);
        let agency = &accounts[0];
        assert!(agency.leads.iter().any(|lead| lead.contacts.is_empty()));
        assert!(agency.leads.iter().any(|lead| lead.fields.is_none()));
        assert!(agency.leads.iter().any(|lead| lead.price == 0));
        let lacks = |contact: &Contact, code: &str| {
            contact.fields.as_ref().is_some_and(|fields| !fields.json.get().contains(code))
        };
        assert!(agency.contacts.iter().any(|contact| lacks(contact, "PHONE")));
        assert!(agency.contacts.iter().any(|contact| lacks(contact, "EMAIL")));
        assert!(agency.contacts.iter().any(|contact| contact.fields.is_none()));
    }
}
